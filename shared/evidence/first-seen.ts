import { placeOf } from './finding.ts';
import type { ScanResult } from './scan.ts';

/** When verified scans first had a finding (ISO 8601), by `placeOf`; what such a scan itself says of an earlier one counts. */
export function listFirstSeen(scans: readonly ScanResult[]): Map<string, string> {
  const seen = new Map<string, string>();
  for (const { findings, scannedAt } of scans) {
    for (const found of findings) {
      const date = [found.firstSeen, scannedAt, seen.get(placeOf(found))]
        .filter((time) => time !== undefined && !Number.isNaN(Date.parse(time)))
        .reduce((first, time) => (Date.parse(first ?? '') <= Date.parse(time ?? '') ? first : time));
      if (date !== undefined) seen.set(placeOf(found), date);
    }
  }
  return seen;
}
