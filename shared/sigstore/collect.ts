import { explainDistrust } from '../evidence/distrust.ts';
import type { Evidence, FoundStatement, Rejected, VerifiedImage } from '../evidence/evidence.ts';
import { kindOfPredicate } from '../evidence/predicate.ts';
import type { Statement } from '../evidence/statement.ts';
import { grantRoles, type Trust } from '../evidence/trust.ts';
import { type Descriptor, isManifestType, manifestSchema } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { mapParallel } from '../store/parallel.ts';
import { getReferrer } from '../store/referrers.ts';
import { REFERRER_CAP, type Store } from '../store/store.ts';
import type { ImageManifests } from '../store/subjects.ts';
import { findLegacySignatures, type LegacySignature, toBundle } from './legacy.ts';
import type { StatementVerifier } from './verifier.ts';

/** A bundle that is not read yet. `read` may throw `Refused`, when what was found is none. */
export interface Candidate {
  readonly source: Digest;
  read(): Promise<{ bundle: Buffer; payload?: Buffer }>;
}

/** A layer that holds a bundle, as a referrer's manifest names it. */
interface Carrier {
  readonly source: Digest;
  readonly bundle: Descriptor;
}

const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle';

/**
 * Everything that is known of an image, read once: each statement with the roles its signer holds, and what does not count with the reason.
 * Frozen, so that what was judged is what is copied. More referrers than `REFERRER_CAP` is `Unavailable`, never "missing".
 */
export async function collectEvidence(
  store: Store,
  image: ImageManifests,
  verifier: StatementVerifier,
  trust: Trust,
): Promise<VerifiedImage> {
  const { statements, rejected } = await collectStatements(store, image, verifier);
  const evidence: Evidence[] = [];
  for (const found of statements) {
    const kind = kindOfPredicate(found.statement.predicateType);
    const use = { signedAt: found.signedAt, repository: nameImage(found, image, store) };
    const roles = kind === undefined ? 'no rule reads this type' : grantRoles(kind, trust, found.signer, use);
    const distrust = explainDistrust(trust.distrust ?? [], found);
    if (kind === undefined || typeof roles === 'string') rejected.push(reject(found, String(roles)));
    else if (distrust !== undefined) rejected.push({ ...reject(found, distrust), distrusted: true });
    else evidence.push({ ...found, kind, roles });
  }
  return deepFreeze({
    image: `${store.place}@${image.digest}`,
    digest: image.digest,
    evidence,
    rejected,
  });
}

/** What lies beside a digest, asked for at once. Who awaits it hears of a failure. */
export interface Beside {
  readonly referrers: Promise<readonly Descriptor[]>;
  readonly legacy: Promise<readonly LegacySignature[]>;
}

/** Begins to look beside a digest. Needs nothing of the image itself, so it may be begun before that is read. */
export function lookBeside(store: Store, digest: Digest): Beside {
  const beside = { referrers: store.listReferrers(digest), legacy: findLegacySignatures(store, digest) };
  for (const one of Object.values(beside)) one.catch(() => undefined);
  return beside;
}

/** The verified statements about an image, in a fixed order, and what else was found beside it. Says nothing of who is trusted. */
export async function collectStatements(
  store: Store,
  image: ImageManifests,
  verifier: StatementVerifier,
  beside = lookBeside(store, image.digest),
): Promise<{ statements: FoundStatement[]; rejected: Rejected[] }> {
  const rejected: Rejected[] = [];
  const [carriers, legacy] = await Promise.all([
    findCarriers(store, image, beside.referrers, rejected),
    beside.legacy,
  ]);
  const bytes = [...carriers.map(({ bundle }) => bundle), ...legacy.map(({ layer }) => layer)].reduce(
    (sum, { size }) => sum + size,
    0,
  );
  if (bytes > REFERRER_CAP.bytes || legacy.length > REFERRER_CAP.count) {
    throw new Unavailable(
      `${legacy.length + carriers.length} bundles beside ${store.place}@${image.digest} are ${bytes} bytes; at most ${REFERRER_CAP.count} and ${REFERRER_CAP.bytes} are read`,
      { hint: 'Delete referrers that are no longer needed.' },
    );
  }
  const candidates: Candidate[] = [
    ...carriers.map(({ source, bundle }) => ({
      source,
      read: async () => ({ bundle: await store.readBlob(bundle) }),
    })),
    ...legacy.map(({ source, layer }) => ({
      source,
      read: async () => toBundle(layer, await store.readBlob(layer)),
    })),
  ];
  const subjects = image.all.map(({ digest }) => digest);
  const found = await verifyCandidates(candidates, subjects, verifier, listParts(image));
  return { statements: found.statements, rejected: [...rejected, ...found.rejected] };
}

/**
 * Verifies bundles from wherever they are, in their order: the statements about one of `subjects`, and what does not count.
 * Where the `parts` of the image are known, a statement about something else as well does not count either.
 */
export async function verifyCandidates(
  candidates: readonly Candidate[],
  subjects: readonly Digest[],
  verifier: StatementVerifier,
  parts?: ReadonlySet<string>,
): Promise<{ statements: FoundStatement[]; rejected: Rejected[] }> {
  const read = await mapParallel(candidates, 32, async ({ source, read }) => {
    try {
      const { bundle, payload } = await read();
      return { source, verified: await verifier.verify(bundle, payload) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { source, reason: error.message };
    }
  });
  const statements: FoundStatement[] = [];
  const rejected: Rejected[] = [];
  for (const { source, verified, reason } of read) {
    if (verified === undefined) {
      rejected.push({ source, predicateType: undefined, signer: undefined, reason });
      continue;
    }
    const found = { ...verified, source, subjects: namedSubjects(verified.statement, subjects) };
    const stranger = parts && findStranger(found.statement, parts);
    if (found.subjects.length === 0) {
      rejected.push(reject(found, 'it is about another image: no digest in it is of this one'));
    } else if (stranger !== undefined) {
      rejected.push(reject(found, `it is about ${stranger} as well, which is no part of this image`));
    } else statements.push(found);
  }
  return { statements, rejected };
}

/** The bundles attached to any subject of the image. One that is attached to several is read once, from the first. */
async function findCarriers(
  store: Store,
  image: ImageManifests,
  ofRoot: Beside['referrers'],
  rejected: Rejected[],
): Promise<Carrier[]> {
  const lists = await Promise.all(
    image.all.map(async ({ digest: subject }) => {
      const referrers = await (subject === image.digest ? ofRoot : store.listReferrers(subject));
      return (
        referrers
          // localeCompare would load ICU's tables, and take longer than all the rest of this.
          .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
          .map((referrer) => ({ subject, referrer }))
      );
    }),
  );
  const listed = lists.flat();
  if (listed.length > REFERRER_CAP.count) {
    throw new Unavailable(
      `${store.place}@${image.digest} has ${listed.length} referrers; at most ${REFERRER_CAP.count} are read`,
      { hint: 'Delete referrers that are no longer needed.' },
    );
  }
  const read = await mapParallel(listed, 32, async ({ subject, referrer }) => ({
    source: referrer.digest,
    bundle: await readCarrier(store, subject, referrer),
  }));
  // By size too: a manifest that lies about it must not hide the one that does not.
  const carriers = new Map<string, Carrier>();
  for (const { source, bundle } of read) {
    if (typeof bundle === 'string') {
      rejected.push({ source, predicateType: undefined, signer: undefined, reason: bundle });
    } else {
      const key = `${bundle.digest} ${bundle.size}`;
      if (!carriers.has(key)) carriers.set(key, { source, bundle });
    }
  }
  return [...carriers.values()];
}

/** The descriptor of the bundle that a referrer carries, or why it carries none. What an index says of it (type, annotations) is not used. */
export async function readCarrier(
  store: Store,
  subject: Digest,
  referrer: Descriptor,
): Promise<Descriptor | string> {
  const stored = await getReferrer(store, referrer.digest);
  if (stored === undefined) return 'it is listed, but no manifest of it is stored';
  const manifest = isManifestType(stored.descriptor.mediaType)
    ? readJson(manifestSchema, stored.bytes)
    : undefined;
  if (manifest === undefined) return 'it is no image manifest';
  if (manifest.subject?.digest !== subject) {
    return `it is listed for ${subject}, but its own subject is ${manifest.subject?.digest ?? 'missing'}`;
  }
  const [layer, ...more] = manifest.layers;
  if (!layer?.mediaType.startsWith(BUNDLE_TYPE)) return 'it holds no Sigstore bundle';
  if (more.length > 0) return 'it holds more than one layer, so it is not said which is the bundle';
  return layer;
}

/** The repository that a statement puts this image in: as it names it, or where it lies when it gives no name; undefined when names differ. */
function nameImage({ statement }: FoundStatement, image: ImageManifests, store: Store): string | undefined {
  const digests = image.all.map(({ digest }) => digest);
  const names = statement.subject
    .filter(({ digest }) => digests.some((one) => digest[digestAlgorithm(one)] === digestHex(one)))
    .map(({ name }) => name ?? store.place);
  return new Set(names).size === 1 ? names[0] : undefined;
}

function namedSubjects(statement: Statement, subjects: readonly Digest[]): Digest[] {
  return subjects.filter((digest) =>
    statement.subject.some((subject) => subject.digest[digestAlgorithm(digest)] === digestHex(digest)),
  );
}

/** The digests that an image is made of: its manifests, and their configs and layers, which for files pushed as an artifact are the files. */
export function listParts(image: ImageManifests): ReadonlySet<string> {
  const root = readJson(manifestSchema, image.root.bytes);
  const manifests = [...image.platforms.map(({ manifest }) => manifest), ...(root ? [root] : [])];
  const below = manifests.flatMap(({ config, layers }) => [config, ...layers]);
  return new Set([...image.all, ...below].map(({ digest }) => digest));
}

/**
 * A subject that is neither a part of the image nor in the same repository by the statement's own word (an index, seen from its platform).
 * One build may have many outputs (SLSA provenance v1, "subject"), so provenance may name more, and so may types that no rule reads;
 * what is said of an image's content or standing cannot be said of two that have nothing in common.
 */
function findStranger({ predicateType, subject }: Statement, parts: ReadonlySet<string>): string | undefined {
  const kind = kindOfPredicate(predicateType);
  if (kind === undefined || kind === 'provenance') return undefined;
  const isPart = ({ digest }: Statement['subject'][number]): boolean =>
    Object.entries(digest).some(([algorithm, hex]) => parts.has(`${algorithm}:${hex}`));
  const names = subject.filter(isPart).map(({ name }) => name);
  const stranger = subject.find(
    (one) => !isPart(one) && (one.name === undefined || !names.includes(one.name)),
  );
  return stranger && (stranger.name ?? Object.entries(stranger.digest)[0]?.join(':') ?? 'nothing');
}

function reject(found: FoundStatement, reason: string): Rejected {
  return {
    source: found.source,
    predicateType: found.statement.predicateType,
    signer: found.signer,
    reason,
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
