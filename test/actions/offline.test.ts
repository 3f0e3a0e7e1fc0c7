import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionRun } from '../../scripts/action.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';
import { RELEASE_WORKFLOW, startWorld, type World } from './world.ts';

const GUARD = new URL('./only.mjs', import.meta.url).pathname;

let world: World;
let image: string;

beforeAll(async () => {
  world = await startWorld();
  const place = `${world.registry.host}/octo/app`;
  const store = openStore(parseReference(place), storeOptions(runContext(world.sigstore)));
  image = `${place}@${(await putImage(store, ['amd64', 'arm64'])).digest}`;
  const attested = await world.run('attest', { image, signature: 'true' });
  expect(attested.outputs.outcome, attested.log).toBe('passed');
}, 60_000);
afterAll(() => world.close());

function verify(inputs: Record<string, string>, only: string): Promise<ActionRun> {
  const variables = { NODE_OPTIONS: `--import=${GUARD}`, HALLMARK_ONLY: only };
  return world.run(
    'verify',
    { image, 'signer-workflow': `octo/app/${RELEASE_WORKFLOW}`, ...inputs },
    { variables },
  );
}

describe('with a trusted root in a file, verify connects to the registry and to nothing else', () => {
  test('it passes under a guard that allows the registry alone', async () => {
    const run = await verify({}, world.registry.host);
    expect(run.outputs.outcome, run.log).toBe('passed');
  });

  test.each<[string, Record<string, string>, () => string, RegExp]>([
    ['the registry is a connection', {}, () => '', /GUARD: a connection to 127\.0\.0\.1:\d+/],
    [
      'a root by TUF is another',
      { 'trusted-root': '', sigstore: 'public' },
      () => world.registry.host,
      /GUARD: a (?:connection to|look-up of) tuf-repo-cdn\.sigstore\.dev/,
    ],
    [
      "GitHub's attestations are another",
      { 'attestations-of': 'octo/app' },
      () => world.registry.host,
      /GUARD: a connection to 127\.0\.0\.1:\d+/,
    ],
  ])('the guard sees it: %s', async (_, inputs, only, message) => {
    const run = await verify(inputs, only());
    expect(run.code).toBe(97);
    expect(run.log).toMatch(message);
  });
});
