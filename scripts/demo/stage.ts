// Where the demo plays: two registries, Sigstore and GitHub on this machine, and the environments of demo/policy.yml.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWorld, type World } from '../../test/actions/world.ts';
import { type RegistryServer, startRegistry } from '../../test/servers/registry.ts';
import { type Outside, openOutside } from './outside.ts';
import { openStory, printFact, type Story } from './story.ts';

/** What the demo brings: the application, its later commits, the policy and the manifests. */
export const DEMO = fileURLToPath(new URL('../../demo', import.meta.url));
/** Where the policy is in octo/app. */
export const POLICY = '.github/hallmark.yml';

export type Environment = 'staging' | 'acceptance' | 'prod';

export interface Stage {
  readonly world: World;
  /** The registry that prod alone has. */
  readonly production: RegistryServer;
  readonly story: Story;
  readonly outside: Outside | undefined;
  /** Where each environment's images are. */
  readonly places: Readonly<Record<Environment, string>>;
  /** What each environment runs, as the manifests in octo/app say. */
  readonly manifests: Readonly<Record<Environment, string>>;
  /** Where each step's summary and log go. */
  readonly pages: string;
  /** Ends the services and removes all but the pages. */
  close(): Promise<void>;
}

/** Starts the services, and puts policy and manifests on the protected branch. */
export async function openStage(): Promise<Stage> {
  const runs = fileURLToPath(new URL('../../.demo', import.meta.url));
  mkdirSync(runs, { recursive: true });
  const folder = realpathSync(mkdtempSync(join(runs, 'run-')));
  const pages = join(folder, 'pages');
  const world = await startWorld({ folder });
  const production = await startRegistry({ folder: join(folder, 'production') });
  const { host } = world.registry;
  const place = (text: string): string =>
    text.replaceAll('REGISTRY', host).replaceAll('PRODUCTION', production.host);
  const deploy = readdirSync(join(DEMO, 'deploy'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.yaml'),
  );
  world.github.commit('octo/app', {
    [POLICY]: place(readFileSync(join(DEMO, 'policy.yml'), 'utf8')),
    ...Object.fromEntries(
      deploy.map((path) => [`deploy/${path}`, place(readFileSync(join(DEMO, 'deploy', path), 'utf8'))]),
    ),
  });
  const outside = openOutside(world);
  printFact(
    'Registries',
    `${host} (octo/app is built there; staging, acceptance) and ${production.host} (prod), both embedded`,
  );
  printFact('Sigstore', `${world.sigstore.url}, a local instance; what it signs is verified for real`);
  printFact(
    'GitHub',
    `${world.github.url}, a stub; its protected branch has demo/policy.yml and the manifests of demo/deploy`,
  );
  printFact(
    'Outside',
    outside === undefined
      ? 'crane and cosign are not here, so the registries are looked at by our own client; npm run test:interop builds them'
      : 'crane and cosign look at every environment',
  );
  return {
    world,
    production,
    story: openStory(pages),
    outside,
    places: {
      staging: `${host}/octo/app-staging`,
      acceptance: `${host}/octo/app-acceptance`,
      prod: `${production.host}/octo/app`,
    },
    manifests: {
      staging: 'deploy/staging/kustomization.yaml',
      acceptance: 'deploy/acceptance/kustomization.yaml',
      prod: 'deploy/prod/app.yaml',
    },
    pages,
    async close() {
      await Promise.all([world.close(), production.close()]);
      for (const part of ['workspace', 'registry', 'production', 'home', 'temp']) {
        rmSync(join(folder, part), { recursive: true, force: true });
      }
    },
  };
}
