// The part of GitHub's REST API that Hallmark uses, on loopback. Requests and responses are both checked against
// GitHub's own OpenAPI description (test/fixtures/github-openapi.json, cut by scripts/github-openapi.ts), so that the stub cannot lie about shapes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, OpenAPIBackend } from 'openapi-backend';
import { createPackages, type StubPackage } from './github-packages.ts';
import { createReports, denyToken, type Reports, type StubToken, TOKEN_OF_ALL } from './github-reports.ts';
import { createReviews, type Reviews } from './github-reviews.ts';
import { fillRequired, type Schema, successSchema } from './github-schema.ts';
import { createWriting, type Writing } from './github-writing.ts';

export interface StubRepository {
  /** `octo/app` */
  readonly name: string;
  readonly id: number;
  readonly defaultBranch: string;
  readonly private?: boolean;
  /** By classic branch protection (default true). */
  readonly protected?: boolean;
  /** The types of the rules that rulesets hold the default branch to (default none). */
  readonly rules?: readonly ('update' | 'deletion')[];
  readonly files: Record<string, string>;
}

export interface GithubStub {
  /** GITHUB_API_URL */
  readonly url: string;
  /** The token that may do everything. */
  readonly token: string;
  /** Another one, with the permissions of a job. */
  issueToken(permissions: StubToken['permissions'], login?: string): string;
  /** Pull requests, comments, checks, analyses and artifacts. */
  readonly reports: Reports;
  /** Who approved what. */
  readonly reviews: Reviews;
  /** Container packages, for a test to add. */
  readonly packages: StubPackage[];
  /** Branches, pull requests from them, and deployments. */
  readonly writing: Writing;
  readonly requests: { method: string; path: string; status: number }[];
  /** The bundles that were stored, in their order: the id of one is its place, from 1 on. */
  readonly attestations: unknown[];
  /** Attestations are listed without their bundles, by address only. */
  bundlesElsewhere: boolean;
  /** The storage records of organisations. */
  readonly storageRecords: unknown[];
  /** What was submitted to the dependency graph. */
  readonly snapshots: unknown[];
  /** Writes files to the default branch; returns the new commit. */
  commit(repository: string, files: Record<string, string | undefined>): string;
  /** A commit of another branch than the default one, by its SHA: a child of `parent`, or of the first commit. */
  push(repository: string, sha: string, parent?: string, message?: string): void;
  /** The files at the head of the default branch, or at a commit. */
  filesOf(repository: string, commit?: string): ReadonlyMap<string, string>;
  /** The message of the commit at the head of the default branch, or of another. */
  messageOf(repository: string, commit?: string): string;
  /** A commit that a fork pushed: its SHA answers in the parent repository, no branch of it reaches it. */
  commitInFork(repository: string, files: Record<string, string>): string;
  /** The next `times` requests of an operation (`repos/get`) answer with this status instead; with `done` the work is done all the same. */
  fail(
    operationId: string,
    status: number,
    times?: number,
    headers?: Record<string, string>,
    done?: boolean,
  ): void;
  /** The next `count` requests of an operation are answered only when all of them are there. */
  meet(operationId: string, count: number): void;
  clearFaults(): void;
  close(): Promise<void>;
}

interface Commit {
  readonly sha: string;
  readonly parent: Commit | undefined;
  readonly files: ReadonlyMap<string, string>;
  readonly message?: string;
}
interface State extends StubRepository {
  readonly commits: Map<string, Commit>;
  head: Commit;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const description = JSON.parse(
  readFileSync(
    join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', 'github-openapi.json'),
    'utf8',
  ),
);
const TOKEN = 'ghs_stub-of-the-tests';
const notFound: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

/** Starts the stub on a free port, or on `port`. */
export async function startGithub(options: {
  port?: number;
  repositories: readonly StubRepository[];
}): Promise<GithubStub> {
  const states = new Map(options.repositories.map((repository) => [repository.name, openState(repository)]));
  const faults: { operationId: string; status: number; headers: Record<string, string>; done: boolean }[] =
    [];
  const tokens = new Map<string, StubToken>([[TOKEN, TOKEN_OF_ALL]]);
  const meetings = new Map<string, { left: number; all: PromiseWithResolvers<void> }>();
  const requests: GithubStub['requests'] = [];
  const attestations: unknown[] = [];
  const storageRecords: unknown[] = [];
  const snapshots: unknown[] = [];

  const tokenOf = (context: Context): StubToken =>
    findToken(String(context.request.headers.authorization)) ?? TOKEN_OF_ALL;
  const { reports, handlers } = createReports(() => address(), tokenOf);
  const { reviews, handlers: reviewing } = createReviews();
  const { packages, handlers: packaging } = createPackages();
  const { writing, handlers: writingHandlers, listOpen } = createWriting((context) => find(context));
  const findToken = (authorization = ''): StubToken | undefined =>
    tokens.get(/^(?:token|bearer) (.+)$/i.exec(authorization)?.[1] ?? '');

  const find = (context: Context): State | undefined =>
    states.get(`${context.request.params.owner}/${context.request.params.repo}`);
  const api = new OpenAPIBackend({
    definition: description,
    ajvOpts: { strict: false, validateFormats: false },
    handlers: {
      ...handlers,
      ...reviewing,
      ...packaging,
      ...writingHandlers,
      'pulls/list': (context) => {
        const listed = handlers['pulls/list']?.(context) ?? notFound;
        return { ...listed, body: [...(listed.body as unknown[]), ...listOpen(context)] };
      },
      'repos/get': (context) => answer(find(context), (state) => describeRepository(context, state)),
      'repos/get-branch': (context) => answer(find(context), (state) => describeBranch(context, state)),
      'repos/get-branch-rules': (context) => answer(find(context), describeRules),
      'repos/compare-commits-with-basehead': (context) =>
        answer(find(context), (state) => compareCommits(context, state)),
      'dependency-graph/create-repository-snapshot': (context) => {
        const found = answer(find(context), () => fillRequired(successSchema(context, 201)));
        if (found.status === 200) snapshots.push(context.request.requestBody);
        return found.status === 200 ? { ...found, status: 201 } : found;
      },
      'repos/get-content': (context) => answer(find(context), (state) => describeContent(context, state)),
      'repos/create-attestation': (context) => {
        const found = answer(find(context), () => ({ id: attestations.length + 1 }));
        if (found.status === 200) attestations.push(context.request.requestBody.bundle);
        return found.status === 200 ? { ...found, status: 201 } : found;
      },
      'repos/list-attestations': (context) =>
        answer(find(context), ({ id }) => listAttestations(context, id, attestations, stub.bundlesElsewhere)),
      'orgs/create-artifact-storage-record': (context) => {
        storageRecords.push(context.request.requestBody);
        return { status: 200, body: { total_count: 1, storage_records: [] } };
      },
      notFound: () => notFound,
      validationFail: (context): Answer => ({
        status: 422,
        body: { message: JSON.stringify(context.validation.errors) },
      }),
      postResponseHandler: (context): Answer => {
        const { response, operation } = context as Context & { response: Answer };
        if (operation === undefined || response.status >= 300 || response.status === 204) return response;
        const checked = api.validateResponse(response.body, operation, response.status);
        return checked.errors?.length
          ? { status: 500, body: { message: `the stub lies: ${JSON.stringify(checked.errors)}` } }
          : response;
      },
    },
  });
  await api.init();

  async function handle(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization } = request.headers;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stub');
    if (pathname.startsWith('/blobs/')) {
      // Elsewhere at GitHub, signed by its query: a token has no business there.
      const blob = reports.artifacts.find(({ id }) => pathname === `/blobs/${id}`);
      return blob === undefined || authorization !== undefined ? notFound : { status: 200, body: blob.bytes };
    }
    const token = findToken(authorization);
    if (token === undefined) return { status: 401, body: { message: 'Bad credentials', status: '401' } };
    // GraphQL has a description of its own; this is the one question that is asked.
    if (pathname === '/graphql') {
      const { query } = JSON.parse(Buffer.concat(chunks).toString());
      if (query !== '{ viewer { login } }') return { status: 400, body: { message: `no ${query}` } };
      return { status: 200, body: { data: { viewer: { login: token.login } } } };
    }
    const asked = {
      method: request.method ?? 'GET',
      path: pathname,
      headers: request.headers as Record<string, string>,
      query: Object.fromEntries(searchParams),
      ...(chunks.length > 0 && { body: Buffer.concat(chunks).toString() }),
    };
    const operation = api.matchOperation(asked);
    const at = faults.findIndex((fault) => fault.operationId === operation?.operationId);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    const denied = operation && denyToken(token, operation.operationId ?? '');
    if (denied) return denied;
    await arrive(operation?.operationId ?? '');
    if (fault) {
      if (fault.done) await api.handleRequest(asked);
      // GitHub's own words, by which its clients know a limit that a wait ends.
      const limited = fault.headers['retry-after'] !== undefined;
      return {
        ...fault,
        body: { message: limited ? 'You have exceeded a secondary rate limit' : 'a fault' },
      };
    }
    return (await api.handleRequest(asked)) as Answer;
  }

  /** Waits until as many are there as were announced. */
  async function arrive(operationId: string): Promise<void> {
    const meeting = meetings.get(operationId);
    if (meeting === undefined) return;
    meeting.left -= 1;
    if (meeting.left > 0) return meeting.all.promise;
    meetings.delete(operationId);
    meeting.all.resolve();
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void handle(request)
      .catch((error: unknown): Answer => ({ status: 500, body: { message: String(error) } }))
      .then(({ status, body, headers }) => {
        requests.push({ method: request.method ?? '', path: request.url ?? '', status });
        const type = Buffer.isBuffer(body) ? 'application/zip' : 'application/json; charset=utf-8';
        response.writeHead(status, { 'content-type': type, ...headers });
        response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });

  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stateOf = (name: string): State => {
    const state = states.get(name);
    if (state === undefined) throw new Error(`the stub has no repository ${name}`);
    return state;
  };
  const stub: GithubStub = {
    url: address(),
    token: TOKEN,
    issueToken: (permissions, login = 'github-actions[bot]') => {
      const token = `ghs_stub-of-the-tests-${tokens.size}`;
      tokens.set(token, { login, permissions });
      return token;
    },
    reports,
    reviews,
    packages,
    writing,
    requests,
    attestations,
    bundlesElsewhere: false,
    storageRecords,
    snapshots,
    commit: (name, files) => {
      const state = stateOf(name);
      state.head = addCommit(state.commits, files, state.head);
      return state.head.sha;
    },
    push: (name, sha, parent, message = 'a commit') => {
      const { commits } = stateOf(name);
      const before = parent === undefined ? [...commits.values()][0] : commits.get(parent);
      commits.set(sha, { sha, parent: before, files: new Map(before?.files), message });
    },
    filesOf: (name, commit) => {
      const { head, commits } = stateOf(name);
      return (commit === undefined ? head : commits.get(commit))?.files ?? new Map();
    },
    messageOf: (name, commit) => {
      const { head, commits } = stateOf(name);
      return (commit === undefined ? head : commits.get(commit))?.message ?? '';
    },
    commitInFork: (name, files) => {
      const state = stateOf(name);
      return addCommit(state.commits, files, state.head).sha;
    },
    fail: (operationId, status, times = 1, headers = {}, done = false) => {
      for (let at = 0; at < times; at += 1) faults.push({ operationId, status, headers, done });
    },
    meet: (operationId, count) => {
      meetings.set(operationId, { left: count, all: Promise.withResolvers() });
    },
    clearFaults: () => {
      faults.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}

/** A page of the stored bundles that name a digest; GitHub answers 404 where there are none. */
function listAttestations(
  { request: { params, query } }: Context,
  repository: number,
  stored: readonly unknown[],
  elsewhere: boolean,
): unknown {
  const [algorithm = '', hex] = decodeURIComponent(String(params.subject_digest)).split(':');
  const about = (stored as { dsseEnvelope: { payload: string } }[]).filter(({ dsseEnvelope }) => {
    const { subject } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
    return subject.some(({ digest }: { digest: Record<string, string> }) => digest[algorithm] === hex);
  });
  const listed = about.slice(0, Number(query.per_page ?? 30)).map((bundle, at) => ({
    ...(!elsewhere && { bundle }),
    bundle_url: `https://example.com/${at}.json.sn`,
    repository_id: repository,
  }));
  return listed.length === 0 ? undefined : { attestations: listed };
}

function openState(repository: StubRepository): State {
  const commits = new Map<string, Commit>();
  const root = addCommit(commits, { 'README.md': `# ${repository.name}\n` }, undefined);
  return { ...repository, commits, head: addCommit(commits, repository.files, root) };
}

function addCommit(
  commits: Map<string, Commit>,
  changed: Record<string, string | undefined>,
  parent: Commit | undefined,
): Commit {
  const files = new Map(parent?.files);
  for (const [path, content] of Object.entries(changed)) {
    if (content === undefined) files.delete(path);
    else files.set(path, content);
  }
  const sha = createHash('sha1')
    .update(JSON.stringify([parent?.sha, [...files], commits.size]))
    .digest('hex');
  const commit = { sha, parent, files };
  commits.set(sha, commit);
  return commit;
}

function isAncestor(ancestor: Commit, of: Commit): boolean {
  for (let at: Commit | undefined = of; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

function answer(state: State | undefined, describe: (state: State) => unknown): Answer {
  const body = state === undefined ? undefined : describe(state);
  return body === undefined ? notFound : { status: 200, body };
}

function resolveCommit(state: State, name: string): Commit | undefined {
  return name === state.defaultBranch ? state.head : state.commits.get(name);
}

function describeRepository(context: Context, state: State): unknown {
  const { id, name, defaultBranch } = state;
  return fillRequired(successSchema(context), {
    id,
    full_name: name,
    name: name.split('/')[1],
    default_branch: defaultBranch,
    private: state.private ?? false,
  });
}

function describeBranch(context: Context, state: State): unknown {
  if (context.request.params.branch !== state.defaultBranch) return undefined;
  return fillRequired(successSchema(context), {
    name: state.defaultBranch,
    commit: { sha: state.head.sha },
    protected: state.protected ?? true,
  });
}

function describeRules(state: State): unknown {
  return (state.rules ?? []).map((type) => ({
    type,
    ruleset_source_type: 'Repository',
    ruleset_source: state.name,
    ruleset_id: 1,
  }));
}

function compareCommits(context: Context, state: State): unknown {
  const [base, head] = String(context.request.params.basehead)
    .split('...')
    .map((name) => resolveCommit(state, name));
  if (base === undefined || head === undefined) return undefined;
  const behind = isAncestor(head, base);
  const ahead = isAncestor(base, head);
  const status = base === head ? 'identical' : behind ? 'behind' : ahead ? 'ahead' : 'diverged';
  const schema = successSchema(context);
  let common: Commit | undefined = base;
  while (common !== undefined && !isAncestor(common, head)) common = common.parent;
  // Two histories without a common commit are not compared.
  if (common === undefined) return undefined;
  const between: Commit[] = [];
  for (let at: Commit | undefined = head; at !== undefined && at !== common; at = at.parent)
    between.unshift(at);
  const item = ((schema.properties as Record<string, Schema>).commits?.items ?? {}) as Schema;
  return fillRequired(schema, {
    status,
    total_commits: between.length,
    base_commit: { sha: base.sha },
    merge_base_commit: { sha: common.sha, parents: describeParents(common) },
    commits: between
      .slice(0, Number(context.request.query.per_page ?? 250))
      .map(({ sha, message = 'a commit' }) => fillRequired(item, { sha, commit: { message } })),
  });
}

function describeParents({ parent }: Commit): unknown[] {
  const url = 'https://example.com/';
  return parent === undefined ? [] : [{ sha: parent.sha, url, html_url: url }];
}

function describeContent(context: Context, state: State): unknown {
  const path = decodeURIComponent(String(context.request.params.path));
  const content = resolveCommit(state, String(context.request.query.ref ?? state.defaultBranch))?.files.get(
    path,
  );
  if (content === undefined) return undefined;
  const bytes = Buffer.from(content);
  const alternatives = successSchema(context).oneOf as Schema[];
  const schema =
    alternatives.find((one) => (one.required as string[] | undefined)?.includes('encoding')) ?? {};
  return fillRequired(schema, {
    type: 'file',
    path,
    name: path.split('/').at(-1),
    size: bytes.length,
    // As GitHub does it: base64 in lines, and nothing at all over 1 MB.
    ...(bytes.length > 1_000_000
      ? { encoding: 'none', content: '' }
      : { encoding: 'base64', content: bytes.toString('base64').replace(/.{60}/g, '$&\n') }),
  });
}
