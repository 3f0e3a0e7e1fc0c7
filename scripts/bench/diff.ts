import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, formatTime, median, runProgram } from './figure.ts';
import { compareMemory, readPeak } from './memory.ts';

const SCRIPT = fileURLToPath(new URL('./diff-reports.mjs', import.meta.url));
const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));
const TIME = 1000;
const MEMORY = 300;

/** The comparison of two reports of 50,000 findings that are read already: its time, and the most memory of its process with both reports in it. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-diff-'));
  try {
    const peaks = join(folder, 'peaks');
    const env = { ...process.env, NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks };
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      times.push(Number(await runProgram(process.execPath, [SCRIPT], { env })));
    }
    const time = median(times);
    const megabytes = readPeak(peaks, 'diff-reports.mjs');
    const what = 'diff of two reports, 50,000 findings each';
    return [
      {
        what,
        peer: `goal ${formatTime(TIME)}`,
        ours: formatTime(time),
        ratio: `${(time / TIME).toFixed(2)}×`,
        goal: `< ${formatTime(TIME)}`,
        met: time < TIME,
      },
      compareMemory(`memory of the ${what}`, megabytes, MEMORY),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
