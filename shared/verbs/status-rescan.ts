import type { EnvironmentOverview, Known } from '../environment/overview.ts';
import { listPresent, type PresentImage } from '../environment/present.ts';
import type {
  FreshFinding,
  Rejudged,
  Rescan,
  RescannedEnvironment,
  RescannedImage,
} from '../environment/rescan.ts';
import { createEvaluator } from '../evaluator/evaluator.ts';
import { compareFindings } from '../evidence/compare.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import type { Finding } from '../evidence/finding.ts';
import { mergeFindings, platformsOf } from '../evidence/merge.ts';
import { isMove } from '../evidence/promotion.ts';
import { readScan, type ScanResult } from '../evidence/scan.ts';
import type { Scanner } from '../evidence/severity.ts';
import type { RunContext } from '../github/context.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { parsePlace } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import type { Exception } from '../policy/exceptions.ts';
import { gatherFacts } from '../policy/facts.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { type EvaluateExpressions, judgeFacts } from '../policy/judge.ts';
import { variablesOf } from '../policy/rule.ts';
import { excuseFindings } from '../policy/scans.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { mapParallel } from '../store/parallel.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import { lookAtBase } from './base-evidence.ts';
import { readJudgedImage } from './judge.ts';
import type { FoundOverview } from './overview.ts';
import { openRescanner, type RescanInputs, type Rescanner, replaceScans } from './rescan.ts';

/** What was judged anew. */
export interface FoundRescan {
  readonly rescan: Rescan;
  /** The scans, one a platform, of every image that could be scanned. */
  readonly scans: ReadonlyMap<Digest, readonly ScanResult[]>;
  /** What could not be read or scanned; empty when all was. */
  readonly unread: readonly string[];
}

/** Images that are judged at the same time: Trivy runs once a processor beneath each. */
const AT_ONCE = 2;

/**
 * Judges every image that an environment holds, and every one of its repository that runs, by the policy and the vulnerability database of this
 * moment: the rules see the evidence with a scan of now in the place of the attested ones. Rules about a promotion are left out, there is none.
 * An image of which nobody can say what the rules make of it now is said to be unknown, and never passed over.
 */
export async function rescanAll(
  found: FoundOverview,
  inputs: RescanInputs,
  context: RunContext,
): Promise<FoundRescan> {
  const { file } = found.policy;
  const { environments } = found.overview;
  const names = environments.flatMap(({ name }) => findEnvironment(file, name).rules);
  const rules = [...new Set(names)].flatMap((name) => file.rules[name] ?? []);
  const rescanner = await openRescanner(rules, file, inputs, context);
  const evaluate = createEvaluator();
  const scanning = new Map<Digest, Promise<ScanResult[]>>();
  const unread: string[] = [];
  const judge = async (environment: EnvironmentOverview, image: PresentImage): Promise<RescannedImage> => {
    const arrivedAt = findArrival(environment, image.digest);
    try {
      const about = { found, environment: environment.name, digest: image.digest, arrivedAt };
      return {
        ...image,
        arrivedAt,
        judged: { value: await rejudge(about, { rescanner, scanning, evaluate, inputs }, context) },
      };
    } catch (error) {
      // A wrong input is nobody's outage.
      if (!(error instanceof Failure) || error instanceof Invalid) throw error;
      unread.push(
        `${environment.name}: ${shortDigest(image.digest)} could not be judged anew: ${error.message}`,
      );
      return { ...image, arrivedAt, judged: { unknown: error.message } };
    }
  };
  try {
    const rescanned: RescannedEnvironment[] = [];
    for (const environment of environments) {
      const { name, repository } = environment;
      const { images, unknown } = listPresent(environment);
      const judged = await mapParallel(images, AT_ONCE, (image) => judge(environment, image));
      rescanned.push({ name, repository, images: judged, unknown });
    }
    const scans = new Map<Digest, readonly ScanResult[]>();
    for (const [digest, scan] of scanning)
      await scan.then(
        (all) => scans.set(digest, all),
        () => undefined,
      );
    return {
      rescan: { at: new Date().toISOString(), policy: found.overview.policy, environments: rescanned },
      scans,
      unread,
    };
  } finally {
    await rescanner.close();
  }
}

/** When an image was last brought by a record. */
function findArrival({ records }: EnvironmentOverview, digest: Digest): string | undefined {
  if ('unknown' in records) return undefined;
  return records.value.findLast((record) => isMove(record.action) && record.digest === digest)?.at;
}

async function rejudge(
  about: {
    readonly found: FoundOverview;
    readonly environment: string;
    readonly digest: Digest;
    readonly arrivedAt: string | undefined;
  },
  by: {
    readonly rescanner: Rescanner;
    readonly scanning: Map<Digest, Promise<ScanResult[]>>;
    readonly evaluate: EvaluateExpressions;
    readonly inputs: RescanInputs;
  },
  context: RunContext,
): Promise<Rejudged> {
  const { environment, digest, arrivedAt } = about;
  const { policy, verifier, surveys } = about.found;
  const store = surveys.get(environment)?.store;
  if (store === undefined) throw new Error(`nobody looked at ${environment}`);
  const { repository, rules } = findEnvironment(policy.file, environment);
  const trust = trustOf(policy.file);
  const image = await listSubjects(store, digest);
  const scan = (): Promise<ScanResult[]> =>
    by.rescanner.scan({ store, reference: parsePlace(repository, 'policy'), subjects: image });
  const scanned = by.scanning.get(digest) ?? scan();
  by.scanning.set(digest, scanned);
  const [scans, judged, attested] = await Promise.all([
    scanned,
    readJudgedImage(store, image),
    collectEvidence(store, image, verifier, trust),
  ]);
  const evidence = replaceScans(attested, scans);
  const now = new Date();
  const excepting = { exceptions: policy.exceptions, environment };
  const base = await lookAtBase(
    { store, image, environment, policy, verifier, evidence: attested.evidence, inputs: by.inputs },
    context,
  );
  const later = rules.filter((name) => {
    const rule = policy.file.rules[name];
    return rule !== undefined && variablesOf(rule).some((one) => one === 'approvals' || one === 'promotion');
  });
  const gathered = gatherFacts(judged, evidence, trust, now, excepting);
  const verdict = await judgeFacts(
    policy.file.rules,
    { name: environment, rules: rules.filter((name) => !later.includes(name)) },
    { ...gathered, facts: { ...gathered.facts, ...(typeof base === 'object' && { base }) } },
    by.evaluate,
  );
  const oldest = (times: readonly (string | undefined)[]): string =>
    new Date(Math.min(...times.map((time) => Date.parse(time ?? '')))).toISOString();
  return {
    decision: verdict.decision,
    reasons: verdict.reasons,
    warnings: [
      ...verdict.warnings,
      ...(typeof base === 'string' ? [`nobody can say what it is built on: ${base}`] : []),
      ...later.map((name) => `${name}: not judged, it is about a promotion`),
    ],
    scannedAt: oldest(scans.map(({ scannedAt }) => scannedAt)),
    databaseUpdatedAt: oldest(scans.map(({ database }) => database?.updatedAt)),
    fresh: listFresh({ image, scans, attested, arrivedAt }, { ...excepting, now }),
  };
}

/** What stands of a scan of now and was not there when the image came. Only what both scans looked for is compared. */
function listFresh(
  about: {
    readonly image: ImageSubjects;
    readonly scans: readonly ScanResult[];
    readonly attested: VerifiedImage;
    readonly arrivedAt: string | undefined;
  },
  by: { readonly exceptions: readonly Exception[]; readonly environment: string; readonly now: Date },
): Known<readonly FreshFinding[]> {
  const { image, scans, attested, arrivedAt } = about;
  if (arrivedAt === undefined) return { unknown: 'nothing proves when it came' };
  const earlier = scans.map(({ manifest }) => findEarlierScan(attested, manifest, arrivedAt));
  const before = earlier.flatMap((scan) => scan ?? []);
  if (before.length < scans.length) {
    return { unknown: 'no scan of before its promotion counts for every platform' };
  }
  const stands = scans
    .flatMap((scan) => excuseFindings(scan, image.digest, attested.evidence, by).stands)
    .map(({ found }) => found)
    .filter((found) => before.every(({ scanners }) => scanners.includes(SCANNER_OF[found.class])));
  const platforms = scans.map(({ platform }) => platform);
  const merged = mergeFindings(stands);
  const { fresh } = compareFindings(
    { merged, platforms },
    { merged: mergeFindings(before.flatMap(({ findings }) => findings)), platforms },
  );
  return {
    value: merged
      .filter((one) => fresh.has(one))
      .map((one) => {
        const { class: kind, id, title, url, package: name, version, fixed, target } = one.found;
        const { severity } = one;
        return {
          class: kind,
          id,
          severity,
          title,
          url,
          package: name,
          version,
          fixed,
          target,
          platforms: platformsOf(one),
        };
      }),
  };
}

const SCANNER_OF = {
  vulnerability: 'vuln',
  secret: 'secret',
  misconfiguration: 'misconfig',
  licence: 'license',
} as const satisfies Record<Finding['class'], Scanner>;

/** Logs and timestamp authorities say whole seconds, without what is behind them. */
const toSecond = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** The last scan of one platform, by its signed word, that was made before an image came. */
function findEarlierScan(
  { evidence }: VerifiedImage,
  manifest: Digest,
  arrivedAt: string,
): ScanResult | undefined {
  return evidence
    .filter(({ kind, subjects }) => kind === 'scan' && subjects.includes(manifest))
    .flatMap(({ statement }) => readScan(statement.predicate) ?? [])
    .filter(
      (scan) =>
        scan.complete && scan.manifest === manifest && toSecond(scan.scannedAt) <= toSecond(arrivedAt),
    )
    .toSorted((a, b) => Date.parse(a.scannedAt) - Date.parse(b.scannedAt))
    .at(-1);
}
