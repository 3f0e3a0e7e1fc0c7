import { compare as compareVersions, parse as parseVersion } from 'semver';
import * as z from 'zod';
import { Unavailable } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import { findRef } from './branch.ts';
import type { Repository } from './pulls.ts';

/*
 * What a workflow's `uses: owner/repo@ref` runs. GitHub keeps the commits of all forks in one store and serves them under the parent's name, so a
 * commit counts only when a branch of the repository itself leads to it, or somebody wrote down which of its tags it is of.
 */

/** What a ref of an action names now. */
export interface ActionRelease {
  /** Full SHA of a commit. */
  readonly commit: string;
  /** The tag that names this commit for ever, `v4.2.2`, where there is one; else the ref as it was written. */
  readonly version: string;
}

/** Annotated tags that are looked into for the full version of one that moves. */
const TAGS = 8;
/** Tags may name tags; nobody piles more. */
const DEPTH = 5;
/** Branches that a commit is looked for in: each is a request. */
const BRANCHES = 20;

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const target = z.object({ sha, type: z.string() });
// docs.github.com, REST, "Git references", "Git tags", "Compare two commits".
const refSchema = z.object({ ref: z.string(), object: target });
const tagSchema = z.object({ object: target });
const repositorySchema = z.object({ default_branch: z.string().min(1) });
const comparisonSchema = z.object({ status: z.enum(['ahead', 'behind', 'diverged', 'identical']) });

type Ref = z.output<typeof refSchema>;

/** What a tag or branch of an action's repository names; a sentence where it names nothing for this token, or two things. */
export async function resolveAction(
  github: Github,
  { owner, repo }: Repository,
  ref: string,
): Promise<ActionRelease | string> {
  const [place, name] = [{ owner, repo }, `${owner}/${repo}`];
  const [tagged, branch] = await Promise.all([findTag(github, place, ref), findRef(github, place, ref)]);
  const commit = tagged ?? branch;
  if (commit === undefined) return `${name} has no tag or branch ${ref}, or the token may not see it`;
  if (branch !== undefined && tagged !== undefined && branch !== tagged)
    return `${name} has a tag and a branch ${ref}, which are at different commits`;
  if (tagged === undefined) return { commit, version: ref };
  // Whoever may push a tag can point it at a commit that no branch ever had: so was tj-actions/changed-files taken over.
  const stray = await explainStray(github, place, commit);
  if (stray !== undefined) return `its tag ${ref} is at ${commit}: ${stray}`;
  return { commit, version: (await findVersion(github, place, ref, commit)) ?? ref };
}

/**
 * Why a commit that a workflow names is not to be trusted; undefined when a tag or branch of the repository leads to it, and the version in the
 * comment, if there is one, is of this commit. A full version names one commit; a shorter one or a branch moves, so that the commit may lie behind it.
 */
export async function explainCommit(
  github: Github,
  { owner, repo }: Repository,
  commit: string,
  version: string | undefined,
): Promise<string | undefined> {
  const [place, name] = [{ owner, repo }, `${owner}/${repo}`];
  if (version !== undefined) {
    const tagged = await findTag(github, place, version);
    const named = tagged ?? (await findRef(github, place, version));
    if (named === undefined) return `its comment says ${version}, which ${name} does not have`;
    if (named === commit) return undefined;
    if (tagged !== undefined && parseVersion(version) !== null)
      return `its comment says ${version}, which is ${named} in ${name}`;
    if (await leadsTo(github, place, named, commit)) return undefined;
    return `its comment says ${version}, which does not lead to this commit in ${name}`;
  }
  const stray = await explainStray(github, place, commit);
  return (
    stray && `${stray}: it may be a fork's. Where it is of a release, write that behind it, as in # v1.2.3`
  );
}

/** Why a commit may not be the repository's own; undefined when one of its branches leads to it. */
async function explainStray(github: Github, place: Repository, commit: string): Promise<string | undefined> {
  const name = `${place.owner}/${place.repo}`;
  const repository = await github.get('GET /repos/{owner}/{repo}', { ...place }, repositorySchema);
  if (repository === undefined) return `there is no ${name}, or the token may not see it`;
  const { default_branch: main } = repository;
  if (await leadsTo(github, place, main, commit)) return undefined;
  const branches = await listRefs(github, place, 'heads/');
  if (branches.some(({ object }) => object.sha === commit)) return undefined;
  // Actions that keep their older versions keep them on branches of that name.
  const others = branches
    .filter(({ ref }) => ref !== `refs/heads/${main}`)
    .sort((a, b) => Number(isRelease(b)) - Number(isRelease(a)));
  for (const { object } of others.slice(0, BRANCHES)) {
    if (await leadsTo(github, place, object.sha, commit)) return undefined;
  }
  const asked = others.length > BRANCHES ? ` (of ${others.length} branches, ${BRANCHES} were asked)` : '';
  return `no branch of ${name} leads to this commit${asked}`;
}

function isRelease({ ref }: Ref): boolean {
  return /^refs\/heads\/(?:release|v\d)/.test(ref);
}

/** True when `commit` is `head` or one of its ancestors. */
async function leadsTo(github: Github, place: Repository, head: string, commit: string): Promise<boolean> {
  const comparison = await github.get(
    'GET /repos/{owner}/{repo}/compare/{basehead}',
    { ...place, basehead: `${head}...${commit}`, per_page: '1' },
    comparisonSchema,
  );
  return comparison?.status === 'behind' || comparison?.status === 'identical';
}

/** The commit that a tag names; undefined when there is no such tag, or none that names a commit. */
async function findTag(github: Github, place: Repository, tag: string): Promise<string | undefined> {
  const found = await github.get(
    'GET /repos/{owner}/{repo}/git/ref/{ref}',
    { ...place, ref: `tags/${tag}` },
    refSchema,
  );
  return found && peel(github, place, found.object);
}

/** What an annotated tag is about in the end. */
async function peel(github: Github, place: Repository, object: Ref['object']): Promise<string | undefined> {
  let at = object;
  for (let depth = 0; at.type === 'tag'; depth += 1) {
    const { sha: tag } = at;
    if (depth === DEPTH) return undefined;
    const found = await github.get(
      'GET /repos/{owner}/{repo}/git/tags/{tag_sha}',
      { ...place, tag_sha: tag },
      tagSchema,
    );
    if (found === undefined)
      throw new Unavailable(`${place.owner}/${place.repo} has no tag ${tag}, which it names`);
    at = found.object;
  }
  return at.type === 'commit' ? at.sha : undefined;
}

/** The full version, `v4.2.2`, that is the same commit as a tag that moves, `v4`. */
async function findVersion(
  github: Github,
  place: Repository,
  tag: string,
  commit: string,
): Promise<string | undefined> {
  if (!/^v?\d+(?:\.\d+)?$/.test(tag)) return undefined;
  const found = (await listRefs(github, place, `tags/${tag}.`))
    .flatMap(({ ref, object }) => {
      const name = ref.slice('refs/tags/'.length);
      const parsed = parseVersion(name);
      return parsed === null ? [] : [{ name, parsed, object }];
    })
    .sort((a, b) => compareVersions(b.parsed, a.parsed));
  const same = found.find(({ object }) => object.sha === commit);
  if (same !== undefined) return same.name;
  for (const { name, object } of found.filter(({ object }) => object.type === 'tag').slice(0, TAGS)) {
    if ((await peel(github, place, object)) === commit) return name;
  }
  return undefined;
}

/** The refs whose name begins like this, `tags/v4.`. */
async function listRefs(github: Github, place: Repository, prefix: string): Promise<Ref[]> {
  const found = await github.get(
    'GET /repos/{owner}/{repo}/git/matching-refs/{ref}',
    { ...place, ref: prefix },
    z.array(refSchema),
  );
  return found ?? [];
}
