import * as z from 'zod';
import { Failure, Unavailable } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { Repository } from './pulls.ts';

const issueSchema = z.object({
  number: z.int().positive(),
  title: z.string().default(''),
  body: z.string().nullish(),
  state: z.string(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullable(),
  pull_request: z.unknown().optional(),
});
type Issue = z.output<typeof issueSchema>;

/** What an issue should say. */
export interface WantedIssue {
  readonly title: string;
  /** Begins with the marker. */
  readonly body: string;
  /** `kept`: what is open stays open and is written anew; none is opened and none is closed. */
  readonly state: 'open' | 'closed' | 'kept';
  /** What is said when it is closed. */
  readonly farewell: string;
}

const PAGE = 100;
/** Pages of our own account's issues that are read at most. */
const PAGES = 20;

/**
 * Keeps the one issue of a repository that begins with `marker`, and returns its address; undefined where there is none and none is wanted.
 * Ours is only what our own account wrote. The oldest stays, opened again where somebody closed it, and others that are open are closed.
 */
export async function keepIssue(
  github: Github,
  place: Repository,
  marker: string,
  wanted: WantedIssue,
): Promise<string | undefined> {
  const login = await github.readLogin();
  const list = async (): Promise<Issue[]> => {
    const all = await listIssues(github, place, login);
    const own = all.filter(
      (issue) =>
        issue.user?.login === login &&
        issue.pull_request === undefined &&
        issue.body?.startsWith(marker) === true,
    );
    return own.sort((a, b) => a.number - b.number);
  };
  const write = async (route: string, parameters: object): Promise<void> => {
    const done = await github.write(route, { ...place, ...parameters }, 'issues', z.object({}));
    if (done === undefined)
      throw new Unavailable(`${place.owner}/${place.repo} takes no issue from this token (404)`);
  };
  const change = (number: number, changes: object): Promise<void> =>
    write('PATCH /repos/{owner}/{repo}/issues/{issue_number}', { issue_number: number, ...changes });
  const close = async (number: number, word: string, reason: string): Promise<void> => {
    await write('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      issue_number: number,
      body: word,
    });
    await change(number, { state: 'closed', state_reason: reason });
  };

  let found = await list();
  if (found.length === 0) {
    if (wanted.state !== 'open') return undefined;
    found = await createIssue(github, place, wanted, list);
  }
  const [kept, ...others] = found;
  if (kept === undefined) throw new Unavailable(`${place.owner}/${place.repo} shows no issue`);
  const isOpen = kept.state === 'open';
  const { title, body } = wanted;
  if (isOpen || wanted.state === 'open') {
    // As GitHub stores it: line ends may come back changed.
    const same = kept.title === title && kept.body?.replaceAll('\r\n', '\n').trimEnd() === body.trimEnd();
    if (!same || !isOpen) await change(kept.number, { title, body, ...(!isOpen && { state: 'open' }) });
  }
  for (const { number, state } of others) {
    if (state === 'open') await close(number, `#${kept.number} says the same.`, 'not_planned');
  }
  if (isOpen && wanted.state === 'closed') await close(kept.number, wanted.farewell, 'completed');
  return kept.html_url;
}

async function createIssue(
  github: Github,
  place: Repository,
  { title, body }: WantedIssue,
  list: () => Promise<Issue[]>,
): Promise<Issue[]> {
  let failure: Failure | undefined;
  const created = await github
    .write('POST /repos/{owner}/{repo}/issues', { ...place, title, body }, 'issues', issueSchema)
    // It may have been written all the same; the list tells.
    .catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      failure = error;
      return undefined;
    });
  const found = await list();
  if (created && !found.some(({ number }) => number === created.number)) found.push(created);
  if (found.length === 0) {
    throw failure ?? new Unavailable(`${place.owner}/${place.repo} takes no issue from this token (404)`);
  }
  return found;
}

async function listIssues(github: Github, place: Repository, login: string): Promise<Issue[]> {
  const all: Issue[] = [];
  for (let page = 1; page <= PAGES; page += 1) {
    const some = await github.get(
      'GET /repos/{owner}/{repo}/issues',
      { ...place, state: 'all', creator: login, per_page: String(PAGE), page: String(page) },
      z.array(issueSchema),
      'issues',
    );
    if (some === undefined) {
      throw new Unavailable(`${place.owner}/${place.repo} shows no issues to this token (404)`);
    }
    all.push(...some);
    if (some.length < PAGE) return all;
  }
  throw new Unavailable(
    `${place.owner}/${place.repo} has more than ${PAGES * PAGE} issues by ${login}, more than are read`,
  );
}
