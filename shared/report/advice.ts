import { formatReason } from '../policy/verdict.ts';
import { formatNumber } from './blocks.ts';
import { escapeMarkdown, formatCode } from './markdown.ts';
import { type PageImage, standingOf } from './page.ts';
import type { Review, ReviewFinding } from './review.ts';

/** Words of a sentence from elsewhere, at most. */
const SENTENCE = 300;
const NAME = 80;

/** Why an image stands as it does: every reason of gate, scan and of what could not be read. */
export function reasonsOf({ verdict, review, unavailable }: PageImage): string[] {
  const missing =
    review === undefined && verdict === undefined && unavailable === undefined
      ? ['there is neither a scan nor a verdict of this image']
      : [];
  return [
    ...(verdict?.reasons ?? []),
    ...(review?.reasons ?? []),
    ...(unavailable === undefined ? [] : [unavailable]),
    ...missing,
  ];
}

/** True for what neither an exception nor VEX excuses. */
export function isOpen({ exception, vex }: ReviewFinding): boolean {
  return exception === undefined && vex?.status !== 'not_affected' && vex?.status !== 'fixed';
}

/** What a sentence names: words without what stands around them. */
export function readWords(sentence: string): string[] {
  return sentence.split(/[\s,;:()"']+/);
}

/** The open findings that the reasons of a denied or refused image name. */
export function listFailing(image: PageImage): ReviewFinding[] {
  const standing = standingOf(image);
  if (standing !== 'denied' && standing !== 'refused') return [];
  const named = new Set(reasonsOf(image).flatMap(readWords));
  return (image.review?.findings ?? []).filter(
    (found) => isOpen(found) && namesOf(found).some((name) => named.has(name)),
  );
}

/** By what a reason may name a finding: its identifier, and of a secret the file. */
export function namesOf({ class: kind, id, target }: ReviewFinding): string[] {
  return kind === 'secret' ? [id, target] : [id];
}

/** True when a reason of gate ends before it has named everything (policy/expression.ts, `evaluateExamples`). */
export function namesMore(reason: string): boolean {
  return /; and \d+ more$/.test(reason);
}

/** The one thing to do that helps most, as Markdown. */
export function adviseFirst(image: PageImage): string {
  const [reason = ''] = reasonsOf(image);
  const said = endSentence(escapeMarkdown(reason, SENTENCE));
  switch (standingOf(image)) {
    case 'unavailable':
      return `run the job again when this is mended: ${said} Until then nothing is known to be safe.`;
    case 'denied':
    case 'refused': {
      const failing = listFailing(image);
      if (failing.length === 0) return ['put this right:', said, ...adviseByRule(image, reason)].join(' ');
      const more = reasonsOf(image).some(namesMore);
      return adviseRemedy(failing, image.review, more ? 'of the failing' : 'failing');
    }
    default: {
      const [gap] = image.verdict === undefined ? (image.review?.gaps ?? []) : [];
      if (gap !== undefined)
        return `mind what was not looked at: ${endSentence(escapeMarkdown(gap, SENTENCE))}`;
      const fresh = (image.review?.findings ?? []).filter(
        (found) => isOpen(found) && found.state !== 'known',
      );
      // Where nothing fails, what nobody can mend is no reason to do anything.
      const helps = fresh.some((found) => found.class === 'secret' || found.fixed !== '');
      if (!helps) return 'nothing to do.';
      const which = fresh.some(({ state }) => state === 'unknown') ? '' : 'new';
      return `nothing has to be done. It would help to ${adviseRemedy(fresh, image.review, which)}`;
    }
  }
}

/** What the rule that gave a reason says to do. */
function adviseByRule({ verdict }: PageImage, reason: string): string[] {
  const { hint } =
    verdict?.rules.find((rule) => rule.reasons.some((one) => formatReason(rule, one) === reason)) ?? {};
  return hint === undefined ? [] : [endSentence(escapeMarkdown(hint, SENTENCE))];
}

interface Remedy {
  readonly fixes: number;
  readonly text: string;
}

/** `which` findings these are; `of the failing` when there are more that nobody named. */
function adviseRemedy(
  findings: readonly ReviewFinding[],
  review: Review | undefined,
  which: '' | 'new' | 'failing' | 'of the failing',
): string {
  const secret = findings.find((found) => found.class === 'secret');
  if (secret !== undefined) {
    const where = formatCode(secret.target, NAME);
    const line = secret.line === undefined ? '' : `, line ${secret.line}`;
    return `revoke the secret in ${where}${line}, and build the image without it: a later layer does not take it out.`;
  }
  const total = findings.length;
  // On a tie what mends goes before what excuses.
  const [best] = [
    ...findUpgrades(findings),
    ...findBase(review, total),
    ...findExpired(findings, review),
  ].sort((a, b) => b.fixes - a.fixes);
  if (best === undefined) {
    const [worst] = findings;
    const what = worst?.package || worst?.target || '';
    const many = total === 1 ? 'it' : `any of the ${formatNumber(total)}`;
    return `take out ${formatCode(what, NAME)}, or add an exception with an owner and an end date: no fix is released for ${many}.`;
  }
  const kind = `${which} finding`.trim();
  if (which === 'of the failing') return `${best.text} at least ${formatNumber(best.fixes)} ${kind}s.`;
  if (total === 1) return `${best.text} the only ${kind}.`;
  const many =
    best.fixes === total
      ? `all ${formatNumber(total)}`
      : `${formatNumber(best.fixes)} of ${formatNumber(total)}`;
  return `${best.text} ${many} ${kind}s.`;
}

/** One upgrade a package and installed version, the one that fixes most first. */
function findUpgrades(findings: readonly ReviewFinding[]): Remedy[] {
  const groups = new Map<string, ReviewFinding[]>();
  for (const found of findings) {
    if (found.class !== 'vulnerability' || found.fixed === '') continue;
    const key = JSON.stringify([found.package, found.version]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [found]);
    else group.push(found);
  }
  let best: ReviewFinding[] = [];
  for (const group of groups.values()) if (group.length > best.length) best = group;
  const [first] = best;
  if (first === undefined) return [];
  const target = best.map(chooseFix).reduce((a, b) => (versions.compare(a, b) >= 0 ? a : b));
  const name = formatCode(first.package, NAME);
  return [
    {
      fixes: best.length,
      text: `upgrade ${name} to ${formatCode(target, NAME)}: fixes`,
    },
  ];
}

/** Good for advice across ecosystems: numbers count as numbers. */
const versions = new Intl.Collator('en', { numeric: true });

/** Of `4.17.12, 5.0.1` the lowest that is newer than what is installed. */
function chooseFix({ fixed, version }: ReviewFinding): string {
  const offered = fixed
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .sort(versions.compare);
  return offered.find((one) => versions.compare(one, version) > 0) ?? offered.at(-1) ?? fixed;
}

function findBase(review: Review | undefined, total: number): Remedy[] {
  const { base } = review ?? {};
  if (base === undefined || base.fixes === 0) return [];
  const fixes = Math.min(base.fixes, total);
  return [{ fixes, text: `build on the newer base image ${formatCode(base.newer, 120)}: fixes` }];
}

function findExpired(findings: readonly ReviewFinding[], review: Review | undefined): Remedy[] {
  const expired = (review?.exceptions ?? []).find(
    ({ state, finding }) => state === 'expired' && findings.some(({ id }) => id === finding),
  );
  if (expired === undefined) return [];
  const fixes = findings.filter(({ id }) => id === expired.finding).length;
  const owner = expired.owner === '' ? 'nobody' : escapeMarkdown(expired.owner, NAME);
  const until = escapeMarkdown(expired.until, 40);
  return [
    {
      fixes,
      text: `renew the exception for ${formatCode(expired.finding, NAME)} (owner ${owner}, ended ${until}): excuses`,
    },
  ];
}

function endSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
