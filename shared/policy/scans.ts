import type { Evidence } from '../evidence/evidence.ts';
import type { ScanResult } from '../evidence/scan.ts';
import type { Scanner } from '../evidence/severity.ts';
import { readVex } from '../evidence/vex.ts';
import type { Digest } from '../image/digest.ts';
import type { Exception } from './exceptions.ts';
import { createExcuser } from './excuses.ts';
import {
  describeExcused,
  describeFindings,
  type ExcusedFacts,
  type FindingFacts,
  type Stated,
} from './findings.ts';

/** The variables that are made of scans. */
export interface ScanFacts
  extends Pick<FindingFacts, 'vulnerabilities' | 'secrets'>,
    Partial<Pick<FindingFacts, 'misconfigurations' | 'licences'>> {
  /** What an exception or VEX takes out of the lists above. */
  readonly excused: readonly ExcusedFacts[];
  readonly scan: { readonly scannedAt: Date; readonly databaseUpdatedAt: Date; readonly exploitedAt?: Date };
}

/** One platform's scan, with what stands of it and what is excused. */
export interface PartedScan {
  readonly scan: ScanResult;
  readonly stands: readonly Stated[];
  readonly excused: readonly Stated[];
}

/** Parts what stands from what an exception in force or VEX excuses. A VEX statement is about the platforms that its signed statement names. */
export function excuseFindings(
  scan: ScanResult,
  index: Digest,
  evidence: readonly Evidence[],
  by: { readonly exceptions: readonly Exception[]; readonly environment?: string; readonly now: Date },
): PartedScan {
  const digests = [index, scan.manifest];
  const vex = evidence
    .filter(({ kind, subjects }) => kind === 'vex' && digests.some((digest) => subjects.includes(digest)))
    .flatMap(({ statement }) => readVex(statement.predicate) ?? []);
  const excuser = createExcuser({ exceptions: by.exceptions, vex }, { ...by, image: { digests } });
  const stated = scan.findings.map((found) => ({ found, said: excuser.ask(found) }));
  return {
    scan,
    stands: stated.filter(({ said }) => !said.excused),
    excused: stated.filter(({ said }) => said.excused),
  };
}

/** What rules see of the scans of all platforms. */
export function describeScans(parted: readonly PartedScan[]): ScanFacts {
  const scans = parted.map(({ scan }) => scan);
  const oldest = (times: readonly string[]): Date => new Date(Math.min(...times.map(Date.parse)));
  const asked = scans.flatMap(({ exploitedAt }) => exploitedAt ?? []);
  const all = describeFindings(parted.flatMap(({ stands }) => stands));
  const lookedFor = (scanner: Scanner): boolean => scans.every(({ scanners }) => scanners.includes(scanner));
  return {
    vulnerabilities: all.vulnerabilities,
    secrets: all.secrets,
    // Of what was not looked for a rule must not see that there is none.
    ...(lookedFor('misconfig') && { misconfigurations: all.misconfigurations }),
    ...(lookedFor('license') && { licences: all.licences }),
    excused: describeExcused(parted.flatMap(({ excused }) => excused)),
    scan: {
      scannedAt: oldest(scans.map(({ scannedAt }) => scannedAt)),
      databaseUpdatedAt: oldest(scans.map(({ database }) => database?.updatedAt ?? '')),
      ...(asked.length === scans.length && { exploitedAt: oldest(asked) }),
    },
  };
}
