import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Inventory, StoredImage } from '../../shared/environment/inventory.ts';
import { planRetention, type RetentionRules } from '../../shared/environment/retention.ts';
import { type Digest, parseDigest } from '../../shared/image/digest.ts';
import { aboutOf, DAY, expectStaying, LIMIT_DAYS, type Model, modelOf, NOW } from './registry-model.ts';

const digestAt = (place: number): Digest => parseDigest(`sha256:${String(place).padStart(64, '0')}`);

function inventoryOf({ manifests }: Model): Inventory {
  return new Map(
    manifests.flatMap((one, place): [Digest, StoredImage][] =>
      one.missing
        ? []
        : [
            [
              digestAt(place),
              {
                digest: digestAt(place),
                tags: one.tags,
                evidenceTags: one.evidenceOf.map((subject) => `sha256-${subject}`),
                about: aboutOf(one).map(digestAt),
                children: one.children.map(digestAt),
                config: undefined,
                base: one.base === undefined ? undefined : digestAt(one.base),
                created: one.age === undefined ? undefined : NOW.getTime() - one.age * DAY,
                pushed: undefined,
                abandoned: false,
                foreign: false,
              },
            ],
          ],
    ),
  );
}

const rulesOf = ({ newest, patterns }: Model): RetentionRules => ({
  newest,
  tags: patterns,
  olderThan: LIMIT_DAYS * DAY,
  now: NOW,
});

test('in any repository all that must stay stays, and all the rest goes', () => {
  fc.assert(
    fc.property(modelOf(16), (model) => {
      const inventory = inventoryOf(model);
      const held = new Map(model.held.map((place) => [digestAt(place), 'held']));
      const plan = planRetention(inventory, held, rulesOf(model));
      const kept = plan.kept.map(({ digest }) => digest).sort();
      expect(kept).toEqual([...expectStaying(model)].map(digestAt).sort());
      const going = plan.going.flat();
      expect([...kept, ...going.map(({ digest }) => digest)].sort()).toEqual([...inventory.keys()].sort());
      expect([...plan.kept, ...going].filter(({ reason }) => reason === '')).toEqual([]);
    }),
    { numRuns: 5000 },
  );
});

test('what goes does so after what lists it and what it is about', () => {
  fc.assert(
    fc.property(modelOf(16), (model) => {
      // With subjects and children of lower places alone there is a circle only where one lists what another is about.
      const straight = {
        ...model,
        manifests: model.manifests.map((one) => ({
          ...one,
          evidenceOf: [],
          subject: one.children.length > 0 ? undefined : one.subject,
        })),
      };
      const inventory = inventoryOf(straight);
      const { going } = planRetention(inventory, new Map(), rulesOf(straight));
      const wave = new Map(going.flatMap((lines, at) => lines.map(({ digest }) => [digest, at] as const)));
      for (const [digest, at] of wave) {
        for (const { digest: other, children } of inventory.values()) {
          if (children.includes(digest)) expect(wave.get(other) ?? -1).toBeLessThan(at);
        }
        for (const subject of inventory.get(digest)?.about ?? [])
          expect(wave.get(subject) ?? -1).toBeLessThan(at);
      }
    }),
    { numRuns: 1000 },
  );
});

const image = (place: number, given: Partial<StoredImage> = {}): StoredImage => ({
  digest: digestAt(place),
  tags: [],
  evidenceTags: [],
  about: [],
  children: [],
  config: undefined,
  base: undefined,
  created: NOW.getTime() - 90 * DAY,
  pushed: undefined,
  abandoned: false,
  foreign: false,
  ...given,
});
const days = (count: number): number => NOW.getTime() - count * DAY;

describe('one image, with the reason', () => {
  it.each<[string, StoredImage[], string, boolean]>([
    ['old', [image(1, { tags: ['sha-1'] })], '90 days old, and no rule keeps it', false],
    ['young', [image(1, { tags: ['sha-1'], created: days(3) })], 'only 3 days old', true],
    ['exactly at the limit', [image(1, { tags: ['sha-1'], created: days(30) })], 'only 30 days old', true],
    [
      'of a reproducible build',
      [image(1, { tags: ['sha-1'], created: 0 })],
      'nobody says how old it is',
      true,
    ],
    ['with a date to come', [image(1, { tags: ['sha-1'], created: days(-9) })], 'only 0 days old', true],
    [
      'pushed of late, whatever it says',
      [image(1, { tags: ['sha-1'], pushed: days(2) })],
      'only 2 days old',
      true,
    ],
    [
      'pushed long ago, whatever it says',
      [image(1, { tags: ['sha-1'], created: days(1), pushed: days(50) })],
      '50 days old, and no rule keeps it',
      false,
    ],
    [
      'of an old commit, attested today',
      [image(1, { tags: ['sha-1'] }), image(2, { about: [digestAt(1)], created: days(0) })],
      'only 0 days old',
      true,
    ],
    [
      'old, scanned again today',
      [
        image(1, { tags: ['sha-1'] }),
        image(2, { about: [digestAt(1)], created: days(80) }),
        image(3, { about: [digestAt(1)], created: days(0) }),
      ],
      '80 days old, and no rule keeps it',
      false,
    ],
    ['by a rule for tags', [image(1, { tags: ['v1.2.3'] })], 'rule tag:v*', true],
    [
      'of an environment, whoever wrote the tag',
      [image(1, { tags: ['env-gone.000001-0'] })],
      "env-gone.000001-0 is an environment's",
      true,
    ],
    [
      'no image at all',
      [image(1, { foreign: true, created: undefined })],
      'is no image and no index, so nobody knows what it needs',
      true,
    ],
    ['untagged and old', [image(1)], 'no tag and nothing that stays needs it; 90 days old', false],
    ['untagged and of unknown age', [image(1, { created: undefined })], 'nobody says how old it is', true],
    [
      'left over by an earlier run',
      [image(1, { created: undefined, abandoned: true })],
      'no tag and nothing that stays needs it; left over by an earlier run',
      false,
    ],
    [
      'left over, and pushed anew',
      [image(1, { created: days(1), abandoned: true })],
      'only 1 days old',
      true,
    ],
    [
      'evidence whose subject is gone',
      [image(1, { about: [digestAt(7)], created: undefined })],
      'what it is about is gone: 000000000000',
      false,
    ],
    [
      'young evidence whose subject is not there yet',
      [image(1, { about: [digestAt(7)], created: days(0) })],
      'only 0 days old',
      true,
    ],
    [
      'the base of what stays',
      [image(1, { tags: ['b-1'] }), image(2, { tags: ['v2.0'], base: digestAt(1) })],
      'base of v2.0',
      true,
    ],
    [
      'listed by what stays',
      [image(1, { tags: ['b-1'] }), image(2, { tags: ['v2.0'], children: [digestAt(1)] })],
      'part of v2.0',
      true,
    ],
    [
      'listed by what goes',
      [image(1), image(2, { tags: ['sha-2'], children: [digestAt(1)] })],
      'belongs to sha-2, which goes',
      false,
    ],
    [
      'listed by both',
      [
        image(1),
        image(2, { tags: ['sha-2'], children: [digestAt(1)] }),
        image(3, { tags: ['v3.0'], children: [digestAt(1)] }),
      ],
      'part of v3.0',
      true,
    ],
    [
      'what evidence that stays is about',
      [image(1), image(2, { tags: ['v2.0'], about: [digestAt(1)] })],
      'v2.0 is about it',
      true,
    ],
  ])('%s', (_, images, reason, stays) => {
    const rules = { newest: 0, tags: ['v*'], olderThan: 30 * DAY, now: NOW };
    const plan = planRetention(new Map(images.map((one) => [one.digest, one])), new Map(), rules);
    const lines = stays ? plan.kept : plan.going.flat();
    expect(lines.find(({ digest }) => digest === digestAt(1))?.reason).toBe(reason);
  });

  it('an old index of evidence, left behind of late, keeps no image from going', () => {
    const images = [
      image(1, { tags: ['sha-1'] }),
      image(2, { about: [digestAt(1)] }),
      image(3, { children: [digestAt(2)], created: undefined, pushed: days(1) }),
    ];
    const rules = { newest: 0, tags: [], olderThan: 30 * DAY, now: NOW };
    const plan = planRetention(new Map(images.map((one) => [one.digest, one])), new Map(), rules);
    expect(plan.going.flat().map(({ digest }) => digest)).toEqual([digestAt(1)]);
  });

  it('held by its configuration, and the index above it, for the evidence that lies there', () => {
    const images = [
      image(1, { config: digestAt(9) }),
      image(2, { tags: ['sha-2'], children: [digestAt(1)] }),
      image(3, { about: [digestAt(2)] }),
    ];
    const rules = { newest: 0, tags: [], olderThan: 30 * DAY, now: NOW };
    const held = new Map([[digestAt(9), 'runs']]);
    const plan = planRetention(new Map(images.map((one) => [one.digest, one])), held, rules);
    expect(plan.kept.map(({ reason }) => reason)).toEqual([
      'runs',
      'lists 000000000000: runs',
      'evidence about sha-2',
    ]);
  });
});
