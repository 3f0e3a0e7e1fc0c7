import { describe, expect, test } from 'vitest';
import type { LevelName } from '../../shared/environment/level.ts';
import { measureLevels, type ServiceLevels } from '../../shared/environment/levels.ts';
import type { EnvironmentOverview, ImageOverview } from '../../shared/environment/overview.ts';
import {
  digestOf,
  environmentOf,
  imageOf,
  NO_FINDINGS,
  overviewOf,
  recordsOf,
  type Step,
} from '../report/status/sample.ts';

/** Every expected number is worked out by hand: seconds in an hour, days in the window. */

const NOW = '2026-11-21T12:00:00Z';
const HOUR = 3600;

/** Production with some images; each was committed at that time. */
function measure(
  steps: readonly Step[],
  commits: Readonly<Record<number, string>> = {},
  rest: Partial<EnvironmentOverview> = {},
  others: readonly EnvironmentOverview[] = [],
  facts: Readonly<Record<number, Partial<ImageOverview>>> = {},
): ServiceLevels {
  const images = new Map(
    Object.entries(commits).map(([number, at]) => imageOf(Number(number), at, facts[Number(number)])),
  );
  const production = environmentOf('prod', recordsOf('prod', steps), { images, ...rest });
  const found = measureLevels(overviewOf(NOW, [...others, production])).at(-1);
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}

const value = (number: number, samples: number, missing = 0) => ({ value: number, samples, missing });
const withdrawn = (...entries: readonly (readonly [number, number])[]) => ({
  withdrawn: new Map(
    entries.map(([image, sequence]) => {
      const [record] = recordsOf('prod', [{ action: 'withdraw', image, at: NOW, sequence }]);
      if (record === undefined) throw new Error('no record');
      return [digestOf(image), record] as const;
    }),
  ),
});
const findings = (counts: Partial<typeof NO_FINDINGS>): Pick<ImageOverview, 'findings'> => ({
  findings: { value: { scannedAt: NOW, counts: { ...NO_FINDINGS, ...counts } } },
});

describe('over the last 30 days', () => {
  const three: Step[] = [
    { image: 1, at: '2026-11-01T10:00:00Z' },
    { image: 2, at: '2026-11-05T10:00:00Z' },
    { image: 3, at: '2026-11-12T10:00:00Z' },
  ];
  const commits = { 1: '2026-11-01T08:00:00Z', 2: '2026-11-05T07:00:00Z', 3: '2026-11-02T10:00:00Z' };

  test.each<[string, LevelName, ReturnType<typeof value> | object, Parameters<typeof measure>]>([
    ['three promotions', 'deploymentFrequency', value(3 / 30, 3), [three]],
    // 2, 3 and 240 hours.
    ['the middle of three lead times', 'leadTime', value(3 * HOUR, 3), [three, commits]],
    // 2 and 3 hours.
    [
      'between two lead times',
      'leadTime',
      value(2.5 * HOUR, 2),
      [three.slice(0, 2), { 1: commits[1], 2: commits[2] }],
    ],
    [
      'a commit that nobody knows',
      'leadTime',
      value(2 * HOUR, 1, 2),
      [three, commits, {}, [], { 2: { committed: { unknown: 'no' } }, 3: { committed: { unknown: 'no' } } }],
    ],
    [
      'an image that was not read',
      'leadTime',
      value(2.5 * HOUR, 2, 1),
      [three, { 1: commits[1], 2: commits[2] }],
    ],
    ['no commit is known', 'leadTime', { unknown: 'when the commits were made is not known' }, [three]],
    [
      'a commit dated after its promotion',
      'leadTime',
      { unknown: 'when the commits were made is not known' },
      [three.slice(0, 1), { 1: '2026-11-01T10:00:01Z' }],
    ],
    [
      'an image that was here before the window',
      'leadTime',
      // Image 9 is new, image 1 only came back.
      value(HOUR, 1),
      [
        [
          { image: 1, at: '2026-09-01T10:00:00Z' },
          { image: 9, at: '2026-11-01T10:00:00Z' },
          { image: 1, at: '2026-11-02T10:00:00Z' },
        ],
        { 1: '2026-09-01T08:00:00Z', 9: '2026-11-01T09:00:00Z' },
      ],
    ],
    [
      'a second record of what is there',
      'deploymentFrequency',
      value(1 / 30, 1),
      [
        [
          { image: 1, at: '2026-11-01T10:00:00Z' },
          { image: 1, at: '2026-11-02T10:00:00Z' },
        ],
      ],
    ],
    [
      'marks are no deployments',
      'deploymentFrequency',
      value(1 / 30, 1),
      [
        [
          { image: 1, at: '2026-11-01T10:00:00Z' },
          { action: 'hold', image: 1, at: '2026-11-02T10:00:00Z' },
          { action: 'release', image: 1, at: '2026-11-03T10:00:00Z' },
        ],
      ],
    ],
    [
      'break-glass is a deployment',
      'deploymentFrequency',
      value(1 / 30, 1),
      [[{ image: 1, at: '2026-11-01T10:00:00Z', waived: ['no-critical'] }]],
    ],
    [
      'the first instant of the window and the last before it',
      'deploymentFrequency',
      value(1 / 30, 1),
      [
        [
          { image: 1, at: '2026-10-22T11:59:59Z' },
          { image: 2, at: '2026-10-22T12:00:00Z' },
        ],
      ],
    ],
    [
      'nothing in the window is a true zero',
      'deploymentFrequency',
      value(0, 0),
      [[{ image: 1, at: '2026-01-01T00:00:00Z' }]],
    ],
    [
      'nothing in the window has no lead time',
      'leadTime',
      { none: 'no new image came' },
      [[{ image: 1, at: '2026-01-01T00:00:00Z' }]],
    ],
    // 100 hours over the end of European summer time, on 25 October.
    [
      'a change of the clocks between',
      'leadTime',
      value(100 * HOUR, 1),
      [[{ image: 1, at: '2026-10-27T04:00:00Z' }], { 1: '2026-10-23T02:00:00+02:00' }],
    ],
    [
      'a record of no proven time, with records of the window around it',
      'deploymentFrequency',
      { unknown: 'nothing proves when 1 of its promotions happened' },
      [
        [
          { image: 1, at: '2026-11-01T10:00:00Z' },
          { image: 2, at: undefined },
          { image: 3, at: '2026-11-03T10:00:00Z' },
        ],
      ],
    ],
    [
      'a record of no proven time, that others put before the window',
      'deploymentFrequency',
      value(1 / 30, 1),
      [
        [
          { image: 1, at: undefined },
          { action: 'hold', image: 1, at: '2026-10-01T00:00:00Z' },
          { image: 2, at: '2026-11-03T10:00:00Z' },
        ],
      ],
    ],
    [
      'lead time beside a record of no proven time',
      'leadTime',
      value(2 * HOUR, 1, 1),
      [[...three.slice(0, 1), { image: 2, at: undefined }], commits],
    ],
    // Failures.
    ['nothing failed', 'changeFailureRate', value(0, 3), [three]],
    [
      'a rollback takes one of two away',
      'changeFailureRate',
      value(0.5, 2),
      [[...three.slice(0, 2), { action: 'rollback', image: 1, at: '2026-11-05T11:30:00Z' }]],
    ],
    // From 10:00 to 11:30.
    [
      'how long that took',
      'rollbackTime',
      value(1.5 * HOUR, 1),
      [[...three.slice(0, 2), { action: 'rollback', image: 1, at: '2026-11-05T11:30:00Z' }]],
    ],
    [
      'from the first of two records that brought the same image',
      'rollbackTime',
      // 5 November 10:00 to 6 November 10:00.
      value(24 * HOUR, 1),
      [
        [
          ...three.slice(0, 2),
          { image: 2, at: '2026-11-05T12:00:00Z' },
          { action: 'rollback', image: 1, at: '2026-11-06T10:00:00Z' },
        ],
      ],
    ],
    [
      'a rollback long after its promotion: the promotion is before the window',
      'changeFailureRate',
      { none: 'nothing was promoted' },
      [
        [
          { image: 1, at: '2026-01-01T00:00:00Z' },
          { image: 2, at: '2026-02-01T00:00:00Z' },
          { action: 'rollback', image: 1, at: '2026-11-02T00:00:00Z' },
        ],
      ],
    ],
    [
      'a hold between a promotion and its rollback',
      'changeFailureRate',
      value(0.5, 2),
      [
        [
          ...three.slice(0, 2),
          { action: 'hold', image: 2, at: '2026-11-05T11:00:00Z' },
          { action: 'rollback', image: 1, at: '2026-11-05T11:30:00Z' },
        ],
      ],
    ],
    ['withdrawn later', 'changeFailureRate', value(1 / 3, 3), [three, {}, withdrawn([2, 4])]],
    [
      'withdrawn before it was promoted again',
      'changeFailureRate',
      value(0, 3),
      [three, {}, withdrawn([2, 1])],
    ],
    ['withdrawn and reinstated', 'changeFailureRate', value(0, 3), [three, {}, withdrawn()]],
    ['nothing rolled back', 'rollbackTime', { none: 'nothing was rolled back' }, [three]],
    [
      'a rollback of no proven time',
      'rollbackTime',
      { unknown: 'nothing proves when the rollbacks happened' },
      [[...three.slice(0, 2), { action: 'rollback', image: 1, at: undefined }]],
    ],
    // Patches: image 2 has one critical less, image 3 one high more. 3 hours.
    [
      'one patch of two promotions',
      'patchTime',
      value(3 * HOUR, 1),
      [
        three,
        commits,
        {},
        [],
        { 1: findings({ CRITICAL: 1, HIGH: 2 }), 2: findings({ HIGH: 2 }), 3: findings({ HIGH: 3 }) },
      ],
    ],
    [
      'a promotion that may have been a patch',
      'patchTime',
      value(3 * HOUR, 1, 1),
      [
        three,
        commits,
        {},
        [],
        { 1: findings({ CRITICAL: 1 }), 2: findings({}), 3: { findings: { unknown: 'no scan' } } },
      ],
    ],
    ['no patch', 'patchTime', { none: 'nothing was patched' }, [three, commits]],
    [
      'no scan is known',
      'patchTime',
      { unknown: 'scans, or when the commits were made, are not known' },
      [three],
    ],
  ])('%s: %s', (_, name, expected, args) => {
    expect(measure(...args).recent[name]).toEqual(
      'value' in expected ? { ...expected, value: expect.closeTo(expected.value as number, 9) } : expected,
    );
  });
});

describe('from one environment to the next', () => {
  const staging = environmentOf(
    'staging',
    recordsOf('staging', [
      { image: 1, at: '2026-11-01T08:00:00Z' },
      { image: 2, at: '2026-11-02T08:00:00Z' },
      { image: 1, at: '2026-11-03T08:00:00Z' },
    ]),
  );
  const after = { after: 'staging' };
  test.each<[string, object | undefined, Parameters<typeof measure>]>([
    [
      'its last arrival there before',
      // From 3 November 08:00, not from 1 November.
      value(4 * HOUR, 1),
      [[{ image: 1, at: '2026-11-03T12:00:00Z' }], {}, after, [staging]],
    ],
    [
      'an arrival there that came afterwards does not count',
      value(2 * HOUR, 1),
      [[{ image: 1, at: '2026-11-01T10:00:00Z' }], {}, after, [staging]],
    ],
    [
      'one that was never there',
      { unknown: 'staging has no record of the images before' },
      [[{ image: 7, at: '2026-11-03T12:00:00Z' }], {}, after, [staging]],
    ],
    [
      'one of two that was never there',
      value(2 * HOUR, 1, 1),
      [
        [
          { image: 1, at: '2026-11-01T10:00:00Z' },
          { image: 7, at: '2026-11-03T12:00:00Z' },
        ],
        {},
        after,
        [staging],
      ],
    ],
    [
      'records there that could not be read',
      { unknown: 'staging: the registry is away' },
      [
        [{ image: 1, at: '2026-11-03T12:00:00Z' }],
        {},
        after,
        [environmentOf('staging', [], { records: { unknown: 'the registry is away' } })],
      ],
    ],
    [
      'an environment that was not asked for',
      { unknown: 'staging: it was not read' },
      [[{ image: 1, at: '2026-11-03T12:00:00Z' }], {}, after],
    ],
    ['none comes before', undefined, [[{ image: 1, at: '2026-11-03T12:00:00Z' }]]],
  ])('%s', (_, expected, args) => {
    expect(measure(...args).recent.promotionTime).toEqual(expected);
  });
});

describe('of what the environment holds', () => {
  const there: Step[] = [{ image: 1, at: '2026-11-01T10:00:00Z' }];
  const commit = { 1: '2026-11-01T12:00:00Z' };
  test.each<[string, LevelName, object, Partial<ImageOverview>]>([
    // 20 days.
    ['age by its config', 'imageAge', value(20 * 24 * HOUR, 1), {}],
    // 10 days.
    ['age by its provenance first', 'imageAge', value(240 * HOUR, 1), { built: '2026-11-11T12:00:00Z' }],
    ['no time', 'imageAge', { unknown: 'nothing says when it was made' }, { created: undefined }],
    [
      'the date of a reproducible build',
      'imageAge',
      { unknown: 'its config has a fixed date instead of a time' },
      { created: '1970-01-01T00:00:00Z' },
    ],
    [
      'garbage for a time',
      'imageAge',
      { unknown: 'nothing says when it was made' },
      { created: 'yesterday' },
    ],
    ['size', 'imageSize', value(100e6, 1), {}],
    [
      'no size',
      'imageSize',
      { unknown: 'its manifest is gone' },
      { size: { unknown: 'its manifest is gone' } },
    ],
    [
      'three of four',
      'evidenceCoverage',
      value(0.75, 4),
      {
        coverage: {
          value: ['signature', 'sbom', 'scan', 'test'].map((kind) => ({
            kind,
            covered: kind !== 'test',
            reasons: [],
          })),
        },
      },
    ],
    [
      'nothing needed',
      'evidenceCoverage',
      { none: 'its rules need no evidence' },
      { coverage: { value: [] } },
    ],
    ['coverage unknown', 'evidenceCoverage', { unknown: 'why' }, { coverage: { unknown: 'why' } }],
    ['criticals', 'openCriticals', value(2, 1), findings({ CRITICAL: 2, HIGH: 5 })],
    ['no critical is a true zero', 'openCriticals', value(0, 1), {}],
    [
      'no scan is no zero',
      'openCriticals',
      { unknown: 'no scan counts' },
      { findings: { unknown: 'no scan counts' } },
    ],
    // (2 × 9 + 1 × 7 + 3 × 4 + 10 × 0.1 + 1 × 4) / 100
    [
      'weighted by severity and size',
      'weightedDensity',
      value(0.42, 1),
      findings({ CRITICAL: 2, HIGH: 1, MEDIUM: 3, LOW: 10, UNKNOWN: 1 }),
    ],
    ['no size, no density', 'weightedDensity', { unknown: 'why' }, { size: { unknown: 'why' } }],
    ['an empty image', 'weightedDensity', { none: 'the image is empty' }, { size: { value: 0 } }],
  ])('%s: %s', (_, name, expected, facts) => {
    expect(measure(there, commit, {}, [], { 1: facts }).recent[name]).toEqual(
      'value' in expected ? { ...expected, value: expect.closeTo(expected.value as number, 9) } : expected,
    );
  });

  test('an image that could not be read', () => {
    expect(measure(there).recent.imageSize).toEqual({ unknown: 'the image could not be read' });
  });
});

describe('by month', () => {
  const steps: Step[] = [
    { image: 1, at: '2026-09-15T00:00:00Z' },
    { image: 2, at: '2026-10-01T00:00:00Z' },
    { image: 3, at: '2026-10-31T23:59:59Z' },
    { image: 4, at: '2026-11-01T00:00:00Z' },
  ];
  const sizes = Object.fromEntries([1, 2, 3, 4].map((n) => [n, { size: { value: n * 10e6 } }]));
  const commits = Object.fromEntries([1, 2, 3, 4].map((n) => [n, '2026-09-01T00:00:00Z']));
  const { months } = measure(steps, commits, {}, [], sizes);

  test('from the first record on', () => {
    expect(months.map(({ month }) => month)).toEqual(['2026-09', '2026-10', '2026-11']);
  });
  test('days of the month, and of the one that is not over the days gone by', () => {
    expect(months.map(({ levels }) => levels.deploymentFrequency)).toEqual([
      value(1 / 30, 1),
      value(2 / 31, 2),
      value(1 / 20.5, 1),
    ]);
  });
  test('what it held at the end of each', () => {
    // The last second of October still brought image 3; what came with the first of November is November's.
    expect(months.map(({ levels }) => levels.imageSize)).toEqual([
      value(10e6, 1),
      value(30e6, 1),
      value(40e6, 1),
    ]);
  });
  test('at most 24', () => {
    const long = measure([{ image: 1, at: '2019-01-01T00:00:00Z' }]).months;
    expect([long.length, long[0]?.month, long.at(-1)?.month]).toEqual([24, '2024-12', '2026-11']);
  });
  test('none without a record of a proven time', () => {
    expect([measure([]).months, measure([{ image: 1, at: undefined }]).months]).toEqual([[], []]);
  });
  test('what it held is not known where a record of no proven time may have come before', () => {
    const found = measure([
      { image: 1, at: '2026-09-15T00:00:00Z' },
      { image: 2, at: undefined },
      { image: 3, at: '2026-11-02T00:00:00Z' },
    ]).months.map(({ levels }) => levels.imageSize);
    expect(found).toEqual([
      { unknown: 'nothing proves when what was there then had come' },
      { unknown: 'nothing proves when what was there then had come' },
      { unknown: 'the image could not be read' },
    ]);
  });
});

describe('nothing is known', () => {
  const all = (levels: ServiceLevels) => [
    ...new Set(Object.values(levels.recent).map((one) => JSON.stringify(one))),
  ];
  test.each<[string, Parameters<typeof measure>, string]>([
    [
      'of records that could not be read',
      [[], {}, { records: { unknown: 'no answer' } }],
      '{"unknown":"no answer"}',
    ],
    [
      'of records that do not hold',
      [[{ image: 1, at: '2026-11-01T00:00:00Z' }], {}, { faults: ['a gap'] }],
      '{"unknown":"the records do not hold"}',
    ],
  ])('%s', (_, args, expected) => {
    expect(all(measure(...args))).toEqual([expected]);
  });

  test('of an environment that was never used there is nothing to know', () => {
    expect(measure([]).recent).toEqual({
      deploymentFrequency: value(0, 0),
      leadTime: { none: 'no new image came' },
      changeFailureRate: { none: 'nothing was promoted' },
      rollbackTime: { none: 'nothing was rolled back' },
      patchTime: { none: 'nothing was patched' },
      evidenceCoverage: { none: 'nothing was there yet' },
      openCriticals: { none: 'nothing was there yet' },
      weightedDensity: { none: 'nothing was there yet' },
      imageAge: { none: 'nothing was there yet' },
      imageSize: { none: 'nothing was there yet' },
    });
  });
});
