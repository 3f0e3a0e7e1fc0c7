// What scan and sbom submit to GitHub's dependency graph.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { findTool } from '../../scripts/tools.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { writeSample } from '../trivy/sample.ts';
import { startWorld, type World } from './world.ts';

const real = findTool('trivy');
const missing = real === undefined ? ' (skipped: no Trivy 0.72.0 here)' : '';

describe.skipIf(missing)(`dependency snapshots${missing}`, () => {
  let world: World;
  let place: string;
  let image: string;

  beforeAll(async () => {
    world = await startWorld();
    place = `${world.registry.host}/octo/app`;
    const sample = await writeSample(openPlainStore(parseReference(place)), ['linux/amd64', 'linux/arm64']);
    image = `${place}@${sample.digest}`;
  });
  afterAll(() => world.close());
  afterEach(() => {
    world.github.snapshots.length = 0;
    world.github.clearFaults();
  });

  const list = (inputs: Record<string, string>) =>
    world.run('sbom', { image, 'trivy-path': String(real), ...inputs });

  it('hold every platform’s packages by their URL, for the commit of the run', async () => {
    const { outputs, log } = await list({ 'dependency-snapshot': 'true' });
    expect(outputs, log).toMatchObject({ outcome: 'passed', 'dependency-snapshot': '0' });
    const resolved = Object.fromEntries(
      ['pkg:npm/lodash@4.17.4', 'pkg:npm/minimist@1.2.0'].map((url) => [
        url,
        { package_url: url, scope: 'runtime' },
      ]),
    );
    expect(world.github.snapshots).toMatchObject([
      {
        version: 0,
        sha: 'c0ffee'.padEnd(40, '0'),
        ref: 'refs/heads/main',
        job: { id: '1000', correlator: `octo/app/.github/workflows/release.yml ${place}` },
        manifests: {
          [`${place} (linux/amd64)`]: { name: `${place} (linux/amd64)`, resolved },
          [`${place} (linux/arm64)`]: { name: `${place} (linux/arm64)`, resolved },
        },
      },
    ]);
  });

  it('are not submitted unless asked for', async () => {
    expect((await list({})).outputs).not.toHaveProperty('dependency-snapshot');
    expect(world.github.snapshots).toEqual([]);
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      'a token that may not',
      () => ({ 'github-token': world.github.issueToken({ contents: 'read' }) }),
      /contents: write/,
    ],
    [
      'an answer that does not come',
      () => {
        world.github.fail('dependency-graph/create-repository-snapshot', 500, 10);
        return {};
      },
      /gave no answer/,
    ],
  ])('leave the outcome what it is with %s', { timeout: 60_000 }, async (_, prepare, message) => {
    const { outputs, log } = await list({ 'dependency-snapshot': 'true', ...prepare() });
    expect(outputs).toMatchObject({ outcome: 'passed' });
    expect(outputs).not.toHaveProperty('dependency-snapshot');
    expect(log).toMatch(/::warning::No dependencies were submitted/);
    expect(log).toMatch(message);
  });
});
