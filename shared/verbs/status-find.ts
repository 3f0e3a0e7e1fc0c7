import type { EnvironmentOverview } from '../environment/overview.ts';
import { listPresent, type PresentImage } from '../environment/present.ts';
import type { Hit, Search, SearchedEnvironment } from '../environment/search.ts';
import type { VerifiedImage } from '../evidence/evidence.ts';
import { isNamed } from '../evidence/finding.ts';
import { type Package, readSbomPackages } from '../evidence/packages.ts';
import { readScan, type ScanResult } from '../evidence/scan.ts';
import { isSought, type Sought } from '../evidence/sought.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Failure } from '../outcome/outcome.ts';
import { trustOf } from '../policy/file.ts';
import { describeExcused, type Stated } from '../policy/findings.ts';
import { excuseFindings } from '../policy/scans.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { mapParallel } from '../store/parallel.ts';
import { listSubjects } from '../store/subjects.ts';
import { listPlatforms } from './analysis.ts';
import type { FoundOverview } from './overview.ts';

/** Images that are read at the same time. */
const AT_ONCE = 4;

/** What is looked for, and the scans of this moment where there are any. */
interface Asked {
  readonly text: string;
  readonly sought: Sought;
  readonly scans: ReadonlyMap<Digest, readonly ScanResult[]>;
}

/**
 * Looks through all that environments hold or run: for a package by the bills of materials that verify and what scans name, for a vulnerability by
 * the last scan. What has no evidence is unknown. A vulnerability that an attested scan does not have is unknown too, because it may be younger than
 * that scan's database: only a scan of this moment says that it is not there.
 */
export async function searchAll(
  found: FoundOverview,
  asked: Asked,
): Promise<{ readonly search: Search; readonly unread: readonly string[] }> {
  const unread: string[] = [];
  const environments: SearchedEnvironment[] = [];
  for (const environment of found.overview.environments) {
    const { name, repository } = environment;
    const { images, unknown } = listPresent(environment);
    const looked = await mapParallel(images, AT_ONCE, async (image): Promise<Looked> => {
      try {
        return await lookThrough(found, environment, image, asked);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        unread.push(`${name}: ${shortDigest(image.digest)} could not be looked through: ${error.message}`);
        return { hits: [], clear: [], unknown: [{ where: image.digest, reason: error.message }] };
      }
    });
    environments.push({
      name,
      repository,
      hits: looked.flatMap(({ hits }) => hits),
      clear: looked.flatMap(({ clear }) => clear),
      unknown: [
        ...unknown.map((reason) => ({ where: name, reason })),
        ...looked.flatMap(({ unknown: all }) => all),
      ],
    });
  }
  return { search: { sought: asked.text, at: new Date().toISOString(), environments }, unread };
}

type Looked = Pick<SearchedEnvironment, 'hits' | 'clear' | 'unknown'>;

async function lookThrough(
  { policy, verifier, surveys }: FoundOverview,
  environment: EnvironmentOverview,
  image: PresentImage,
  { sought, scans }: Asked,
): Promise<Looked> {
  const store = surveys.get(environment.name)?.store;
  if (store === undefined) throw new Error(`nobody looked at ${environment.name}`);
  const subjects = await listSubjects(store, image.digest);
  const attested = await collectEvidence(store, subjects, verifier, trustOf(policy.file));
  const hits: Hit[] = [];
  const clear: { digest: Digest; platform: string }[] = [];
  const unknown: { where: string; reason: string }[] = [];
  for (const { platform, manifest } of listPlatforms(subjects)) {
    const { digest } = manifest.descriptor;
    const fresh = scans.get(image.digest)?.find((scan) => scan.manifest === digest);
    const scan = fresh ?? findNewestScan(attested, digest);
    const excusing = { exceptions: policy.exceptions, environment: environment.name, now: new Date() };
    const parted = scan && excuseFindings(scan, image.digest, attested.evidence, excusing);
    const stated = [...(parted?.stands ?? []), ...(parted?.excused ?? [])].filter(
      ({ found }) => found.class === 'vulnerability',
    );
    const { packages, gap } =
      sought.kind === 'package' ? readBills(attested, digest) : { packages: [], gap: undefined };
    const named =
      sought.kind === 'package'
        ? [...packages, ...stated.map(packageOf)].filter((one) => isSought(one, sought))
        : stated.filter(({ found }) => isNamed(found, sought.id)).map(packageOf);
    const asked =
      sought.kind === 'package' ? stated : stated.filter(({ found }) => isNamed(found, sought.id));
    const distinct = new Map(named.map((one) => [`${one.name} ${one.version}`, one]));
    for (const { name, version, url } of distinct.values()) {
      const about = asked.filter(({ found }) => found.package === name && found.version === version);
      hits.push({
        ...image,
        platform,
        package: name,
        version,
        purl: url,
        vulnerabilities: about.map(describe),
      });
    }
    if (distinct.size > 0) continue;
    const reason = sought.kind === 'package' ? gap : explainScan(scan, fresh !== undefined);
    if (reason === undefined) clear.push({ digest: image.digest, platform });
    else unknown.push({ where: `${platform} of ${image.digest}`, reason });
  }
  if (subjects.platforms.length === 0)
    unknown.push({ where: image.digest, reason: 'it has no platform that could run' });
  return { hits, clear, unknown };
}

function packageOf({ found }: Stated): Pick<Package, 'name' | 'type' | 'version' | 'url'> {
  return { name: found.package, type: '', version: found.version, url: found.purl };
}

function describe(stated: Stated): Hit['vulnerabilities'][number] {
  const { id, severity, fixed } = stated.found;
  const [excused] = stated.said.excused ? describeExcused([stated]) : [];
  return { id, severity, fixed, excused: excused && `${excused.by}: ${excused.reason}` };
}

/** The packages of every bill of materials of one platform, and why they are not all; undefined where they are. */
function readBills(
  { evidence }: VerifiedImage,
  manifest: Digest,
): { readonly packages: readonly Package[]; readonly gap: string | undefined } {
  const bills = evidence
    .filter(({ kind, subjects }) => (kind === 'cyclonedx' || kind === 'spdx') && subjects.includes(manifest))
    .map(({ statement }) => readSbomPackages(statement.predicate));
  const packages = bills.flatMap((bill) => bill ?? []);
  if (bills.length === 0) return { packages, gap: 'it has no SBOM that counts' };
  if (bills.includes(undefined)) return { packages, gap: 'its SBOM is of a form that is not read' };
  return { packages, gap: packages.length === 0 ? 'its SBOM lists no package at all' : undefined };
}

/** The newest scan of one platform, by its signed word. */
function findNewestScan({ evidence }: VerifiedImage, manifest: Digest): ScanResult | undefined {
  return evidence
    .filter(({ kind, subjects }) => kind === 'scan' && subjects.includes(manifest))
    .flatMap(({ statement }) => readScan(statement.predicate) ?? [])
    .filter((scan) => scan.manifest === manifest)
    .toSorted((a, b) => Date.parse(a.scannedAt) - Date.parse(b.scannedAt))
    .at(-1);
}

/** Why a vulnerability that a scan does not have may be there all the same; undefined for a scan of this moment. */
function explainScan(scan: ScanResult | undefined, fresh: boolean): string | undefined {
  if (scan === undefined) return 'it has no scan that counts';
  if (fresh) return undefined;
  const { scannedAt, database } = scan;
  return `its scan of ${scannedAt}, by the database of ${database?.updatedAt ?? 'an unknown day'}, does not have it; rescan: true asks the one of today`;
}
