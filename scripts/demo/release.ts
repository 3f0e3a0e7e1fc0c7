// From a commit to an image that the policy allows: the demo's own application, or a folder of the user's.
import { join } from 'node:path';
import { copyFolder, installPackages } from './setting.ts';
import { DEMO } from './stage.ts';
import { allow, type Demo, decide, refuse, release } from './steps.ts';

/** The demo's own application: its first commit is denied, its second allowed. */
export async function releaseTwice(demo: Demo): Promise<{ denied: string; second: string }> {
  const { world, story } = demo;
  story.part(
    'Commit 1',
    'the application, with lodash 4.17.4: a critical vulnerability is known, and fixed since',
  );
  const vulnerable = await release(demo, 'octo/app');
  await refuse(demo, 'gate', 'staging', vulnerable, /^no-critical.*CVE-2019-10744/);

  story.part('Commit 2', 'lodash is upgraded');
  copyFolder(join(DEMO, 'upgrade'), world);
  world.commit({}, 'Upgrade lodash');
  await installPackages(world);
  const image = await release(demo, 'octo/app');
  await allow(demo, 'gate', 'staging', image, 'allowed, and the verdict is signed');
  return { denied: vulnerable, second: image };
}

/** A folder of the user's: what the policy says of it is right. Undefined when it says no. */
export async function releaseOwn(path: string, demo: Demo): Promise<string | undefined> {
  demo.story.part('Your folder', path);
  const image = await release(demo, 'octo/app');
  const { outputs } = await demo.story.step({
    ...decide(demo, 'gate', 'staging', { image }),
    expected: undefined,
    tell: (run) => (run.code === 0 ? 'allowed, and the verdict is signed' : 'refused, so it moves nowhere'),
  });
  return outputs['outcome'] === 'passed' ? image : undefined;
}
