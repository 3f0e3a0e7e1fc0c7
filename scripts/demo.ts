// npm run demo [-- --context DIR] [--keep]
// Takes commits of a small application through the committed bundles in dist/, on services that run on this machine alone.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseReference } from '../shared/image/reference.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld } from '../test/actions/world.ts';
import type { ActionRun } from './action.ts';
import {
  type BuildSetting,
  chooseBuilder,
  chooseDatabase,
  copyFolder,
  DEMO,
  installPackages,
} from './demo/setting.ts';
import { bold, openStory, prepare, print, printFact } from './demo/story.ts';
import { openPlainStore, tamperImage } from './demo/tamper.ts';
import { ensureTool } from './tools.ts';

const { values: options } = parseArgs({
  options: { context: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
// npm runs scripts in the project's folder; INIT_CWD is where the user stands.
const own = options.context && resolve(process.env.INIT_CWD ?? '.', options.context);
if (own !== undefined && !statSync(own, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`--context: there is no folder ${own}`);
  process.exit(1);
}
const runs = fileURLToPath(new URL('../.demo', import.meta.url));
mkdirSync(runs, { recursive: true });
const folder = realpathSync(mkdtempSync(join(runs, 'run-')));
const pages = join(folder, 'pages');

const POLICY = '.github/hallmark.yml';
/** How the application is assembled where there is no engine: its files, on nothing. */
const LAYERS = {
  files: ['package.json', 'server.mjs', 'node_modules'].map((path) => `${path}:/app/${path}`).join('\n'),
  entrypoint: 'node /app/server.mjs',
  user: '65532:65532',
};

print(bold('One commit becomes one image, and only what is proven moves on.'));
const world = await startWorld({ folder });
const story = openStory(pages);
const { host } = world.registry;

try {
  const setting = await prepareSetting();
  const image = own === undefined ? await releaseTwice(setting) : await releaseOwn(own, setting);
  if (image !== undefined) {
    await promoteThrough(image);
    await attack(image, setting);
    await lookAfter(image);
  }
  const passed = story.end();
  print(
    passed
      ? '\nEverything came out as it had to.'
      : '\nNot everything came out as it had to: see the lines with ✗.',
  );
  print(`Each step's job summary and log: ${relative('.', pages)}/`);
  process.exitCode = passed ? 0 : 1;
  if (options.keep && image !== undefined) {
    printCommands(image);
    await waitForInterrupt();
  }
} catch (error) {
  print(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await world.close();
  for (const part of ['workspace', 'registry', 'home', 'temp']) {
    rmSync(join(folder, part), { recursive: true, force: true });
  }
}

interface Setting {
  readonly trivy: string;
  readonly database: { readonly inputs: Record<string, string> };
  readonly builder: BuildSetting;
}

/** The policy on its protected branch, the first commit in the workspace, and what this machine can do. */
async function prepareSetting(): Promise<Setting> {
  const policy = readFileSync(join(DEMO, 'policy.yml'), 'utf8').replaceAll('REGISTRY', host);
  world.github.commit('octo/app', { [POLICY]: policy });
  printFact(
    'Registry',
    `${host}, embedded; octo/app is built, octo/app-staging and octo/app-prod are environments`,
  );
  printFact('Sigstore', `${world.sigstore.url}, a local instance; what it signs is verified for real`);
  printFact('GitHub', `${world.github.url}, a stub; it serves demo/policy.yml from a protected branch`);
  const trivy = await ensureTool('trivy');
  const database = await prepare(
    'Scanner',
    () => chooseDatabase(world),
    ({ why }) => `Trivy with ${why}`,
  );
  copyFolder(own ?? join(DEMO, 'app'), world);
  world.commit({}, 'Add the application');
  if (own === undefined) await install();
  const builder = await prepare(
    'Builder',
    () => chooseBuilder(world, own === undefined ? LAYERS : { files: '.:/app' }),
    ({ why }) => why,
  );
  return { trivy, database, builder };
}

function install(): Promise<void> {
  return prepare(
    'npm ci',
    () => installPackages(world),
    () => 'real packages, those that the lockfile names',
  );
}

/** The demo's own application: its first commit is denied, its second allowed. */
async function releaseTwice(setting: Setting): Promise<string> {
  story.part(
    'Commit 1',
    'the application, with lodash 4.17.4: a critical vulnerability is known, and fixed since',
  );
  const vulnerable = await release('octo/app', setting);
  await refuse('gate', 'staging', vulnerable, /^no-critical.*CVE-2019-10744/);

  story.part('Commit 2', 'lodash is upgraded');
  copyFolder(join(DEMO, 'upgrade'), world);
  world.commit({}, 'Upgrade lodash');
  await install();
  const image = await release('octo/app', setting);
  await allow('gate', 'staging', image, 'allowed, and the verdict is signed');
  return image;
}

/** A folder of the user's: what the policy says of it is right. Undefined when it says no. */
async function releaseOwn(path: string, setting: Setting): Promise<string | undefined> {
  story.part('Your folder', path);
  const image = await release('octo/app', setting);
  const { outputs } = await story.step({
    ...decision('gate', 'staging', image),
    expected: undefined,
    tell: (run) => (run.code === 0 ? 'allowed, and the verdict is signed' : 'refused, so it moves nowhere'),
  });
  return outputs['outcome'] === 'passed' ? image : undefined;
}

async function promoteThrough(image: string): Promise<void> {
  const staged = await allow(
    'promote',
    'staging',
    image,
    'copied with its evidence, verified there, recorded',
  );
  const inStaging = staged.outputs['image'] ?? '';
  await allow('promote', 'prod', inStaging, 'the same digest, from staging; its evidence came along');
  const before = world.registry.requests.length;
  await allow('promote', 'prod', inStaging, 'again: prod holds it already');
  await story.check('no write', 'the second promotion only read', async () =>
    world.registry.requests.slice(before).every(({ method }) => method === 'GET' || method === 'HEAD'),
  );
}

/** Three ways around the pipeline, by someone who may push to the registry. */
async function attack(image: string, setting: Setting): Promise<void> {
  story.part('Tampered', 'the image starts another program, with the genuine evidence attached to it');
  await refuseEverywhere(await tamperImage(image));

  story.part('Unsigned', 'a third commit is built past the pipeline, without evidence');
  world.commit({}, 'Rush a fix past the pipeline');
  await refuseEverywhere(await build('octo/app-unsigned', setting, { provenance: 'false' }));

  story.part(
    'Wrong workflow',
    'everything is there and signed, but by hotfix.yml, which the policy does not trust',
  );
  await refuseEverywhere(
    await release('octo/app-hotfix', setting, { workflow: '.github/workflows/hotfix.yml' }),
  );
}

async function lookAfter(image: string): Promise<void> {
  story.part('After all', 'what do the environments hold?');
  for (const environment of ['staging', 'prod']) {
    const place = `${host}/octo/app-${environment}`;
    await story.check(environment, `env-${environment} still points at the good commit's image`, async () => {
      const held = await openPlainStore(parseReference(place)).resolve(`env-${environment}`);
      return held !== undefined && image.endsWith(`@${held.digest}`);
    });
  }
}

async function build(
  repository: string,
  { builder }: Setting,
  inputs: Record<string, string> = {},
  run: Run = {},
): Promise<string> {
  const { outputs } = await story.step({
    name: 'build',
    expected: 'passed',
    run: () =>
      world.run(
        'build',
        { repository: `${host}/${repository}`, ...builder.inputs, ...inputs },
        { ...run, variables: builder.variables },
      ),
    tell: (done) =>
      `${repository}@${done.outputs['digest']?.slice(0, 19)}… ${inputs['provenance'] ? 'without' : 'with signed'} provenance`,
  });
  return outputs['image'] ?? '';
}

/** Builds, scans and attests the commit that stands in the workspace, as the workflow of `run` does. */
async function release(repository: string, setting: Setting, run: Run = {}): Promise<string> {
  const image = await build(repository, setting, {}, run);
  const scanned = await story.step({
    name: 'scan',
    expected: 'passed',
    run: () => world.run('scan', { image, 'trivy-path': setting.trivy, ...setting.database.inputs }, run),
    tell: ({ outputs }) =>
      ['critical', 'high', 'medium', 'low'].map((severity) => `${outputs[severity]} ${severity}`).join(', '),
  });
  const evidence = {
    signature: 'true',
    sbom: scanned.outputs['sbom-cyclonedx'] ?? '',
    'scan-report': scanned.outputs['report'] ?? '',
  };
  await story.step({
    name: 'attest',
    expected: 'passed',
    run: () => world.run('attest', { image, ...evidence }, run),
    tell: () => 'signature, SBOM and scan result, under one certificate',
  });
  return image;
}

/** Asks the policy about an image, or moves it: in a workflow of its own, where no code of the application runs. */
function decision(action: 'gate' | 'promote', environment: string, image: string) {
  const inputs = { image, environment, policy: POLICY };
  return {
    name: `${action} ${environment}`,
    run: () => world.run(action, inputs, { workflow: GATE_WORKFLOW }),
  };
}

function allow(
  action: 'gate' | 'promote',
  environment: string,
  image: string,
  told: string,
): Promise<ActionRun> {
  return story.step({ ...decision(action, environment, image), expected: 'passed', tell: () => told });
}

function refuse(
  action: 'gate' | 'promote',
  environment: string,
  image: string,
  because: RegExp,
): Promise<ActionRun> {
  const step = decision(action, environment, image);
  return story.step({ ...step, expected: 'refused', because, tell: () => 'refused' });
}

async function refuseEverywhere(image: string): Promise<void> {
  await refuse('gate', 'staging', image, /^signed /);
  await refuse('promote', 'prod', image, /^signed /);
}

/** What to type to look at it from outside, with tools that know nothing of this project. */
function printCommands(image: string): void {
  const prod = `${host}/octo/app-prod:env-prod`;
  const cosign = (command: string, workflow: string): string =>
    [
      `cosign ${command} --allow-http-registry --trusted-root ${relative('.', world.trustedRootFile)}`,
      '--certificate-oidc-issuer https://token.actions.githubusercontent.com',
      `--certificate-identity https://github.com/octo/app/${workflow}@refs/heads/main`,
    ].join(' \\\n    ');
  print(`\n${bold('Look around')} (Ctrl-C ends it)`);
  for (const [what, command] of [
    ['What prod holds', `crane digest ${prod}`],
    ['Its history', `crane ls ${host}/octo/app-prod`],
    ['Its signature', `${cosign('verify', RELEASE_WORKFLOW)} ${prod}`],
    ['Its SBOM', `${cosign('verify-attestation --type cyclonedx', RELEASE_WORKFLOW)} ${prod}`],
    [
      'The verdicts',
      `${cosign('verify-attestation --type https://slsa.dev/verification_summary/v1', GATE_WORKFLOW)} ${image}`,
    ],
  ] as const) {
    print(`\n  ${what}\n  ${command}`);
  }
}

/** Ctrl-C ends the wait, not the program: the services are stopped in order. */
function waitForInterrupt(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
}
