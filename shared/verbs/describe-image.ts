import type { ImageOverview, Known } from '../environment/overview.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { SEVERITIES, type Severity } from '../evidence/severity.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { Failure } from '../outcome/outcome.ts';
import { type Gathered, gatherFacts, type JudgedImage } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { needsOf } from '../policy/rule.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { readJudgedImage } from './judge.ts';

/** One image as status shows it, without when its commit was made; `judged` where its configuration could be read. */
export interface DescribedImage {
  readonly overview: Omit<ImageOverview, 'committed'>;
  readonly judged: JudgedImage | undefined;
}

/** Says what an environment's rules find of an image: what counts of it, and what they need and miss. What cannot be read is said to be unknown. */
export async function describeImage(
  store: Store,
  image: ImageSubjects,
  evidence: VerifiedImage,
  policy: LoadedPolicy,
  environment: string,
): Promise<DescribedImage> {
  try {
    const judged = await readJudgedImage(store, image);
    const excepting = { exceptions: policy.exceptions, environment };
    const gathered = gatherFacts(judged, evidence, trustOf(policy.file), new Date(), excepting);
    return { overview: overviewOf(judged, gathered, policy, environment), judged };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const unknown = { unknown: error.message };
    const { digest } = image;
    return {
      overview: {
        digest,
        created: undefined,
        built: undefined,
        size: unknown,
        coverage: unknown,
        findings: unknown,
      },
      judged: undefined,
    };
  }
}

function overviewOf(
  { digest, platforms }: JudgedImage,
  gathered: Gathered,
  { file }: LoadedPolicy,
  environment: string,
): DescribedImage['overview'] {
  const { facts, missing } = gathered;
  const rules = findEnvironment(file, environment).rules.flatMap((name) => file.rules[name] ?? []);
  const needs = [...new Set(rules.flatMap(needsOf))];
  const times = platforms.flatMap(({ config }) => Date.parse(config.created ?? '') || []);
  return {
    digest,
    created: times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString(),
    built: facts.provenance?.signedAt?.toISOString(),
    size: { value: Number(facts.image.size) },
    coverage: {
      value: needs.map((kind) => {
        const reasons = missing.get(kind) ?? [];
        return { kind, covered: reasons.length === 0, reasons };
      }),
    },
    findings: countFindings(gathered),
  };
}

function countFindings({
  facts,
  missing,
}: Gathered): Known<{ scannedAt: string; counts: Record<Severity, number> }> {
  const { vulnerabilities, secrets, scan } = facts;
  if (vulnerabilities === undefined || secrets === undefined || scan === undefined) {
    return { unknown: missing.get('scan')?.join('; ') ?? 'there is no scan that counts' };
  }
  const found = [...vulnerabilities, ...secrets];
  const count = (wanted: Severity): number => found.filter(({ severity }) => severity === wanted).length;
  return {
    value: {
      scannedAt: scan.scannedAt.toISOString(),
      counts: Object.fromEntries(SEVERITIES.map((one) => [one, count(one)])) as Record<Severity, number>,
    },
  };
}
