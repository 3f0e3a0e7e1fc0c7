// A repository as a list of manifests, made at random, and what retention owes it: said once more, as plainly as can be, by
// going over everything again and again until nothing changes. It shares no line with what it judges.
import fc from 'fast-check';

export const DAY = 86_400_000;
export const NOW = new Date('2026-11-21T12:00:00Z');
export const LIMIT_DAYS = 30;

export interface ModelManifest {
  /** Places in the list, all before its own: a digest is known only of what is there already. */
  readonly children: readonly number[];
  readonly subject: number | undefined;
  readonly base: number | undefined;
  /** Ordinary tags. */
  readonly tags: readonly string[];
  /** What its evidence tags are about. */
  readonly evidenceOf: readonly number[];
  /** How many days ago it says that it was made; undefined says nothing, and a hundred years is what reproducible builds say. */
  readonly age: number | undefined;
  /** Somebody has deleted it. */
  readonly missing: boolean;
}

export interface Model {
  readonly manifests: readonly ModelManifest[];
  readonly held: readonly number[];
  readonly newest: number;
  readonly patterns: readonly string[];
}

const at = (place: number, count = 3): fc.Arbitrary<number[]> =>
  place === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(place - 1), { maxLength: count });
const maybe = (place: number, chance: number): fc.Arbitrary<number | undefined> =>
  place === 0
    ? fc.constant(undefined)
    : fc.nat(99).chain((n) => (n < chance ? fc.nat(place - 1) : fc.constant(undefined)));
const rarely = (chance: number): fc.Arbitrary<boolean> => fc.nat(99).map((n) => n < chance);

function manifest(place: number): fc.Arbitrary<ModelManifest> {
  return fc.record({
    children: fc.nat(2).chain((n) => (n === 0 ? at(place) : fc.constant<number[]>([]))),
    subject: maybe(place, 40),
    base: maybe(place, 8),
    tags: fc
      .nat(9)
      .map(
        (n) =>
          [[`sha-${place}`], [`v1.${place}`], [`env-prod.${place}`], [`pr-${place}`, `b-${place}`]][n] ?? [],
      ),
    evidenceOf: fc.nat(4).chain((n) => (n === 0 ? at(place, 2) : fc.constant<number[]>([]))),
    age: fc.oneof(fc.constant(undefined), fc.constantFrom(0, 5, 29, 31, 60, 400, 36_500)),
    missing: rarely(8),
  });
}

export function modelOf(most: number): fc.Arbitrary<Model> {
  return fc.integer({ min: 1, max: most }).chain((count) =>
    fc.record({
      manifests: fc.tuple(...Array.from({ length: count }, (_, place) => manifest(place))),
      held: fc
        .nat(3)
        .chain((n) =>
          n === 0 ? fc.uniqueArray(fc.nat(count - 1), { maxLength: 2 }) : fc.constant<number[]>([]),
        ),
      newest: fc.nat(3),
      patterns: fc.constantFrom([], ['v*']),
    }),
  );
}

/** What everything of a repository is about: its subject, and what its tags say. */
export function aboutOf({ subject, evidenceOf }: ModelManifest): number[] {
  return [...new Set([...(subject === undefined ? [] : [subject]), ...evidenceOf])];
}

/** The places that must stay; of everything else that is `visible`, all must go. */
export function expectStaying(
  { manifests, held, newest, patterns }: Model,
  visible: (place: number) => boolean = () => true,
): Set<number> {
  const places = manifests
    .map((_, place) => place)
    .filter((place) => !manifests[place]?.missing && visible(place));
  const there = new Set(places);
  const of = (place: number): ModelManifest => manifests[place] as ModelManifest;
  const lists = (parent: number, child: number): boolean => of(parent).children.includes(child);
  const isAbout = (evidence: number, subject: number): boolean => aboutOf(of(evidence)).includes(subject);

  const said = (place: number): number[] => {
    const { age } = of(place);
    return age === undefined || age > 30_000 ? [] : [age];
  };
  /** In days; undefined is unknown. */
  const ageOf = (place: number): number | undefined => {
    const own = [place, ...places.filter((child) => lists(place, child))];
    const dates = own.flatMap(said);
    const evidence = places.filter((one) => own.some((subject) => isAbout(one, subject))).flatMap(said);
    const oldest = evidence.length > 0 ? [Math.max(...evidence)] : [];
    return dates.length + oldest.length === 0 ? undefined : Math.min(...dates, ...oldest);
  };
  const isTagged = (place: number): boolean => of(place).tags.length > 0;
  const stays = new Set<number>();

  // Held, and whatever lists it.
  for (const place of places) {
    if (held.includes(place) || of(place).tags.some((tag) => tag.startsWith('env-'))) stays.add(place);
  }
  untilStable(stays, () => {
    for (const parent of places) if ([...stays].some((child) => lists(parent, child))) stays.add(parent);
  });

  const starts = new Set<number>();
  const judgeAlone = (place: number): void => {
    const age = ageOf(place);
    if (age === undefined || age <= LIMIT_DAYS) stays.add(place);
  };
  for (const place of places) {
    const about = aboutOf(of(place));
    const isOrphan = about.length > 0 && !about.some((subject) => there.has(subject));
    const isListed = places.some((parent) => lists(parent, place));
    if (!isTagged(place) && !isOrphan && (about.length > 0 || isListed)) continue;
    starts.add(place);
    if (!isTagged(place) && isOrphan) {
      if ((ageOf(place) ?? Number.POSITIVE_INFINITY) <= LIMIT_DAYS) stays.add(place);
      continue;
    }
    judgeAlone(place);
    const age = ageOf(place);
    const newer = places.filter(
      (one) => isTagged(one) && (ageOf(one) ?? Number.POSITIVE_INFINITY) < (age ?? 0),
    );
    if (isTagged(place) && age !== undefined && newer.length < newest) stays.add(place);
    if (patterns.length > 0 && of(place).tags.some((tag) => tag.startsWith('v'))) stays.add(place);
  }
  /** Evidence that stays by itself keeps what it is about; what only stays with something does not. */
  const closeAround = (alone: ReadonlySet<number>): void =>
    untilStable(stays, () => {
      for (const one of places) {
        for (const other of places) {
          if (!stays.has(one)) continue;
          if (
            lists(one, other) ||
            isAbout(other, one) ||
            (alone.has(one) && isAbout(one, other)) ||
            of(one).base === other
          )
            stays.add(other);
        }
      }
    });
  const alone = new Set(stays);
  closeAround(alone);
  // What leads to it: a start, kept or not. Circles have none.
  const reached = new Set([...starts].filter((place) => !stays.has(place)));
  untilStable(reached, () => {
    for (const one of [...reached]) {
      for (const other of places) if (lists(one, other) || isAbout(other, one)) reached.add(other);
    }
  });
  const closed = new Set(stays);
  for (const place of places) if (!reached.has(place) && !closed.has(place)) judgeAlone(place);
  for (const place of stays) if (!closed.has(place)) alone.add(place);
  closeAround(alone);
  return stays;
}

export function untilStable(set: Set<number>, step: () => void): void {
  for (let before = -1; before !== set.size; ) {
    before = set.size;
    step();
  }
}
