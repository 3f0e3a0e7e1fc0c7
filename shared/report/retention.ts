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

/** The plan and what came of it, one line an image with the number of manifests that go or stay with it. Markdown; foreign text in it is escaped. */
export function describePruned({ place, plan, dryRun, deleted, spared }: Pruned): string {
  const going = plan.going.flat();
  const [verb, count] = dryRun ? ['would be deleted', going.length] : ['deleted', deleted.size];
  const undone = dryRun ? [] : going.filter(({ digest }) => !deleted.has(digest) && !spared.has(digest));
  return [
    `### ${dryRun ? '📋' : '🧹'} ${formatCode(place)}: ${count} ${verb}, ${plan.kept.length + spared.size} kept`,
    ...listImages(
      dryRun ? 'Would go' : 'Gone',
      going.filter(({ digest }) => dryRun || deleted.has(digest)),
    ),
    ...listImages(
      'Stays all the same',
      going.flatMap((line) => {
        const reason = spared.get(line.digest);
        return reason === undefined ? [] : [{ ...line, reason, with: undefined }];
      }),
    ),
    ...listImages('Not come to', undone),
    ...listImages('Stays', plan.kept),
  ].join('\n\n');
}

function listImages(title: string, lines: readonly PlanLine[]): string[] {
  if (lines.length === 0) return [];
  const there = new Set(lines.map(({ digest }) => digest));
  // Of what is not here itself the parts are shown alone.
  const rootOf = ({ with: root }: PlanLine): Digest | undefined =>
    root && there.has(root) ? root : undefined;
  const parts = Map.groupBy(lines, rootOf);
  const images = parts.get(undefined) ?? [];
  const rows = images
    .slice(0, SHOWN)
    .map(({ digest, tags, made, reason }) => [
      formatCode(shortDigest(digest)),
      formatTags(tags),
      String(parts.get(digest)?.length ?? 0),
      made?.slice(0, 10) ?? 'not known',
      escapeMarkdown(reason),
    ]);
  return [
    `#### ${title}`,
    formatTable(['Image', 'Tags', 'Parts and evidence', 'Made', 'Why'], rows),
    ...(images.length > SHOWN ? [`… and ${images.length - SHOWN} more; the plan's file has all.`] : []),
  ];
}

function formatTags(tags: readonly string[]): string {
  const shown = tags.slice(0, 3).map((tag) => formatCode(tag, 30));
  return [...shown, ...(tags.length > 3 ? [`and ${tags.length - 3} more`] : [])].join(', ');
}
