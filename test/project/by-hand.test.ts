import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';

/** Runs a server's command as `npm run` does. */
function run(name: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const main = new URL(`../servers/${name}-main.ts`, import.meta.url).pathname;
  return spawnSync(process.execPath, [main, ...options], { encoding: 'utf8', timeout: 25_000 });
}

describe('a server that is started by hand says in one line what is wrong', () => {
  test.each<[string, string[], RegExp]>([
    ['registry', ['--port', 'five'], /^--port may be a number from 0 to 65535, not "five"\n$/],
    ['registry', ['--latency', '-1'], /'--latency' argument is ambiguous|may be a number/],
    ['sigstore', ['--port', '65536'], /^--port may be a number from 0 to 65535, not "65536"\n$/],
    ['sigstore', ['--root', 'x'], /^Unknown option '--root'/],
    ['github', ['--port', ''], /^--port may be a number from 0 to 65535, not ""\n$/],
    ['github', ['--file', 'policy.yml'], /^--file takes <path in the repository>=<file>/],
    ['github', ['--file', 'a=/none'], /^ENOENT: no such file or directory, open '\/none'\n$/],
  ])('%s %j', (name, options, message) => {
    const { status, stdout, stderr } = run(name, ...options);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect([status, stdout]).toEqual([2, '']);
  });

  test.each(['registry', 'sigstore', 'github'])('%s, on a port that is taken', async (name) => {
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
    const { port } = taken.address() as { port: number };
    const { status, stderr } = run(name, '--port', String(port));
    await new Promise((done) => taken.close(done));
    expect(stderr).toMatch(/^listen EADDRINUSE: address already in use \S+\n$/);
    expect(status).toBe(2);
  });
});
