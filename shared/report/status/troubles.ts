import type { EnvironmentOverview, ImageOverview, Overview } from '../../environment/overview.ts';
import { type Digest, shortDigest } from '../../image/digest.ts';
import { formatCount } from '../blocks.ts';
import { formatSpan, formatTime } from './values.ts';

/** One thing that somebody should look at. */
export interface Trouble {
  /** `unknown` is what could not be read, which may hide any of the others. `note` stops nothing. */
  readonly kind: 'unknown' | 'fault' | 'drift' | 'hold' | 'evidence' | 'age' | 'note';
  readonly environment: string;
  /** Plain text with foreign words in it. */
  readonly text: string;
}

/** The same order everywhere: what hides other troubles first. */
const ORDER: readonly Trouble['kind'][] = ['unknown', 'fault', 'drift', 'hold', 'evidence', 'age', 'note'];

/** Everything that an overview has to say beside what runs: faults, drift, holds, evidence that lacks, what is too old, and what could not be read. */
export function findTroubles({ environments }: Overview): Trouble[] {
  const found = environments.flatMap((environment) =>
    listTroubles(environment).map(([kind, text]): Trouble => ({ kind, environment: environment.name, text })),
  );
  return ORDER.flatMap((kind) => found.filter((trouble) => trouble.kind === kind));
}

export type Standing = 'good' | 'unknown' | 'bad';

/** What troubles come to, in a few words of plain text. Nothing is good of which a part is not known. */
export function judgeTroubles(
  environments: number,
  troubles: readonly Trouble[],
): { readonly standing: Standing; readonly words: string } {
  const what = formatCount(environments, 'environment');
  const wrong = troubles.filter(({ kind }) => kind !== 'unknown' && kind !== 'note').length;
  const unknown = troubles.filter(({ kind }) => kind === 'unknown').length;
  const rest = unknown === 0 ? '' : `, and ${formatCount(unknown, 'thing')} that nobody can say`;
  if (wrong > 0) {
    return { standing: 'bad', words: `${what}: ${formatCount(wrong, 'thing')} to look at${rest}` };
  }
  if (unknown > 0) {
    return { standing: 'unknown', words: `${what}: ${formatCount(unknown, 'thing')} that nobody can say` };
  }
  return environments === 0
    ? { standing: 'unknown', words: 'No environment was looked at' }
    : { standing: 'good', words: `${what}: all as recorded` };
}

function listTroubles(environment: EnvironmentOverview): (readonly [Trouble['kind'], string])[] {
  const { records, faults, foreign, hold, pointer, drift, overdue, current, images } = environment;
  const troubles: (readonly [Trouble['kind'], string])[] = [];
  // What follows from that would only hide the reason.
  const lost = 'unknown' in records || faults.length > 0;
  if ('unknown' in records) {
    troubles.push(['unknown', `has records that could not be read: ${records.unknown}`]);
  }
  for (const fault of faults) troubles.push(['fault', `has records that do not hold: ${fault}`]);
  if ('unknown' in pointer && !('unknown' in records)) {
    troubles.push(['unknown', `has a tag that could not be read: ${pointer.unknown}`]);
  }
  if ('unknown' in drift) {
    if (!lost) troubles.push(['unknown', `may have drifted: ${drift.unknown}`]);
  } else {
    for (const { kind, where, expected, found } of drift.value) {
      const should = expected === undefined ? 'nothing' : shortDigest(expected);
      troubles.push(['drift', `drifts (${kind}): ${where} has ${found} instead of ${should}`]);
    }
  }
  if (hold !== undefined) {
    const { requestedBy = 'somebody', reason = 'no reason was given', at } = hold;
    troubles.push(['hold', `is held by ${requestedBy} since ${formatTime(at)}: ${reason}`]);
  }
  const present = new Set([current, ...(environment.running ?? [])].map((one) => one?.digest));
  for (const digest of present) {
    // What was not recognised is drift.
    if (digest !== undefined) troubles.push(...listImageTroubles(digest, images.get(digest)));
  }
  for (const { kind, where, age, limit } of overdue) {
    const old = age === undefined ? 'of an age that nobody can tell' : `${formatSpan(age)} old`;
    troubles.push([
      age === undefined ? 'unknown' : 'age',
      `has ${kind} ${where}, ${old}; ${formatSpan(limit)} are allowed`,
    ]);
  }
  if (current?.followUp !== undefined) {
    troubles.push([
      'note',
      `holds what came by break-glass, to be looked at by ${formatTime(current.followUp)}`,
    ]);
  }
  if (foreign.length > 0) {
    troubles.push([
      'note',
      `has ${formatCount(foreign.length, 'record')} by others, which changes nothing: ${foreign[0]}`,
    ]);
  }
  return troubles;
}

function listImageTroubles(
  digest: Digest,
  image: ImageOverview | undefined,
): (readonly [Trouble['kind'], string])[] {
  const name = `image ${shortDigest(digest)}`;
  if (image === undefined) return [['unknown', `has ${name}, which could not be read`]];
  const { coverage, findings } = image;
  const troubles: (readonly [Trouble['kind'], string])[] = [];
  if ('unknown' in coverage)
    troubles.push(['unknown', `has ${name} of whose evidence nobody can say: ${coverage.unknown}`]);
  else {
    for (const { kind, reasons } of coverage.value.filter(({ covered }) => !covered)) {
      troubles.push([
        'evidence',
        `has ${name} without ${kind} that counts: ${reasons.join('; ') || 'there is none'}`,
      ]);
    }
  }
  if ('unknown' in findings)
    troubles.push(['unknown', `has ${name} of whose findings nobody can say: ${findings.unknown}`]);
  else if (findings.value.counts.CRITICAL > 0) {
    const { scannedAt, counts } = findings.value;
    const count = formatCount(counts.CRITICAL, 'critical finding');
    troubles.push(['evidence', `has ${name} with ${count}, by the scan of ${formatTime(scannedAt)}`]);
  }
  return troubles;
}
