// A vulnerability becomes known after images were promoted: what runs is judged anew, and an environment is kept from going back to it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { publishTrivyDb } from '../../test/servers/trivy-db.ts';
import { POLICY } from './stage.ts';
import { type Demo, decide, holds } from './steps.ts';

/** staging holds `second`, which has the package; acceptance and prod hold `third`, which has it not. */
export async function advise(demo: Demo, third: string): Promise<void> {
  const { world, story, setting } = demo;
  story.part(
    'Advisory',
    'a critical vulnerability of ms becomes known (invented for this demo): commit 2 has it, commit 3 has not',
  );
  const later = await publishTrivyDb(
    world.registry.host,
    readFileSync(fileURLToPath(new URL('../../test/fixtures/trivy-db/later.tar.gz', import.meta.url))),
    'trivy-db-later',
  );
  const scanner = { ...setting.scanner, 'db-repository': later };
  await story.step({
    ...decide(demo, 'rollback', 'prod', { reason: 'The page stays empty', ...scanner }),
    expected: 'refused',
    because: /no-critical.*CVE-2099-0001/,
    tell: () => 'refused: it would be worse than what runs',
  });
  await holds(demo, 'prod', third);

  const { issues } = world.github.reports;
  for (const run of ['first', 'second']) {
    await story.step({
      name: 'status rescan',
      expected: 'refused',
      because: /^staging: .*CVE-2099-0001/,
      run: () =>
        world.run('status', {
          policy: POLICY,
          rescan: 'true',
          issue: 'true',
          'fail-on': 'denied',
          ...scanner,
        }),
      tell: () => `refused, the ${run} time: staging holds what would be denied now`,
    });
    await story.check('issue', 'one is open, and it names staging alone', async () => {
      const open = issues.filter(({ state }) => state === 'open').map(({ title }) => title);
      return isDeepStrictEqual(open, ['What runs in staging would be denied today']);
    });
  }
}
