import * as z from 'zod';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { Repository } from './pulls.ts';

/** A branch as it is at one moment. */
export interface Head extends Repository {
  readonly branch: string;
  readonly commit: string;
  /** Digest of the root tree, as git names it. */
  readonly tree: string;
  /** The input that asked for it, for errors. */
  readonly input: string;
}

/** A file to be written, with the mode that it has. */
export interface FileChange {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
}

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const repositorySchema = z.object({ default_branch: z.string().min(1) });
// docs.github.com, REST, "Git database".
const refSchema = z.object({ object: z.object({ sha }) });
const commitSchema = z.object({
  sha,
  message: z.string(),
  tree: z.object({ sha }),
  parents: z.array(z.object({ sha })),
});
const madeSchema = z.object({ sha });
const treeSchema = z.object({
  truncated: z.boolean(),
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string(), sha })),
});
const contentSchema = z.object({ type: z.string(), encoding: z.string(), content: z.string() });
const pullSchema = z.object({
  number: z.int().positive(),
  html_url: z.string(),
  head: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
});
const rejectionSchema = z.object({ status: z.number(), message: z.string() });

/** Reads where a branch is, the default one when none is named. Throws `Invalid` naming `input` when it is not there for this token. */
export async function readHead(
  github: Github,
  place: Repository,
  branch?: string,
  input = 'manifests',
): Promise<Head> {
  const { owner, repo } = place;
  const name =
    branch ??
    (await github.get('GET /repos/{owner}/{repo}', { owner, repo }, repositorySchema))?.default_branch;
  const found = name === undefined ? undefined : await findRef(github, place, name);
  if (name === undefined || found === undefined) {
    throw new Invalid(
      input,
      `there is no ${name === undefined ? '' : `branch ${name} of `}${owner}/${repo}, or the token may not see it`,
    );
  }
  const commit = await readCommit(github, place, found);
  if (commit === undefined)
    throw new Unavailable(`${owner}/${repo} has no commit ${found}, which ${name} is at`);
  return { owner, repo, branch: name, commit: found, tree: commit.tree.sha, input };
}

/** The commit that a branch is at; undefined when there is no such branch. */
export async function findRef(
  github: Github,
  { owner, repo }: Repository,
  branch: string,
): Promise<string | undefined> {
  const ref = await github.get(
    'GET /repos/{owner}/{repo}/git/ref/{ref}',
    { owner, repo, ref: `heads/${branch}` },
    refSchema,
  );
  return ref?.object.sha;
}

/** A commit of git; undefined when it is not there. */
export async function readCommit(github: Github, { owner, repo }: Repository, commit: string) {
  return github.get(
    'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
    { owner, repo, commit_sha: commit },
    commitSchema,
  );
}

/** True when `commit` is there and has `parent` as its only parent. */
export async function isChild(
  github: Github,
  place: Repository,
  commit: string,
  parent: string,
): Promise<boolean> {
  const found = await readCommit(github, place, commit);
  return found?.parents.length === 1 && found.parents[0]?.sha === parent;
}

/**
 * The regular files of a branch with their modes and what git names their bytes by; neither symbolic links nor submodules. `Unavailable` when GitHub
 * does not list all.
 */
export async function listFiles(
  github: Github,
  { owner, repo, tree }: Pick<Head, 'owner' | 'repo' | 'tree'>,
): Promise<{ path: string; mode: string; sha: string }[]> {
  const listed = await github.get(
    'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
    { owner, repo, tree_sha: tree, recursive: '1' },
    treeSchema,
  );
  if (listed === undefined) throw new Unavailable(`${owner}/${repo} has no tree ${tree}`);
  if (listed.truncated) {
    throw new Unavailable(`${owner}/${repo} has more files than GitHub lists`, { retrySafe: false });
  }
  return listed.tree.filter(({ type, mode }) => type === 'blob' && /^100(?:644|755)$/.test(mode));
}

/** One file of a branch as text. Throws `Invalid` for what is no UTF-8 or larger than the 1 MB that GitHub hands out. */
export async function readText(github: Github, { owner, repo, commit }: Head, path: string): Promise<string> {
  const name = `${owner}/${repo}/${path}`;
  const found = await github.get(
    'GET /repos/{owner}/{repo}/contents/{path}',
    { owner, repo, path, ref: commit },
    contentSchema,
  );
  if (found === undefined) throw new Unavailable(`${name} is not at ${commit}, which lists it`);
  if (found.encoding !== 'base64') throw new Invalid('manifests', `${name} is larger than 1 MB`);
  const bytes = Buffer.from(found.content, 'base64');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw new Invalid('manifests', `${name} is not UTF-8`);
  return text;
}

/** Makes a commit on top of a branch's head and returns its SHA. No branch holds it yet. `message` may be made of the tree's SHA. */
export async function createCommit(
  github: Github,
  head: Head,
  files: readonly FileChange[],
  message: string | ((tree: string) => string),
): Promise<string> {
  const { owner, repo } = head;
  const tree = await github.write(
    'POST /repos/{owner}/{repo}/git/trees',
    { owner, repo, base_tree: head.tree, tree: files.map((file) => ({ ...file, type: 'blob' })) },
    'contents',
    madeSchema,
  );
  // GitHub answers 404 to a token that may see a repository and not write to it.
  if (tree === undefined) throw deny(head, 'contents');
  const commit = await github.write(
    'POST /repos/{owner}/{repo}/git/commits',
    {
      ...{ owner, repo, tree: tree.sha, parents: [head.commit] },
      message: typeof message === 'string' ? message : message(tree.sha),
    },
    'contents',
    madeSchema,
  );
  if (commit === undefined) throw deny(head, 'contents');
  return commit.sha;
}

/**
 * Moves a branch to a commit, forward only unless `force` is set. Returns GitHub's words when it does not take it: the branch has moved on, or is
 * protected.
 */
export async function moveBranch(
  github: Github,
  { owner, repo, branch }: Pick<Head, 'owner' | 'repo' | 'branch'>,
  commit: string,
  force = false,
): Promise<string | undefined> {
  return explainRejection(
    github.write(
      'PATCH /repos/{owner}/{repo}/git/refs/{ref}',
      { owner, repo, ref: `heads/${branch}`, sha: commit, force },
      'contents',
      refSchema,
    ),
  );
}

/** Creates a branch. Returns GitHub's words when it does not: it exists, or a rule forbids its name. */
export async function createBranch(
  github: Github,
  { owner, repo }: Repository,
  branch: string,
  commit: string,
): Promise<string | undefined> {
  return explainRejection(
    github.write(
      'POST /repos/{owner}/{repo}/git/refs',
      { owner, repo, ref: `refs/heads/${branch}`, sha: commit },
      'contents',
      refSchema,
    ),
  );
}

async function explainRejection(writing: Promise<unknown>): Promise<string | undefined> {
  try {
    return (await writing) === undefined ? '404: Not Found' : undefined;
  } catch (error) {
    const { data: cause } = rejectionSchema.safeParse(error instanceof Error ? error.cause : undefined);
    const rejected =
      cause !== undefined &&
      (error instanceof Invalid
        ? cause.status === 403
        : error instanceof Unavailable && (cause.status === 409 || cause.status === 422));
    if (!rejected) throw error;
    return `${cause.status}: ${cause.message.slice(0, 300)}`;
  }
}

/** A pull request's number and address. */
export interface OpenPull {
  readonly number: number;
  readonly url: string;
  readonly branch: string;
}

/** The open pull requests into `base` from branches of the repository itself that begin with `prefix`, of the last hundred. */
export async function listPulls(
  github: Github,
  { owner, repo, branch: base }: Head,
  prefix: string,
): Promise<OpenPull[]> {
  const pulls = await github.get(
    'GET /repos/{owner}/{repo}/pulls',
    { owner, repo, state: 'open', base, per_page: '100' },
    z.array(pullSchema),
    'pull-requests',
  );
  return (pulls ?? [])
    .filter(
      ({ head }) =>
        head.ref.startsWith(prefix) &&
        head.repo?.full_name.toLowerCase() === `${owner}/${repo}`.toLowerCase(),
    )
    .map(({ number, html_url: url, head }) => ({ number, url, branch: head.ref }));
}

/** Opens a pull request from a branch. Throws `Invalid` when GitHub does not let this token. */
export async function openPull(
  github: Github,
  head: Head,
  { branch, title, body }: { branch: string; title: string; body: string },
): Promise<OpenPull> {
  const { owner, repo, branch: base } = head;
  const made = await github.write(
    'POST /repos/{owner}/{repo}/pulls',
    { owner, repo, base, head: branch, title, body, maintainer_can_modify: false },
    'pull-requests',
    pullSchema,
  );
  if (made === undefined) throw deny(head, 'pull-requests');
  return { number: made.number, url: made.html_url, branch };
}

/** Gives an open pull request another title and body. */
export async function updatePull(
  github: Github,
  head: Head,
  { number, title, body }: { number: number; title: string; body: string },
): Promise<void> {
  const { owner, repo } = head;
  const made = await github.write(
    'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
    { owner, repo, pull_number: number, title, body },
    'pull-requests',
    pullSchema,
  );
  if (made === undefined) throw deny(head, 'pull-requests');
}

function deny({ owner, repo, input }: Head, permission: string): Invalid {
  return new Invalid(input, `the token may not write to ${owner}/${repo} (404)`, {
    hint: `It needs ${permission}: write there.`,
  });
}
