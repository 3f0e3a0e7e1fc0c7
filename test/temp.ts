import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives all tests of a run one temporary folder, which goes when they have ended, whatever they leave in it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-'));
  process.env.TMPDIR = folder;
  return () => {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      // An engine's mount that is still busy: no test is worse for it.
      console.warn(`${folder} stays: ${error instanceof Error ? error.message : error}`);
    }
  };
}
