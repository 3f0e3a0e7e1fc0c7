// npm run demo [-- --context DIR] [--keep]
// Takes commits of a small application through the committed bundles in dist/, on services that run on this machine alone.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseReference } from '../shared/image/reference.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld } from '../test/actions/world.ts';
import type { ActionRun } from './action.ts';
import { chooseBuilder, chooseDatabase, copyFolder, DEMO, installPackages } from './demo/setting.ts';
import { bold, openStory, prepare, print, printFact } from './demo/story.ts';
import { openPlainStore, tamperImage } from './demo/tamper.ts';
import { ensureTool } from './tools.ts';

const { values: options } = parseArgs({
  options: { context: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
const own = options.context === undefined ? undefined : resolve(options.context);
const runs = fileURLToPath(new URL('../.demo', import.meta.url));
mkdirSync(runs, { recursive: true });
const folder = realpathSync(mkdtempSync(join(runs, 'run-')));
const pages = join(folder, 'pages');

print(bold('One commit becomes one image, and only what is proven moves on.'));
const world = await startWorld({ folder });
const story = openStory(pages);
const { host } = world.registry;
const POLICY = '.github/hallmark.yml';
/** How the application is assembled where there is no engine: its files, on nothing. */
const LAYERS = {
  files: ['package.json', 'server.mjs', 'node_modules'].map((path) => `${path}:/app/${path}`).join('\n'),
  entrypoint: 'node /app/server.mjs',
  user: '65532:65532',
};

try {
  const passed = await tellStory();
  print(
    passed
      ? '\nEverything came out as it had to.'
      : '\nNot everything came out as it had to: see the lines with ✗.',
  );
  if (!options.keep) print(`Each step's job summary and log: ${relative('.', pages)}/`);
  process.exitCode = passed ? 0 : 1;
  if (options.keep) await waitForInterrupt();
} finally {
  await world.close();
  for (const part of ['workspace', 'registry', 'home', 'temp']) {
    rmSync(join(folder, part), { recursive: true, force: true });
  }
}

async function tellStory(): Promise<boolean> {
  const policy = readFileSync(join(DEMO, 'policy.yml'), 'utf8').replaceAll('REGISTRY', host);
  world.github.commit('octo/app', { [POLICY]: policy });
  printFact(
    'Registry',
    `${host}, embedded; octo/app is pushed to, octo/app-staging and octo/app-prod are environments`,
  );
  printFact(
    'Sigstore',
    `${world.sigstore.url}, a local instance; certificates, log and timestamps are verified for real`,
  );
  printFact('GitHub', `${world.github.url}, a stub that serves demo/policy.yml from a protected branch`);
  const trivy = await ensureTool('trivy');
  const database = await chooseDatabase(world);
  printFact('Scanner', `Trivy with ${database.why}`);

  copyFolder(own ?? join(DEMO, 'app'), world);
  world.commit({}, 'Add the application');
  if (own === undefined)
    await prepare('npm ci', 'real packages from the registry', async () => installPackages(world));
  const builder = await chooseBuilder(world, own === undefined ? LAYERS : { files: '.:/app' });
  printFact('Builder', builder.why);

  /** Builds, scans and attests the commit that stands in the workspace, as the workflow of `run` does. */
  async function release(repository: string, run: Run = {}): Promise<string> {
    const built = await story.step({
      name: 'build',
      expected: 'passed',
      run: () =>
        world.run(
          'build',
          { repository: `${host}/${repository}`, ...builder.inputs },
          { ...run, variables: builder.variables },
        ),
      tell: ({ outputs }) =>
        `${repository}@${outputs['digest']?.slice(0, 19)}…, provenance signed, tagged ${outputs['tags']?.slice(0, 12)}…`,
    });
    const image = built.outputs['image'] ?? '';
    const scanned = await story.step({
      name: 'scan',
      expected: 'passed',
      run: () => world.run('scan', { image, 'trivy-path': trivy, ...database.inputs }, run),
      tell: ({ outputs }) =>
        `${['critical', 'high', 'medium', 'low'].map((severity) => `${outputs[severity]} ${severity}`).join(', ')}`,
    });
    await story.step({
      name: 'attest',
      expected: 'passed',
      run: () =>
        world.run(
          'attest',
          {
            image,
            signature: 'true',
            sbom: scanned.outputs['sbom-cyclonedx'] ?? '',
            'scan-report': scanned.outputs['report'] ?? '',
          },
          run,
        ),
      tell: () => 'signature, SBOM and scan result, under one certificate',
    });
    return image;
  }

  /** Asks the policy about an image, or moves it: in a workflow of its own, where no code of the application runs. */
  function decide(
    action: 'gate' | 'promote',
    environment: string,
    image: string,
    told: string,
  ): Promise<ActionRun> {
    return story.step({
      ...judge(action, environment, image),
      expected: 'passed',
      tell: () => told,
    });
  }

  function refuse(
    action: 'gate' | 'promote',
    environment: string,
    image: string,
    because: RegExp,
  ): Promise<ActionRun> {
    return story.step({
      ...judge(action, environment, image),
      expected: 'refused',
      because,
      tell: () => 'refused',
    });
  }

  function judge(action: 'gate' | 'promote', environment: string, image: string) {
    return {
      name: `${action} ${environment}`,
      run: () => world.run(action, { image, environment, policy: POLICY }, { workflow: GATE_WORKFLOW }),
    };
  }

  let image: string;
  if (own === undefined) {
    story.part(
      'Commit 1',
      'the application, with lodash 4.17.4: a critical vulnerability is known and fixed',
    );
    const vulnerable = await release('octo/app');
    await refuse('gate', 'staging', vulnerable, /^no-critical.*CVE-2019-10744/);

    story.part('Commit 2', 'lodash is upgraded');
    copyFolder(join(DEMO, 'upgrade'), world);
    world.commit({}, 'Upgrade lodash');
    await prepare('npm ci', 'again', async () => installPackages(world));
    image = await release('octo/app');
    await decide('gate', 'staging', image, 'allowed, and the verdict is signed');
  } else {
    story.part('Your folder', own);
    image = await release('octo/app');
    const verdict = await story.step({
      ...judge('gate', 'staging', image),
      expected: undefined,
      tell: ({ outputs }) =>
        outputs['outcome'] === 'passed' ? 'allowed' : 'refused, so it stays where it is',
    });
    if (verdict.outputs['outcome'] !== 'passed') return story.end();
  }

  const staged = await decide(
    'promote',
    'staging',
    image,
    'copied with all its evidence, verified there, recorded',
  );
  const inStaging = staged.outputs['image'] ?? image;
  await decide('promote', 'prod', inStaging, 'from staging, the same digest; all evidence came along');
  await decide('promote', 'prod', inStaging, 'again: prod holds it already, nothing was written');

  const tampered = await tamperImage(image);
  story.part('Tampered', 'the image starts another program; the genuine evidence is attached to it');
  await refuse('gate', 'staging', tampered, /^signed/);
  await refuse('promote', 'prod', tampered, /^signed/);

  story.part('Unsigned', 'a third commit is built past the pipeline, without evidence');
  world.commit({}, 'Rush a fix past the pipeline');
  const unsigned = await story.step({
    name: 'build',
    expected: 'passed',
    run: () =>
      world.run(
        'build',
        { repository: `${host}/octo/app-unsigned`, provenance: 'false', ...builder.inputs },
        { variables: builder.variables },
      ),
    tell: ({ outputs }) => `octo/app-unsigned@${outputs['digest']?.slice(0, 19)}…, provenance: false`,
  });
  await refuse('gate', 'staging', unsigned.outputs['image'] ?? '', /^signed/);
  await refuse('promote', 'prod', unsigned.outputs['image'] ?? '', /^signed/);

  story.part('Wrong workflow', 'everything is signed, but by hotfix.yml, whom the policy does not trust');
  const stranger = await release('octo/app-hotfix', { workflow: '.github/workflows/hotfix.yml' });
  await refuse('gate', 'staging', stranger, /^signed/);
  await refuse('promote', 'prod', stranger, /^signed/);

  story.part('After all', 'what do the environments hold?');
  for (const environment of ['staging', 'prod']) {
    await story.check(
      environment,
      `octo/app-${environment}:env-${environment} is still the image of the good commit`,
      async () => {
        const place = parseReference(`${host}/octo/app-${environment}`);
        const held = await openPlainStore(place).resolve(`env-${environment}`);
        return held !== undefined && image.endsWith(`@${held.digest}`);
      },
    );
  }
  const passed = story.end();
  if (options.keep) printCommands(image);
  return passed;
}

/** What to type to look at it from outside, with tools that know nothing of this project. */
function printCommands(image: string): void {
  const prod = `${host}/octo/app-prod:env-prod`;
  const trust = [
    `--trusted-root ${relative('.', world.trustedRootFile)}`,
    '--certificate-oidc-issuer https://token.actions.githubusercontent.com',
  ];
  const by = (workflow: string): string =>
    `--certificate-identity https://github.com/octo/app/${workflow}@refs/heads/main`;
  print(`\n${bold('Look around')} (Ctrl-C ends it)`);
  for (const [what, command] of [
    ['What prod holds', `crane digest ${prod}`],
    ['Its history', `crane ls ${host}/octo/app-prod`],
    [
      'The signature',
      `cosign verify --allow-http-registry ${[by(RELEASE_WORKFLOW), ...trust].join(' ')} ${prod}`,
    ],
    [
      'The SBOM',
      `cosign verify-attestation --type cyclonedx --allow-http-registry ${[by(RELEASE_WORKFLOW), ...trust].join(' ')} ${prod}`,
    ],
    [
      'The verdict',
      `cosign verify-attestation --type https://slsa.dev/verification_summary/v1 --allow-http-registry ${[by(GATE_WORKFLOW), ...trust].join(' ')} ${image}`,
    ],
  ] as const) {
    print(`\n  ${what}\n  ${command}`);
  }
  print(`\n  Job summaries and logs\n  ${relative('.', pages)}/`);
}

/** Ctrl-C ends the wait, not the program: the services are stopped in order. */
function waitForInterrupt(): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((done) => {
    process.once('SIGINT', () => {
      clearInterval(alive);
      done();
    });
  });
}
