import type { PlanLine, RetentionPlan } from '../environment/retention.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { escapeMarkdown, formatCode, formatTable } from './markdown.ts';

/** What a run of prune planned and did. */
export interface Pruned {
  /** `ghcr.io/octo/app` */
  readonly place: string;
  readonly plan: RetentionPlan;
  readonly dryRun: boolean;
  readonly deleted: ReadonlySet<Digest>;
  /** What the plan let go and the registry or another run did not, with the reason. */
  readonly spared: ReadonlyMap<Digest, string>;
}

/** So many lines of each list are shown; the plan's file has all. */
const SHOWN = 200;

/** The plan and what came of it: what goes line by line, what stays by its reasons. Markdown; foreign text in it is escaped. */
export function describePruned({ place, plan, dryRun, deleted, spared }: Pruned): string {
  const going = plan.going.flat();
  const undone = going.filter(({ digest }) => !deleted.has(digest) && !spared.has(digest));
  const verb = dryRun ? 'would be deleted' : 'deleted';
  const count = dryRun ? going.length : deleted.size;
  const list = (title: string, lines: readonly PlanLine[], why: (line: PlanLine) => string): string[] =>
    lines.length === 0
      ? []
      : [
          `#### ${title}`,
          formatTable(
            ['Manifest', 'Tags', 'Made', 'Why'],
            lines
              .slice(0, SHOWN)
              .map((line) => [
                formatCode(shortDigest(line.digest)),
                formatTags(line.tags),
                line.made?.slice(0, 10) ?? 'not known',
                escapeMarkdown(why(line)),
              ]),
          ),
          ...(lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more; the plan's file has all.`] : []),
        ];
  const done = going.filter(({ digest }) => deleted.has(digest));
  return [
    `### ${dryRun ? '📋' : '🧹'} ${formatCode(place)}: ${count} ${verb}, ${plan.kept.length + spared.size} kept`,
    ...list(dryRun ? 'Would go' : 'Gone', dryRun ? going : done, ({ reason }) => reason),
    ...list(
      'Stays all the same',
      going.filter(({ digest }) => spared.has(digest)),
      ({ digest }) => spared.get(digest) ?? '',
    ),
    ...(dryRun ? [] : list('Not come to', undone, ({ reason }) => reason)),
    ...list(
      'Stays',
      // What tags name first: the rest only goes with it.
      plan.kept.toSorted((a, b) => Number(b.tags.length > 0) - Number(a.tags.length > 0)),
      ({ reason }) => reason,
    ),
  ].join('\n\n');
}

function formatTags(tags: readonly string[]): string {
  const shown = tags.slice(0, 3).map((tag) => formatCode(tag, 60));
  return [...shown, ...(tags.length > 3 ? [`and ${tags.length - 3} more`] : [])].join(', ');
}
