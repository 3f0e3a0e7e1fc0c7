// npm run demo [-- --context DIR] [--keep]
// Takes commits of a small application through the committed bundles in dist/, on services that run on this machine alone.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseReference } from '../shared/image/reference.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type Run, startWorld } from '../test/actions/world.ts';
import { startRegistry } from '../test/servers/registry.ts';
import { publishTrivyDb } from '../test/servers/trivy-db.ts';
import type { ActionRun } from './action.ts';
import { openOutside } from './demo/outside.ts';
import {
  type BuildSetting,
  chooseBuilder,
  chooseDatabase,
  copyFolder,
  DEMO,
  installPackages,
} from './demo/setting.ts';
import { bold, openStory, prepare, print, printFact } from './demo/story.ts';
import { forgeRecord, openPlainStore, tamperImage } from './demo/tamper.ts';
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
const production = await startRegistry({ folder: join(folder, 'production') });
const story = openStory(pages);
const { host } = world.registry;
const outside = openOutside(world);
/** Where each environment is. */
const PLACES = {
  staging: `${host}/octo/app-staging`,
  acceptance: `${host}/octo/app-acceptance`,
  prod: `${production.host}/octo/app`,
} as const;
type Environment = keyof typeof PLACES;
/** How long an image has to be in staging before acceptance takes it, in milliseconds: `soak` in demo/policy.yml, and a little. */
const SOAK = 6000;

try {
  const setting = await prepareSetting();
  const image = own === undefined ? await releaseTwice(setting) : await releaseOwn(own, setting);
  if (image !== undefined) {
    await promoteThrough(image);
    if (own === undefined) await goForwardAndBack(image, setting);
    await attack(image, setting);
    await forge(image);
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
  await Promise.all([world.close(), production.close()]);
  for (const part of ['workspace', 'registry', 'production', 'home', 'temp']) {
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
  const policy = readFileSync(join(DEMO, 'policy.yml'), 'utf8')
    .replaceAll('REGISTRY', host)
    .replaceAll('PRODUCTION', production.host);
  world.github.commit('octo/app', { [POLICY]: policy });
  printFact(
    'Registries',
    `${host} (octo/app is built there; staging, acceptance) and ${production.host} (prod), both embedded`,
  );
  printFact('Sigstore', `${world.sigstore.url}, a local instance; what it signs is verified for real`);
  printFact('GitHub', `${world.github.url}, a stub; it serves demo/policy.yml from a protected branch`);
  printFact(
    'Outside',
    outside === undefined
      ? 'crane and cosign are not here, so the registries are looked at by our own client; npm run test:interop builds them'
      : 'crane and cosign look at every environment',
  );
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
  await holds('staging', image);
  await refuse('promote', 'acceptance', inStaging, /^soak .*it has been in staging for/);
  await new Promise((resolve) => setTimeout(resolve, SOAK));
  const accepted = await allow(
    'promote',
    'acceptance',
    inStaging,
    'it has soaked: the same digest, its evidence came along',
  );
  const inAcceptance = accepted.outputs['image'] ?? '';
  await holds('acceptance', image);
  await refuse('promote', 'prod', inAcceptance, /^approvals .*1 must approve this digest/);
  approve(image);
  await allow('promote', 'prod', inAcceptance, 'hubot approved this digest; it goes to the other registry');
  await holds('prod', image);
  const before = production.requests.length;
  await allow('promote', 'prod', inAcceptance, 'again: prod holds it already');
  await story.check('no write', 'the second promotion only read', async () =>
    production.requests.slice(before).every(({ method }) => method === 'GET' || method === 'HEAD'),
  );
}

/** Somebody else than who runs the workflow reviews the run, with the digest in the comment. */
function approve(image: string): void {
  world.github.reviews.runs.push({
    run: 1000,
    environment: 'prod',
    login: 'hubot',
    comment: `Ship ${image.split('@')[1]}`,
  });
}

/** A third commit goes all the way; then one environment goes back, and another may not. */
async function goForwardAndBack(second: string, setting: Setting): Promise<void> {
  story.part('Commit 3', 'the package ms is no longer needed');
  copyFolder(join(DEMO, 'rewrite'), world);
  world.commit({}, 'Format durations without ms');
  await install();
  const third = await release('octo/app', setting);
  await allow('promote', 'staging', third, 'copied, verified, recorded');
  await new Promise((resolve) => setTimeout(resolve, SOAK));
  await allow('promote', 'acceptance', third, 'it has soaked');
  approve(third);
  await allow('promote', 'prod', third, 'hubot approved this digest too');
  await holds('prod', third);

  story.part('Back', 'staging is broken by it: back to the image of commit 2');
  const scanner = { 'trivy-path': setting.trivy };
  await story.step({
    name: 'rollback staging',
    expected: 'passed',
    run: () => goBack('staging', { ...scanner, ...setting.database.inputs }),
    tell: ({ outputs }) =>
      `to ${outputs['digest']?.slice(0, 19)}…, scanned anew; what it leaves is withdrawn`,
  });
  await holds('staging', second);
  await refuse('promote', 'staging', third, /^withdrawn .*withdrawn by mona/);

  story.part(
    'Advisory',
    'a critical vulnerability of ms becomes known (invented for this demo): commit 2 has it, commit 3 has not',
  );
  const later = await publishTrivyDb(
    host,
    readFileSync(fileURLToPath(new URL('../test/fixtures/trivy-db/later.tar.gz', import.meta.url))),
    'trivy-db-later',
  );
  await story.step({
    name: 'rollback prod',
    expected: 'refused',
    because: /no-critical.*CVE-2099-0001/,
    run: () => goBack('prod', { ...scanner, 'db-repository': later }),
    tell: () => 'refused: it would be worse than what runs',
  });
  await holds('prod', third);
}

function goBack(environment: Environment, inputs: Record<string, string>): Promise<ActionRun> {
  return world.run(
    'rollback',
    { environment, policy: POLICY, reason: 'The page stays empty', ...inputs },
    { workflow: GATE_WORKFLOW },
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

/** Somebody with push access signs a record of his own: acceptance stops, and holds what it held. */
async function forge(image: string): Promise<void> {
  story.part('Forged', 'a record that says that acceptance holds another image, signed by hotfix.yml');
  const place = PLACES.acceptance;
  const held = await openPlainStore(parseReference(place)).resolve('env-acceptance');
  const tags = await openPlainStore(parseReference(place)).listTags();
  const sequence = tags.filter((tag) => tag.startsWith('env-acceptance.')).length + 1;
  const digest = image.split('@')[1];
  await forgeRecord(
    world,
    { environment: 'acceptance', image: `${place}@${digest}`, sequence },
    { job_workflow_ref: 'octo/app/.github/workflows/hotfix.yml@refs/heads/main' },
  );
  await refuse('promote', 'acceptance', image, /has no record by a promoter that says so/);
  await holds('acceptance', `${place}@${held?.digest}`);
}

/** Held against the registry itself, from outside where crane and cosign are there. */
function holds(environment: Environment, image: string): Promise<void> {
  const digest = image.split('@')[1] ?? '';
  const place = PLACES[environment];
  const told = `${environment} holds ${digest.slice(0, 19)}…`;
  if (outside === undefined) {
    return story.check(environment, told, async () => {
      const held = await openPlainStore(parseReference(place)).resolve(`env-${environment}`);
      return held?.digest === digest;
    });
  }
  return story.check(environment, `${told}, say crane and cosign`, () =>
    outside.confirm(place, environment, digest),
  );
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
  const prod = `${PLACES.prod}:env-prod`;
  const cosign = (command: string, workflow: string): string =>
    [
      `cosign ${command} --allow-http-registry --trusted-root ${relative('.', world.trustedRootFile)}`,
      '--certificate-oidc-issuer https://token.actions.githubusercontent.com',
      `--certificate-identity https://github.com/octo/app/${workflow}@refs/heads/main`,
    ].join(' \\\n    ');
  print(`\n${bold('Look around')} (Ctrl-C ends it)`);
  for (const [what, command] of [
    ['What prod holds', `crane digest ${prod}`],
    ['Its history', `crane ls ${PLACES.prod}`],
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
