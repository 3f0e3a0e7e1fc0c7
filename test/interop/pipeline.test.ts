import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { publishTrivyDb } from '../servers/trivy-db.ts';
import { packZip } from '../servers/zip.ts';
import { type Cosign, openCosign } from './cosign.ts';

/*
 * The reusable workflows as a repository calls them, run by act on this machine. Three things of GitHub's that act lacks are
 * stood in for, in a copy of this repository: `$/` (act 0.2.89 does not know it) is written out as the suite's name, the
 * gate's job is given a token endpoint of its own, because GitHub's tokens name the called workflow and act has one endpoint for all,
 * and the two actions that carry artifacts from job to job copy a folder.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const SUITE = 'hallmark-actions/hallmark';
const PIPELINE = `${SUITE}/.github/workflows/pipeline.yml`;
const GATE = `${SUITE}/.github/workflows/gate.yml`;
const REPORT_FORK = `${SUITE}/.github/workflows/report-fork.yml`;
const TAG = 'v1';
const BASES = '.github/workflows/bases.yml';
const RUNNERS = ['linux/amd64', 'linux/arm64'].map((platform) => ({ platform, runner: 'ubuntu-latest' }));

const missing = await findMissing({
  tools: ['act', 'cosign', 'crane', 'trivy'],
  programs: ['git', 'bash'],
});

describe.skipIf(missing)(`the pipeline workflow under act${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let cosign: Cosign;
  let suite: string;
  const repository = (name: string): string => `${world.registry.host}/octo/${name}`;

  beforeAll(async () => {
    world = await startWorld();
    cosign = await openCosign(world.sigstore);
    const database = await publishTrivyDb(world.registry.host);
    world.github.commit('octo/app', {
      '.github/hallmark.yml': POLICY.replaceAll('REGISTRY', world.registry.host).replace(
        'DATABASE',
        database,
      ),
      '.github/trusted-root.json': JSON.stringify(world.sigstore.trustedRoot),
      'deploy/app.yaml': `services: { app: { image: "${repository('app-staging')}:v1" } } # kept\n`,
    });
    suite = copySuite(world);
  });
  afterAll(async () => {
    cosign?.close();
    await world?.close();
  });

  function commit(lodash: string, inputs: Readonly<Record<string, string>> = {}): string {
    return world.commit(
      {
        '.github/workflows/release.yml': callPipeline(world, inputs),
        '.github/workflows/report-fork.yml': CALL_REPORT_FORK,
        '.github/workflows/operate.yml': callGate(world),
        '.github/trusted-root.json': JSON.stringify(world.sigstore.trustedRoot),
        'package.json': '{"name":"app","version":"1.0.0"}',
        'package-lock.json': JSON.stringify(
          {
            ...{ name: 'app', version: '1.0.0', lockfileVersion: 3 },
            packages: { '': { name: 'app' }, 'node_modules/lodash': { version: lodash, license: 'MIT' } },
          },
          null,
          2,
        ),
        'node_modules/lodash/package.json': JSON.stringify({
          name: 'lodash',
          version: lodash,
          license: 'MIT',
        }),
      },
      `Use lodash ${lodash}`,
    );
  }

  const manifest = () => world.github.filesOf('octo/app').get('deploy/app.yaml');

  async function digestOf(name: string, tag: string): Promise<string | undefined> {
    const run = await runProcess(await ensureTool('crane'), ['digest', `${repository(name)}:${tag}`], {
      env: { PATH: process.env.PATH ?? '', HOME: world.folder },
      deadline: AbortSignal.timeout(30_000),
    });
    return run.code === 0 ? run.stdout.toString().trim() : undefined;
  }

  test.each([
    ['4.17.4', 'deny'],
    ['4.17.21', 'allow'],
  ])('on a pull request with lodash %s previews "%s", and writes nothing', async (lodash, decision) => {
    commit(lodash);
    const [seen, asked] = [world.registry.requests.length, world.sigstore.requests.length];
    const { pulls, comments, checks, analyses } = world.github.reports;
    for (const list of [pulls, comments, checks, analyses]) list.length = 0;
    pulls.push(pullRequest(world.env().GITHUB_SHA, OCTO));
    const { code, log } = await act(world, suite, 'pull_request');
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    expect(log).toContain(`set-output:: decision=${decision}`);
    // The reviewer's page, by the job that may write it.
    expect(comments).toMatchObject([
      { issue: 7, body: expect.stringMatching(decision === 'deny' ? /Denied/ : /Allowed/) },
    ]);
    expect(checks).toMatchObject([
      { name: 'Hallmark', conclusion: decision === 'deny' ? 'failure' : 'neutral' },
    ]);
    expect(analyses.map(({ sarif }) => sarif.runs[0]?.automationDetails.id)).toEqual([
      `hallmark/${repository('app')}/linux/amd64/`,
    ]);
    // A finding at the one line of the lockfile that can be meant, as the caller names the lockfile.
    const annotated = checks.flatMap(({ annotations }) =>
      annotations.map(({ path, start_line: line }) => ({ path, line })),
    );
    expect(annotated).toEqual(decision === 'deny' ? [{ path: 'package-lock.json', line: 9 }] : []);
    const methods = world.registry.requests.slice(seen).map(({ method }) => method);
    expect(methods.filter((method) => !['GET', 'HEAD'].includes(method))).toEqual([]);
    expect(world.sigstore.requests.length).toBe(asked);
  });

  test("shows on a fork's pull request what its run left, by jobs of the default branch", async () => {
    commit('4.17.4');
    const { reports } = world.github;
    for (const list of [reports.pulls, reports.comments, reports.checks, reports.artifacts]) list.length = 0;
    const sha = world.env().GITHUB_SHA ?? '';
    reports.pulls.push(pullRequest(sha, MALLORY));
    const first = await act(world, suite, 'pull_request', describePullRequest(sha, MALLORY));
    expect({ code: first.code, log: first.code === 0 ? '' : first.log }).toEqual({ code: 0, log: '' });
    expect(reports.comments).toEqual([]);

    const left = join(artifactFolder(world), ARTIFACT);
    const entries = readdirSync(left, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ name: relative(left, path), content: readFileSync(path) }));
    expect(entries.map(({ name }) => name.split('/').at(-1)).sort()).toEqual([
      'review.json',
      'trivy.sarif',
      'verdict.json',
    ]);
    reports.artifacts.push({ id: 1, run: 77, name: ARTIFACT, bytes: packZip(entries), expired: false });
    const second = await act(world, suite, 'workflow_run', describeForkRun(sha));
    expect({ code: second.code, log: second.code === 0 ? '' : second.log }).toEqual({ code: 0, log: '' });
    expect(reports.comments).toMatchObject([
      { issue: 7, body: expect.stringMatching(/Denied[\s\S]*unverified/i) },
    ]);
    expect(reports.checks).toMatchObject([
      { name: 'Hallmark (unverified)', head_sha: sha, conclusion: 'failure' },
    ]);
  });

  test('fails where the policy says no, and promotes nothing', async () => {
    const sha = commit('4.17.4');
    const { code, log } = await act(world, suite);
    expect(log).toMatch(/no-critical|No fixable critical/);
    expect(code).not.toBe(0);
    const digest = await digestOf('app', `sha-${sha}`);
    expect(digest).toMatch(/^sha256:/);
    const verdict = await cosign.verifyAttestation(
      `${repository('app')}@${digest}`,
      'https://slsa.dev/verification_summary/v1',
      identity(GATE),
    );
    expect(verdict).toMatchObject({ code: 0 });
    expect(readPredicate(verdict.stdout)).toMatchObject({ verificationResult: 'FAILED' });
    expect(await digestOf('app-staging', 'env-staging')).toBeUndefined();
  });

  test('takes a good commit from source to its environment, and cosign verifies it there', async () => {
    const sha = commit('4.17.21');
    const { code, log } = await act(world, suite);
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    const digest = await digestOf('app', `sha-${sha}`);
    expect(await digestOf('app-staging', 'env-staging')).toBe(digest);
    expect(manifest()).toBe(
      `services: { app: { image: "${repository('app-staging')}@${digest}" } } # kept\n`,
    );
    for (const name of ['app', 'app-staging']) {
      const image = `${repository(name)}@${digest}`;
      expect(await cosign.verify(image, identity(PIPELINE))).toMatchObject({ code: 0 });
      for (const [type, workflow] of [
        ['slsaprovenance1', PIPELINE],
        ['cyclonedx', PIPELINE],
        ['https://in-toto.io/attestation/vulns/v0.2', PIPELINE],
        ['https://slsa.dev/verification_summary/v1', GATE],
      ] as const) {
        const { code: found, stderr } = await cosign.verifyAttestation(image, type, identity(workflow));
        expect({ name, type, found, stderr }).toMatchObject({ found: 0 });
      }
      const forged = await cosign.verifyAttestation(
        image,
        'https://slsa.dev/verification_summary/v1',
        identity(PIPELINE),
      );
      expect(forged.code).not.toBe(0);
    }
  });

  test('run again for the same commit, builds nothing and moves nothing', async () => {
    const before = await digestOf('app-staging', 'env-staging');
    const { code, log } = await act(world, suite);
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    expect(log).toMatch(/set-output:: reused=true/);
    expect(await digestOf('app-staging', 'env-staging')).toBe(before);
  });

  test('goes back by the gate alone, and its manifests with it', async () => {
    const first = await digestOf('app-staging', 'env-staging');
    const before = world.env().GITHUB_SHA;
    const sha = commit('4.17.23');
    world.github.push('octo/app', sha, before);
    const forward = await act(world, suite);
    expect({ code: forward.code, log: forward.code === 0 ? '' : forward.log }).toEqual({ code: 0, log: '' });
    const second = await digestOf('app-staging', 'env-staging');
    expect(second).not.toBe(first);
    expect(manifest()).toContain(second);

    const { code, log } = await act(world, suite, 'workflow_dispatch');
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    expect(await digestOf('app-staging', 'env-staging')).toBe(first);
    expect(manifest()).toContain(first);
  });

  test('builds each platform in a job of its own, and makes one image of them', async () => {
    const before = world.env().GITHUB_SHA;
    const sha = commit('4.17.21', { runners: JSON.stringify(RUNNERS) });
    world.github.push('octo/app', sha, before);
    const { code, log } = await act(world, suite);
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    const digest = await digestOf('app', `sha-${sha}`);
    expect(await digestOf('app-staging', 'env-staging')).toBe(digest);
    const answer = await fetch(`http://${world.registry.host}/v2/octo/app/manifests/${digest}`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    const { manifests } = (await answer.json()) as { manifests: { digest: string; platform: unknown }[] };
    expect(manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    for (const subject of [digest, ...manifests.map((one) => one.digest)]) {
      const image = `${repository('app')}@${subject}`;
      const found = await cosign.verifyAttestation(image, 'slsaprovenance1', identity(PIPELINE));
      expect(found).toMatchObject({ code: 0 });
    }
    // Each job again: all three take what is there.
    const again = await act(world, suite);
    expect({ code: again.code, log: again.code === 0 ? '' : again.log }).toEqual({ code: 0, log: '' });
    expect(again.log.match(/set-output:: reused=true/g)).toHaveLength(3);
  });

  test('shows on the next pull request what it brings beside the image of the commit it started from', async () => {
    const base = world.env().GITHUB_SHA ?? '';
    world.github.push('octo/app', base);
    const sha = commit('4.17.4');
    world.github.push('octo/app', sha, base);
    const { pulls, comments } = world.github.reports;
    for (const list of [pulls, comments]) list.length = 0;
    pulls.push(pullRequest(sha, OCTO));
    const { code, log } = await act(world, suite, 'pull_request', describePullRequest(sha, OCTO, base));
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toMatch(/\d new\*\*: .*Compared with the base branch, `.*\/octo\/app`/);
    expect(comments[0]?.body).toContain('Packages: 1 downgraded');
  });

  describe('under a base-policy', () => {
    /** A base image that one of the repository's workflows built. */
    async function makeBase(name: string, workflow: string): Promise<string> {
      commit('4.17.21');
      const inputs = { repository: repository(name), builder: 'layers', files: 'package.json:/base.json' };
      const { code, log, outputs } = await world.run('build', inputs, { workflow });
      expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
      return outputs.image ?? '';
    }
    const upon = (base: string, inputs = {}) =>
      commit('4.17.21', { base, 'base-policy': '.github/hallmark.yml', ...inputs });

    test('builds on a base that its role vouches for, from source to the environment', async () => {
      const sha = upon(await makeBase('base', BASES));
      const { code, log } = await act(world, suite);
      expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
      expect(log).toContain('base: vouched for by the role base');
      const digest = await digestOf('app', `sha-${sha}`);
      expect(digest).toMatch(/^sha256:/);
      expect(await digestOf('app-staging', 'env-staging')).toBe(digest);
    });

    test.each<[string, 'push' | 'pull_request', Record<string, string>]>([
      ['push', 'push', {}],
      ['push, one platform a job', 'push', { runners: JSON.stringify(RUNNERS) }],
      ['pull request', 'pull_request', {}],
    ])('on a %s takes no other base, and builds nothing', async (_, event, inputs) => {
      const sha = upon(await makeBase('other', '.github/workflows/other.yml'), inputs);
      world.github.reports.pulls.length = 0;
      world.github.reports.pulls.push(pullRequest(sha, OCTO));
      const before = await digestOf('app-staging', 'env-staging');
      const seen = world.registry.requests.length;
      const { code, log } = await act(world, suite, event);
      expect(code).not.toBe(0);
      expect(log).toMatch(
        /other@sha256:\w+ \(sha256:\w+\) has no signature and no provenance by the role base/,
      );
      const methods = world.registry.requests.slice(seen).map(({ method }) => method);
      expect(methods.filter((method) => !['GET', 'HEAD'].includes(method))).toEqual([]);
      expect(await digestOf('app', `sha-${sha}`)).toBeUndefined();
      expect(await digestOf('app-staging', 'env-staging')).toBe(before);
    });
  });
});

/** Who opens a pull request, and from where. */
const OCTO = { owner: 'octo', repositoryId: 123456789 };
const MALLORY = { owner: 'mallory', repositoryId: 666 };
const ARTIFACT = 'hallmark-report-Hallmark';

const pullRequest = (sha: string | undefined, from: typeof OCTO) => ({
  number: 7,
  head: { sha: sha ?? '', ref: 'feature', ...from },
});

/** The part of the event's payload that tells who asks for what to be merged (docs.github.com, "Webhook events"). */
function describePullRequest(sha: string | undefined, from = OCTO, start = sha): unknown {
  const repo = { id: OCTO.repositoryId, full_name: 'octo/app', fork: false };
  const head = { ref: 'feature', sha, repo: { id: from.repositoryId, full_name: `${from.owner}/app` } };
  const base = { ref: 'main', sha: start, repo };
  return { action: 'opened', number: 7, pull_request: { number: 7, head, base }, repository: repo };
}

/** The event after that, in the repository itself. */
function describeForkRun(sha: string): unknown {
  const { repositoryId: id, owner } = MALLORY;
  const head_repository = { id, full_name: `${owner}/app`, owner: { login: owner } };
  const html_url = 'https://github.com/octo/app/actions/runs/77';
  const run = {
    id: 77,
    event: 'pull_request',
    head_sha: sha,
    head_branch: 'feature',
    head_repository,
    html_url,
  };
  return { action: 'completed', workflow_run: run };
}

const identity = (workflow: string): string => `https://github.com/${workflow}@refs/tags/${TAG}`;

function readPredicate(envelope: string): unknown {
  const { payload } = JSON.parse(envelope.trim().split('\n').at(-1) ?? '{}');
  return JSON.parse(Buffer.from(payload, 'base64').toString()).predicate;
}

const POLICY = `version: 1
repository-id: 123456789
trusted-root: .github/trusted-root.json
mirrors: { trivy-db: ["DATABASE"] }
trust:
  builder: [{ signer-workflow: ${PIPELINE}, ref: [refs/heads/main], runner-environment: github-hosted }]
  scanner: [{ signer-workflow: ${PIPELINE}, ref: [refs/heads/main] }]
  gate: [{ signer-workflow: ${GATE} }]
  promoter: [{ signer-workflow: ${GATE} }]
  base: [{ signer-workflow: octo/app/${BASES} }]
environments:
  staging: { repository: REGISTRY/octo/app-staging, rules: [signed, provenance, sbom, no-secrets, no-critical] }
rules:
  no-critical: { title: No fixable critical vulnerability, needs: [scan], deny: "vulnerabilities.exists(v, v.severity == 'CRITICAL' && v.fixed != '')" }
`;

/** What a repository writes to have all of it. */
function callPipeline(world: World, inputs: Readonly<Record<string, string>>): string {
  const { sigstore, registry } = world;
  const own = Object.entries({ base: 'scratch', ...inputs });
  return `name: release
on: { push: { branches: [main] }, pull_request: }
permissions: {}
jobs:
  pipeline:
    permissions: { contents: read, packages: write, id-token: write, pull-requests: write, checks: write, security-events: write }
    uses: ${PIPELINE}@${TAG}
    with:
      repository: ${registry.host}/octo/app
      environment: staging
      builder: layers
      files: |
        package.json:/app/package.json
        node_modules:/app/node_modules
      entrypoint: node /app/server.mjs
      ${own.map(([name, value]) => `${name}: '${value}'`).join('\n      ')}
      lockfiles: package-lock.json
      sigstore: custom
      fulcio-url: ${sigstore.fulcioUrl}
      rekor-url: ${sigstore.rekorUrl}
      tsa-url: ${sigstore.tsaUrl}
      trusted-root: .github/trusted-root.json
      manifests: deploy/app.yaml
    secrets:
      manifests-token: \${{ secrets.GITHUB_TOKEN }}
`;
}

/** What a repository writes to go back by hand. */
function callGate(world: World): string {
  const { sigstore } = world;
  return `name: operate
on: { workflow_dispatch: }
permissions: {}
jobs:
  rollback:
    permissions: { contents: read, packages: write, id-token: write, actions: read, pull-requests: read }
    uses: ${GATE}@${TAG}
    with:
      mode: rollback
      environment: staging
      reason: it is broken
      sigstore: custom
      fulcio-url: ${sigstore.fulcioUrl}
      rekor-url: ${sigstore.rekorUrl}
      tsa-url: ${sigstore.tsaUrl}
      manifests: deploy/app.yaml
    secrets:
      manifests-token: \${{ secrets.GITHUB_TOKEN }}
`;
}

/** What a repository writes to have the page on pull requests of forks too. */
const CALL_REPORT_FORK = `name: report on forks
on: { workflow_run: { workflows: [release], types: [completed] } }
permissions: {}
jobs:
  report:
    permissions: { actions: read, pull-requests: write, checks: write }
    uses: ${REPORT_FORK}@${TAG}
`;

/** Where the stand-ins keep artifacts, each in a folder of its name. */
const artifactFolder = (world: World): string => join(world.folder, 'artifacts');

/** Actions that carry a folder from job to job as those of GitHub do, which need its own storage: by name and commit, as the workflow pins them. */
function standInForArtifacts(world: World, suite: string): string[] {
  const pipeline = readFileSync(join(suite, '.github/workflows/pipeline.yml'), 'utf8');
  const root = JSON.stringify(artifactFolder(world));
  const programs = {
    upload: `const patterns = env.INPUT_PATH.split('\\n').filter(Boolean);
      const kept = path.join(root, env.INPUT_NAME);
      const above = patterns.length > 1 ? env.RUNNER_TEMP : path.dirname(patterns[0]);
      fs.rmSync(kept, { recursive: true, force: true });
      for (const file of patterns.flatMap((pattern) => fs.globSync(pattern)))
        fs.cpSync(file, path.join(kept, path.relative(above, file)), { recursive: true });`,
    download: `const names = env.INPUT_NAME ? [env.INPUT_NAME] : fs.globSync(env.INPUT_PATTERN, { cwd: root });
      const to = path.resolve(env.GITHUB_WORKSPACE, env.INPUT_PATH);
      for (const name of names) fs.cpSync(path.join(root, name), to, { recursive: true });`,
  };
  return Object.entries(programs).map(([name, program]) => {
    const folder = join(world.folder, `${name}-artifact`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'action.yml'),
      `name: ${name}\ndescription: a stand-in\ninputs: { name: { description: n }, pattern: { description: q }, path: { required: true, description: p } }\nruns: { using: node24, main: index.js }\n`,
    );
    writeFileSync(
      join(folder, 'index.js'),
      `const fs = require('node:fs'); const path = require('node:path'); const { env } = process; const root = ${root};
      ${program}`,
    );
    const pinned = new RegExp(`actions/${name}-artifact@[0-9a-f]{40}`).exec(pipeline)?.[0];
    return `${pinned}=${folder}`;
  });
}

/**
 * Does what GitHub does for each job of a called workflow that may write `id-token`: it can ask for tokens that name this workflow,
 * for the commit that is now in the workspace. The other jobs cannot.
 */
function giveTokens(world: World, suite: string, workflow: string): void {
  const file = join(suite, workflow.slice(SUITE.length));
  const document = parseDocument(readFileSync(file, 'utf8'));
  const env = world.env({ claims: { job_workflow_ref: `${workflow}@refs/tags/${TAG}` } });
  for (const { key } of (document.get('jobs') as YAMLMap<Scalar<string>>).items) {
    const job = ['jobs', key.value];
    if (document.getIn([...job, 'permissions', 'id-token']) !== 'write' || document.hasIn([...job, 'uses']))
      continue;
    for (const name of ['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']) {
      document.setIn([...job, 'env', name], env[name]);
    }
  }
  writeFileSync(file, document.toString());
}

function copySuite(world: World): string {
  const suite = join(world.folder, 'suite');
  const workflows = join(suite, '.github', 'workflows');
  mkdirSync(workflows, { recursive: true });
  for (const part of ['actions', 'dist']) cpSync(join(root, part), join(suite, part), { recursive: true });
  for (const name of readdirSync(join(root, '.github', 'workflows'))) {
    writeFileSync(
      join(workflows, name),
      readFileSync(join(root, '.github', 'workflows', name), 'utf8').replace(
        /uses: \$\/(\S+)/g,
        `uses: ${SUITE}/$1@${TAG}`,
      ),
    );
  }
  return suite;
}

/** Runs the push event of the world's workspace on this machine, without containers and without a network. */
async function act(
  world: World,
  suite: string,
  event: 'push' | 'pull_request' | 'workflow_run' | 'workflow_dispatch' = 'push',
  about?: unknown,
): Promise<{ code: number | null; log: string }> {
  for (const workflow of [PIPELINE, GATE]) giveTokens(world, suite, workflow);
  const passed = [
    ...['GITHUB_API_URL', 'GITHUB_REPOSITORY_ID', 'GITHUB_REPOSITORY_OWNER_ID', 'GITHUB_WORKFLOW_REF'],
    ...[
      'GITHUB_WORKFLOW_SHA',
      'RUNNER_ENVIRONMENT',
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
      'DOCKER_CONFIG',
      'HOME',
    ],
  ];
  const env = world.env({ event });
  const payload = join(world.folder, 'event.json');
  const given = about ?? (event === 'pull_request' ? describePullRequest(env['GITHUB_SHA']) : {});
  writeFileSync(payload, JSON.stringify(given));
  const { code, stdout, stderr } = await runProcess(
    await ensureTool('act'),
    [
      ...[
        event,
        '--eventpath',
        payload,
        '--platform',
        'ubuntu-latest=-self-hosted',
        '--action-offline-mode',
        '--no-cache-server',
      ],
      ...[`${SUITE}@${TAG}=${suite}`, ...standInForArtifacts(world, suite)].flatMap((stand) => [
        '--local-repository',
        stand,
      ]),
      ...['--secret', `GITHUB_TOKEN=${world.github.token}`],
      ...['--action-cache-path', join(world.folder, 'act'), '--actor', 'mona'],
      ...passed.flatMap((name) => ['--env', `${name}=${env[name] ?? ''}`]),
    ],
    {
      cwd: world.workspace,
      env: {
        HOME: world.folder,
        // The runner's node, and a Trivy to be found.
        PATH: [dirname(process.execPath), dirname(await ensureTool('trivy')), process.env.PATH].join(':'),
      },
      deadline: AbortSignal.timeout(240_000),
    },
  );
  return { code, log: `${stdout}${stderr}` };
}
