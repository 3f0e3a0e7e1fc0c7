// The part of the GitHub stub that reports are written to: pull requests, comments, check runs, code scanning, artifacts.
// Beside it stand the tokens, each with the permissions of a job.
import { gunzipSync } from 'node:zlib';
import type { Context } from 'openapi-backend';
import { fillRequired, type Schema, successSchema } from './github-schema.ts';

/** What a token may do, by the names of a job's `permissions:`. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

export interface StubToken {
  readonly login: string;
  readonly permissions: Permissions | 'all';
}

export interface StubComment {
  readonly id: number;
  readonly issue: number;
  readonly login: string;
  body: string;
}

export interface StubIssue {
  readonly number: number;
  readonly login: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
  /** Shown as a pull request, which is an issue too. */
  readonly pull?: boolean;
}

export interface StubCheck {
  readonly id: number;
  readonly name: string;
  readonly head_sha: string;
  readonly conclusion: string;
  readonly output: { readonly title: string; readonly summary: string; readonly text?: string };
  readonly annotations: Record<string, unknown>[];
}

export interface StubAnalysis {
  readonly commit_sha: string;
  readonly ref: string;
  /** Unpacked. */
  readonly sarif: { readonly runs: { readonly automationDetails: { readonly id: string } }[] };
}

export interface StubPull {
  readonly number: number;
  /** Commit, branch, and the repository it is in. */
  readonly head: { sha: string; readonly ref: string; readonly owner: string; readonly repositoryId: number };
}

/** What was reported, for a test to look at; comments may be planted. */
export interface Reports {
  readonly pulls: StubPull[];
  readonly comments: StubComment[];
  readonly issues: StubIssue[];
  readonly checks: StubCheck[];
  readonly analyses: StubAnalysis[];
  readonly artifacts: { id: number; run: number; name: string; bytes: Buffer; expired: boolean }[];
  /** What code scanning says to an upload: taken in, turned off for the repository, or a fault that it finds while it processes. */
  codeScanning: 'on' | 'off' | { readonly error: string };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

export const TOKEN_OF_ALL: StubToken = { login: 'github-actions[bot]', permissions: 'all' };

/** The permissions that let an operation through (docs.github.com, "Permissions required for GitHub Apps"); any one of them does. */
const PERMISSIONS: Record<string, readonly [permissions: readonly string[], level: 'read' | 'write']> = {
  'repos/get': [['metadata'], 'read'],
  'repos/get-branch': [['contents'], 'read'],
  'repos/get-branch-rules': [['metadata'], 'read'],
  'repos/compare-commits-with-basehead': [['contents'], 'read'],
  'repos/get-content': [['contents'], 'read'],
  'git/get-commit': [['contents'], 'read'],
  'git/get-ref': [['contents'], 'read'],
  'git/get-tag': [['contents'], 'read'],
  'git/list-matching-refs': [['contents'], 'read'],
  'git/get-tree': [['contents'], 'read'],
  'git/create-tree': [['contents'], 'write'],
  'git/create-commit': [['contents'], 'write'],
  'git/create-ref': [['contents'], 'write'],
  'git/update-ref': [['contents'], 'write'],
  'pulls/create': [['pull-requests'], 'write'],
  'pulls/update': [['pull-requests'], 'write'],
  'repos/create-deployment': [['deployments'], 'write'],
  'repos/create-deployment-status': [['deployments'], 'write'],
  'repos/create-attestation': [['attestations'], 'write'],
  'repos/list-attestations': [['attestations'], 'read'],
  'orgs/create-artifact-storage-record': [['artifact-metadata'], 'write'],
  'dependency-graph/create-repository-snapshot': [['contents'], 'write'],
  'issues/list-for-repo': [['issues'], 'read'],
  'issues/create': [['issues'], 'write'],
  'issues/update': [['issues'], 'write'],
  'issues/list-comments': [['issues', 'pull-requests'], 'read'],
  'issues/create-comment': [['issues', 'pull-requests'], 'write'],
  'issues/update-comment': [['issues', 'pull-requests'], 'write'],
  'issues/delete-comment': [['issues', 'pull-requests'], 'write'],
  'checks/create': [['checks'], 'write'],
  'checks/update': [['checks'], 'write'],
  'code-scanning/upload-sarif': [['security-events'], 'write'],
  'code-scanning/get-sarif': [['security-events'], 'read'],
  'actions/list-workflow-run-artifacts': [['actions'], 'read'],
  'actions/download-artifact': [['actions'], 'read'],
  'actions/get-reviews-for-run': [['actions'], 'read'],
  'repos/list-pull-requests-associated-with-commit': [['pull-requests'], 'read'],
  'repos/get-collaborator-permission-level': [['metadata'], 'read'],
  'pulls/list-commits': [['pull-requests'], 'read'],
  'pulls/list-reviews': [['pull-requests'], 'read'],
  'pulls/get': [['pull-requests'], 'read'],
  'pulls/list': [['pull-requests'], 'read'],
  'users/get-by-username': [['metadata'], 'read'],
  'packages/get-all-package-versions-for-package-owned-by-org': [['packages'], 'read'],
  'packages/get-all-package-versions-for-package-owned-by-user': [['packages'], 'read'],
  'packages/delete-package-version-for-org': [['packages'], 'write'],
  'packages/delete-package-version-for-user': [['packages'], 'write'],
};

/** GitHub's answer to a token that may not do this; undefined when it may. An operation that the table does not know is let through for nobody. */
export function denyToken(token: StubToken, operationId: string): Answer | undefined {
  if (token.permissions === 'all') return undefined;
  const [names, level] = PERMISSIONS[operationId] ?? [[], 'write'];
  const { permissions } = token;
  const may = names.some(
    (name) =>
      (name === 'metadata' && level === 'read') ||
      permissions[name] === 'write' ||
      (permissions[name] === 'read' && level === 'read'),
  );
  if (may) return undefined;
  return { status: 403, body: { message: 'Resource not accessible by integration', status: '403' } };
}

const notFound: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

/** The handlers of one stub by operation, around what they keep. `tokenOf` says who asks. */
export function createReports(url: () => string, tokenOf: (context: Context) => StubToken) {
  const reports: Reports = {
    pulls: [],
    comments: [],
    issues: [],
    checks: [],
    analyses: [],
    artifacts: [],
    codeScanning: 'on',
  };
  let ids = 0;
  const looked = new Set<string>();
  const good = (context: Context, status: number, given: unknown): Answer => ({
    status,
    body: fillRequired(successSchema(context, status), given),
  });
  const itemsOf = (context: Context): Schema => (successSchema(context).items ?? {}) as Schema;
  const number = (context: Context, name: string): number => Number(context.request.params[name]);
  const describeComment = ({ id, issue, login, body }: StubComment) => ({
    id,
    body,
    html_url: `https://github.com/octo/app/pull/${issue}#issuecomment-${id}`,
    user: { login },
  });
  const describeIssue = ({ number: name, login, title, body, state, pull }: StubIssue) => ({
    number: name,
    title,
    body,
    state,
    html_url: `https://github.com/octo/app/issues/${name}`,
    user: { login },
    ...(pull === true && { pull_request: { url: null, html_url: null, diff_url: null, patch_url: null } }),
  });
  const describePull = ({ number: name, head }: StubPull) => ({
    number: name,
    head: { sha: head.sha, ref: head.ref, repo: { id: head.repositoryId } },
  });
  const describeCheck = ({ id, conclusion }: StubCheck) => ({
    id,
    status: 'completed',
    conclusion,
    html_url: `https://github.com/octo/app/runs/${id}`,
    check_suite: null,
    app: null,
  });

  const handlers: Record<string, (context: Context) => Answer> = {
    'pulls/get': (context) => {
      const pull = reports.pulls.find((one) => one.number === number(context, 'pull_number'));
      return pull === undefined ? notFound : good(context, 200, describePull(pull));
    },
    'pulls/list': (context) => {
      const asked = context.request.query.head;
      const found = reports.pulls.filter(
        ({ head }) => asked === undefined || asked === `${head.owner}:${head.ref}`,
      );
      return { status: 200, body: found.map((pull) => fillRequired(itemsOf(context), describePull(pull))) };
    },
    'issues/list-for-repo': (context) => {
      const query = context.request.query as Record<string, string>;
      const { per_page: size = '30', page = '1', state = 'open', creator } = query;
      const from = (Number(page) - 1) * Number(size);
      const found = reports.issues
        .filter((issue) => state === 'all' || issue.state === state)
        .filter(({ login }) => creator === undefined || login === creator)
        .toReversed();
      const shown = found.slice(from, from + Number(size));
      return { status: 200, body: shown.map((one) => fillRequired(itemsOf(context), describeIssue(one))) };
    },
    'issues/create': (context) => {
      const { title, body } = context.request.requestBody;
      // Not in the description, but in what the real one answers.
      if (body.length > 65_536 || title.length > 256)
        return { status: 422, body: { message: 'Validation Failed' } };
      const made: StubIssue = {
        number: reports.issues.length + 1,
        login: tokenOf(context).login,
        title,
        body,
        state: 'open',
      };
      reports.issues.push(made);
      return good(context, 201, describeIssue(made));
    },
    'issues/update': (context) => {
      const found = reports.issues.find((one) => one.number === number(context, 'issue_number'));
      if (found === undefined) return notFound;
      const { title = found.title, body = found.body, state = found.state } = context.request.requestBody;
      Object.assign(found, { title, body, state });
      return good(context, 200, describeIssue(found));
    },
    'issues/list-comments': (context) => {
      const { per_page: size = '30', page = '1' } = context.request.query as Record<string, string>;
      const from = (Number(page) - 1) * Number(size);
      const found = reports.comments.filter(({ issue }) => issue === number(context, 'issue_number'));
      const shown = found.slice(from, from + Number(size));
      return { status: 200, body: shown.map((one) => fillRequired(itemsOf(context), describeComment(one))) };
    },
    'issues/create-comment': (context) => {
      const { body } = context.request.requestBody;
      // Not in the description, but in what the real one answers.
      if (body.length > 65_536)
        return { status: 422, body: { message: 'Body is too long (maximum is 65536 characters)' } };
      ids += 1;
      const made = { id: ids, issue: number(context, 'issue_number'), login: tokenOf(context).login, body };
      reports.comments.push(made);
      return good(context, 201, describeComment(made));
    },
    'issues/update-comment': (context) => {
      const found = reports.comments.find(({ id }) => id === number(context, 'comment_id'));
      if (found === undefined) return notFound;
      found.body = context.request.requestBody.body;
      return good(context, 200, describeComment(found));
    },
    'issues/delete-comment': (context) => {
      const at = reports.comments.findIndex(({ id }) => id === number(context, 'comment_id'));
      if (at < 0) return notFound;
      reports.comments.splice(at, 1);
      return { status: 204, body: undefined };
    },
    'checks/create': (context) => {
      const { output, ...given } = context.request.requestBody;
      const { annotations = [], ...shown } = output;
      ids += 1;
      const made = { ...given, id: ids, output: shown, annotations: [...annotations] };
      reports.checks.push(made);
      return good(context, 201, describeCheck(made));
    },
    'checks/update': (context) => {
      const found = reports.checks.find(({ id }) => id === number(context, 'check_run_id'));
      if (found === undefined) return notFound;
      found.annotations.push(...(context.request.requestBody.output.annotations ?? []));
      return good(context, 200, describeCheck(found));
    },
    'code-scanning/upload-sarif': (context) => {
      if (reports.codeScanning === 'off')
        return {
          status: 403,
          body: {
            message:
              'Code scanning is not enabled for this repository. Please enable code scanning in the repository settings.',
          },
        };
      const { sarif, ...given } = context.request.requestBody;
      ids += 1;
      reports.analyses.push({
        ...given,
        sarif: JSON.parse(gunzipSync(Buffer.from(sarif, 'base64')).toString()),
      });
      return { status: 202, body: { id: `sarif-${ids}` } };
    },
    // Pending at the first look, as the real one is.
    'code-scanning/get-sarif': (context) => {
      const id = String(context.request.params.sarif_id);
      if (!looked.has(id)) {
        looked.add(id);
        return { status: 200, body: { processing_status: 'pending' } };
      }
      if (typeof reports.codeScanning === 'object')
        return { status: 200, body: { processing_status: 'failed', errors: [reports.codeScanning.error] } };
      return { status: 200, body: { processing_status: 'complete', analyses_url: null, errors: null } };
    },
    'actions/list-workflow-run-artifacts': (context) => {
      const { name } = context.request.query;
      const found = reports.artifacts.filter(
        (one) => one.run === number(context, 'run_id') && (name === undefined || one.name === name),
      );
      const schema = ((successSchema(context).properties as Record<string, Schema>).artifacts?.items ??
        {}) as Schema;
      const artifacts = found.map(({ id, name: label, bytes, expired }) =>
        fillRequired(schema, { id, name: label, size_in_bytes: bytes.length, expired }),
      );
      return { status: 200, body: { total_count: artifacts.length, artifacts } };
    },
    'actions/download-artifact': (context) => {
      const found = reports.artifacts.find(({ id }) => id === number(context, 'artifact_id'));
      if (found === undefined) return notFound;
      return { status: 302, body: undefined, headers: { location: `${url()}/blobs/${found.id}` } };
    },
  };
  return { reports, handlers };
}
