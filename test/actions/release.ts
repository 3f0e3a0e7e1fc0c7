import { expect } from 'vitest';
import type { Run, World } from './world.ts';

/** Commits a content, builds an image of it with provenance, signs it, and returns it by digest. `inputs` are build's. */
export async function releaseImage(
  world: World,
  content: string,
  inputs: Record<string, string> = {},
  run: Run = {},
): Promise<string> {
  world.commit({ 'app.txt': content }, content);
  const repository = `${world.registry.host}/octo/app`;
  const built = await world.run('build', { repository, files: 'app.txt:/app.txt', ...inputs }, run);
  expect(built.outputs, built.log).toMatchObject({ outcome: 'passed' });
  const { image = '' } = built.outputs;
  const signed = await world.run('attest', { image, signature: 'true' }, run);
  expect(signed.outputs, signed.log).toMatchObject({ outcome: 'passed' });
  return image;
}
