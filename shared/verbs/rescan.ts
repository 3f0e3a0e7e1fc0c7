import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildScanPredicate, type ScanResult } from '../evidence/scan.ts';
import type { Scanner } from '../evidence/severity.ts';
import { STATEMENT_TYPE } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { Gathered } from '../policy/facts.ts';
import type { PolicyFile } from '../policy/file.ts';
import { type Rule, variablesOf } from '../policy/rule.ts';
import { digestOf } from '../store/hash.ts';
import { storeOptions } from '../store/open.ts';
import { readAdditions } from './additions.ts';
import { type AnalysedImage, type AnalysisInputs, analysePlatforms, prepareTools } from './analysis.ts';

export interface RescanInputs extends Omit<AnalysisInputs, 'scanners'> {
  /** Seconds: how old an attested scan may be when nothing can be scanned now. */
  readonly 'max-scan-age'?: number | undefined;
  /** Path of CISA's catalogue, for rules about what is known to be exploited. */
  readonly kev?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** Scans images of this moment, all with the same Trivy and the same database. */
export interface Rescanner {
  /** One result a platform. `Unavailable` where the scanner or its database cannot be had. */
  scan(image: AnalysedImage): Promise<ScanResult[]>;
  /** Removes what it needed. */
  close(): Promise<void>;
}

const SCAN_AGE = 7 * 86_400;

/** Finds Trivy and its database for what `rules` see. Both are fetched once, however many images there are. */
export async function openRescanner(
  rules: readonly Rule[],
  policy: Pick<PolicyFile, 'mirrors'>,
  inputs: RescanInputs,
  context: RunContext,
): Promise<Rescanner> {
  const scanners = chooseScanners(rules);
  const add = await readAdditions({ reports: [], kev: inputs.kev }, [], context);
  await mkdir(context.temp, { recursive: true });
  const work = await mkdtemp(join(context.temp, 'hallmark-rescan-'));
  const options = storeOptions(context, inputs['github-token']);
  const tools = prepareTools({ ...inputs, scanners }, work, options, context, { policy: async () => policy });
  // Whoever scans hears of a failure.
  tools.catch(() => undefined);
  return {
    scan: async (image) => {
      const own = await mkdtemp(join(work, 'image-'));
      try {
        const analysed = await analysePlatforms(image, {
          ...{ tools, work: own, reports: join(own, 'reports'), scanners, formats: [], add, context },
        });
        return analysed.map(({ scan }) => scan);
      } finally {
        // There may be many, each with all of its layers.
        await rm(own, { recursive: true, force: true });
      }
    },
    close: async () => {
      await Promise.allSettled([tools]);
      await rm(work, { recursive: true, force: true });
    },
  };
}

/** Of what was not looked for no rule can say that there is none. */
function chooseScanners(rules: readonly Rule[]): Scanner[] {
  const names = new Set(rules.flatMap(variablesOf));
  return [
    'vuln',
    'secret',
    ...(names.has('misconfigurations') ? (['misconfig'] as const) : []),
    ...(names.has('licences') ? (['license'] as const) : []),
  ];
}

/** Evidence with this step's own scan in the place of the attested ones. */
export function replaceScans(found: VerifiedImage, scans: readonly ScanResult[]): VerifiedImage {
  const observed = scans.map((scan): Evidence => {
    const predicate = buildScanPredicate(scan);
    return {
      kind: 'scan',
      roles: ['scanner'],
      subjects: [scan.manifest],
      source: digestOf(JSON.stringify(predicate)),
      statement: { _type: STATEMENT_TYPE, subject: [], predicateType: PREDICATE_TYPES.scan[0], predicate },
      signer: {},
      signedAt: undefined,
      logIndex: undefined,
    };
  });
  return { ...found, evidence: [...found.evidence.filter(({ kind }) => kind !== 'scan'), ...observed] };
}

/**
 * With the scanner down an attested scan counts as if it were of now, as long as it is no older than `max-scan-age`: that limit stands in the
 * place of rules about its age. An older one is `Unavailable`.
 */
export function bridgeScan(gathered: Gathered, inputs: RescanInputs): Gathered {
  const { scan, now, image } = gathered.facts;
  if (scan === undefined) return gathered;
  const { scannedAt } = scan as { scannedAt: Date };
  const age = (now.getTime() - scannedAt.getTime()) / 1000;
  if (!(age <= (inputs['max-scan-age'] ?? SCAN_AGE))) {
    throw new Unavailable(
      `nothing can be scanned now, and the last attested scan of ${image.digest} is ${Math.round(age / 3600)} hours old`,
      { hint: 'Run it again when the scanner is back, or allow an older scan with "max-scan-age".' },
    );
  }
  // All times by the same: a database that was old already when it was used stays so.
  const moved = Object.entries(scan).map(([name, time]: [string, Date]) => [
    name,
    new Date(time.getTime() + age * 1000),
  ]);
  return { ...gathered, facts: { ...gathered.facts, scan: Object.fromEntries(moved) } };
}
