// The commands of action-docs/on-call.md and action-docs/audit.md, run as they are written, against an environment with a history.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';

const POLICY = '.github/hallmark.yml';
const policy = (host: string) => `version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/${RELEASE_WORKFLOW} }]
  gate:     [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
  promoter: [{ signer-workflow: octo/app/${GATE_WORKFLOW} }]
environments:
  prod: { repository: ${host}/octo/app, rules: [signed, provenance] }
`;

const ACTION = fileURLToPath(new URL('../../scripts/action.ts', import.meta.url));

const SBOM = {
  ...{ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 },
  components: [
    {
      ...{ type: 'library', group: 'org.apache.logging.log4j', name: 'log4j-core', version: '2.14.1' },
      purl: 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
    },
  ],
};

/** What kubectl prints of one pod that runs an image. */
function listPods(place: string, image = ''): unknown {
  const container = { name: 'app', image: `${place}:v2` };
  const state = { running: { startedAt: '2026-11-21T00:00:00Z' } };
  const ran = { ...container, imageID: `${place}@${image.split('@')[1]}`, state };
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app-1', namespace: 'app' } },
    ...{ spec: { containers: [container] }, status: { phase: 'Running', containerStatuses: [ran] } },
  };
  return { kind: 'List', apiVersion: 'v1', items: [pod] };
}

/** A page's commands, and the lines that come before them in the same block. */
function readCommands(name: string): { command: string; setup: string }[] {
  const page = readFileSync(new URL(`../../action-docs/${name}`, import.meta.url), 'utf8');
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const setup = lines.filter((line) => /^[A-Z]+=\S+$/.test(line)).join('\n');
    return lines.filter((line) => !/^[A-Z]+=\S+$/.test(line)).map((command) => ({ command, setup }));
  });
}
const all = [...readCommands('on-call.md'), ...readCommands('audit.md')];
/** There is no cluster here; the page says so. status from a terminal is run below, on a list that stands for one. */
const [elsewhere, here] = [true, false].map((wanted) =>
  all.filter(({ command }) => /^(?:kubectl|GITHUB_REPOSITORY=\S+ npm) /.test(command) === wanted),
) as [typeof all, typeof all];

const missing = await findMissing({ programs: ['jq'], tools: ['cosign', 'crane'] });

describe.skipIf(missing)(`the pages for on call and audit${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let path: string;
  const images: string[] = [];

  beforeAll(async () => {
    world = await startWorld();
    path = [dirname(await ensureTool('cosign')), dirname(await ensureTool('crane')), process.env.PATH].join(
      delimiter,
    );
    world.github.commit('octo/app', { [POLICY]: policy(world.registry.host) });
    const move = async (action: string, inputs: Record<string, string>): Promise<void> => {
      const given = { environment: 'prod', policy: POLICY, ...inputs };
      const run = await world.run(action, given, { workflow: GATE_WORKFLOW });
      expect(run.outputs.outcome, run.log).toBe('passed');
    };
    writeFileSync(join(world.workspace, '.hallmark/sbom.cdx.json'), JSON.stringify(SBOM));
    for (const text of ['one', 'two']) {
      world.commit({ 'app.txt': text }, text);
      const built = await world.run('build', {
        repository: `${world.registry.host}/octo/app`,
        files: 'app.txt:/app.txt',
      });
      const image = built.outputs.image ?? '';
      await world.run('attest', { image, signature: 'true', sbom: '.hallmark/sbom.cdx.json' });
      await move('promote', { image });
      images.push(image);
    }
    await move('promote', { mode: 'hold', reason: 'incident 42' });
    writeFileSync(
      join(world.workspace, 'pods.json'),
      JSON.stringify(listPods(`${world.registry.host}/octo/app`, images[1])),
    );
    const found = await world.run('status', { policy: POLICY });
    expect(found.outputs.outcome, found.log).toBe('passed');
    copyFileSync(found.outputs.report ?? '', join(world.workspace, 'status.json'));
    writeFileSync(join(world.workspace, 'root.json'), JSON.stringify(world.sigstore.trustedRoot));
  }, 120_000);
  afterAll(() => world?.close());

  /** Runs a command behind the lines before it, with our names in the place of the page's. */
  async function run(setup: string, command: string): Promise<{ code: number | null; log: string }> {
    const script = `${setup}\n${command}`
      .replaceAll('IMAGE=ghcr.io/octo/app@sha256:…', `IMAGE=${images[1]}`)
      .replaceAll('ghcr.io/octo/app', `${world.registry.host}/octo/app`)
      .replaceAll(
        'hallmark-actions/hallmark/.github/workflows/gate.yml@<commit>',
        `octo/app/${GATE_WORKFLOW}@refs/heads/main`,
      )
      // As evidence.md says for an instance of one's own.
      .replaceAll('cosign verify-attestation', 'cosign verify-attestation --trusted-root root.json');
    expect(script).not.toMatch(/[…<]/);
    const { code, stdout, stderr } = await runProcess('/bin/sh', ['-ec', script], {
      cwd: world.workspace,
      env: { PATH: path, HOME: world.folder },
      deadline: AbortSignal.timeout(60_000),
    });
    return { code, log: `${stdout}${code === 0 ? '' : stderr}` };
  }

  test('are these', () => {
    expect([here.length, elsewhere.length]).toEqual([9, 3]);
  });

  test.each<[string, RegExp, () => Record<string, unknown>]>([
    ['what runs', / --running /, () => ({ drifted: 'false', digest: images[1]?.split('@')[1] })],
    ['where a package runs', / --find /, () => ({ affected: 'true' })],
  ])('npm run action from a terminal: %s', async (_, word, shown) => {
    const command = elsewhere.map((one) => one.command).find((one) => word.test(one)) ?? '';
    expect(command).toMatch(/^GITHUB_REPOSITORY=octo\/app npm run -s action -- status /);
    // What npm runs by that name, and as evidence.md says for an instance of one's own.
    const ours = `${command.replace('npm run -s action --', `node ${ACTION}`)} --trusted-root root.json --sigstore custom`;
    const { code, stdout, stderr } = await runProcess('/bin/sh', ['-ec', ours], {
      cwd: world.workspace,
      env: {
        ...{ PATH: path, HOME: world.folder },
        ...{ GITHUB_API_URL: world.github.url, GITHUB_TOKEN: world.github.token },
      },
      deadline: AbortSignal.timeout(60_000),
    });
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ outcome: 'passed', ...shown() });
  });

  /** What a command has to show, by a word of it. */
  const shows: [RegExp, () => string | RegExp][] = [
    [/^crane ls/, () => /env-prod\.000001-\w{12}\nenv-prod\.000002-\w{12}\nenv-prod\.000003-\w{12}\n$/],
    [/^crane digest/, () => images[1]?.split('@')[1] ?? ''],
    [/requestedBy, reason/, () => '"action": "hold"'],
    [
      /\.records\.value\[\] \| \[/,
      () => /prod\t1\tpromote\t\S+\tsha256:\w+\tmona\t\t\nprod\t2\t.*\nprod\t3\thold\t.*incident 42\n$/,
    ],
    [/select\(.waived/, () => /^$/],
    [/\.faults/, () => /^$/],
    [/jq \.predicate$/, () => '"sequence": 2'],
    [/predicate\.policy\.content/, () => 'repository-id: 123456789'],
    [/verificationResult/, () => '"verificationResult": "PASSED"'],
  ];
  test.each(here)('$command', async ({ setup, command }) => {
    const { code, log } = await run(setup, command);
    expect(code, log).toBe(0);
    const wanted = shows.find(([word]) => word.test(command))?.[1]();
    expect(wanted, 'what it shows').toBeDefined();
    if (typeof wanted === 'string') expect(log).toContain(wanted);
    else expect(log).toMatch(wanted ?? '');
  });
});
