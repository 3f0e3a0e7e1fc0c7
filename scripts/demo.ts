// npm run demo [-- --context DIR] [--keep]
// Takes commits of a small application through the committed bundles in dist/, on services that run on this machine alone.
import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { advise } from './demo/advisory.ts';
import { attack, forge } from './demo/attacks.ts';
import { prune } from './demo/cleanup.ts';
import { driftAndRepair } from './demo/drift.ts';
import { printCommands, waitForInterrupt } from './demo/look.ts';
import { goForwardAndBack, promoteThrough } from './demo/promotion.ts';
import { releaseOwn, releaseTwice } from './demo/release.ts';
import { prepareSetting } from './demo/setting.ts';
import { openStage } from './demo/stage.ts';
import type { Demo } from './demo/steps.ts';
import { bold, print } from './demo/story.ts';

const { values: options } = parseArgs({
  options: { context: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
// npm runs scripts in the project's folder; INIT_CWD is where the user stands.
const own = options.context && resolve(process.env.INIT_CWD ?? '.', options.context);
if (own !== undefined && !statSync(own, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`--context: there is no folder ${own}`);
  process.exit(1);
}

/** The demo's own application; the image of its second commit. */
async function playAll(demo: Demo): Promise<string> {
  const { denied, second } = await releaseTwice(demo);
  await promoteThrough(demo, second);
  const third = await goForwardAndBack(demo, second);
  await advise(demo, third);
  await driftAndRepair(demo, second, third);
  await attack(demo, second);
  await prune(demo, { denied, second, third });
  await forge(demo, second);
  return second;
}

/** A folder of the user's; its image, where the policy allows it. */
async function playOwn(demo: Demo, folder: string): Promise<string | undefined> {
  const image = await releaseOwn(folder, demo);
  if (image === undefined) return undefined;
  await promoteThrough(demo, image);
  await attack(demo, image);
  await forge(demo, image);
  return image;
}

print(bold('One commit becomes one image, and only what is proven moves on.'));
const stage = await openStage();
const { story, pages } = stage;

try {
  const demo = { ...stage, setting: await prepareSetting(stage, own) };
  const image = own === undefined ? await playAll(demo) : await playOwn(demo, own);
  const passed = story.end();
  print(
    passed
      ? '\nEverything came out as it had to.'
      : '\nNot everything came out as it had to: see the lines with ✗.',
  );
  print(`Each step's job summary and log: ${relative('.', pages)}/`);
  process.exitCode = passed ? 0 : 1;
  if (options.keep && image !== undefined) {
    printCommands(stage, image);
    await waitForInterrupt();
  }
} catch (error) {
  print(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
