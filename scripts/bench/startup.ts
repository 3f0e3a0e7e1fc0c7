import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseOutputs } from '../action.ts';
import { type Figure, formatTime, runProgram, takeTurns } from './figure.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Every bundle from its start to its first input error, against a Node process that does nothing. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-bench-'));
  try {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, '');
    const output = join(folder, 'output');
    const env = { PATH: process.env.PATH, HOME: folder, GITHUB_OUTPUT: output, RUNNER_TEMP: folder };
    const names = readdirSync(join(root, 'actions')).filter((name) => existsSync(join(root, 'dist', name)));
    const contenders: Record<string, () => Promise<void>> = {
      empty: async () => void (await runProgram(process.execPath, [empty], { env })),
    };
    for (const name of names) {
      contenders[name] = async () => {
        writeFileSync(output, '');
        // Every input is empty: what is required is missing.
        await runProgram(process.execPath, [join(root, 'dist', name, 'index.js')], { env, code: 1 });
        const { outcome } = parseOutputs(readFileSync(output, 'utf8'));
        if (outcome !== 'invalid')
          throw new Error(`${name} without inputs ended "${outcome}", not "invalid"`);
      };
    }
    const times = await takeTurns(15, contenders);
    const peer = times['empty'] ?? Number.NaN;
    return names.map((name) => {
      const ours = times[name] ?? Number.NaN;
      return {
        what: `start-up of ${name} to its input error`,
        peer: `empty Node ${formatTime(peer)}`,
        ours: formatTime(ours),
        ratio: `${(ours / peer).toFixed(2)}×`,
        goal: '≤ 2×',
        met: ours <= 2 * peer,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
