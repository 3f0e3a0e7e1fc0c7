import type { ImageOverview } from '../environment/overview.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import type { Source } from '../github/ancestry.ts';
import type { CommitTimes } from '../github/commits.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Failure, Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { trustOf } from '../policy/file.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { isIrreversible } from './candidates.ts';
import { type DescribedImage, describeImage } from './describe-image.ts';
import { readLogged } from './environment.ts';

/** Who asks, by which policy. */
export interface Asking {
  readonly policy: LoadedPolicy;
  readonly verifier: StatementVerifier;
  readonly commits: CommitTimes;
  readonly 'github-token'?: string | undefined;
}

/** Reads the images of one environment, each once and whole, and keeps of each what is shown. */
export interface ImageReader {
  /** What was kept, the newest first. */
  readonly images: ReadonlyMap<Digest, ImageOverview>;
  /** Every digest by which an image may be called (its own, a platform's manifest or config), with the images that have it, the newest first. */
  readonly calledBy: ReadonlyMap<Digest, readonly Digest[]>;
  /** Why images that records name cannot be what they name. */
  readonly faults: readonly string[];
  /** What was read and is not kept yet. */
  listRead(): Digest[];
  /** The promoters' statements beside an image. One that is not whole has none, and is a fault. */
  readRecords(digest: Digest): Promise<VerifiedImage>;
  /** Keeps what was read of an image, which was built from `source`. Called for the newest first. */
  keep(digest: Digest, source: Source | undefined): Promise<void>;
  /** Reads and keeps an image that no record names, where the repository has it. Returns what could not be read of it. */
  look(digest: Digest): Promise<string | undefined>;
  /** Those that say of themselves that nothing older runs after them. */
  listIrreversible(): Set<Digest>;
}

/** Opens the reader of one environment. */
export function openImageReader(store: Store, environment: string, asking: Asking): ImageReader {
  const { policy, verifier, commits } = asking;
  const trust = trustOf(policy.file);
  const read = new Map<Digest, Pick<DescribedImage, 'overview'> & { readonly parts: ReadonlySet<Digest> }>();
  const irreversible = new Set<Digest>();
  const images = new Map<Digest, ImageOverview>();
  const calledBy = new Map<Digest, Digest[]>();
  const faults: string[] = [];

  const readImage = async (digest: Digest): Promise<VerifiedImage> => {
    const subjects = await listSubjects(store, digest);
    const found = await readLogged(store, subjects, verifier, trust);
    const { overview, judged } = await describeImage(store, subjects, found, policy, environment);
    read.set(digest, { overview, parts: partsOf(subjects) });
    if (judged !== undefined && isIrreversible(judged)) irreversible.add(digest);
    // The rest is described, and would fill the memory.
    return { ...found, evidence: found.evidence.filter(({ kind }) => kind === 'promotion') };
  };
  const keep = async (digest: Digest, source: Source | undefined): Promise<void> => {
    const found = read.get(digest);
    if (found === undefined || images.has(digest)) return;
    for (const part of found.parts) calledBy.set(part, [...(calledBy.get(part) ?? []), digest]);
    const unasked: ImageOverview = { ...found.overview, committed: { unknown: 'it was not asked for' } };
    images.set(digest, unasked);
    images.set(digest, { ...unasked, committed: await commits.read(source) });
  };
  return {
    images,
    calledBy,
    faults,
    keep,
    listRead: () => [...read.keys()].filter((digest) => !images.has(digest)),
    readRecords: async (digest) => {
      try {
        return await readImage(digest);
      } catch (error) {
        if (!(error instanceof Refused || error instanceof Invalid)) throw error;
        faults.push(error.message);
        return { image: `${store.place}@${digest}`, digest, evidence: [], rejected: [] };
      }
    },
    look: async (digest) => {
      try {
        await readImage(digest);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return error instanceof Unavailable ? error.message : undefined;
      }
      await keep(digest, undefined);
      return explainUnread(images.get(digest));
    },
    listIrreversible: () => irreversible,
  };
}

/** What could not be read of an image that is there. */
export function explainUnread(image: ImageOverview | undefined): string | undefined {
  return image !== undefined && 'unknown' in image.coverage
    ? `${shortDigest(image.digest)}: ${image.coverage.unknown}`
    : undefined;
}

function partsOf({ all, platforms }: ImageSubjects): Set<Digest> {
  const configs = platforms.map(({ manifest }) => manifest.config.digest);
  return new Set([...all.map(({ digest }) => digest), ...configs]);
}
