// What happens past the pipeline between two promotions: planted, found, and put right.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseReference } from '../../shared/image/reference.ts';
import type { ActionRun } from '../action.ts';
import { POLICY } from './stage.ts';
import { allow, type Demo, holds, short } from './steps.ts';
import { printFact } from './story.ts';
import { openPlainStore } from './tamper.ts';

/** Somebody moves prod's tag, edits two manifests by hand, and one instance was never restarted: status finds it, pin and promote repair it. */
export async function driftAndRepair(demo: Demo, before: string, now: string): Promise<void> {
  const { world, story, places, manifests } = demo;
  story.part(
    'Drift',
    'a tag is moved, two manifests are edited by hand, and one of two instances runs an older image',
  );
  const [old, held] = [before, now].map((image) => `${places.prod}@${image.split('@')[1]}`) as [
    string,
    string,
  ];
  await status(demo, [held, held]);

  await moveTag(demo, old, 'env-prod');
  edit(demo, manifests.prod, now.split('@')[1] ?? '', before.split('@')[1] ?? '');
  edit(demo, manifests.acceptance, /digest: \S+/, 'newTag: env-acceptance');
  printFact('planted', `env-prod, ${manifests.prod} and one instance: ${short(before)}`);
  printFact('planted', `${manifests.acceptance}: a tag`);
  const drifted = await status(demo, [held, old], /^prod: pointer: env-prod has .*the records say/);
  await story.check('found', 'the manifest, the tag and the instance, and nothing else', async () =>
    isDeepStrictEqual(findKinds(drifted.outputs['report']), ['pointer', 'rollout', 'wanted']),
  );
  keepPage(demo, 'status-drifted.html', drifted);

  const paths = dirname(manifests.acceptance);
  writeInWorkspace(demo, manifests.acceptance);
  await story.step({
    name: 'pin',
    expected: 'refused',
    because: /app-acceptance.*env-acceptance/,
    run: () => world.run('pin', { paths }),
    tell: () => 'refused: a manifest names a tag',
  });
  await story.step({
    name: 'pin',
    expected: 'passed',
    run: () => world.run('pin', { paths, write: 'files' }),
    tell: () => 'pinned to what the tag names; the change is merged',
  });
  const pinned = readFileSync(join(world.workspace, manifests.acceptance), 'utf8');
  world.github.commit('octo/app', { [manifests.acceptance]: pinned });

  await allow(demo, 'promote', 'prod', now, 'what it holds by its records: tag and manifest are set back');
  printFact('restarted', 'the instance');
  keepPage(demo, 'status.html', await status(demo, [held, held]));
  await holds(demo, 'prod', now);
  await holds(demo, 'acceptance', now);
}

/** The kinds of drift in a report of status. */
function findKinds(report = ''): string[] {
  const { environments } = JSON.parse(readFileSync(report, 'utf8')) as {
    environments: { drift: { value: { kind: string }[] } }[];
  };
  return environments.flatMap(({ drift }) => drift.value.map(({ kind }) => kind)).sort();
}

function keepPage({ pages }: Demo, name: string, { outputs }: ActionRun): void {
  const page = join(pages, name);
  copyFileSync(outputs['page'] ?? '', page);
  printFact('page', `${relative('.', page)}, to be opened in a browser`);
}

/** Compares prod with its manifest and with a list of what runs; with `because` it has to find a drift like that. */
function status(
  { world, story, manifests }: Demo,
  running: readonly string[],
  because?: RegExp,
): Promise<ActionRun> {
  writeFileSync(join(world.workspace, 'running.txt'), `${running.join('\n')}\n`);
  const inputs = {
    ...{ environment: 'prod', policy: POLICY, 'fail-on': 'drift' },
    ...{ running: 'running.txt', manifests: manifests.prod },
  };
  return story.step({
    name: 'status prod',
    expected: because === undefined ? 'passed' : 'refused',
    ...(because && { because }),
    run: () => world.run('status', inputs),
    tell: ({ outputs }) =>
      because === undefined
        ? `records, tag, manifest and what runs agree; ${outputs['coverage']} % of the evidence is there`
        : 'refused: not what the records say',
  });
}

/** As anybody with push access may: by crane, where it is there. */
async function moveTag({ outside }: Demo, image: string, tag: string): Promise<void> {
  if (outside !== undefined) return outside.moveTag(image, tag);
  const store = openPlainStore(parseReference(image));
  const stored = await store.getManifest(image.split('@')[1] ?? '');
  await store.putManifest(stored?.bytes ?? Buffer.alloc(0), stored?.descriptor.mediaType ?? '', tag);
}

/** As anybody may who can push to the branch. */
function edit({ world }: Demo, path: string, from: string | RegExp, to: string): void {
  const text = world.github.filesOf('octo/app').get(path) ?? '';
  if (text.replace(from, to) === text) throw new Error(`${path} has no ${from}`);
  world.github.commit('octo/app', { [path]: text.replace(from, to) });
}

/** As a checkout of the branch has it. */
function writeInWorkspace({ world }: Demo, path: string): void {
  mkdirSync(dirname(join(world.workspace, path)), { recursive: true });
  writeFileSync(join(world.workspace, path), world.github.filesOf('octo/app').get(path) ?? '');
}
