import * as z from 'zod';
import { readBuiltInRules } from '../evaluator/rules.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { EXCEPTIONS_FILE, type Exception, MAX_EXCEPTION_DAYS, readExceptions } from '../policy/exceptions.ts';
import { type PolicyFile, type PolicyText, readPolicy, readWritten } from '../policy/file.ts';
import type { WrittenPolicy } from '../policy/schema.ts';
import { digestOf } from '../store/hash.ts';
import { readInputFile } from '../workspace/file.ts';
import { type Github, openGithub } from './api.ts';
import type { RunContext } from './context.ts';

/** A policy as it was read from a commit of its protected branch. */
export interface LoadedPolicy {
  readonly file: PolicyFile;
  readonly bytes: Buffer;
  readonly digest: Digest;
  /** `owner/repo/path@<40 hex>`, as inputs and records name it. */
  readonly uri: string;
  /** The same as a whole URI (RFC 3986), `https://github.com/owner/repo/path@<40 hex>`: what certificates call workflows, and verdicts call policies. */
  readonly address: string;
  /** The file that `trusted-root` names, from the same commit. */
  readonly trustedRoot: string | undefined;
  /** The files that `keys` names, from the same commit. */
  readonly keys: readonly string[];
  /** What its file of exceptions has, from the same commit. */
  readonly exceptions: readonly Exception[];
  /** The central policy that it extends, at the commit that it names. */
  readonly central?: PolicyText | undefined;
}

/** The most bytes of one file of a workspace. */
const MAX_LENGTH = 1024 * 1024;

/** Where a policy is; without a commit it is the head of the default branch. */
interface PolicyPlace {
  readonly owner: string;
  readonly repo: string;
  readonly path: string;
  readonly commit?: string;
}

const repositorySchema = z.object({ default_branch: z.string().min(1) });
const branchSchema = z.object({
  protected: z.boolean(),
  commit: z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }),
});
/** Of all rules a branch can have, `pull_request` and `update` alone keep people from pushing to it. */
const rulesSchema = z.array(z.object({ type: z.string() }));
const comparisonSchema = z.object({ status: z.enum(['ahead', 'behind', 'diverged', 'identical']) });
// Over 1 MB GitHub says encoding "none" and sends nothing.
const contentSchema = z.object({ type: z.string(), encoding: z.string(), content: z.string() });

/**
 * Reads a policy through GitHub's API, never from the workspace: `owner/repo/path@<commit>`, or a path in this repository at the head of
 * its default branch. The branch must be protected and must reach the commit, otherwise `Refused`; a file that is missing or wrong is `Invalid`.
 */
export async function loadPolicy(
  reference: string | undefined,
  inputs: { readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<LoadedPolicy> {
  if (reference === undefined) {
    throw new Refused('there is no policy, and without one nothing is allowed', {
      hint: 'Write one to the default branch and name it in the "policy" input, as in .github/hallmark.yml',
    });
  }
  const github = await openGithub(inputs['github-token'], context);
  const own = await readSource(github, parsePolicyReference(reference, context.repository));
  return assemblePolicy(own, inputs, context);
}

/** Reads a policy from the workspace, as a pull request makes it: good for advice, never to allow. What it extends is read through GitHub's API. */
export async function loadDraft(
  path: string,
  inputs: { readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<LoadedPolicy> {
  const bytes = await readInputFile(path, 'policy', context, MAX_LENGTH);
  const named = { text: bytes.toString(), file: `${context.repository ?? 'workspace'}/${path}` };
  const read = async (other: string): Promise<Buffer | undefined> => {
    try {
      return await readInputFile(other, 'policy', context, MAX_LENGTH);
    } catch (error) {
      // The one file that nobody has to name may be missing.
      if (other === EXCEPTIONS_FILE && isMissing(error)) return undefined;
      throw error;
    }
  };
  const own = { ...named, commit: 'workspace', bytes, written: readWritten(named), read };
  return assemblePolicy(own, inputs, context);
}

function isMissing(error: unknown): boolean {
  return error instanceof Invalid && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** Puts a policy on the one that it extends, and reads the files that either names beside itself. */
async function assemblePolicy(
  own: PolicySource,
  inputs: { readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<LoadedPolicy> {
  const central =
    own.written.extends === undefined
      ? undefined
      : await readSource(
          await openGithub(inputs['github-token'], context),
          parsePolicyReference(own.written.extends, undefined),
        );
  const file = readPolicy(own.text, own.file, readBuiltInRules(), central);
  const sources = central === undefined ? [own] : [central, own];
  const rooted = sources.findLast(({ written }) => written['trusted-root'] !== undefined);
  const root = rooted?.written['trusted-root'];
  const excepting = sources.filter(
    (source) => source === central || central?.written.allow?.includes('exceptions') !== false,
  );
  const [trustedRoot, keys, exceptions] = await Promise.all([
    rooted && root && readText(rooted, root),
    Promise.all(
      sources.flatMap((source) => (source.written.keys ?? []).map((path) => readText(source, path))),
    ),
    Promise.all(excepting.map((source) => readExceptionsAt(source, file['max-exception-days']))),
  ]);
  return {
    file,
    bytes: own.bytes,
    digest: digestOf(own.bytes),
    uri: `${own.file}@${own.commit}`,
    address: `${context.serverUrl}/${own.file}@${own.commit}`,
    trustedRoot,
    keys,
    exceptions: exceptions.flat(),
    central: central && { text: central.text, file: central.file },
  };
}

/** A policy's file where it stands, not yet on top of another one. */
interface PolicySource extends PolicyText {
  readonly commit: string;
  readonly bytes: Buffer;
  readonly written: WrittenPolicy;
  /** A file beside it, of the same commit; undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
}

async function readSource(github: Github, place: PolicyPlace): Promise<PolicySource> {
  const commit = await resolveProtectedCommit(github, place);
  const file = `${place.owner}/${place.repo}/${place.path}`;
  const read = (path: string): Promise<Buffer | undefined> => findFile(github, place, path, commit);
  const bytes = await read(place.path);
  if (bytes === undefined) throw explainMissing(file, commit);
  const named = { text: bytes.toString(), file };
  return { ...named, commit, bytes, written: readWritten(named), read };
}

async function readText(source: PolicySource, path: string): Promise<string> {
  const bytes = await source.read(path);
  if (bytes !== undefined) return bytes.toString();
  const [owner, repo] = source.file.split('/');
  throw explainMissing(`${owner}/${repo}/${path}`, source.commit);
}

function explainMissing(file: string, commit: string): Invalid {
  return new Invalid('policy', `there is no ${file} at commit ${commit}`, {
    hint: 'A policy is read from the default branch, not from the workspace or a pull request: merge it first.',
  });
}

async function readExceptionsAt(source: PolicySource, maxDays: number): Promise<Exception[]> {
  const { exceptions: path } = source.written;
  const text =
    path === undefined ? (await source.read(EXCEPTIONS_FILE))?.toString() : await readText(source, path);
  const name = path ?? EXCEPTIONS_FILE;
  return text === undefined ? [] : readExceptions(text, name, { maxDays, now: new Date() });
}

/** Exceptions of a repository whose policy nobody names, or why they do not count. */
export interface LoadedExceptions {
  readonly exceptions: readonly Exception[];
  /** Why what is there does not count; empty otherwise. */
  readonly reason: string;
}

/**
 * Reads the file of exceptions of this repository through GitHub's API at the head of its default branch, as a policy is read: what a
 * workspace holds excuses nothing. On a branch that is not protected it does not count. Throws `Invalid` when it is faulty.
 */
export async function loadExceptions(
  inputs: { readonly 'github-token'?: string | undefined },
  context: RunContext,
): Promise<LoadedExceptions> {
  if (context.repository === undefined || inputs['github-token'] === undefined) {
    const reason = 'nothing says which repository this is, or no github-token may read it';
    return { exceptions: [], reason };
  }
  const place = parsePolicyReference(EXCEPTIONS_FILE, context.repository);
  const github = await openGithub(inputs['github-token'], context);
  const head = await findHead(github, place);
  if (head === undefined) {
    const reason = `the token may not read ${context.repository} (it needs contents: read)`;
    return { exceptions: [], reason };
  }
  const bytes = await findFile(github, place, EXCEPTIONS_FILE, head.commit);
  if (bytes === undefined) return { exceptions: [], reason: '' };
  if (!(await isProtected(github, place, head))) {
    const reason = `the branch ${head.branch} is not protected, so anyone who can push may except anything`;
    return { exceptions: [], reason };
  }
  const options = { maxDays: MAX_EXCEPTION_DAYS, now: new Date() };
  return { exceptions: readExceptions(bytes.toString(), EXCEPTIONS_FILE, options), reason: '' };
}

function parsePolicyReference(text: string, repository: string | undefined): PolicyPlace {
  const at = text.lastIndexOf('@');
  const whole = at < 0 ? `${repository ?? ''}/${text}` : text.slice(0, at);
  const commit = at < 0 ? undefined : text.slice(at + 1);
  const [owner = '', repo = '', ...folders] = whole.split('/');
  const path = folders.join('/');
  const plain = folders.every((part) => part !== '' && part !== '.' && part !== '..');
  if (at < 0 && repository === undefined) {
    throw new Invalid(
      'policy',
      'is a path in this repository, and GITHUB_REPOSITORY does not say which that is',
    );
  }
  if (![owner, repo].every((name) => /^(?!\.\.?$)[\w.-]+$/.test(name)) || path === '' || !plain) {
    throw new Invalid(
      'policy',
      `"${text}" is no place of a policy; write a path in this repository, or owner/repo/path@<commit>`,
    );
  }
  if (commit === undefined) return { owner, repo, path };
  if (!/^[0-9a-f]{40}$/.test(commit)) {
    throw new Invalid(
      'policy',
      `"${commit}" is no commit: write its 40 hex digits, a branch or tag can move`,
    );
  }
  return { owner, repo, path, commit };
}

/** A repository's default branch and the commit it is at. */
interface Head {
  readonly branch: string;
  readonly commit: string;
  /** By a classic protection; rulesets are asked for apart. */
  readonly protected: boolean;
}

/** Undefined when the token may not see the repository, or it has no such branch. */
async function findHead(github: Github, { owner, repo }: PolicyPlace): Promise<Head | undefined> {
  const repository = await github.get('GET /repos/{owner}/{repo}', { owner, repo }, repositorySchema);
  if (repository === undefined) return undefined;
  const branch = repository.default_branch;
  const head = await github.get(
    'GET /repos/{owner}/{repo}/branches/{branch}',
    { owner, repo, branch },
    branchSchema,
  );
  return head && { branch, commit: head.commit.sha, protected: head.protected };
}

/** Whether nobody can push to a branch alone. */
async function isProtected(github: Github, { owner, repo }: PolicyPlace, head: Head): Promise<boolean> {
  if (head.protected) return true;
  const rules = await github.get(
    'GET /repos/{owner}/{repo}/rules/branches/{branch}',
    { owner, repo, branch: head.branch },
    rulesSchema,
  );
  return rules?.some(({ type }) => type === 'pull_request' || type === 'update') ?? false;
}

/** The commit to read at: the head of the protected default branch, or the one asked for when that branch reaches it. */
async function resolveProtectedCommit(github: Github, place: PolicyPlace): Promise<string> {
  const { owner, repo } = place;
  const name = `${owner}/${repo}`;
  const head = await findHead(github, place);
  if (head === undefined) {
    throw new Invalid('policy', `there is no repository ${name}, or the token may not see it`, {
      hint: 'A private repository elsewhere needs a github-token that may read its contents.',
    });
  }
  const { branch } = head;
  if (!(await isProtected(github, place, head))) {
    throw new Refused(
      `the policy's branch ${branch} of ${name} is not protected, so anyone who can push may change the policy`,
      {
        hint: `Protect ${branch}: Settings → Rules → Rulesets → require a pull request before merging.`,
      },
    );
  }
  if (place.commit === undefined || place.commit === head.commit) return head.commit;
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { owner, repo, basehead: `${head.commit}...${place.commit}` },
    comparisonSchema,
  );
  if (comparison?.status !== 'behind' && comparison?.status !== 'identical') {
    throw new Refused(
      `the policy's commit ${place.commit} is not reachable from ${branch} of ${name}: fork commits answer to a SHA too`,
      { hint: `Name a commit of ${branch}.` },
    );
  }
  return place.commit;
}

async function findFile(
  github: Github,
  { owner, repo }: PolicyPlace,
  path: string,
  commit: string,
): Promise<Buffer | undefined> {
  const content = await github.get(
    'GET /repos/{owner}/{repo}/contents/{path}',
    { owner, repo, path, ref: commit },
    z.union([contentSchema, z.array(z.unknown())]),
  );
  const name = `${owner}/${repo}/${path}`;
  if (content === undefined) return undefined;
  if (Array.isArray(content) || content.type !== 'file') throw new Invalid('policy', `${name} is no file`);
  if (content.encoding !== 'base64') throw new Invalid('policy', `${name} is larger than 1 MB`);
  return Buffer.from(content.content, 'base64');
}
