// The part of the GitHub stub that is written to by promotions: git's objects and branches, pull requests from them, deployments.
import { createHash } from 'node:crypto';
import type { Context } from 'openapi-backend';
import { fillRequired, type Schema, successSchema } from './github-schema.ts';

/** A commit as the stub keeps it. */
export interface StubCommit {
  readonly sha: string;
  readonly parent: StubCommit | undefined;
  readonly files: ReadonlyMap<string, string>;
  readonly message?: string;
}
/** A repository as the stub keeps it. */
export interface StubState {
  readonly name: string;
  readonly defaultBranch: string;
  readonly commits: Map<string, StubCommit>;
  head: StubCommit;
}

export interface StubDeployment {
  readonly id: number;
  readonly repository: string;
  readonly ref: string;
  readonly environment: string;
  readonly payload: unknown;
  readonly auto_merge: boolean;
  readonly required_contexts: readonly string[];
  readonly statuses: { readonly state: string; readonly description: string }[];
}

export interface StubOpenPull {
  readonly number: number;
  readonly repository: string;
  readonly base: string;
  readonly head: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
}

/** What was written, for a test to look at. */
export interface Writing {
  readonly deployments: StubDeployment[];
  readonly pulls: StubOpenPull[];
  /** Branches beside the default one, as `octo/app:hallmark/…`, with their commits. */
  readonly branches: Map<string, string>;
  /** Tags, as `octo/app:v1`, with what each names: a commit, or for an annotated one the commit that it is about. */
  readonly tags: Map<string, { readonly commit: string; readonly annotated?: boolean }>;
  /** Repositories whose default branch takes no push, with GitHub's answer to one. */
  readonly locked: Map<string, { readonly status: number; readonly message: string }>;
  /** Called before a branch is moved: where somebody else pushes meanwhile. */
  beforeMove: (() => void | Promise<void>) | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const notFound: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };
const unprocessable = (message: string): Answer => ({ status: 422, body: { message, status: '422' } });

/** The handlers of one stub by operation, around what they keep. */
export function createWriting(find: (context: Context) => StubState | undefined) {
  const writing: Writing = {
    deployments: [],
    pulls: [],
    branches: new Map(),
    tags: new Map(),
    locked: new Map(),
    beforeMove: undefined,
  };
  const trees = new Map<string, ReadonlyMap<string, string>>();
  const keepTree = (files: ReadonlyMap<string, string>): string => {
    const sha = createHash('sha1')
      .update(JSON.stringify([...files]))
      .digest('hex');
    trees.set(sha, files);
    return sha;
  };
  const good = (context: Context, status: number, given: unknown): Answer => ({
    status,
    body: fillRequired(successSchema(context, status), given),
  });
  const refOf = (context: Context): string => decodeURIComponent(String(context.request.params.ref));
  const branchOf = (context: Context): string => refOf(context).replace(/^heads\//, '');
  const headOf = (state: StubState, branch: string): string | undefined =>
    branch === state.defaultBranch ? state.head.sha : writing.branches.get(`${state.name}:${branch}`);
  const describeRef = (branch: string, sha: string) => ({
    ref: `refs/heads/${branch}`,
    object: { type: 'commit', sha },
  });
  /** The SHA of an annotated tag's own object. */
  const tagSha = (name: string): string => createHash('sha1').update(`tag ${name}`).digest('hex');
  const listRefs = (state: StubState): { ref: string; object: { type: string; sha: string } }[] => {
    const own = (names: Iterable<string>): string[] =>
      [...names]
        .filter((name) => name.startsWith(`${state.name}:`))
        .map((name) => name.slice(state.name.length + 1));
    const tags = own(writing.tags.keys()).map((tag) => {
      const { commit = '', annotated } = writing.tags.get(`${state.name}:${tag}`) ?? {};
      const object = annotated ? { type: 'tag', sha: tagSha(tag) } : { type: 'commit', sha: commit };
      return { ref: `refs/tags/${tag}`, object };
    });
    const branches = [state.defaultBranch, ...own(writing.branches.keys())];
    return [...tags, ...branches.map((branch) => describeRef(branch, headOf(state, branch) ?? ''))];
  };
  const describeCommit = ({ sha, parent, files, message = 'a commit' }: StubCommit) => ({
    sha,
    message,
    tree: { sha: keepTree(files), url: 'https://example.com/' },
    parents:
      parent === undefined
        ? []
        : [{ sha: parent.sha, url: 'https://example.com/', html_url: 'https://example.com/' }],
  });
  const isAncestor = (ancestor: string, of: StubCommit): boolean => {
    for (let at: StubCommit | undefined = of; at !== undefined; at = at.parent)
      if (at.sha === ancestor) return true;
    return false;
  };
  const inRepository = (context: Context, work: (state: StubState) => Answer): Answer => {
    const state = find(context);
    return state === undefined ? notFound : work(state);
  };
  const describePull = ({ number, repository, head, title, body, state }: StubOpenPull) => ({
    number,
    html_url: `https://github.com/${repository}/pull/${number}`,
    state,
    title,
    body,
    head: { ref: head, sha: '0'.repeat(40), repo: { full_name: repository } },
  });

  const handlers: Record<string, (context: Context) => Answer | Promise<Answer>> = {
    'git/get-ref': (context) =>
      inRepository(context, (state) => {
        const found = listRefs(state).find(({ ref }) => ref === `refs/${refOf(context)}`);
        return found === undefined ? notFound : good(context, 200, found);
      }),
    'git/list-matching-refs': (context) =>
      inRepository(context, (state) => {
        const items = (successSchema(context).items ?? {}) as Schema;
        const found = listRefs(state).filter(({ ref }) => ref.startsWith(`refs/${refOf(context)}`));
        return { status: 200, body: found.map((ref) => fillRequired(items, ref)) };
      }),
    'git/get-tag': (context) =>
      inRepository(context, (state) => {
        const sha = String(context.request.params.tag_sha);
        const found = [...writing.tags].find(
          ([name]) => name.startsWith(`${state.name}:`) && tagSha(name.slice(state.name.length + 1)) === sha,
        );
        return found === undefined
          ? notFound
          : good(context, 200, { sha, object: { type: 'commit', sha: found[1].commit } });
      }),
    'git/get-commit': (context) =>
      inRepository(context, ({ commits }) => {
        const commit = commits.get(String(context.request.params.commit_sha));
        return commit === undefined ? notFound : good(context, 200, describeCommit(commit));
      }),
    'git/get-tree': (context) => {
      const sha = String(context.request.params.tree_sha);
      const files = trees.get(sha);
      if (files === undefined) return notFound;
      const tree = [...files].map(([path, content]) => ({
        path,
        mode: path.endsWith('.link.yaml') ? '120000' : '100644',
        type: 'blob',
        sha: createHash('sha1')
          .update(`blob ${Buffer.byteLength(content)}\0${content}`)
          .digest('hex'),
      }));
      return good(context, 200, { sha, truncated: files.has('.truncated'), tree });
    },
    'git/create-tree': (context) => {
      const { base_tree: base, tree } = context.request.requestBody;
      const files = new Map(trees.get(base));
      for (const { path, content } of tree) files.set(path, content);
      return good(context, 201, { sha: keepTree(files), truncated: false, tree: [] });
    },
    'git/create-commit': (context) =>
      inRepository(context, ({ commits }) => {
        const { message, tree, parents } = context.request.requestBody;
        const files = trees.get(tree);
        const parent = commits.get(parents[0]);
        if (files === undefined || parent === undefined) return unprocessable('Tree SHA does not exist');
        const sha = createHash('sha1')
          .update(JSON.stringify([tree, parents, message, commits.size]))
          .digest('hex');
        const commit = { sha, parent, files, message };
        commits.set(sha, commit);
        return good(context, 201, describeCommit(commit));
      }),
    'git/create-ref': (context) =>
      inRepository(context, (state) => {
        const { ref, sha } = context.request.requestBody;
        const branch = ref.replace(/^refs\/heads\//, '');
        if (!state.commits.has(sha)) return unprocessable('Object does not exist');
        if (headOf(state, branch) !== undefined) return unprocessable('Reference already exists');
        writing.branches.set(`${state.name}:${branch}`, sha);
        return good(context, 201, describeRef(branch, sha));
      }),
    'git/update-ref': async (context) => {
      await writing.beforeMove?.();
      return inRepository(context, (state) => {
        const branch = branchOf(context);
        const { sha, force = false } = context.request.requestBody;
        const commit = state.commits.get(sha);
        const locked = writing.locked.get(state.name);
        if (commit === undefined) return unprocessable('Object does not exist');
        const now = headOf(state, branch);
        if (now === undefined) return unprocessable('Reference does not exist');
        if (!force && !isAncestor(now, commit)) return unprocessable('Update is not a fast forward');
        if (locked !== undefined) return { status: locked.status, body: { message: locked.message } };
        if (branch === state.defaultBranch) state.head = commit;
        else writing.branches.set(`${state.name}:${branch}`, sha);
        return good(context, 200, describeRef(branch, sha));
      });
    },
    'pulls/create': (context) =>
      inRepository(context, (state) => {
        const { title, head, base, body } = context.request.requestBody;
        const from = headOf(state, head);
        if (from === undefined) return unprocessable('Validation Failed: head is invalid');
        const { name: repository } = state;
        if (isAncestor(from, state.head)) return unprocessable(`No commits between ${base} and ${head}`);
        if (
          writing.pulls.some(
            (one) => one.repository === repository && one.head === head && one.state === 'open',
          )
        )
          return unprocessable(`A pull request already exists for ${head}.`);
        const made: StubOpenPull = {
          number: writing.pulls.length + 1,
          repository,
          base,
          head,
          title,
          body,
          state: 'open',
        };
        writing.pulls.push(made);
        return good(context, 201, describePull(made));
      }),
    'pulls/update': (context) =>
      inRepository(context, ({ name }) => {
        const { title, body } = context.request.requestBody;
        const number = Number(context.request.params.pull_number);
        const found = writing.pulls.find((one) => one.repository === name && one.number === number);
        if (found === undefined) return notFound;
        Object.assign(found, { title, body });
        return good(context, 200, describePull(found));
      }),
    'repos/create-deployment': (context) =>
      inRepository(context, (state) => {
        const { ref, environment, payload, auto_merge, required_contexts } = context.request.requestBody;
        if (!state.commits.has(ref)) return unprocessable(`No ref found for: ${ref}`);
        const id = writing.deployments.length + 1;
        writing.deployments.push({
          ...{ id, repository: state.name, ref, environment, payload, auto_merge, required_contexts },
          statuses: [],
        });
        return good(context, 201, { id, environment });
      }),
    'repos/create-deployment-status': (context) => {
      const { deployment_id: id } = context.request.params;
      const { state, description, auto_inactive: inactive } = context.request.requestBody;
      const found = writing.deployments.find((one) => one.id === Number(id));
      if (found === undefined) return notFound;
      found.statuses.push({ state, description });
      for (const other of writing.deployments) {
        const same = other.environment === found.environment && other.repository === found.repository;
        if (
          inactive === true &&
          state === 'success' &&
          same &&
          other !== found &&
          other.statuses.at(-1)?.state === 'success'
        )
          other.statuses.push({ state: 'inactive', description: '' });
      }
      return good(context, 201, { state, description });
    },
  };
  /** The open pull requests from branches, where an operation of reports lists none of its own. */
  const listOpen = (context: Context): unknown[] => {
    const items = (successSchema(context).items ?? {}) as Schema;
    const name = find(context)?.name;
    return writing.pulls
      .filter(({ repository, state }) => repository === name && state === 'open')
      .map((pull) => fillRequired(items, describePull(pull)));
  };
  return { writing, handlers, listOpen };
}
