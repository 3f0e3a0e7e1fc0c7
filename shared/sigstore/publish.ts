import { STATEMENT_TYPE, type Statement } from '../evidence/statement.ts';
import { type Descriptor, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import { attachReferrers, checkFallbacks, prepareReferrers } from '../store/attach.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import type { Attached } from './attached.ts';
import type { StatementSigner } from './signer.ts';

/** What is to be said of an image. */
export interface Claim {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** Those of the image's subjects that it is about; all of them when absent. */
  readonly subjects?: readonly Digest[];
  /** Files that it is about as well. */
  readonly files?: readonly FileSubject[];
}

/** A file as a statement names it. */
export interface FileSubject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** A claim that is signed and attached: one referrer for each subject, all with the same bundle. */
export interface Published {
  readonly predicateType: string;
  readonly descriptors: Descriptor[];
  readonly bundle: Buffer;
  /** True when nothing new was signed, because verified evidence beside the image said the same already. */
  readonly repeated: boolean;
}

/** What `publishStatements` may be told besides. */
export interface PublishOptions {
  /** Sees every new bundle before anything is attached: what it throws leaves nothing behind. */
  readonly check?: (bundle: Buffer) => Promise<void>;
  /** Claims that are not signed again; their bundle goes to subjects that lack it. */
  readonly attached?: ReadonlyMap<Claim, Attached>;
}

/** The most a statement may be, in bytes, so that a bundle of it can be logged, stored and read again. */
const STATEMENT_LIMIT = 16 * 1024 * 1024;

/**
 * Signs all claims under one certificate and attaches them in one update. Nothing is attached unless everything was signed;
 * the registry's refusal to be written to is found out while the signing services are asked.
 */
export async function publishStatements(
  store: Store,
  image: ImageSubjects,
  signer: StatementSigner,
  claims: readonly Claim[],
  { check, attached = new Map() }: PublishOptions = {},
): Promise<Published[]> {
  const signed = await signClaims(
    store,
    image,
    signer,
    claims.filter((claim) => !attached.has(claim)),
    check,
  );
  const created = new Date().toISOString();
  const bundles = claims.map((claim) => attached.get(claim)?.bundle ?? signed.get(claim) ?? Buffer.alloc(0));
  const referrers = claims.flatMap((claim, at) =>
    subjectsOf(claim, image)
      .filter(({ digest }) => !attached.get(claim)?.referrers.has(digest))
      .map((subject) => ({
        subject,
        artifactType: MEDIA_TYPE.bundle,
        blob: bundles[at] ?? Buffer.alloc(0),
        blobMediaType: MEDIA_TYPE.bundle,
        // What cosign writes and lists by; nobody who verifies may rely on it.
        annotations: {
          'dev.sigstore.bundle.content': 'dsse-envelope',
          'dev.sigstore.bundle.predicateType': claim.predicateType,
          'org.opencontainers.image.created': created,
        },
        claim,
      })),
  );
  const written = referrers.length === 0 ? [] : await attachReferrers(store, referrers);
  return claims.map((claim, at) => ({
    predicateType: claim.predicateType,
    descriptors: [
      ...(attached.get(claim)?.referrers.values() ?? []),
      ...written.filter((_, index) => referrers[index]?.claim === claim),
    ],
    bundle: bundles[at] ?? Buffer.alloc(0),
    repeated: attached.has(claim),
  }));
}

async function signClaims(
  store: Store,
  image: ImageSubjects,
  signer: StatementSigner,
  claims: readonly Claim[],
  check: PublishOptions['check'],
): Promise<Map<Claim, Buffer>> {
  if (claims.length === 0) return new Map();
  const statements = claims.map((claim) => buildStatement(store, image, claim));
  await checkFallbacks(store);
  const [bundles] = await Promise.all([signer.sign(statements), prepareReferrers(store, claims.length)]);
  for (const bundle of bundles) await check?.(bundle);
  return new Map(claims.map((claim, at) => [claim, bundles[at] ?? Buffer.alloc(0)]));
}

function subjectsOf({ subjects }: Claim, image: ImageSubjects): Descriptor[] {
  return image.all.filter(({ digest }) => subjects === undefined || subjects.includes(digest));
}

function buildStatement(store: Store, image: ImageSubjects, claim: Claim): Statement {
  const { predicateType, predicate, subjects = image.all.map(({ digest }) => digest) } = claim;
  for (const digest of subjects) {
    if (!image.all.some((subject) => subject.digest === digest)) {
      throw new Invalid('image', `${digest} is not part of ${store.place}@${image.digest}`);
    }
  }
  if (subjects.length === 0) throw new Invalid('image', `nothing of it is named by ${predicateType}`);
  const named = subjects.map((digest) => nameSubject(store, digest));
  return composeStatement([...named, ...(claim.files ?? [])], { predicateType, predicate });
}

/** How a statement names what lies in a store. */
export function nameSubject(store: Store, digest: Digest): Statement['subject'][number] {
  return {
    // A folder on this machine means nothing to a reader.
    ...(store.host !== undefined && { name: store.place }),
    digest: { [digestAlgorithm(digest)]: digestHex(digest) },
  };
}

/** The statement of a claim about subjects. Throws `Invalid` when it is too large to be signed and read again. */
export function composeStatement(
  subject: readonly Statement['subject'][number][],
  { predicateType, predicate }: Pick<Claim, 'predicateType' | 'predicate'>,
): Statement {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [...subject],
    predicateType,
    predicate,
  } satisfies Statement;
  const size = Buffer.byteLength(JSON.stringify(statement));
  if (size > STATEMENT_LIMIT) {
    throw new Invalid(
      'predicate',
      `${predicateType} is ${size} bytes; at most ${STATEMENT_LIMIT} can be attested`,
    );
  }
  return statement;
}
