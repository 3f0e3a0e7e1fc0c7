// The commands of action-docs/evidence.md by which anybody verifies without this suite, run as they are written.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { startWorld, type World } from '../actions/world.ts';
import { findMissing } from '../servers/peers.ts';
import { pushTwoPlatforms, type TwoPlatforms, writeEvidence } from './images.ts';

const page = readFileSync(new URL('../../action-docs/evidence.md', import.meta.url), 'utf8');
const block = /```sh\n(IMAGE=[\s\S]*?)```/.exec(page)?.[1] ?? '';
const [commands, setup] = [true, false].map((wanted) =>
  block.split('\n').filter((line) => line.startsWith('cosign ') === wanted),
) as [string[], string[]];
/** Those within a sentence. */
const byKey = [...page.matchAll(/`(cosign [^`]*\$IMAGE)`/g)].map(([, command]) => command ?? '');

const missing = await findMissing({ programs: [], tools: ['cosign', 'crane'] });

describe.skipIf(missing)(`the page on evidence${missing && ` (skipped: ${missing})`}`, () => {
  let world: World;
  let image: TwoPlatforms;
  let path: string;

  beforeAll(async () => {
    world = await startWorld();
    path = [dirname(await ensureTool('cosign')), process.env.PATH].join(delimiter);
    image = await pushTwoPlatforms(`${world.registry.host}/octo/app`);
    writeEvidence(world, image);
    writeFileSync(join(world.workspace, 'root.json'), JSON.stringify(world.sigstore.trustedRoot));
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(world.workspace, 'cosign.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const attested = await world.run('attest', {
      image: image.index,
      signature: 'true',
      provenance: 'true',
      sbom: 'linux/amd64=amd64.cdx.json',
      'scan-report': 'amd64.report.json',
    });
    expect(attested.outputs.outcome, attested.log).toBe('passed');
    const keyless = { sigstore: '', 'fulcio-url': '', 'rekor-url': '', 'tsa-url': '', 'trusted-root': '' };
    const signed = await world.run(
      'sign',
      { ...keyless, image: image.index, key: 'SIGNING_KEY' },
      { variables: { SIGNING_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string } },
    );
    expect(signed.outputs.outcome, signed.log).toBe('passed');
  }, 120_000);
  afterAll(() => world?.close());

  /** Runs a command behind the page's own first lines, with our image in the place of the page's. */
  async function run(
    command: string,
    change = (text: string): string => text,
  ): Promise<{ code: number | null; log: string }> {
    const script = change([...setup, command].join('\n'))
      .replaceAll('IMAGE=ghcr.io/octo/app@sha256:…', `IMAGE=${image.index}`)
      .replaceAll('ghcr.io/octo/app@sha256:…', image.amd64);
    expect(script).not.toContain('…');
    const { code, stdout, stderr } = await runProcess('/bin/sh', ['-ec', script], {
      cwd: world.workspace,
      env: { PATH: path, HOME: world.folder },
      deadline: AbortSignal.timeout(60_000),
    });
    return { code, log: `${stdout}${stderr}` };
  }

  test('has four commands of cosign by name, and one by key', () => {
    expect([commands.length, byKey.length]).toEqual([4, 1]);
  });

  test.each(commands)('%s', async (command) => {
    // As the page says for an instance of one's own.
    const ours = `${command} --trusted-root root.json`;
    const { code, log } = await run(ours);
    expect(code, log).toBe(0);
    const other = await run(ours, (text) => text.replace('release.yml', 'other.yml'));
    expect(other.code).not.toBe(0);
    expect(other.log).toMatch(/none of the expected identities matched|no matching/);
  });

  test.each(byKey)('%s', async (command) => {
    const { code, log } = await run(command);
    expect(code, log).toBe(0);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(world.workspace, 'other.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const other = await run(command, (text) => text.replace('cosign.pub', 'other.pub'));
    expect(other.code, other.log).toBe(1);
  });
});
