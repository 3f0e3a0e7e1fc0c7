// Ways around the pipeline, by someone who may push to the registries.
import { parseReference } from '../../shared/image/reference.ts';
import { build, type Demo, holds, refuse, release } from './steps.ts';
import { forgeRecord, openPlainStore, tamperImage } from './tamper.ts';

/** Three images that are not what the policy asks for: no gate lets them in anywhere. */
export async function attack(demo: Demo, image: string): Promise<void> {
  const { world, story } = demo;
  story.part('Tampered', 'the image starts another program, with the genuine evidence attached to it');
  await refuseEverywhere(demo, await tamperImage(image));

  story.part('Unsigned', 'another commit is built past the pipeline, without evidence');
  world.commit({}, 'Rush a fix past the pipeline');
  await refuseEverywhere(demo, await build(demo, 'octo/app-unsigned', { provenance: 'false' }));

  story.part(
    'Wrong workflow',
    'everything is there and signed, but by hotfix.yml, which the policy does not trust',
  );
  const hotfix = { workflow: '.github/workflows/hotfix.yml' };
  await refuseEverywhere(demo, await release(demo, 'octo/app-hotfix', hotfix));
}

async function refuseEverywhere(demo: Demo, image: string): Promise<void> {
  await refuse(demo, 'gate', 'staging', image, /^signed /);
  await refuse(demo, 'promote', 'prod', image, /^signed /);
}

/** Somebody with push access signs a record of his own: acceptance stops, and holds what it held. */
export async function forge(demo: Demo, image: string): Promise<void> {
  const { world, story, places } = demo;
  story.part('Forged', 'a record that says that acceptance holds another image, signed by hotfix.yml');
  const place = places.acceptance;
  const store = openPlainStore(parseReference(place));
  const held = await store.resolve('env-acceptance');
  const tags = await store.listTags();
  const sequence = tags.filter((tag) => tag.startsWith('env-acceptance.')).length + 1;
  await forgeRecord(
    world,
    { environment: 'acceptance', image: `${place}@${image.split('@')[1]}`, sequence },
    { job_workflow_ref: 'octo/app/.github/workflows/hotfix.yml@refs/heads/main' },
  );
  await refuse(demo, 'promote', 'acceptance', image, /has no record by a promoter that says so/);
  await holds(demo, 'acceptance', `${place}@${held?.digest}`);
}
