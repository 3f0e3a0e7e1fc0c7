import { LEVEL_NAMES, LEVELS } from '../../environment/level.ts';
import { type ServiceLevels, WINDOW_DAYS } from '../../environment/levels.ts';
import type { EnvironmentOverview, Overview } from '../../environment/overview.ts';
import { type Digest, shortDigest } from '../../image/digest.ts';
import { formatCount, listBlock, tableBlock, textBlock } from '../blocks.ts';
import { type Block, fitBlocks } from '../fit.ts';
import { escapeMarkdown, formatCode } from '../markdown.ts';
import { describeHeld, listFacts } from './facts.ts';
import { findTroubles, judgeTroubles, type Standing, type Trouble } from './troubles.ts';
import { findSharedReason, formatLevel, formatTime } from './values.ts';

/** GitHub drops a step's summary over 1 MiB whole. In bytes, with room for what else the step says. */
const SUMMARY_LIMIT = 900_000;
/** What goes first when room is short: the highest. */
const RANKS = { title: 0, environments: 1, troubles: 2, levels: 3, instances: 4, candidates: 5 } as const;
/** Characters of foreign text that a cell shows. */
const CELL = 160;

/** What runs where and why, what is wrong, and the service levels: Markdown of at most 900 kB; foreign text in it is escaped. */
export function summarizeStatus(overview: Overview, levels: readonly ServiceLevels[]): string {
  const { environments, at, policy } = overview;
  const troubles = findTroubles(overview);
  const blocks: Block[] = [
    ...textBlock(RANKS.title, describeTitle(environments, troubles)),
    ...textBlock(
      RANKS.title,
      `<sub>Looked at ${formatTime(at)} UTC, by the policy ${formatCode(policy, 200)}</sub>`,
    ),
    ...environments.flatMap(describeEnvironment),
    ...listBlock(RANKS.troubles, '#### What is wrong, or not known', troubles, describeTrouble, 100),
    ...tableBlock(
      RANKS.levels,
      describeLevelsTitle(),
      LEVEL_NAMES.map((name) => ({ name, levels })),
      {
        head: ['', ...levels.map(({ environment }) => escapeMarkdown(environment.name))],
        row: ({ name }) => [
          `**${LEVELS[name].title}**`,
          ...levels.map(({ recent }) =>
            findSharedReason(recent) === undefined
              ? escapeMarkdown(formatLevel(name, recent[name]), CELL)
              : '⚠️&nbsp;unknown',
          ),
        ],
      },
      LEVEL_NAMES.length,
    ),
    ...environments.flatMap(describeInstances),
    ...environments.flatMap(describeCandidates),
  ];
  const { text, omitted } = fitBlocks(blocks, SUMMARY_LIMIT, (part) => new TextEncoder().encode(part).length);
  return omitted === 0
    ? `${text}\n`
    : `${text}\n\n_${formatCount(omitted, 'part')} left out to keep this short; all is in the report._\n`;
}

const STANDINGS: Readonly<Record<Standing, string>> = { good: '✅', unknown: '⚠️', bad: '⛔' };

function describeTitle(environments: readonly EnvironmentOverview[], troubles: readonly Trouble[]): string {
  const { standing, words } = judgeTroubles(environments.length, troubles);
  return `### ${STANDINGS[standing]} ${words}`;
}

function describeEnvironment(environment: EnvironmentOverview): Block[] {
  const { name, repository } = environment;
  return tableBlock(
    RANKS.environments,
    '',
    [describeHeld(environment), ...listFacts(environment)],
    {
      head: [escapeMarkdown(name), formatCode(repository, CELL)],
      row: ({ label, spans, tone }) => [
        label,
        `${tone === undefined ? '' : `${TONES[tone]} `}${spans.map((span) => (typeof span === 'string' ? escapeMarkdown(span, CELL) : formatCode(span.code, CELL))).join(' ')}`,
      ],
    },
    20,
  );
}

const TONES = { warn: '⚠️', bad: '⛔' } as const;

const MARKS: Readonly<Record<Trouble['kind'], string>> = {
  unknown: '⚠️',
  fault: '⛔',
  drift: '🔀',
  hold: '✋',
  evidence: '📜',
  age: '⏳',
  note: 'ℹ️',
};

function describeTrouble({ kind, environment, text }: Trouble): string {
  return `${MARKS[kind]} **${escapeMarkdown(environment)}** ${escapeMarkdown(text, 400)}`;
}

function describeLevelsTitle(): string {
  return `#### Service levels of the last ${WINDOW_DAYS} days`;
}

function describeInstances({ name, running, current, faults }: EnvironmentOverview): Block[] {
  const mark = (digest: Digest | undefined): string => {
    if (current === undefined || faults.length > 0) return '⚠️';
    return digest === current.digest ? '✅' : '🔀';
  };
  const title = `#### What runs in ${escapeMarkdown(name)}`;
  // What should be looked at may not fall to the limit.
  const sorted = (running ?? []).toSorted(
    (a, b) => Number(a.digest === current?.digest) - Number(b.digest === current?.digest),
  );
  return tableBlock(
    RANKS.instances,
    title,
    sorted,
    {
      head: ['Where', 'Name', 'Image', 'Started (UTC)', ''],
      row: ({ label, name: instance, image, digest, startedAt, waiting }) => [
        escapeMarkdown(label, CELL),
        escapeMarkdown(instance, CELL),
        digest === undefined ? formatCode(image, CELL) : formatCode(shortDigest(digest)),
        startedAt === undefined ? 'unknown' : formatTime(startedAt),
        `${mark(digest)}${waiting === undefined ? '' : ` ${escapeMarkdown(waiting, CELL)}`}`,
      ],
    },
    100,
  );
}

function describeCandidates({ name, candidates, images }: EnvironmentOverview): Block[] {
  const size = (digest: Digest): string => {
    const made = images.get(digest)?.built ?? images.get(digest)?.created;
    return made === undefined ? 'unknown' : formatTime(made);
  };
  return tableBlock(
    RANKS.candidates,
    `#### What ${escapeMarkdown(name)} could go back to`,
    candidates,
    {
      head: ['Back', 'Image', 'Made (UTC)', 'Against it'],
      row: ({ steps, digest, reasons }) => [
        String(steps),
        formatCode(shortDigest(digest)),
        size(digest),
        reasons.length === 0 ? 'nothing' : reasons.map((one) => escapeMarkdown(one, CELL)).join('<br>'),
      ],
    },
    20,
  );
}
