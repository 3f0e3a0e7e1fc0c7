import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTool } from '../../scripts/tools.ts';
import { runProcess } from '../../shared/process/run.ts';
import { findMissing, findProgram } from '../servers/peers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Pages that have workflows to copy. */
const PAGES = ['README.md', 'action-docs/read-the-comment.md', 'action-docs/pin-and-update-bases.md'];
const missing = await findMissing({ tools: ['actionlint'], programs: ['python3'] });

async function run(
  program: string,
  args: string[],
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  const { code, stdout, stderr } = await runProcess(program, args, {
    env: { PATH: process.env.PATH ?? '', HOME: homedir() },
    cwd,
    deadline: AbortSignal.timeout(120_000),
  });
  return { code, output: `${stdout}${stderr}` };
}

/** zizmor from PyPI, pinned by hash, in a virtual environment of its own beside the other tools. */
async function ensureZizmor(): Promise<string> {
  const pins = join(root, 'test/tools/zizmor/requirements.txt');
  const key = createHash('sha256').update(readFileSync(pins)).digest('hex').slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'hallmark', 'tools', `zizmor-${key}`);
  const program = join(folder, 'bin', 'zizmor');
  if (existsSync(program)) return program;
  for (const [command, ...args] of [
    [findProgram('python3') ?? 'python3', '-m', 'venv', '--clear', folder],
    [
      join(folder, 'bin', 'pip'),
      'install',
      '--quiet',
      '--require-hashes',
      '--only-binary',
      ':all:',
      '-r',
      pins,
    ],
  ] as const) {
    const { code, output } = await run(command, args, root);
    if (code !== 0) throw new Error(`zizmor could not be installed: ${output}`);
  }
  return program;
}

/** The whole workflows of a page: its YAML blocks with jobs, a placeholder for a commit written out. */
function workflowsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ya?ml\n([\s\S]*?)```/g)]
    .map(([, block]) => block ?? '')
    .filter((block) => /^jobs:/m.test(block) && /^on:/m.test(block))
    .map((block) => block.replace(/@<[^>\n]+>/g, `@${'0123456789'.repeat(4)}`));
}

describe.skipIf(missing)(`the workflows are clean${missing && ` (skipped: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-workflows-'));
  const workflows = join(folder, '.github', 'workflows');
  let zizmor: string;

  beforeAll(async () => {
    mkdirSync(workflows, { recursive: true });
    for (const page of PAGES) {
      workflowsOf(page).forEach((text, at) => {
        writeFileSync(join(workflows, `${basename(page, '.md').toLowerCase()}-${at + 1}.yml`), text);
      });
    }
    zizmor = await ensureZizmor();
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(PAGES)('%s has a workflow to copy', (page) => {
    expect(workflowsOf(page).length).toBeGreaterThan(0);
  });

  test.each([
    ["this repository's", () => join(root, '.github', 'workflows')],
    ["the pages'", () => workflows],
  ])('actionlint finds nothing in %s', async (_, where) => {
    const files = readdirSync(where()).map((name) => join(where(), name));
    const result = await run(await ensureTool('actionlint'), ['-no-color', ...files], root);
    expect(result).toEqual({ code: 0, output: '' });
  });

  test.each([
    ['this repository', () => root],
    ["the pages' workflows", () => folder],
  ])('zizmor finds nothing in %s', async (_, where) => {
    const { code, output } = await run(zizmor, ['--offline', '--no-progress', where()], root);
    expect(output).toMatch(/No findings to report/);
    expect(code).toBe(0);
  });

  test('both find what is wrong, so their silence means something', async () => {
    const bad = join(folder, 'bad', '.github', 'workflows');
    mkdirSync(bad, { recursive: true });
    writeFileSync(
      join(bad, 'bad.yml'),
      'on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: echo ${{ github.event.pull_request.title }} ${{ steps.none.outputs.x }}\n',
    );
    const lint = await run(await ensureTool('actionlint'), ['-no-color', join(bad, 'bad.yml')], root);
    expect(lint.code).not.toBe(0);
    const audit = await run(zizmor, ['--offline', '--no-progress', join(folder, 'bad')], root);
    expect(audit.code).not.toBe(0);
    expect(audit.output).toMatch(/unpinned-uses|template-injection/);
  });
});
