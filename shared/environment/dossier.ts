import { isMove } from '../evidence/promotion.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { EnvironmentOverview, RecordOverview } from './overview.ts';

/** One thing that is proven to have happened to an image. */
export interface DossierEvent {
  /** ISO 8601; undefined where nothing proves when. */
  readonly at: string | undefined;
  readonly environment: string;
  readonly digest: Digest;
  /** `commit`, `approval`, the action of a record, or the kind of a statement. */
  readonly kind: string;
  /** What happened, in words that may be foreign. */
  readonly what: string;
  /** More of it, a line each. */
  readonly details: readonly string[];
  /** Who says so: a workflow with its ref, a key, or an account. */
  readonly by: string;
  /** Address of the run that signed; empty where none did. */
  readonly run: string;
  /** Index in the transparency log; empty where there is no entry. */
  readonly logIndex: string;
  /** Digest of the referrer that carries the statement; empty for what is none. */
  readonly source: string;
}

/** One image of one environment, in short. */
export interface DossierImage {
  readonly environment: string;
  readonly repository: string;
  readonly digest: Digest;
  /** Of the verified provenance; empty where there is none that counts. */
  readonly source: string;
  readonly commit: string;
  readonly builtBy: string;
  readonly run: string;
}

/** Everything that is proven of some images, in the order of time. */
export interface Dossier {
  /** As it was asked for. */
  readonly about: string;
  /** ISO 8601. */
  readonly at: string;
  readonly policy: string;
  readonly images: readonly DossierImage[];
  readonly events: readonly DossierEvent[];
  /** What lies beside the images and does not count, with the reasons. */
  readonly discounted: readonly {
    readonly digest: Digest;
    readonly source: Digest;
    readonly reason: string;
  }[];
  /** What could not be read: the dossier is not whole. */
  readonly gaps: readonly string[];
}

/** What a dossier is of: an image, the image of one record, or all that happened to one environment in a time (milliseconds). */
export type DossierSubject =
  | { readonly kind: 'image'; readonly digest: Digest }
  | { readonly kind: 'record'; readonly tag: string }
  | { readonly kind: 'time'; readonly from: number; readonly until: number };

/** Reads a digest, a record's tag (`env-prod.000042-…`), or a time as `2026-11-01/2026-11-21T12:00Z`, whose end may be left out. */
export function parseDossier(text: string, environment: string | undefined): DossierSubject {
  const digest = text.slice(text.lastIndexOf('@') + 1);
  if (isDigest(digest)) return { kind: 'image', digest };
  if (/^env-[a-z0-9-]{1,40}\.\d{6}-[0-9a-f]{12}$/.test(text)) return { kind: 'record', tag: text };
  const [start = '', end, ...more] = text.split('/');
  const from = readTime(start);
  const until = end === '' ? Number.POSITIVE_INFINITY : readTime(end ?? '');
  if (more.length > 0 || Number.isNaN(from) || Number.isNaN(until)) {
    throw new Invalid(
      'dossier',
      `takes a digest, a record's tag or a time as 2026-11-01/2026-11-21, not "${text}"`,
    );
  }
  if (from >= until) throw new Invalid('dossier', 'ends before it begins');
  if (environment === undefined) {
    throw new Invalid(
      'environment',
      'is required beside a time: of which environment should the dossier be?',
    );
  }
  return { kind: 'time', from, until };
}

/** A day or a moment in UTC, in milliseconds. */
function readTime(text: string): number {
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?$/.test(text)) return Number.NaN;
  return Date.parse(text);
}

/** The records of an environment that belong to a dossier, and the images that it is of. Empty where it has nothing to do with the environment. */
export function selectRecords(
  { records, superseded, images }: EnvironmentOverview,
  subject: DossierSubject,
): { readonly records: readonly RecordOverview[]; readonly digests: ReadonlySet<Digest> } {
  const all = 'value' in records ? records.value : [];
  if (subject.kind === 'time') {
    // Nobody can say of a record without a time that it was at another.
    const during = [...all, ...superseded].filter(({ at }) => {
      const time = at === undefined ? undefined : Date.parse(at);
      return time === undefined || (time >= subject.from && time < subject.until);
    });
    const before = all.findLast(
      ({ action, at }) => isMove(action) && at !== undefined && Date.parse(at) < subject.from,
    );
    const chosen = before === undefined ? during : [before, ...during];
    return { records: chosen, digests: new Set(chosen.map(({ digest }) => digest)) };
  }
  const digest =
    subject.kind === 'image'
      ? subject.digest
      : [...all, ...superseded].find(({ tag }) => tag === subject.tag)?.digest;
  const own = [...all, ...superseded].filter((record) => record.digest === digest);
  if (digest === undefined || (own.length === 0 && !images.has(digest)))
    return { records: [], digests: new Set() };
  // What took its place belongs to its story.
  const moves = all.filter(({ action }) => isMove(action));
  const next = moves.filter((record, at) => record.digest !== digest && moves[at - 1]?.digest === digest);
  return { records: [...own, ...next], digests: new Set([digest]) };
}
