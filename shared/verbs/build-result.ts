import type { BuildCheck } from '../builders/builder.ts';
import { formatPlatform } from '../image/platform.ts';
import { formatImage, formatPlace, type Reference } from '../image/reference.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import type { Plan } from './build-plan.ts';

/** How many checks a summary shows. */
const SHOWN = 30;

/** How an image came about; undefined of one that was there. */
export interface Made {
  /** `buildkit`, `layers`, or `merge`. */
  readonly builder: string;
  readonly checks: readonly BuildCheck[];
  /** What the checks are of, as the caller named it. */
  readonly fileName?: string;
  /** True when a second build gave the same. */
  readonly repeated?: boolean;
}

/** The outputs and the summary of actions/build. */
export function describeResult(
  plan: Plan,
  place: Reference,
  image: ImageSubjects,
  made: Made | undefined,
): StepResult {
  const platforms = image.platforms.map(({ platform, descriptor, manifest }) => ({
    platform: formatPlatform(platform),
    digest: descriptor.digest,
    config: manifest.config.digest,
  }));
  const { head, time } = plan.run.checkout;
  const name = formatImage(place, image.digest);
  const facts: [string, string][] = [
    ['Image', formatCode(name)],
    ['Commit', formatCode(head)],
    ['Tags', plan.tags.map((tag) => formatCode(tag)).join(', ') || 'none'],
    ['Platforms', platforms.map(({ platform }) => formatCode(platform)).join(', ')],
    ['Builder', made?.builder ?? 'none: it was built before, and its provenance verifies'],
    ...(made?.repeated
      ? [['Reproducible', 'a second build without cache gave the same'] satisfies [string, string]]
      : []),
  ];
  return {
    outputs: {
      image: name,
      repository: formatPlace(place),
      digest: image.digest,
      tags: plan.tags.join('\n'),
      version: plan.version,
      reused: made === undefined,
      metadata: JSON.stringify({
        builder: made?.builder,
        commit: head,
        created: new Date(time * 1000).toISOString(),
        platforms,
      }),
    },
    summary: [
      `### Hallmark build: ${made === undefined ? 'reused' : 'built'}`,
      formatTable(['', ''], facts),
      ...formatChecks(made),
    ].join('\n\n'),
  };
}

function formatChecks({ checks, fileName = '' }: Made = { builder: '', checks: [] }): string[] {
  if (checks.length === 0) return [];
  const rows = checks
    .slice(0, SHOWN)
    .map(({ name, message, line }) => [
      formatCode(line === undefined ? fileName : `${fileName}:${line}`),
      escapeMarkdown(name),
      escapeMarkdown(message, 300),
    ]);
  const more = checks.length > SHOWN ? [`${checks.length - SHOWN} more are in the log.`] : [];
  return ['#### What the Dockerfile could do better', formatTable(['Where', 'Check', 'What'], rows), ...more];
}
