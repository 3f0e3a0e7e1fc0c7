import * as z from 'zod';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { type EvidenceKind, kindOfPredicate, ROLES_OF } from '../evidence/predicate.ts';
import { readScan } from '../evidence/scan.ts';
import type { Trust } from '../evidence/trust.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import type { Exception } from './exceptions.ts';
import {
  type BuiltFrom,
  type Reading,
  readPackages,
  readPlatformScan,
  readProvenance,
  readTest,
} from './reading.ts';
import { NEEDS, type Need } from './rule.ts';
import { describeScans, excuseFindings, type ScanFacts } from './scans.ts';

/** What a platform's manifest and config hold (OCI image-spec 1.1, config.md). */
export interface JudgedPlatform {
  /** `linux/amd64` */
  readonly name: string;
  readonly digest: Digest;
  /** Compressed layers and config, in bytes. */
  readonly size: number;
  readonly config: ImageConfig;
}

/** How many pieces of evidence that do not count are told with one reason. */
const MAX_DISCOUNTED = 3;

/** The image that is judged: what its digest names, and what can run of it. */
export interface JudgedImage {
  readonly digest: Digest;
  readonly platforms: readonly JudgedPlatform[];
}

export const imageConfigSchema = z.object({
  created: z.string().nullish(),
  config: z
    .object({
      User: z.string().default(''),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Env: z.array(z.string()).nullish(),
      WorkingDir: z.string().nullish(),
    })
    .nullish(),
});
export type ImageConfig = z.output<typeof imageConfigSchema>;

/** The values of the variables in variables.ts. What there is no evidence for is undefined, and no rule that needs it is evaluated. */
export interface Facts extends Partial<ScanFacts> {
  readonly image: { digest: string; size: bigint; platforms: string[] };
  readonly config: readonly object[];
  readonly provenance?: BuiltFrom;
  readonly sbom?: { packages: readonly object[] };
  readonly tests?: { passed: boolean };
  readonly now: Date;
  /** These are observed, not signed: absent where nobody looked. */
  readonly approvals?: readonly { readonly by: string; readonly at: Date; readonly how: string }[];
  readonly promotion?: {
    readonly environment: string;
    readonly current: string;
    /** Seconds. */
    readonly soaked: bigint;
    readonly requestedBy: string;
    readonly reason: string;
  };
  readonly base?: { readonly name: string; readonly digest: string; readonly attested: boolean };
}

/** The facts, and for each kind of evidence what is missing or incomplete: no entry where it is whole. */
export interface Gathered {
  readonly facts: Facts;
  readonly missing: ReadonlyMap<Need, readonly string[]>;
}

/** The kinds of evidence that meet a need. */
export const KINDS: Record<Need, readonly EvidenceKind[]> = {
  signature: ['signature'],
  provenance: ['provenance'],
  sbom: ['cyclonedx', 'spdx'],
  scan: ['scan'],
  test: ['test'],
  vex: ['vex'],
};

/**
 * Makes the facts that rules see out of verified evidence, and says what is missing. Evidence must be there for what the digest names
 * and for every platform: a scan or bill of materials of one platform says nothing of another.
 */
export function gatherFacts(
  image: JudgedImage,
  known: Pick<VerifiedImage, 'evidence' | 'rejected'>,
  trust: Trust,
  now: Date,
  excepting?: { readonly exceptions: readonly Exception[]; readonly environment: string },
): Gathered {
  const { evidence } = known;
  const missing = new Map<Need, string[]>();
  const complain = (need: Need, reason: string): void => {
    missing.set(need, [...(missing.get(need) ?? []), reason]);
  };
  for (const need of NEEDS) {
    for (const reason of explainGaps(need, image, known, trust)) complain(need, reason);
  }
  const readEach = <T>(need: Need, read: (found: Evidence, platform: JudgedPlatform) => Reading<T>): T[] =>
    image.platforms.flatMap((platform) =>
      newestOf(evidence, KINDS[need], platform.digest).flatMap((found) => {
        const reading = read(found, platform);
        if ('value' in reading) return [reading.value];
        complain(need, `the ${need} evidence of ${platform.name} ${reading.fault}`);
        return [];
      }),
    );

  const provenance = findProvenance(image, evidence);
  if (provenance !== undefined && 'fault' in provenance) complain('provenance', provenance.fault);
  const packages = readEach('sbom', readPackages).flat();
  const scans = readEach('scan', readPlatformScan).map((scan) =>
    excuseFindings(scan, image.digest, evidence, { exceptions: [], ...excepting, now }),
  );
  const tests = readEach('test', readTest);

  const facts: Facts = {
    image: {
      digest: image.digest,
      size: BigInt(Math.max(0, ...image.platforms.map(({ size }) => size))),
      platforms: image.platforms.map(({ name }) => name),
    },
    config: image.platforms.map(describeConfig),
    ...(!missing.has('provenance') &&
      provenance &&
      'value' in provenance && { provenance: provenance.value }),
    ...(!missing.has('sbom') && { sbom: { packages } }),
    ...(!missing.has('scan') && describeScans(scans)),
    ...(!missing.has('test') && { tests: { passed: tests.every(Boolean) } }),
    now,
  };
  return { facts, missing };
}

/** What of a need is missing; what is there of it and does not count is told with its reason, so that nobody looks for the wrong fault. */
function explainGaps(
  need: Need,
  image: JudgedImage,
  { evidence, rejected }: Pick<VerifiedImage, 'evidence' | 'rejected'>,
  trust: Trust,
): string[] {
  if (image.platforms.length === 0) return ['the image has no platform that could run'];
  const kinds = KINDS[need];
  const roles = [...new Set(kinds.flatMap((kind) => ROLES_OF[kind]))];
  if (!roles.some((role) => (trust[role] ?? []).length > 0)) {
    return [`there can be no ${need} evidence: the policy trusts nobody as ${roles.join(' or ')}`];
  }
  // The signature and the provenance are of the whole; the rest is of each platform by itself.
  const wholeToo = need === 'signature' || need === 'provenance';
  const places = new Map<Digest, string>(wholeToo ? [[image.digest, 'the index']] : []);
  for (const { digest, name } of image.platforms) places.set(digest, name);
  const gaps = [...places].flatMap(([digest, name]) =>
    evidence.some((found) => kinds.includes(found.kind) && found.subjects.includes(digest))
      ? []
      : [`there is no ${need} evidence for ${name} from the role ${roles.join(' or ')}`],
  );
  // What does not verify at all may have been meant as this: it is told too, after what is of this kind for sure.
  const near = [
    ...rejected.filter(({ predicateType = '' }) =>
      kinds.some((kind) => kind === kindOfPredicate(predicateType)),
    ),
    ...rejected.filter(({ predicateType }) => predicateType === undefined),
  ];
  const told = near
    .slice(0, MAX_DISCOUNTED)
    .map(({ source, reason }) => `; ${shortDigest(source)} does not count: ${reason}`);
  if (near.length > told.length) told.push(`; and ${near.length - told.length} more do not count`);
  return gaps.map((gap, at) => (at === 0 ? `${gap}${told.join('')}` : gap));
}

/**
 * The newest evidence of a subject, by the time a log or timestamp authority gives. Evidence without such a time may be the newest,
 * so it counts too; where two kinds serve, the first kind that is there.
 */
function newestOf(
  evidence: readonly Evidence[],
  kinds: readonly EvidenceKind[],
  subject: Digest,
): Evidence[] {
  const about = evidence.filter((found) => found.subjects.includes(subject));
  const kind = kinds.find((one) => about.some((found) => found.kind === one));
  const dated = about.filter((one) => one.kind === kind).map((found) => ({ found, time: timeOf(found) }));
  const newest = Math.max(...dated.flatMap(({ time }) => time ?? []));
  return dated.filter(({ time }) => time === undefined || time === newest).map(({ found }) => found);
}

/**
 * When a statement was made, in milliseconds, if anything proves it. Anybody can have a signature stamped and logged anew: a certificate's for
 * the minutes that it lives, a key's for ever. So of a scan its own signed word bounds the proven time, which nobody but the scanner can
 * change; of other kinds a certificate's proven time is that of signing, and a key says nothing of it.
 */
function timeOf({ kind, signer, signedAt, statement }: Evidence): number | undefined {
  if (signedAt === undefined) return undefined;
  const proven = Date.parse(signedAt);
  const scan = kind === 'scan' ? readScan(statement.predicate) : undefined;
  if (scan !== undefined) return Math.min(proven, Date.parse(scan.scannedAt));
  return signer.key === undefined ? proven : undefined;
}

/** The newest provenance that one statement gives of the whole image; undefined when there is none at all. */
function findProvenance(image: JudgedImage, evidence: readonly Evidence[]): Reading<BuiltFrom> | undefined {
  const subjects = [image.digest, ...image.platforms.map(({ digest }) => digest)];
  const about = evidence.filter((found) => found.kind === 'provenance');
  if (about.length === 0) return undefined;
  const whole = about.filter((found) => subjects.every((digest) => found.subjects.includes(digest)));
  const newest = newestOf(whole, ['provenance'], image.digest);
  const readings = newest.map(readProvenance);
  const first = readings[0];
  if (first === undefined) return { fault: 'no single provenance covers the index and every platform' };
  const differs = readings.some((reading) => JSON.stringify(reading) !== JSON.stringify(first));
  if (differs) {
    return { fault: 'there are several provenances, they differ, and nothing says which is the newest' };
  }
  // The newest are of one time, or one of them is of none.
  const times = newest.map(timeOf);
  const [time] = times;
  return 'fault' in first || time === undefined || times.includes(undefined)
    ? first
    : { value: { ...first.value, signedAt: new Date(time) } };
}

function describeConfig({ name, size, config: { config, created } }: JudgedPlatform): object {
  const time = new Date(created ?? '');
  return {
    platform: name,
    size: BigInt(size),
    user: config?.User ?? '',
    entrypoint: config?.Entrypoint ?? [],
    cmd: config?.Cmd ?? [],
    labels: config?.Labels ?? {},
    ports: Object.keys(config?.ExposedPorts ?? {}),
    env: (config?.Env ?? []).map((entry) => entry.split('=', 1)[0] ?? ''),
    directory: config?.WorkingDir ?? '',
    ...(!Number.isNaN(time.getTime()) && { created: time }),
  };
}
