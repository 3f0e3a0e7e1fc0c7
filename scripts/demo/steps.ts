// The steps that the demo is made of, each one action as a workflow would run it, and what has to come out.
import { parseReference } from '../../shared/image/reference.ts';
import { GATE_WORKFLOW, type Run } from '../../test/actions/world.ts';
import type { ActionRun } from '../action.ts';
import type { Setting } from './setting.ts';
import { type Environment, POLICY, type Stage } from './stage.ts';
import { openPlainStore } from './tamper.ts';

/** The stage, and what this machine can do. */
export interface Demo extends Stage {
  readonly setting: Setting;
}

/** The first characters of a digest, for a line on the screen. */
export const short = (image = ''): string => `${image.replace(/^.*@/, '').slice(0, 19)}…`;

/** Builds the commit that stands in the workspace; its reference by digest. */
export async function build(
  { world, story, setting: { builder } }: Demo,
  repository: string,
  inputs: Record<string, string> = {},
  run: Run = {},
): Promise<string> {
  const { outputs } = await story.step({
    name: 'build',
    expected: 'passed',
    run: () =>
      world.run(
        'build',
        { repository: `${world.registry.host}/${repository}`, ...builder.inputs, ...inputs },
        { ...run, variables: builder.variables },
      ),
    tell: (done) =>
      `${repository}@${short(done.outputs['digest'])} ${inputs['provenance'] ? 'without' : 'with signed'} provenance`,
  });
  return outputs['image'] ?? '';
}

/** Builds, scans and attests the commit that stands in the workspace, as the workflow of `run` does. */
export async function release(demo: Demo, repository: string, run: Run = {}): Promise<string> {
  const { world, story, setting } = demo;
  const image = await build(demo, repository, {}, run);
  const scanned = await story.step({
    name: 'scan',
    expected: 'passed',
    run: () => world.run('scan', { image, ...setting.scanner }, run),
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

/** Asks the policy about an image, or moves it and sets the manifests: in a workflow of its own, where no code of the application runs. */
export function decide(
  { world, manifests }: Demo,
  action: 'gate' | 'promote' | 'rollback',
  environment: Environment,
  inputs: Record<string, string>,
) {
  const moving: Record<string, string> = action === 'gate' ? {} : { manifests: manifests[environment] };
  return {
    name: `${action} ${environment}`,
    run: () =>
      world.run(action, { environment, policy: POLICY, ...moving, ...inputs }, { workflow: GATE_WORKFLOW }),
  };
}

/** A gate or promotion that has to pass. */
export function allow(
  demo: Demo,
  action: 'gate' | 'promote',
  environment: Environment,
  image: string,
  told: string,
): Promise<ActionRun> {
  return demo.story.step({
    ...decide(demo, action, environment, { image }),
    expected: 'passed',
    tell: () => told,
  });
}

/** A gate or promotion that has to be refused, for one reason like `because` at least. */
export function refuse(
  demo: Demo,
  action: 'gate' | 'promote',
  environment: Environment,
  image: string,
  because: RegExp,
): Promise<ActionRun> {
  const step = decide(demo, action, environment, { image });
  return demo.story.step({ ...step, expected: 'refused', because, tell: () => 'refused' });
}

/** Held against the registry itself, from outside where crane and cosign are there, and against the manifests in octo/app. */
export async function holds(
  { story, outside, places, manifests, world }: Demo,
  environment: Environment,
  image: string,
): Promise<void> {
  const digest = image.split('@')[1] ?? '';
  const place = places[environment];
  const who = outside === undefined ? '' : ', say crane and cosign';
  await story.check(environment, `${environment} holds ${short(image)}${who}`, async () => {
    if (outside !== undefined) return outside.confirm(place, environment, digest);
    const held = await openPlainStore(parseReference(place)).resolve(`env-${environment}`);
    return held?.digest === digest;
  });
  const path = manifests[environment];
  await story.check('manifests', `${path} names it`, async () =>
    (world.github.filesOf('octo/app').get(path) ?? '').includes(digest),
  );
}
