// node scripts/github-openapi.ts: cuts the operations that we use out of GitHub's OpenAPI description,
// for the stub test/servers/github.ts. Run by hand when an operation is added; the description is no dependency (430 MB unpacked).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = '@octokit/openapi@23.0.2';
const OPERATIONS = [
  'get /orgs/{org}/packages/{package_type}/{package_name}/versions',
  'delete /orgs/{org}/packages/{package_type}/{package_name}/versions/{package_version_id}',
  'get /users/{username}',
  'get /users/{username}/packages/{package_type}/{package_name}/versions',
  'delete /users/{username}/packages/{package_type}/{package_name}/versions/{package_version_id}',
  'post /orgs/{org}/artifacts/metadata/storage-record',
  'get /repos/{owner}/{repo}',
  'get /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}',
  'get /repos/{owner}/{repo}/actions/runs/{run_id}/approvals',
  'get /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
  'post /repos/{owner}/{repo}/attestations',
  'get /repos/{owner}/{repo}/attestations/{subject_digest}',
  'get /repos/{owner}/{repo}/branches/{branch}',
  'post /repos/{owner}/{repo}/check-runs',
  'patch /repos/{owner}/{repo}/check-runs/{check_run_id}',
  'post /repos/{owner}/{repo}/code-scanning/sarifs',
  'get /repos/{owner}/{repo}/code-scanning/sarifs/{sarif_id}',
  'get /repos/{owner}/{repo}/collaborators/{username}/permission',
  'get /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
  'get /repos/{owner}/{repo}/compare/{basehead}',
  'get /repos/{owner}/{repo}/contents/{path}',
  'post /repos/{owner}/{repo}/dependency-graph/snapshots',
  'post /repos/{owner}/{repo}/deployments',
  'post /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
  'post /repos/{owner}/{repo}/git/commits',
  'get /repos/{owner}/{repo}/git/commits/{commit_sha}',
  'get /repos/{owner}/{repo}/git/matching-refs/{ref}',
  'get /repos/{owner}/{repo}/git/ref/{ref}',
  'post /repos/{owner}/{repo}/git/refs',
  'patch /repos/{owner}/{repo}/git/refs/{ref}',
  'get /repos/{owner}/{repo}/git/tags/{tag_sha}',
  'post /repos/{owner}/{repo}/git/trees',
  'get /repos/{owner}/{repo}/git/trees/{tree_sha}',
  'get /repos/{owner}/{repo}/issues',
  'post /repos/{owner}/{repo}/issues',
  'delete /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'patch /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'patch /repos/{owner}/{repo}/issues/{issue_number}',
  'get /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'post /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'get /repos/{owner}/{repo}/pulls',
  'post /repos/{owner}/{repo}/pulls',
  'get /repos/{owner}/{repo}/pulls/{pull_number}',
  'patch /repos/{owner}/{repo}/pulls/{pull_number}',
  'get /repos/{owner}/{repo}/pulls/{pull_number}/commits',
  'get /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
  'get /repos/{owner}/{repo}/rules/branches/{branch}',
];
// Prose and samples are nine tenths of the description and check nothing.
const PROSE = new Set(['summary', 'externalDocs', 'example', 'examples', 'x-github', 'title']);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

function readDescription(): JsonObject {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-openapi-'));
  try {
    const tarball = execFileSync('npm', ['pack', SOURCE, '--silent'], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
    const file = 'package/generated/api.github.com.json';
    execFileSync('tar', ['-xzf', tarball, file], { cwd: folder });
    return JSON.parse(
      execFileSync('cat', [file], { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 }),
    ) as JsonObject;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Drops prose, except where a schema has a property of such a name, and says `nullable` in a way that Ajv takes. */
function reduce(value: Json, names = false): Json {
  if (Array.isArray(value)) return value.map((item) => reduce(item));
  if (value === null || typeof value !== 'object') return value;
  const reduced: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (!names && PROSE.has(key)) continue;
    // A response must have one, even if empty.
    reduced[key] = !names && key === 'description' ? '' : reduce(item, !names && key === 'properties');
  }
  if (names || reduced.nullable !== true || reduced.type !== undefined) return reduced;
  const { nullable, ...rest } = reduced;
  return { anyOf: [{ type: 'object', nullable, enum: [null] }, rest] };
}

function collectReferences(value: Json, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collectReferences(item, found);
  else if (value !== null && typeof value === 'object') {
    if (typeof value.$ref === 'string') found.add(value.$ref);
    for (const item of Object.values(value)) collectReferences(item, found);
  }
}

const whole = readDescription();
const paths: JsonObject = {};
for (const operation of OPERATIONS) {
  const [method = '', path = ''] = operation.split(' ');
  const item = (whole.paths as JsonObject)[path] as JsonObject;
  const known = paths[path] as JsonObject | undefined;
  paths[path] = { ...known, [method]: reduce(item[method] ?? null) };
}
// It pages as an organisation's list does, which the description does not say (github/rest-api-description#1651).
const versions = 'packages/{package_type}/{package_name}/versions';
const [ofOrganisation, ofUser] = [`/orgs/{org}/${versions}`, `/users/{username}/${versions}`].map(
  (path) => (paths[path] as { get: { parameters: { $ref: string }[] } }).get,
);
ofUser?.parameters.push(
  ...(ofOrganisation?.parameters.filter(({ $ref }) => /\/(?:per-)?page$/.test($ref)) ?? []),
);
const components: JsonObject = {};
const queue = new Set<string>();
collectReferences(paths, queue);
for (const reference of queue) {
  const [, , kind = '', name = ''] = reference.split('/');
  const part = reduce(((whole.components as JsonObject)[kind] as JsonObject)[name] ?? null);
  components[kind] = { ...(components[kind] as JsonObject | undefined), [name]: part };
  collectReferences(part, queue);
}
const info = {
  title: `GitHub's REST API, cut from ${SOURCE}`,
  version: String((whole.info as JsonObject).version),
};
const target = join(
  dirname(dirname(fileURLToPath(import.meta.url))),
  'test',
  'fixtures',
  'github-openapi.json',
);
writeFileSync(target, `${JSON.stringify({ openapi: whole.openapi, info, paths, components })}\n`);
