import type { RuleResult } from '../policy/verdict.ts';
import { listFailing, namesMore, namesOf, readWords, reasonsOf } from './advice.ts';
import {
  foldBlock,
  formatCount,
  formatNumber,
  type Layout,
  listBlock,
  RANKS,
  tableBlock,
  textBlock,
} from './blocks.ts';
import type { Block } from './fit.ts';
import { cleanText, escapeMarkdown, formatCode, formatLink } from './markdown.ts';
import { isCommit, isRunOf, readRepository } from './names.ts';
import type { PageImage, PageProvenance } from './page.ts';
import type { Review } from './review.ts';

/** Words of a reason, at most. */
const REASON = 400;

/** Every reason that neither the first thing to do nor the table of findings tells already, and every warning. */
export function describeReasons(image: PageImage, layout: Layout): Block[] {
  const { verdict } = image;
  const failing = new Set(listFailing(image).flatMap(namesOf));
  const told = (reason: string): boolean => readWords(reason).some((word) => failing.has(word));
  const format = (reason: string): string => escapeMarkdown(reason, REASON);
  const marked = (reasons: readonly string[]): string =>
    `what is marked ⛔ below${reasons.some(namesMore) ? ', and more' : ''}`;
  const denied = (verdict?.rules ?? []).filter(({ outcome }) => outcome === 'denied');
  const rules = denied.map(({ name, title, reasons }) => {
    const rule = `${formatCode(name, 80)} ${escapeMarkdown(title, 200)}`;
    return `${rule}: ${reasons.some(told) ? marked(reasons) : format(reasons.join('; '))}`;
  });
  const ofRules = new Set(
    denied.flatMap(({ name, title, reasons }) => reasons.map((reason) => `${name} (${title}): ${reason}`)),
  );
  const others = reasonsOf(image).filter((reason) => !ofRules.has(reason) && !told(reason));
  const lines = [...rules, ...others.map(format)];
  // A single one is what has to be put right first, so it has been said.
  const shown = lines.length === 1 && failing.size === 0 ? [] : lines;
  const warnings = verdict?.warnings ?? [];
  const title = (word: string, count: number): string => `${layout.heading} ${word}: ${formatNumber(count)}`;
  return [
    ...listBlock(RANKS.reasons, title('Reasons', shown.length), shown, (line) => line, layout.open),
    ...listBlock(RANKS.warnings, title('Warnings', warnings.length), warnings, format, layout.open),
  ];
}

/** How the result of a rule is shown. */
export const RULE_MARKS: Record<RuleResult['outcome'], string> = {
  passed: '✅ passed',
  warned: '⚠️ warned',
  denied: '⛔ denied',
};

/** The head of a table of rules. */
export const RULE_HEAD = ['Rule', 'Result', 'By what, and what to do'];

/** What a rule read and what would have to change, for a cell of a table. */
export function explainRule({ values = [], hint = '' }: Pick<RuleResult, 'values' | 'hint'>): string {
  return escapeMarkdown([values.join(', '), hint].filter((part) => part !== '').join('. '), 600);
}

/** Each rule and what it came to. */
export function describeRules({ verdict }: PageImage, layout: Layout): Block[] {
  const rules = verdict?.rules ?? [];
  return foldBlock(
    RANKS.rules,
    `Rules: ${formatNumber(rules.length)}`,
    rules,
    {
      head: RULE_HEAD,
      row: ({ name, title, outcome, ...said }) => [
        `${formatCode(name, 80)} ${escapeMarkdown(title, 200)}`,
        RULE_MARKS[outcome],
        explainRule(said),
      ],
    },
    layout.folded,
  );
}

/** In one line: built by which workflow from which commit, verified or not, and where that can be looked up. */
export function describeProvenance({ provenance, verdict }: PageImage, fork: boolean): Block[] {
  if (provenance === undefined) {
    const none = verdict === undefined ? '' : 'Provenance: none was read.';
    return textBlock(RANKS.provenance, none);
  }
  const verified = provenance.verified && !fork;
  const { repository, workflow, commit, ref, reason } = provenance;
  const home = verified ? readRepository(repository) : undefined;
  const where = escapeMarkdown(repository.replace(/^https:\/\/[^/]+\//, ''), 120);
  const short = formatCode(commit.slice(0, 12));
  const source =
    home !== undefined && isCommit(commit)
      ? formatLink(
          `${home.split('/').slice(-2).join('/')} ${commit.slice(0, 12)}`,
          `${home}/commit/${commit}`,
        )
      : `${where} ${short}`.trim();
  const on = ref === undefined ? '' : ` on ${formatCode(ref, 80)}`;
  const by = formatCode(workflow.replace(/^.*?(?=\.github\/workflows\/)/, ''), 120);
  const because = reason === undefined ? '' : ` (${escapeMarkdown(reason, 200)})`;
  const state = verified ? '✅ verified' : `⚠️ not verified${fork ? ' (from a fork)' : because}`;
  const links = verified ? linkProvenance(provenance, home) : [];
  return textBlock(
    RANKS.provenance,
    `Provenance: ${[state, `built by ${by} from ${source}${on}`, ...links].join(' · ')}`,
  );
}

/** Only to places that we know, whatever address was given: run and attestations of the repository, and the public log's own page. */
function linkProvenance({ run, log, attestation }: PageProvenance, home: string | undefined): string[] {
  const index = log !== undefined && /^\d{1,20}$/.test(log.index) ? log.index : undefined;
  const ownLog = log?.url?.startsWith('https://search.sigstore.dev/?') ? log.url : '';
  const id = /^\d{1,20}$/.exec(attestation?.slice(`${home}/attestations/`.length) ?? '')?.[0];
  return [
    ...(isRunOf(home, run) ? [formatLink('run', run)] : []),
    ...(index === undefined ? [] : [formatLink(`log entry ${index}`, ownLog)]),
    ...(home === undefined || id === undefined || attestation !== `${home}/attestations/${id}`
      ? []
      : [formatLink('attestation', attestation)]),
  ];
}

const EXCEPTION_STATES = [
  ['used', 'used'],
  ['unused', 'unused'],
  ['proposed', 'proposed here, which count once merged'],
] as const;
const EXCEPTION_HEAD = ['Finding', 'Owner', 'Until', 'Reason', 'File'];

/** Exceptions: what expired in the open, because somebody has to act; used and unused ones in a fold. */
export function describeExceptions({ review }: PageImage, layout: Layout): Block[] {
  const all = review?.exceptions ?? [];
  const expired = all.filter(({ state }) => state === 'expired');
  const rest = all.filter(({ state }) => state !== 'expired');
  const row = (one: Review['exceptions'][number]): string[] => [
    [formatCode(one.finding, 80), escapeMarkdown(one.scope, 80)].filter((text) => text !== '').join(' '),
    one.owner === '' ? 'nobody' : escapeMarkdown(one.owner, 60),
    one.until === '' ? 'without end' : escapeMarkdown(one.until, 40),
    escapeMarkdown(one.reason, 200),
    one.file === ''
      ? ''
      : formatCode(`${cleanText(one.file, 80)}${one.line === undefined ? '' : `:${one.line}`}`),
  ];
  const counts = EXCEPTION_STATES.flatMap(([state, words]) => {
    const count = rest.filter((one) => one.state === state).length;
    return count === 0 ? [] : [`${formatNumber(count)} ${words}`];
  }).join(', ');
  return [
    ...tableBlock(
      RANKS.expired,
      `${layout.heading} Expired: ${formatCount(expired.length, 'exception')}`,
      expired,
      { head: EXCEPTION_HEAD, row },
      layout.open,
    ),
    ...foldBlock(
      RANKS.exceptions,
      `Exceptions: ${counts}`,
      rest,
      { head: ['', ...EXCEPTION_HEAD], row: (one) => [one.state, ...row(one)] },
      layout.folded,
    ),
  ];
}

/** How to see the same on one's own machine. Only from names that a shell takes for themselves: the block is there to be copied. */
export function describeReproduction(image: PageImage): Block[] {
  const { review, verdict, provenance } = image;
  const commands: string[] = [];
  const name = image.image;
  const local = /^oci:(?<folder>(?:\.\/)?[A-Za-z0-9][A-Za-z0-9._/-]*)@(?<digest>sha256:[0-9a-f]{64})$/.exec(
    name,
  )?.groups;
  const remote =
    /^[a-z0-9][A-Za-z0-9.:_/-]*@sha256:[0-9a-f]{64}$/.test(name) &&
    local === undefined &&
    !name.startsWith('oci:');
  if (!remote && local === undefined) return [];
  const subject = local === undefined ? name : `--input ${local['folder']}@${local['digest']}`;
  if (review !== undefined && review.scanner.name.toLowerCase() === 'trivy') {
    const version = /^[0-9.]+$/.test(review.scanner.version) ? ` ${review.scanner.version}` : '';
    const of = /^[0-9TZ:.-]+$/.test(review.scanner.databaseUpdatedAt ?? '')
      ? `, database of ${review.scanner.databaseUpdatedAt}`
      : '';
    const platforms = review.platforms
      .map((platform) => platform.name)
      .filter((one) => /^[a-z0-9]+(?:\/[a-z0-9]+){1,2}$/.test(one));
    const [platform] = platforms;
    commands.push(
      `# Trivy${version}${of}`,
      `trivy image${platform === undefined || local !== undefined ? '' : ` --platform ${platform}`} ${subject}`,
    );
  }
  const [, owner] = /^https:\/\/github\.com\/([\w.-]+\/[\w.-]+)$/.exec(provenance?.repository ?? '') ?? [];
  if (provenance?.verified && remote && owner !== undefined) {
    commands.push(
      '# The provenance, from the registry',
      `gh attestation verify oci://${name} --repo ${owner} --bundle-from-oci`,
    );
  }
  const policy = verdict?.policy ?? '';
  if (
    verdict !== undefined &&
    remote &&
    /^[a-z0-9-]{1,40}$/.test(verdict.environment) &&
    /^[A-Za-z0-9][\w./-]*@[0-9a-f]{40}$/.test(policy)
  ) {
    commands.push(
      '# The verdict, in a checkout of Hallmark',
      `npm run action -- gate --mode audit --image ${name} --environment ${verdict.environment} --policy ${policy}`,
    );
  }
  if (commands.length === 0) return [];
  return [
    {
      rank: RANKS.reproduce,
      before: [
        '<details><summary>Reproduce it on your machine</summary>',
        `\`\`\`sh\n${commands.join('\n')}\n\`\`\``,
      ].join('\n\n'),
      after: '</details>',
    },
  ];
}
