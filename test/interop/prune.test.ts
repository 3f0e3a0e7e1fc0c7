import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { prune } from '../../shared/verbs/prune.ts';
import {
  findMissing,
  type Peer,
  startCraneRegistry,
  startDistribution,
  startReferenceRegistry,
} from '../servers/peers.ts';
import { startRegistry } from '../servers/registry.ts';
import { type LocalSigstore, startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { type Cosign, openCosign } from './cosign.ts';
import { pushTwoPlatforms } from './images.ts';

/*
 * What other people's tools pushed and signed, in other people's registries: what stays they still pull and verify, what goes is gone.
 */

const execute = promisify(execFile);
const missing = await findMissing({ programs: ['docker-registry'], tools: ['cosign', 'crane', 'registry'] });
const embedded = async (referrers: boolean): Promise<Pick<Peer, 'address' | 'close'>> => {
  const { host, close } = await startRegistry({ referrers });
  return { address: host, close };
};
const REGISTRIES = {
  'the embedded registry': () => embedded(true),
  'the embedded registry without the referrers API': () => embedded(false),
  "Debian's docker-registry": startDistribution,
  "go-containerregistry's with the referrers API": startReferenceRegistry,
  'crane registry serve': startCraneRegistry,
};

describe.skipIf(missing)(`prune${missing && ` (skipped: ${missing})`}`, () => {
  let sigstore: LocalSigstore;
  let cosign: Cosign;
  beforeAll(async () => {
    sigstore = await startSigstore();
    cosign = await openCosign(sigstore);
  });
  afterAll(async () => {
    cosign?.close();
    await sigstore?.close();
  });

  test.each(Object.entries(REGISTRIES))('in %s', async (_, start) => {
    const peer = await start();
    try {
      const place = `${peer.address}/octo/app`;
      const program = await ensureTool('crane');
      const crane = async (...args: string[]): Promise<string> =>
        (await execute(program, args)).stdout.trim();
      const older = [
        ...['--yes', '--new-bundle-format=false', '--use-signing-config=false'],
        ...[`--fulcio-url=${sigstore.fulcioUrl}`, `--rekor-url=${sigstore.rekorUrl}`],
        `--trusted-root=${join(cosign.folder, 'trusted-root.json')}`,
      ];
      const sign = async (image: string): Promise<void> => {
        const predicate = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] };
        for (const { code, stderr } of [
          await cosign.sign(image),
          await cosign.attest(image, 'cyclonedx', predicate),
          await cosign.run('sign', ...older, image),
        ]) {
          expect(code, stderr).toBe(0);
        }
      };
      const stays = await pushTwoPlatforms(place);
      // Of the same platform manifest as what stays, and of one of its own.
      await crane(
        'mutate',
        '--label',
        'of=the past',
        '--set-platform',
        'linux/arm64',
        '--tag',
        `${place}:past`,
        stays.arm64,
      );
      const past = `${place}@${await crane('digest', `${place}:past`)}`;
      await crane('index', 'append', '--tag', `${place}:gone`, '--manifest', stays.amd64, '--manifest', past);
      const gone = `${place}@${await crane('digest', `${place}:gone`)}`;
      for (const image of [stays.index, stays.amd64, gone, past]) await sign(image);

      const workspace = join(cosign.folder, `prune-${peer.address.replace(':', '-')}`);
      mkdirSync(workspace);
      writeFileSync(join(workspace, 'running.txt'), stays.index);
      const { outputs } = await prune(
        {
          repository: place,
          keep: [],
          'older-than': 0,
          policy: 'none',
          running: ['running.txt'],
          'dry-run': false,
        },
        runContext(sigstore, {}, { workspace, temp: workspace }),
      );
      expect(Number(outputs['deleted'])).toBeGreaterThan(4);

      for (const image of [stays.index, stays.amd64, stays.arm64]) await crane('validate', '--remote', image);
      for (const image of [stays.index, stays.amd64]) {
        for (const { code, stderr } of [
          await cosign.verify(image),
          await cosign.verifyAttestation(image, 'cyclonedx'),
        ]) {
          expect(code, stderr).toBe(0);
        }
        const tag = `${(image.split('@')[1] ?? '').replace(':', '-')}.sig`;
        await crane('manifest', `${place}:${tag}`);
      }
      for (const image of [gone, past])
        await expect(crane('manifest', image)).rejects.toThrow('MANIFEST_UNKNOWN');
      const left = await crane('ls', place);
      for (const image of [gone, past])
        expect(left).not.toContain((image.split('@')[1] ?? '').replace(':', '-'));
      expect(left.split('\n')).not.toEqual(expect.arrayContaining(['past']));
      expect(left).not.toContain('hallmark-prune');
    } finally {
      await peer.close();
    }
  });
});
