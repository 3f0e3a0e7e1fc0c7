import type { ImageOverview, Overview } from '../../../shared/environment/overview.ts';
import type { RecordAction } from '../../../shared/evidence/promotion.ts';
import type { Digest } from '../../../shared/image/digest.ts';
import {
  digestOf,
  environmentOf,
  imageOf,
  NO_FINDINGS,
  overviewOf,
  POLICY,
  recordsOf,
  type Step,
} from './sample.ts';

const NOW = '2026-11-21T12:00:00Z';
const HOUR = 3_600_000;

const approved = (by: string, at: string) => ({
  by,
  at,
  how: 'run' as const,
  url: 'https://github.com/octo/app/actions/runs/1',
});

function makeSmall(): Overview {
  const images = new Map([
    imageOf(1, '2026-11-10T08:00:00Z', { size: { value: 91.4e6 } }),
    imageOf(2, '2026-11-17T09:30:00Z', {
      size: { value: 93.2e6 },
      findings: {
        value: { scannedAt: '2026-11-21T06:00:00Z', counts: { ...NO_FINDINGS, HIGH: 2, LOW: 14 } },
      },
    }),
  ]);
  const staging: Step[] = [
    { image: 1, at: '2026-11-10T08:40:00Z', reason: 'Merge of #41' },
    { image: 2, at: '2026-11-17T10:05:00Z', reason: 'Merge of #44' },
  ];
  const prod: Step[] = [
    {
      image: 1,
      at: '2026-11-11T09:00:00Z',
      reason: 'First release',
      approvedBy: [approved('grace', '2026-11-11T08:50:00Z')],
    },
    {
      image: 2,
      at: '2026-11-18T14:00:00Z',
      reason: 'Release 1.1: faster search',
      approvedBy: [approved('grace', '2026-11-18T13:55:00Z')],
    },
  ];
  return overviewOf(NOW, [
    environmentOf('staging', recordsOf('staging', staging), {
      repository: 'ghcr.io/octo/app-staging',
      images,
      candidates: [{ digest: digestOf(1), steps: 1, reasons: [] }],
    }),
    environmentOf('prod', recordsOf('prod', prod), {
      after: 'staging',
      images,
      candidates: [{ digest: digestOf(1), steps: 1, reasons: [] }],
      running: ['eu-central', 'us-east'].map((label) => ({
        label,
        name: 'default/web-5d4f',
        workload: 'default/web',
        image: `ghcr.io/octo/app@${digestOf(2)}`,
        digest: digestOf(2),
        startedAt: '2026-11-18T14:03:00Z',
        waiting: undefined,
      })),
    }),
  ]);
}

function makeBroken(): Overview {
  const [digest, image] = imageOf(2, '2026-11-17T09:30:00Z', {
    committed: { unknown: 'GitHub answered 404' },
    size: { unknown: 'its manifest could not be read' },
    coverage: {
      value: [
        { kind: 'signature', covered: true, reasons: [] },
        { kind: 'provenance', covered: true, reasons: [] },
        {
          kind: 'sbom',
          covered: false,
          reasons: ['linux/arm64 has none', 'linux/amd64: signed by nobody that counts'],
        },
        { kind: 'scan', covered: true, reasons: [] },
      ],
    },
    findings: {
      value: { scannedAt: '2026-11-20T06:00:00Z', counts: { ...NO_FINDINGS, CRITICAL: 3, HIGH: 9 } },
    },
  });
  const steps: Step[] = [
    { image: 1, at: '2026-11-11T09:00:00Z', reason: 'First release' },
    {
      image: 2,
      at: '2026-11-18T14:00:00Z',
      reason: 'The checkout is down',
      waived: ['no-critical', 'fresh-scan'],
      followUp: '2026-11-25T14:00:00Z',
      approvedBy: [approved('grace', '2026-11-18T13:55:00Z'), approved('linus', '2026-11-18T13:58:00Z')],
    },
    { action: 'hold', image: 2, at: '2026-11-19T09:00:00Z', reason: 'Until the checkout is understood' },
  ];
  const records = recordsOf('prod', steps);
  return overviewOf(NOW, [
    environmentOf('staging', [], {
      records: { unknown: 'ghcr.io did not answer within 30 s' },
      pointer: { unknown: 'ghcr.io did not answer within 30 s' },
      drift: { unknown: 'the records could not be read' },
    }),
    environmentOf('prod', records, {
      after: 'staging',
      images: new Map([[digest, image]]),
      hold: records.at(-1),
      candidates: [{ digest: digestOf(1), steps: 1, reasons: ['a rule denies: no-critical'] }],
      drift: {
        value: [
          { kind: 'pointer', where: 'env-prod', expected: digest, found: 'sha256:9f8e7d6c5b4a' },
          {
            kind: 'running',
            where: 'eu-central default/web',
            expected: digest,
            found: 'ghcr.io/octo/app:latest',
          },
        ],
      },
      overdue: [{ kind: 'image', where: '0123456789ab', age: 40 * 86_400, limit: 30 * 86_400 }],
      running: [
        {
          label: 'eu-central',
          name: 'default/web-5d4f',
          workload: 'default/web',
          image: 'ghcr.io/octo/app:latest',
          digest: undefined,
          startedAt: undefined,
          waiting: 'not started: ImagePullBackOff',
        },
      ],
    }),
    environmentOf('prod-eu', recordsOf('prod-eu', steps.slice(0, 1)), {
      faults: ['the records of prod-eu have a gap: promotion 2 of 3 is missing'],
      drift: { unknown: 'the records do not hold' },
      images: new Map([imageOf(1, '2026-11-10T08:00:00Z')]),
    }),
  ]);
}

/** The same numbers every time (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Three environments and an image every four days; some fail, some are broken glass, and of one quarter GitHub knows no commit. */
function makeTwoYears(): Overview {
  const random = makeRandom(7);
  const images = new Map<Digest, ImageOverview>();
  const steps: Record<'staging' | 'prod' | 'prod-eu', Step[]> = { staging: [], prod: [], 'prod-eu': [] };
  const held = new Map<string, number>();
  const iso = (time: number): string => new Date(time).toISOString().replace(/\.\d+/, '');
  const add = (
    name: keyof typeof steps,
    image: number,
    time: number,
    reason: string,
    action: RecordAction = 'promote',
    rest: Partial<Step> = {},
  ): void => {
    steps[name].push({ image, at: iso(time), reason, action, ...rest });
    if (action === 'promote' || action === 'rollback') held.set(name, image);
  };
  let number = 0;
  const start = Date.parse('2024-12-02T09:00:00Z');
  for (let time = start; time < Date.parse(NOW) - 50 * HOUR; time += (60 + random() * 80) * HOUR) {
    number += 1;
    const age = (time - start) / (Date.parse(NOW) - start);
    const lost = iso(time) > '2025-07' && iso(time) < '2025-09-20';
    const open = Math.max(0, Math.round((1 - age) * 7 * random() + (number % 31 === 0 ? 5 : 0)));
    const scanned = iso(time + 2 * HOUR);
    images.set(
      ...imageOf(number, iso(time), {
        size: {
          value: Math.round(148e6 - age * 60e6 + random() * 6e6 + (age > 0.6 && age < 0.7 ? 30e6 : 0)),
        },
        ...(lost && { committed: { unknown: 'GitHub answered 404' } }),
        coverage: {
          value: ['signature', 'provenance', 'sbom', 'scan'].map((kind, index) => ({
            kind,
            covered: age > index * 0.18 - 0.05,
            reasons: [],
          })),
        },
        findings:
          iso(time) > '2026-02' && iso(time) < '2026-03'
            ? { unknown: 'no scan counts' }
            : {
                value: {
                  scannedAt: scanned,
                  counts: { ...NO_FINDINGS, CRITICAL: open, HIGH: 2 * open + 3, LOW: 20 },
                },
              },
      }),
    );
    add('staging', number, time + (0.5 + random()) * HOUR, `Merge of #${100 + number}`);
    if (random() < 0.12) {
      const before = number - 1;
      if (before > 0) add('staging', before, time + 6 * HOUR, 'Tests fail in staging', 'rollback');
      continue;
    }
    const lead = (3 + 30 * (1 - age) + random() * 12) * HOUR;
    const before = held.get('prod') ?? 0;
    const glass = number % 37 === 0;
    add('prod', number, time + lead, `Release ${number}`, 'promote', {
      approvedBy: [approved('grace', iso(time + lead))],
      ...(glass && { waived: ['no-critical'], followUp: iso(time + lead + 72 * HOUR) }),
    });
    const fails = random() < 0.16 - 0.1 * age;
    if (fails && before > 0) {
      add('prod', before, time + lead + (0.4 + random() * 3) * HOUR, 'Error rate over 5 %', 'rollback');
      if (number % 3 === 0) {
        add('prod', before, time + lead + 4 * HOUR, 'Until the cause is known', 'hold');
        add('prod', before, time + lead + 40 * HOUR, 'Understood', 'release');
      }
    } else if (iso(time) > '2025-05') {
      add('prod-eu', number, time + lead + (4 + random() * 6) * HOUR, `Release ${number}, Europe`);
    }
  }
  const environment = (name: keyof typeof steps, after: string | undefined) =>
    environmentOf(
      name,
      recordsOf(
        name,
        steps[name].toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1)),
      ),
      {
        after,
        images,
        repository: name === 'staging' ? 'ghcr.io/octo/app-staging' : 'ghcr.io/octo/app',
        candidates: [{ digest: digestOf(number - 1), steps: 1, reasons: [] }],
      },
    );
  return {
    at: NOW,
    policy: POLICY,
    environments: [
      environment('staging', undefined),
      environment('prod', 'staging'),
      environment('prod-eu', 'prod'),
    ],
    ignored: 0,
  };
}

/** As many environments as there are colours twice, with the longest names that a policy and a registry take, and ten instances each. */
function makeMany(): Overview {
  const environments = Array.from({ length: 12 }, (_, index) => {
    const name = `prod-${'a-region-far-away-'.repeat(3)}`.slice(0, 37) + String(index).padStart(3, '0');
    const steps: Step[] = [1, 2, 3].map((image) => ({
      image,
      at: `2026-${String(7 + image).padStart(2, '0')}-${10 + index}T09:00:00Z`,
      reason: 'Averyveryverylongwordwithoutanyspacethatnobodywouldwritebutsomebodydoes'.repeat(3),
      requestedBy: 'someone-with-a-very-long-name-on-github-39',
    }));
    return environmentOf(name, recordsOf(name, steps), {
      repository: `registry.example.internal:5000/${'a-long-part/'.repeat(18)}app`,
      images: new Map([1, 2, 3].map((image) => imageOf(image, `2026-0${6 + image}-20T09:00:00Z`))),
      running: Array.from({ length: 10 }, (_, number) => ({
        label: `cluster-${number % 3}`,
        name: `default/web-${number}`,
        workload: 'default/web',
        image: `registry.example.internal:5000/app@${digestOf(3)}`,
        digest: digestOf(number === 9 ? 2 : 3),
        startedAt: '2026-11-01T00:00:00Z',
        waiting: undefined,
      })),
      drift: {
        value: [
          {
            kind: 'running',
            where: `cluster-0 default/web-9 of ${name}`,
            expected: digestOf(3),
            found: digestOf(2),
          },
        ],
      },
    });
  });
  return overviewOf(NOW, environments);
}

/** Overviews of every kind that people meet, by what they are. */
export const SAMPLES: Readonly<Record<string, Overview>> = {
  empty: overviewOf(NOW, []),
  unused: overviewOf(NOW, [environmentOf('staging', []), environmentOf('prod', [], { after: 'staging' })]),
  small: makeSmall(),
  broken: makeBroken(),
  many: makeMany(),
  'two-years': makeTwoYears(),
};
