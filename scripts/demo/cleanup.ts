// The registries are made small again, and everything that must stay is still there.
import { parseReference } from '../../shared/image/reference.ts';
import { POLICY } from './stage.ts';
import { type Demo, holds, short } from './steps.ts';
import { openPlainStore } from './tamper.ts';

/** Deletes what no environment holds, held or could go back to, where images are built and in prod; `third` is in prod, `second` in staging. */
export async function prune(
  demo: Demo,
  { denied, second, third }: { denied: string; second: string; third: string },
): Promise<void> {
  const { world, production, story, places } = demo;
  story.part('Prune', 'of octo/app, here and in production, goes what no environment holds or held');
  const built = `${world.registry.host}/octo/app`;
  const deletes = () =>
    [...world.registry.requests, ...production.requests].filter(({ method }) => method === 'DELETE').length;
  const before = deletes();
  await pruneOne(demo, 'prune dry-run', built, true);
  await story.check('dry run', 'nothing was deleted', async () => deletes() === before);
  await pruneOne(demo, 'prune', built, false);
  await pruneOne(demo, 'prune prod', places.prod, false);

  await story.check('gone', `${short(denied)}, which the policy denied`, () => isGone(denied));
  const candidates = (await Promise.all(Object.values(places).map(listPromoted))).flat();
  const who = demo.outside === undefined ? '' : ': crane pulls them whole, cosign verifies them';
  for (const [name, images, told] of [
    ['stays', [second, third], 'what environments hold, where it was built'],
    ['candidates', candidates, `all ${candidates.length} that an environment holds or could go back to`],
  ] as const) {
    await story.check(name, `${told}${who}`, async () => {
      const there = await Promise.all(images.map((image) => isWhole(demo, image)));
      return there.length > 0 && there.every(Boolean);
    });
  }
  await holds(demo, 'staging', second);
  await holds(demo, 'acceptance', third);
  await holds(demo, 'prod', third);
}

async function pruneOne({ world, story }: Demo, name: string, repository: string, dry: boolean) {
  const inputs = { repository, policy: POLICY, keep: 'tag:v*', 'older-than': '0s', 'dry-run': String(dry) };
  await story.step({
    name,
    expected: 'passed',
    run: () => world.run('prune', inputs),
    tell: ({ outputs }) =>
      dry
        ? `${outputs['deleted']} manifests would go, ${outputs['kept']} stay, each with its reason`
        : `${outputs['deleted']} manifests are gone, ${outputs['kept']} are there`,
  });
}

/** Each image that was ever promoted into a repository, by its tag. */
async function listPromoted(place: string): Promise<string[]> {
  const store = openPlainStore(parseReference(place));
  const tags = (await store.listTags()).filter((tag) => /^env-[a-z0-9-]+\.\d{6}-/.test(tag));
  const found = await Promise.all(tags.map((tag) => store.resolve(tag)));
  return [...new Set(found.map((one) => `${place}@${one?.digest}`))];
}

async function isWhole({ outside }: Demo, image: string): Promise<boolean> {
  return outside === undefined ? !(await isGone(image)) : outside.pull(image);
}

async function isGone(image: string): Promise<boolean> {
  const store = openPlainStore(parseReference(image));
  return (await store.getManifest(image.split('@')[1] ?? '')) === undefined;
}
