import * as z from 'zod';
import { readBuiltInRules } from '../evaluator/rules.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { type PolicyFile, readPolicy } from '../policy/file.ts';
import { digestOf } from '../store/hash.ts';
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
}

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
  const place = parsePolicyReference(reference, context.repository);
  const github = await openGithub(inputs['github-token'], context);
  const commit = await resolveProtectedCommit(github, place);
  const bytes = await readFile(github, place, place.path, commit);
  const uri = `${place.owner}/${place.repo}/${place.path}@${commit}`;
  const file = readPolicy(bytes.toString(), `${place.owner}/${place.repo}/${place.path}`, readBuiltInRules());
  const readText = async (path: string): Promise<string> =>
    (await readFile(github, place, path, commit)).toString();
  const root = file['trusted-root'];
  const [trustedRoot, keys] = await Promise.all([
    root === undefined ? undefined : readText(root),
    Promise.all((file.keys ?? []).map(readText)),
  ]);
  const address = `${context.serverUrl}/${uri}`;
  return { file, bytes, digest: digestOf(bytes), uri, address, trustedRoot, keys };
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

/** The commit to read at: the head of the protected default branch, or the one asked for when that branch reaches it. */
async function resolveProtectedCommit(github: Github, place: PolicyPlace): Promise<string> {
  const { owner, repo } = place;
  const name = `${owner}/${repo}`;
  const repository = await github.get('GET /repos/{owner}/{repo}', { owner, repo }, repositorySchema);
  if (repository === undefined) {
    throw new Invalid('policy', `there is no repository ${name}, or the token may not see it`, {
      hint: 'A private repository elsewhere needs a github-token that may read its contents.',
    });
  }
  const branch = repository.default_branch;
  const head = await github.get(
    'GET /repos/{owner}/{repo}/branches/{branch}',
    { owner, repo, branch },
    branchSchema,
  );
  if (head === undefined) throw new Invalid('policy', `${name} has no branch ${branch}`);
  if (!head.protected) {
    const rules = await github.get(
      'GET /repos/{owner}/{repo}/rules/branches/{branch}',
      { owner, repo, branch },
      rulesSchema,
    );
    if (!rules?.some(({ type }) => type === 'pull_request' || type === 'update')) {
      throw new Refused(
        `the policy's branch ${branch} of ${name} is not protected, so anyone who can push may change the policy`,
        {
          hint: `Protect ${branch}: Settings → Rules → Rulesets → require a pull request before merging.`,
        },
      );
    }
  }
  if (place.commit === undefined || place.commit === head.commit.sha) return head.commit.sha;
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { owner, repo, basehead: `${head.commit.sha}...${place.commit}` },
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

async function readFile(github: Github, place: PolicyPlace, path: string, commit: string): Promise<Buffer> {
  const { owner, repo } = place;
  const content = await github.get(
    'GET /repos/{owner}/{repo}/contents/{path}',
    { owner, repo, path, ref: commit },
    z.union([contentSchema, z.array(z.unknown())]),
  );
  const name = `${owner}/${repo}/${path}`;
  if (content === undefined) {
    throw new Invalid('policy', `there is no ${name} at commit ${commit}`, {
      hint: 'A policy is read from the default branch, not from the workspace or a pull request: merge it first.',
    });
  }
  if (Array.isArray(content) || content.type !== 'file') throw new Invalid('policy', `${name} is no file`);
  if (content.encoding !== 'base64') throw new Invalid('policy', `${name} is larger than 1 MB`);
  return Buffer.from(content.content, 'base64');
}
