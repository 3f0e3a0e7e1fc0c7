import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProcess } from '../../shared/process/run.ts';

// sigstore/sigstore-conformance, test/assets/bundle-verify; its README describes the folders.
const CASES = new URL('../../../shared/sigstore-conformance/', import.meta.url).pathname;
const CLIENT = new URL('./conformance-client/main.ts', import.meta.url).pathname;
const BEACON =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

const present = existsSync(CASES);
const names = present
  ? readdirSync(CASES, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  : [];

describe.skipIf(!present)(
  `the public conformance suite${present ? '' : ` (did not take place: ${CASES} is missing)`}`,
  () => {
    test('all of it is here', () => expect(names).toHaveLength(70));

    const runs = names.flatMap((name) => [
      { name, by: 'path' },
      { name, by: 'digest' },
    ]);
    test.concurrent.each(runs)('$name by $by', async ({ name, by }) => {
      const folder = join(CASES, name);
      const own = (file: string): string | undefined =>
        existsSync(join(folder, file)) ? join(folder, file) : undefined;
      const text = (file: string): string | undefined => {
        const path = own(file);
        return path === undefined ? undefined : readFileSync(path, 'utf8').trim();
      };
      const [artifact, key, root] = [
        own('artifact') ?? join(CASES, 'a.txt'),
        own('key.pub'),
        own('trusted_root.json'),
      ];
      const signer = ['--certificate-identity', text('identity') ?? BEACON];
      const { code, stderr } = await runProcess(
        process.execPath,
        [
          ...[CLIENT, 'verify-bundle', '--bundle', join(folder, 'bundle.sigstore.json')],
          ...(key === undefined
            ? [...signer, '--certificate-oidc-issuer', text('issuer') ?? ISSUER]
            : ['--key', key]),
          ...(root === undefined ? [] : ['--trusted-root', root]),
          by === 'path'
            ? artifact
            : `sha256:${createHash('sha256').update(readFileSync(artifact)).digest('hex')}`,
        ],
        { env: {}, deadline: AbortSignal.timeout(60_000) },
      );
      expect({ code, stderr }).toMatchObject({ code: name.endsWith('_fail') ? 1 : 0 });
      // A client that falls over refuses everything.
      if (code === 1) expect(stderr).not.toMatch(/ENOENT|ERR_|is not a function|usage/);
    });
  },
);
