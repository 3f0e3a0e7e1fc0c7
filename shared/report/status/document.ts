import type { Dossier } from '../../environment/dossier.ts';
import type { ServiceLevels } from '../../environment/levels.ts';
import type { Overview, RecordOverview } from '../../environment/overview.ts';
import type { Rescan } from '../../environment/rescan.ts';
import type { Search } from '../../environment/search.ts';
import type { StatusDocument } from './schema.ts';

/** The whole of what status knows, to be written as JSON: of the form of schema/status.json. */
export function describeStatus(
  { at, policy, ignored }: Overview,
  levels: readonly ServiceLevels[],
): StatusDocument {
  return {
    version: 1,
    at,
    policy,
    ignored,
    environments: levels.map(({ environment, recent, months }) => ({
      name: environment.name,
      repository: environment.repository,
      after: environment.after,
      current: environment.current && copyRecord(environment.current),
      hold: environment.hold && copyRecord(environment.hold),
      faults: [...environment.faults],
      foreign: [...environment.foreign],
      records:
        'unknown' in environment.records
          ? environment.records
          : { value: environment.records.value.map(copyRecord) },
      superseded: environment.superseded.map(copyRecord),
      withdrawn: [...environment.withdrawn].map(([digest, record]) => ({
        digest,
        record: copyRecord(record),
      })),
      pointer:
        'unknown' in environment.pointer ? environment.pointer : { value: environment.pointer.value ?? null },
      candidates: environment.candidates.map((one) => ({ ...one, reasons: [...one.reasons] })),
      images: [...environment.images.values()].map((image) => ({
        ...image,
        coverage:
          'unknown' in image.coverage
            ? image.coverage
            : { value: image.coverage.value.map((one) => ({ ...one, reasons: [...one.reasons] })) },
      })),
      wanted: environment.wanted && [...environment.wanted],
      running: environment.running && [...environment.running],
      drift: 'unknown' in environment.drift ? environment.drift : { value: [...environment.drift.value] },
      overdue: [...environment.overdue],
      levels: { recent, months: [...months] },
    })),
  };
}

/** What a rescan, a search or a dossier found as JSON: of the form of schema/rescan.json, schema/found.json or schema/dossier.json. */
export function formatAnswer(answer: Rescan | Search | Dossier): string {
  return JSON.stringify({ version: 1, ...answer });
}

function copyRecord(record: RecordOverview) {
  return { ...record, approvedBy: [...record.approvedBy], waived: [...record.waived] };
}
