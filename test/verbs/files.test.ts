import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunContext } from '../../shared/github/context.ts';
import { readAttestedFiles } from '../../shared/verbs/files.ts';

test('as many files as a statement may name: one less where the artifact that holds them is named too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-test-'));
  const context = { workspace: folder } as RunContext;
  const write = (count: number): void => {
    const lines = Array.from({ length: count }, (_, at) => `${'a'.repeat(64)}  ${at}\n`);
    writeFileSync(join(folder, 'sums'), lines.join(''));
  };
  const read = async (repository?: string) =>
    (await readAttestedFiles({ 'subject-checksums': 'sums', repository }, context)).length;
  write(1024);
  expect(await read()).toBe(1024);
  await expect(read('ghcr.io/octo/app')).rejects.toThrow(/names 1024 files; at most 1023/);
  write(1023);
  expect(await read('ghcr.io/octo/app')).toBe(1023);
});
