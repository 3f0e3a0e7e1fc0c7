import type { VerifiedImage } from '../evidence/evidence.ts';
import { SEVERITIES } from '../evidence/severity.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import type { Facts } from '../policy/facts.ts';
import type { Verdict } from '../policy/verdict.ts';
import { renderHead } from './comment.ts';
import { describeJudged } from './judged.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';
import { explainRule, RULE_HEAD, RULE_MARKS } from './sections.ts';
import { describeRun, describeSigner, foldRejected, foldRows, formatReason } from './signed.ts';

/** A verdict with what it stands on. */
export interface JudgedPage {
  readonly verdict: Verdict;
  readonly facts: Facts;
  readonly evidence: Pick<VerifiedImage, 'image' | 'evidence' | 'rejected'>;
  /** Where the image would go: `ghcr.io/octo/app`. */
  readonly destination?: string;
  /** Absent when only the built-in rules judged. */
  readonly policy?: { readonly uri: string; readonly digest: Digest };
  /** What the evidence is worth: `unverified` when it was read from files that nobody signed. */
  readonly standing?: 'unverified';
}

/** The page a reviewer reads: the verdict first, then every reason, the counts, and the evidence with who signed it. Markdown; foreign text in it is escaped. */
export function summarizeVerdict(page: JudgedPage): string {
  const { verdict, evidence, destination, policy } = page;
  const { image, verdict: shown } = describeJudged(evidence.image, page);
  const facts = [
    ['Image', formatCode(evidence.image)],
    ...(destination === undefined ? [] : [['Destination', formatCode(destination)]]),
    ...describeSource(evidence.evidence),
    [
      'Policy',
      policy === undefined
        ? 'none: the built-in rules'
        : `${formatCode(policy.uri)} (${shortDigest(policy.digest)})`,
    ],
    ['Found', describeCounts(page.facts)],
    ['Judged', escapeMarkdown(verdict.judgedAt.replace(/\.\d+Z$/, 'Z'))],
  ];
  return [
    renderHead({ name: 'gate', images: [{ image, verdict: shown }] }),
    listReasons('Reasons', verdict.reasons),
    listReasons('Warnings', verdict.warnings),
    formatTable(['', ''], facts),
    '### Rules',
    formatTable(
      RULE_HEAD,
      verdict.rules.map(({ name, title: what, outcome, ...said }) => [
        `${formatCode(name)} ${escapeMarkdown(what)}`,
        RULE_MARKS[outcome],
        explainRule(said),
      ]),
    ),
    listReasons(
      'Distrusted',
      evidence.rejected.flatMap(({ distrusted, source, reason }) =>
        distrusted === true ? [`${shortDigest(source)}: ${reason}`] : [],
      ),
    ),
    foldRows(
      'Evidence that counted',
      ['Evidence', 'Signed by', 'When', 'Run', 'Source'],
      evidence.evidence.map(({ kind, roles, signer, signedAt, source }) => [
        `${escapeMarkdown(kind)} (${roles.map((role) => escapeMarkdown(role)).join(', ')})`,
        describeSigner(signer),
        escapeMarkdown(signedAt ?? 'not known'),
        describeRun(signer),
        formatCode(shortDigest(source)),
      ]),
    ),
    foldRejected(evidence.rejected),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The commit it was built from, as the certificate of its provenance says: where a reviewer looks first. */
function describeSource(evidence: VerifiedImage['evidence']): string[][] {
  const { signer } = evidence.find(({ kind }) => kind === 'provenance') ?? {};
  if (signer?.repository === undefined || signer.commit === undefined) return [];
  const name = signer.repository.split('/').slice(-2).join('/');
  const link = formatLink(
    `${name} ${signer.commit.slice(0, 12)}`,
    `${signer.repository}/commit/${signer.commit}`,
  );
  return [['Commit', signer.ref === undefined ? link : `${link} on ${formatCode(signer.ref)}`]];
}

function listReasons(title: string, reasons: readonly string[]): string {
  if (reasons.length === 0) return '';
  return [`### ${title}: ${reasons.length}`, ...reasons.map((reason) => `- ${formatReason(reason)}`)].join(
    '\n',
  );
}

/** How many vulnerabilities of each severity, and secrets; what several platforms share counts once. */
function describeCounts({ vulnerabilities, secrets, image }: Facts): string {
  const platforms = `${image.platforms.length} platform${image.platforms.length === 1 ? '' : 's'} (${image.platforms.map((name) => escapeMarkdown(name)).join(', ')})`;
  if (vulnerabilities === undefined || secrets === undefined) return `${platforms}; no complete scan`;
  const unique = new Map(
    vulnerabilities.map((found) => [
      JSON.stringify([found.id, found.package, found.version]),
      found.severity,
    ]),
  );
  const counts = SEVERITIES.map((severity) => {
    const count = [...unique.values()].filter((found) => found === severity).length;
    return `${count} ${severity.toLowerCase()}`;
  });
  return `${platforms}; vulnerabilities: ${counts.join(', ')}; secrets: ${secrets.length}`;
}
