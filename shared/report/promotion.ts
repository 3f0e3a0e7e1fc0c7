import { type Digest, shortDigest } from '../image/digest.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from './markdown.ts';

/** A promotion or rollback, as a commit and a pull request of the manifests tell it. */
export interface ManifestsMove {
  readonly action: 'promote' | 'rollback';
  readonly environment: string;
  /** `ghcr.io/octo/app` */
  readonly place: string;
  readonly digest: Digest;
  /** What the environment held before. */
  readonly previous: Digest | undefined;
  /** The record's tag. It is known before the record, which names the commit. */
  readonly tag: string;
  /** Digest of the verdict that is attached to the image. */
  readonly verdict: Digest;
  /** Rules that break-glass waived. */
  readonly waived: readonly string[];
  readonly requestedBy: string | undefined;
  readonly reason: string | undefined;
  /** For a rollback these are taken back. */
  readonly changes: ChangesBetween | undefined;
}

/** What lies between the commits that two images were built from. */
export interface ChangesBetween {
  /** `https://github.com/octo/app` */
  readonly repository: string;
  readonly base: string;
  readonly head: string;
  /** All of them, also those that are not listed. */
  readonly total: number;
  /** The oldest first; `title` is the first line of a message, foreign text. */
  readonly commits: readonly { readonly sha: string; readonly title: string }[];
  /** Pull requests that brought them, by number. */
  readonly pulls: readonly number[];
}

/** `Promote octo/app to prod: 0123456789ab`, of names that hold no markup. */
export function titleMove({ action, environment, place, digest }: ManifestsMove): string {
  const name = place.slice(place.indexOf('/') + 1);
  return action === 'promote'
    ? `Promote ${name} to ${environment}: ${shortDigest(digest)}`
    : `Roll ${name} back in ${environment}: ${shortDigest(digest)}`;
}

/**
 * The message of the commit that sets the digest. No foreign words are in it: in a message `[skip ci]` stops workflows, `fixes #1` closes an
 * issue and a line at the end is a trailer.
 */
export function writeCommitMessage(move: ManifestsMove): string {
  const { place, digest, previous, tag, verdict, waived, changes } = move;
  const repository = changes === undefined ? '' : new URL(changes.repository).pathname.slice(1);
  return [
    titleMove(move),
    '',
    `Image: ${place}@${digest}`,
    `Before: ${previous === undefined ? 'nothing' : `${place}@${previous}`}`,
    `Record: ${place}:${tag}`,
    `Verdict: ${verdict}${waived.length > 0 ? ` (break-glass: ${waived.join(', ')})` : ''}`,
    ...(changes === undefined
      ? []
      : [
          '',
          `${introduce(move, changes)} ${changes.repository}/compare/${changes.base}...${changes.head}`,
          ...changes.commits.map(({ sha }) => `- ${repository}@${sha}`),
          ...changes.pulls.map((number) => `- ${repository}#${number}`),
        ]),
  ].join('\n');
}

/** The body of the pull request that sets the digest: Markdown, foreign text in it is escaped. `older` are those still open that set another one. */
export function writePullBody(
  move: ManifestsMove,
  older: readonly { url: string; number: number }[],
): string {
  const { environment, place, digest, previous, tag, verdict, waived, requestedBy, reason, changes } = move;
  const verb = move.action === 'promote' ? 'promoted to' : 'brought back in';
  return [
    `${formatCode(`${place}@${digest}`)} was judged, ${verb} ${escapeMarkdown(environment)} and recorded. Merging this lets it run.`,
    ...older.map(
      ({ url, number }) =>
        `It follows ${formatLink(`pull request ${number}`, url)}, which is still open and sets an older choice: close that one.`,
    ),
    formatTable(
      ['', ''],
      [
        ['Before', previous === undefined ? 'nothing' : formatCode(previous)],
        ['Record', formatCode(`${place}:${tag}`)],
        ['Verdict', formatCode(verdict)],
        ...(waived.length > 0
          ? [['⚠️ Break-glass', `${waived.map((name) => formatCode(name)).join(', ')} waived`]]
          : []),
        ['Asked for by', escapeMarkdown(requestedBy ?? 'unknown')],
        ['Reason', escapeMarkdown(reason ?? 'none was given', 500)],
      ],
    ),
    ...(changes === undefined ? [] : [listCommits(move, changes)]),
  ].join('\n\n');
}

function listCommits(move: ManifestsMove, changes: ChangesBetween): string {
  const { repository, base, head, commits, pulls } = changes;
  const compare = formatLink(introduce(move, changes), `${repository}/compare/${base}...${head}`);
  return [
    [
      compare,
      ...commits.map(
        ({ sha, title }) =>
          `- ${formatLink(sha.slice(0, 7), `${repository}/commit/${sha}`)} ${escapeMarkdown(title, 120)}`,
      ),
    ].join('\n'),
    ...(pulls.length === 0
      ? []
      : [
          `Pull requests: ${pulls.map((number) => formatLink(String(number), `${repository}/pull/${number}`)).join(', ')}`,
        ]),
  ].join('\n\n');
}

function introduce({ action }: ManifestsMove, { total, commits }: ChangesBetween): string {
  const count = `${total} commit${total === 1 ? '' : 's'}${commits.length < total ? `, of which the first ${commits.length}` : ''}`;
  return `${action === 'promote' ? 'Brings' : 'Takes back'} ${count}:`;
}
