import { createHash } from 'node:crypto';
import type { Github } from '../github/api.ts';
import {
  createBranch,
  createCommit,
  findRef,
  type Head,
  listFiles,
  listPulls,
  moveBranch,
  openPull,
  readCommit,
  readHead,
  updatePull,
} from '../github/branch.ts';
import type { Repository } from '../github/pulls.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { RegularFile } from '../workspace/list.ts';

/** A file of the workspace as it was read, and what it becomes. */
export interface PinnedFile extends RegularFile {
  readonly path: string;
  readonly text: string;
}

/** Where a pull request is; `current` when it held all of it before. */
export interface PinPull {
  readonly url: string;
  readonly current: boolean;
}

/** The last line of the commit's message: the tree that pin wrote. A commit whose tree is another one has somebody else's work in it. */
const TRAILER = 'Hallmark-Tree: ';

/**
 * Keeps one pull request that changes these files: from `branch`, one commit on top of the default branch, made anew when what is to be changed is
 * something else. Undefined when somebody closed the pull request for just these changes. Throws `Invalid` when the workspace is not at the default
 * branch's head, and `Refused` when others pushed to `branch`.
 */
export async function keepPull(
  github: Github,
  { repository, branch, input }: { repository: Repository; branch: string; input: string },
  files: readonly PinnedFile[],
  { title, body }: { title: string; body: string },
): Promise<PinPull | undefined> {
  const head = await readHead(github, repository, undefined, input);
  if (branch === head.branch) throw new Invalid('branch', `"${branch}" is the default branch`);
  const modes = await checkWorkspace(github, head, files);
  const before = await findRef(github, repository, branch);
  const held = before === undefined ? undefined : await readHeld(github, repository, before);
  const holdsAll = files.every(({ path, text }) => held?.files.get(path) === hashBlob(Buffer.from(text)));
  const [open] = (await listPulls(github, head, branch)).filter((pull) => pull.branch === branch);
  if (holdsAll) return open && { url: open.url, current: true };
  if (held?.own === false) {
    throw new Refused(`${branch} of ${head.owner}/${head.repo} holds commits that pin did not make`, {
      hint: 'Merge them, or delete the branch: they are not written over.',
    });
  }
  const changes = files.map(({ path, text: content }) => ({
    path,
    mode: modes.get(path) ?? '100644',
    content,
  }));
  const commit = await createCommit(github, head, changes, (tree) => `${title}\n\n${TRAILER}${tree}`);
  const rejection =
    before === undefined
      ? await createBranch(github, repository, branch, commit)
      : await moveBranch(github, { ...repository, branch }, commit, true);
  if (rejection !== undefined) {
    throw new Invalid(
      input,
      `${head.owner}/${head.repo} takes no branch ${branch} from this token (${rejection})`,
      {
        hint: "It needs contents: write, pull-requests: write, and for files in .github/workflows workflows: write, which a job's own token never has.",
      },
    );
  }
  if (open === undefined)
    return { url: (await openPull(github, head, { branch, title, body })).url, current: false };
  await updatePull(github, head, { number: open.number, title, body });
  return { url: open.url, current: false };
}

/** The modes of the files at the default branch's head, whose bytes have to be those of the workspace: else the commit would take back what others wrote. */
async function checkWorkspace(
  github: Github,
  head: Head,
  files: readonly PinnedFile[],
): Promise<ReadonlyMap<string, string>> {
  const listed = new Map((await listFiles(github, head)).map((file) => [file.path, file]));
  const others = files.filter(({ path, bytes }) => listed.get(path)?.sha !== hashBlob(bytes));
  if (others.length > 0) {
    const shown = others.slice(0, 5).map(({ path }) => path);
    throw new Invalid(
      'write',
      `${shown.join(', ')} of the workspace are not those of ${head.branch} at ${head.commit}`,
      {
        hint: `A pull request is made from the default branch: check out ${head.branch}, change nothing before this step, and exclude in paths what is not of this repository.`,
      },
    );
  }
  return new Map([...listed].map(([path, { mode }]) => [path, mode]));
}

/** The files that a branch holds, and whether its commit is as pin made it. */
async function readHeld(
  github: Github,
  place: Repository,
  commit: string,
): Promise<{ files: ReadonlyMap<string, string>; own: boolean }> {
  const found = await readCommit(github, place, commit);
  if (found === undefined) return { files: new Map(), own: false };
  const { sha: tree } = found.tree;
  const listed = await listFiles(github, { ...place, tree });
  return {
    files: new Map(listed.map(({ path, sha }) => [path, sha])),
    own: found.message.trimEnd().endsWith(`\n${TRAILER}${tree}`) && found.parents.length === 1,
  };
}

/** What git names a file's bytes by (git-scm.com, "Git Objects"). */
function hashBlob(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
