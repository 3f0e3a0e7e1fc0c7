// The registry is made small again, and everything that must stay is still there.
import { parseReference } from '../../shared/image/reference.ts';
import { POLICY } from './stage.ts';
import { type Demo, holds, short } from './steps.ts';
import { openPlainStore } from './tamper.ts';

/** Deletes from the repository that images are built to what no environment holds, held or could go back to; `third` is in prod, `second` before. */
export async function prune(
  demo: Demo,
  { denied, second, third }: { denied: string; second: string; third: string },
): Promise<void> {
  const { world, story, outside } = demo;
  story.part('Prune', 'of octo/app goes what no environment holds or held');
  const repository = `${world.registry.host}/octo/app`;
  const inputs = { repository, policy: POLICY, keep: 'tag:v*', 'older-than': '0s' };
  const deletes = () => world.registry.requests.filter(({ method }) => method === 'DELETE').length;
  const before = deletes();
  for (const dry of [true, false]) {
    await story.step({
      name: dry ? 'prune dry-run' : 'prune',
      expected: 'passed',
      run: () => world.run('prune', { ...inputs, 'dry-run': String(dry) }),
      tell: ({ outputs }) =>
        dry
          ? `${outputs['deleted']} manifests would go, ${outputs['kept']} stay, each with its reason`
          : `${outputs['deleted']} manifests are gone, ${outputs['kept']} are there`,
    });
    if (dry) await story.check('dry run', 'nothing was deleted', async () => deletes() === before);
  }
  const store = openPlainStore(parseReference(repository));
  await story.check('gone', `${short(denied)}, which the policy denied`, async () => {
    return (await store.getManifest(denied.split('@')[1] ?? '')) === undefined;
  });
  for (const image of [second, third]) {
    const who = outside === undefined ? '' : ': crane pulls it whole, cosign verifies it';
    await story.check('stays', `${short(image)}${who}`, async () => {
      if (outside !== undefined) return outside.pull(image);
      return (await store.getManifest(image.split('@')[1] ?? '')) !== undefined;
    });
  }
  await holds(demo, 'staging', second);
  await holds(demo, 'acceptance', third);
  await holds(demo, 'prod', third);
}
