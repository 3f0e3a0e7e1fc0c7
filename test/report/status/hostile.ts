import type { Overview } from '../../../shared/environment/overview.ts';
import { digestOf, environmentOf, imageOf, NO_FINDINGS, overviewOf, recordsOf, type Step } from './sample.ts';

/** An overview in which every text that somebody else could have chosen is this one. */
export function hostileOverview(text: string): Overview {
  const words: Partial<Step> = {
    reason: text,
    requestedBy: text,
    approvedBy: [{ by: text, at: '2026-11-20T00:00:00Z', how: 'run', url: text }],
    waived: [text],
    followUp: '2026-11-25T00:00:00Z',
    source: { repository: text, commit: text },
    policy: { uri: text, digest: digestOf(1) },
  };
  const records = recordsOf('prod', [
    { image: 1, at: '2026-10-01T00:00:00Z', ...words },
    { image: 2, at: '2026-11-10T00:00:00Z', ...words },
    { action: 'rollback', image: 1, at: '2026-11-12T00:00:00Z', ...words },
    { action: 'hold', image: 1, at: '2026-11-13T00:00:00Z', ...words },
  ]);
  const images = new Map([
    imageOf(1, '2026-10-01T00:00:00Z', {
      created: text,
      committed: { unknown: text },
      size: { unknown: text },
      coverage: { value: [{ kind: text, covered: false, reasons: [text] }] },
      findings: { value: { scannedAt: '2026-11-01T00:00:00Z', counts: { ...NO_FINDINGS, CRITICAL: 1 } } },
    }),
  ]);
  const prod = environmentOf(text, records, {
    repository: text,
    after: `before ${text}`,
    images,
    hold: records.at(-1),
    foreign: [text],
    candidates: [{ digest: digestOf(2), steps: 1, reasons: [text] }],
    drift: { value: [{ kind: 'running', where: text, expected: digestOf(1), found: text }] },
    overdue: [{ kind: 'instance', where: text, age: 100_000, limit: 10 }],
    wanted: [{ where: text, named: text, digest: undefined }],
    running: [
      {
        label: text,
        name: text,
        workload: text,
        image: text,
        digest: undefined,
        startedAt: text,
        waiting: text,
      },
    ],
  });
  const away = environmentOf(`away ${text}`, [], {
    records: { unknown: text },
    pointer: { unknown: text },
    drift: { unknown: text },
    faults: [text],
  });
  return { ...overviewOf('2026-11-21T12:00:00Z', [prod, away]), policy: text };
}
