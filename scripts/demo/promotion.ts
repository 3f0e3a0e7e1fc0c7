// Forward through the environments, and back.
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { copyFolder, installPackages } from './setting.ts';
import { DEMO } from './stage.ts';
import { allow, type Demo, decide, holds, refuse, release, short } from './steps.ts';

/** How long an image has to be in staging before acceptance takes it, in milliseconds: `soak` in demo/policy.yml, and a little. */
const SOAK = 6000;

/** An image goes to staging, acceptance and prod, each time only once what the policy asks for is there. */
export async function promoteThrough(demo: Demo, image: string): Promise<void> {
  const { production, story } = demo;
  const staged = await allow(
    demo,
    'promote',
    'staging',
    image,
    'copied with its evidence, verified there, recorded, and the manifest set',
  );
  const inStaging = staged.outputs['image'] ?? '';
  await holds(demo, 'staging', image);
  await refuse(demo, 'promote', 'acceptance', inStaging, /^soak .*it has been in staging for/);
  await wait(SOAK);
  const accepted = await allow(
    demo,
    'promote',
    'acceptance',
    inStaging,
    'it has soaked: the same digest, its evidence came along',
  );
  const inAcceptance = accepted.outputs['image'] ?? '';
  await holds(demo, 'acceptance', image);
  await refuse(demo, 'promote', 'prod', inAcceptance, /^approvals .*1 must approve this digest/);
  approve(demo, image);
  await allow(
    demo,
    'promote',
    'prod',
    inAcceptance,
    'hubot approved this digest; it goes to the other registry',
  );
  await holds(demo, 'prod', image);
  const before = production.requests.length;
  await allow(demo, 'promote', 'prod', inAcceptance, 'again: prod holds it already');
  await story.check('no write', 'the second promotion only read', async () =>
    production.requests.slice(before).every(({ method }) => method === 'GET' || method === 'HEAD'),
  );
}

/** Somebody else than who runs the workflow reviews the run, with the digest in the comment. */
function approve({ world }: Demo, image: string): void {
  world.github.reviews.runs.push({
    run: 1000,
    environment: 'prod',
    login: 'hubot',
    comment: `Ship ${image.split('@')[1]}`,
  });
}

/** A third commit goes all the way; then one environment goes back. Returns the third image. */
export async function goForwardAndBack(demo: Demo, second: string): Promise<string> {
  const { world, story, setting } = demo;
  story.part('Commit 3', 'the package ms is no longer needed');
  copyFolder(join(DEMO, 'rewrite'), world);
  world.commit({}, 'Format durations without ms');
  await installPackages(world);
  const third = await release(demo, 'octo/app');
  await allow(demo, 'promote', 'staging', third, 'copied, verified, recorded');
  await wait(SOAK);
  await allow(demo, 'promote', 'acceptance', third, 'it has soaked');
  approve(demo, third);
  await allow(demo, 'promote', 'prod', third, 'hubot approved this digest too');
  await holds(demo, 'prod', third);

  story.part('Back', 'staging is broken by it: back to the image of commit 2');
  const why = { reason: 'The page stays empty' };
  await story.step({
    ...decide(demo, 'rollback', 'staging', { ...why, ...setting.scanner }),
    expected: 'passed',
    tell: ({ outputs }) => `to ${short(outputs['digest'])}, scanned anew; what it leaves is withdrawn`,
  });
  await holds(demo, 'staging', second);
  await refuse(demo, 'promote', 'staging', third, /^withdrawn .*withdrawn by mona/);

  return third;
}
