import type { Dossier, DossierEvent, DossierImage } from '../../environment/dossier.ts';
import { shortDigest } from '../../image/digest.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from '../markdown.ts';

/** A dossier as a Markdown file, for a post-mortem or an auditor; foreign text in it is escaped. Nothing is left out. */
export function renderDossier({ about, at, policy, images, events, discounted, gaps }: Dossier): string {
  const several = new Set(events.map(({ environment, digest }) => `${environment} ${digest}`)).size > 1;
  return [
    `# Dossier of ${formatCode(about)}`,
    `Compiled ${formatMoment(at)} by the policy ${formatCode(policy)}. Each line was verified: signature, signer, and time by the log or a timestamp authority.`,
    ...(gaps.length === 0
      ? []
      : ['## ⚠️ Not whole', gaps.map((gap) => `- ${escapeMarkdown(gap)}`).join('\n')]),
    '## Images',
    formatTable(['Environment', 'Image', 'Commit', 'Built by'], images.map(describeImage)),
    '## What happened',
    formatTable(
      ['When (UTC)', 'What', 'Says who', 'Log'],
      events.map((event) => describeEvent(event, several)),
    ),
    ...(discounted.length === 0
      ? []
      : [
          '## What does not count',
          formatTable(
            ['Beside', 'Statement', 'Why'],
            discounted.map(({ digest, source, reason }) => [
              formatCode(shortDigest(digest)),
              formatCode(source),
              escapeMarkdown(reason),
            ]),
          ),
        ]),
  ]
    .join('\n\n')
    .concat('\n');
}

function describeImage({
  environment,
  repository,
  digest,
  source,
  commit,
  builtBy,
  run,
}: DossierImage): string[] {
  return [
    escapeMarkdown(environment),
    formatCode(`${repository}@${digest}`),
    commit === '' ? 'not known' : `${formatCode(commit)} of ${escapeMarkdown(source)}`,
    [
      builtBy === '' ? 'not known' : formatCode(builtBy),
      ...(run === '' ? [] : [formatLink('the run', run)]),
    ].join(', '),
  ];
}

function describeEvent(event: DossierEvent, several: boolean): string[] {
  const { at, environment, digest, what, details, by, run, logIndex, source } = event;
  return [
    at === undefined ? 'at an unproven time' : formatMoment(at),
    [
      `${several ? `**${escapeMarkdown(environment)}** ${formatCode(shortDigest(digest))} ` : ''}${escapeMarkdown(what)}`,
      ...details.map((detail) => `– ${escapeMarkdown(detail)}`),
    ].join('<br>'),
    [by === '' ? 'not known' : formatCode(by), ...(run === '' ? [] : [formatLink('the run', run)])].join(
      '<br>',
    ),
    [
      ...(logIndex === '' ? [] : [`entry ${formatCode(logIndex)}`]),
      ...(source === '' ? [] : [formatCode(source)]),
    ].join('<br>') || 'none',
  ];
}

/** To the second: in an incident the order of two things of one minute matters. */
function formatMoment(at: string): string {
  return Number.isNaN(Date.parse(at))
    ? escapeMarkdown(at)
    : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
