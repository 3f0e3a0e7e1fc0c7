import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Signer } from '../evidence/identity.ts';
import { type Statement, statementSchema } from '../evidence/statement.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Failure, Refused, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { mapParallel } from '../store/parallel.ts';
import { REFERRER_CAP, type Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { readCarrier } from './collect.ts';
import { type Claim, nameSubject } from './publish.ts';
import type { StatementVerifier } from './verifier.ts';

/** A claim that verified evidence beside the image makes already. */
export interface Attached {
  readonly bundle: Buffer;
  /** The referrers that carry the bundle, by their subject; one is missing where an earlier run was cut off. */
  readonly referrers: ReadonlyMap<Digest, Descriptor>;
}

/** What the search for repeated claims is told of the run. */
export interface Repetition {
  /** Who would sign now. */
  readonly signer: Signer;
  /** Opened only when something looks like a claim: a trust root costs requests. */
  readonly openVerifier: () => Promise<StatementVerifier>;
  /** The referrers of what the image's digest names, where the caller has asked for them already. */
  readonly listed?: Promise<Descriptor[]>;
}

const envelopeSchema = z.object({ dsseEnvelope: z.object({ payload: z.string() }) });

/**
 * Those of `claims` that need not be signed again, because evidence that verifies now says the same: type, predicate and subjects, by the
 * same signer for the same commit, event and ref; only the run may be another. (Provenance names its run, so that of another run is another claim.)
 * Annotations merely spare requests: where they lie, a claim is attached once more, and nothing is taken for evidence that is none.
 */
export async function findAttached(
  store: Store,
  image: ImageSubjects,
  claims: readonly Claim[],
  repetition: Repetition,
): Promise<Map<Claim, Attached>> {
  const candidates = await findCandidates(store, image, claims, repetition.listed);
  let verifying: Promise<StatementVerifier> | undefined;
  const attached = new Map<Claim, Attached>();
  await mapParallel(candidates, 8, async ({ content, referrers }) => {
    // What is not there, or not as it is described, is none; it must not keep anybody from attesting.
    const bundle = await store.readBlob(content).catch((error: unknown) => {
      if (error instanceof Refused) return undefined;
      throw error;
    });
    const said = bundle && readUnverified(bundle);
    const claim = said && claims.find((one) => isSame(one, said, image, store));
    if (bundle === undefined || claim === undefined) return;
    verifying ??= repetition.openVerifier();
    // Without a trust root nothing is proven, and what is not proven is signed again.
    const verified = await verifying
      .then((verifier) => verifier.verify(bundle))
      .catch((error: unknown) => {
        if (error instanceof Failure) return undefined;
        throw error;
      });
    if (!verified || !isSame(claim, verified.statement, image, store)) return;
    if (!isDeepStrictEqual(withoutRun(verified.signer), withoutRun(repetition.signer))) return;
    // Of two, the one that more subjects carry.
    if ((attached.get(claim)?.referrers.size ?? 0) < referrers.size)
      attached.set(claim, { bundle, referrers });
  });
  return attached;
}

interface Candidate {
  readonly content: Descriptor;
  readonly referrers: Map<Digest, Descriptor>;
}

/** The bundles beside the image that may make one of the claims, each with the referrers that carry it. */
async function findCandidates(
  store: Store,
  image: ImageSubjects,
  claims: readonly Claim[],
  listed: Promise<Descriptor[]> | undefined,
): Promise<Candidate[]> {
  const types = new Set(claims.map(({ predicateType }) => predicateType));
  const lists = await mapParallel(image.all, 16, async ({ digest: subject }) => {
    const referrers = await (subject === image.digest && listed ? listed : store.listReferrers(subject));
    return referrers
      .filter(({ annotations }) => {
        const type = annotations?.['dev.sigstore.bundle.predicateType'];
        return type === undefined || types.has(type);
      })
      .map((referrer) => ({ subject, referrer }));
  });
  // By size too: a manifest that lies about it must not hide the one that does not.
  const candidates = new Map<string, Candidate>();
  await mapParallel(lists.flat(), 32, async ({ subject, referrer }) => {
    const content = await readCarrier(store, subject, referrer);
    if (typeof content === 'string') return;
    const key = `${content.digest} ${content.size}`;
    const candidate = candidates.get(key) ?? { content, referrers: new Map() };
    candidates.set(key, candidate);
    candidate.referrers.set(subject, referrer);
  });
  const bytes = [...candidates.values()].reduce((sum, { content }) => sum + content.size, 0);
  if (bytes > REFERRER_CAP.bytes) {
    throw new Unavailable(
      `the bundles beside ${store.place}@${image.digest} are ${bytes} bytes; at most ${REFERRER_CAP.bytes} are read`,
      { hint: 'Delete referrers that are no longer needed.' },
    );
  }
  return [...candidates.values()];
}

/** The statement of a bundle, with nothing proven: enough to see whether verifying it is worth the while. */
function readUnverified(bundle: Buffer): Statement | undefined {
  const payload = readJson(envelopeSchema, bundle)?.dsseEnvelope.payload;
  return payload === undefined ? undefined : readJson(statementSchema, Buffer.from(payload, 'base64'));
}

/** Names count too: of a key they say for which repository it spoke, so what was copied from another one is another claim. */
function isSame(claim: Claim, { subject, ...said }: Statement, image: ImageSubjects, store: Store): boolean {
  const digests = claim.subjects ?? image.all.map(({ digest }) => digest);
  const wanted = [...digests.map((digest) => nameSubject(store, digest)), ...(claim.files ?? [])];
  return (
    claim.predicateType === said.predicateType &&
    subject.length === wanted.length &&
    wanted.every((one) => subject.some((named) => isDeepStrictEqual(named, one))) &&
    isDeepStrictEqual(JSON.parse(JSON.stringify(claim.predicate)), said.predicate)
  );
}

/** Fields that are absent, and those that say "undefined", are alike. */
function withoutRun(signer: Signer): unknown {
  return JSON.parse(JSON.stringify({ ...signer, run: undefined }));
}
