import type { Dossier, DossierEvent, DossierImage } from '../../environment/dossier.ts';
import { shortDigest } from '../../image/digest.ts';
import { escapeMarkdown, formatCode, formatLink } from '../markdown.ts';

/** A dossier as a Markdown file, for a post-mortem or an auditor; foreign text in it is escaped. Nothing is left out. */
export function renderDossier({ about, at, policy, images, events, discounted, gaps }: Dossier): string {
  const several = new Set(events.map(({ environment, digest }) => `${environment} ${digest}`)).size > 1;
  return [
    `# Dossier of ${formatCode(about)}`,
    `Compiled ${formatMoment(at)} UTC by the policy ${formatCode(policy)}. Of each statement and record the signature, the signer and the time were verified anew; when a commit was made is GitHub's word, and approvals are that of whoever signed the record.`,
    ...(gaps.length === 0
      ? []
      : ['## ⚠️ Not whole', gaps.map((gap) => `- ${escapeMarkdown(gap)}`).join('\n')]),
    '## Images',
    images.map(describeImage).join('\n'),
    '## What happened, in UTC',
    events.map((event) => describeEvent(event, several)).join('\n'),
    ...(discounted.length === 0
      ? []
      : [
          '## What lies beside them and does not count',
          discounted
            .map(
              ({ digest, source, reason }) =>
                `- ${formatCode(source)} beside ${formatCode(shortDigest(digest))}: ${escapeMarkdown(reason)}`,
            )
            .join('\n'),
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
}: DossierImage): string {
  const built =
    commit === ''
      ? 'no provenance that counts says of what it was built'
      : `built from commit ${formatCode(commit)} of ${escapeMarkdown(source)} by ${describeSigner(builtBy, run)}`;
  return [
    `- **${escapeMarkdown(environment)}** ${formatCode(`${repository}@${digest}`)}`,
    `  - ${built}`,
  ].join('\n');
}

function describeEvent(event: DossierEvent, several: boolean): string {
  const { at, environment, digest, what, details, by, run, logIndex, source } = event;
  const which = several ? `${escapeMarkdown(environment)} ${formatCode(shortDigest(digest))}: ` : '';
  const proof = [
    `by ${describeSigner(by, run)}`,
    ...(logIndex === '' ? [] : [`log entry ${formatCode(logIndex)}`]),
    ...(source === '' ? [] : [`statement ${formatCode(source)}`]),
  ];
  return [
    `- **${at === undefined ? 'at an unproven time' : formatMoment(at)}** ${which}${escapeMarkdown(what)}`,
    ...details.map((detail) => `  - ${escapeMarkdown(detail)}`),
    `  - ${proof.join(', ')}`,
  ].join('\n');
}

function describeSigner(by: string, run: string): string {
  const who = by === '' ? 'nobody that is known' : formatCode(by);
  return run === '' ? who : `${who} in ${formatLink('its run', run)}`;
}

/** To the second: in an incident the order of two things of one minute matters. */
function formatMoment(at: string): string {
  return Number.isNaN(Date.parse(at))
    ? escapeMarkdown(at)
    : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
