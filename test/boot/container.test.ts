import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type Container, createContainer } from '../../shared/engines/container.ts';
import type { Engine, EngineName } from '../../shared/engines/engine.ts';
import { parseDigest } from '../../shared/image/digest.ts';

type Answer = { code: number | null; stdout?: string; stderr?: string };

/** A container of an engine that answers as `answers` says by the first word of a command, and with nothing otherwise. */
async function create(name: EngineName, answers: (network: string) => Record<string, Answer>) {
  const asked: string[] = [];
  const run: Engine['run'] = async (args) => {
    asked.push(args.join(' '));
    const network = asked.map((line) => /hallmark-test-\S+/.exec(line)?.[0]).find(Boolean) ?? '';
    const { code, stdout = '', stderr = '' } = answers(network)[args[0] ?? ''] ?? { code: 0 };
    return { code, signal: null, stdout: Buffer.from(stdout), stderr };
  };
  const engine: Engine = {
    name,
    run,
    platform: 'linux/amd64',
    unreachable: undefined,
    read: async (args) => (await run(args)).stdout.toString(),
    clean: async () => undefined,
  };
  const limits = { readOnly: true, memory: 64, processes: 64, envFile: undefined, network: true };
  const image = { id: parseDigest(`sha256:${'a'.repeat(64)}`), remove: async () => undefined };
  return { container: await createContainer(engine, image, limits), asked };
}

describe('what an engine says of itself is no answer of the image', () => {
  const exec = (container: Container) => container.exec(['false'], 5);
  const logs = (container: Container) => container.readLogs();
  const down = 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?';
  test.each([
    ['docker', 'exec', exec, { code: 1, stderr: 'Error response from daemon: container x is not running' }],
    ['docker', 'exec', exec, { code: 1, stderr: down }],
    ['docker', 'exec', exec, { code: null }],
    [
      'podman',
      'exec',
      exec,
      { code: 255, stderr: 'Error: can only create exec sessions on running containers' },
    ],
    ['podman', 'exec', exec, { code: 125, stderr: 'Error: no such container' }],
    ['docker', 'logs', logs, { code: 1, stderr: down }],
    ['podman', 'logs', logs, { code: 125, stderr: 'Error: no such container' }],
  ] satisfies [EngineName, string, (container: Container) => Promise<unknown>, Answer][])(
    '%s %s: %#',
    async (engine, command, ask, answer) => {
      const { container } = await create(engine, () => ({ [command]: answer }));
      await expect(ask(container)).rejects.toThrow(`${engine} ${command} failed`);
    },
  );

  test.each([
    ['docker', { code: 1, stderr: 'Error: of the program' }],
    ['docker', { code: 127, stderr: 'OCI runtime exec failed: exec: "false": executable file not found' }],
    ['podman', { code: 1, stderr: 'Error: of the program' }],
    ['podman', { code: 255, stderr: 'of the program' }],
  ] satisfies [EngineName, Answer][])('but what a program gives is: %s %j', async (engine, answer) => {
    const { container } = await create(engine, () => ({ exec: answer }));
    expect(await exec(container)).toEqual({ status: answer.code, text: '' });
  });
});

test.each([
  ['an address of this machine', () => Object.values(networkInterfaces())[0]?.[0]?.address ?? ''],
  // As Docker says since 28 of a network that leads nowhere.
  ['none', () => ''],
])(
  'a Docker whose network is on no bridge of this machine is not asked by HTTP, its gateway being %s',
  async (_, gateway) => {
    const { container, asked } = await create('docker', (network) => ({
      inspect: {
        code: 0,
        stdout: JSON.stringify({ [network]: { IPAddress: '127.0.0.1', Gateway: gateway() } }),
      },
    }));
    await expect(container.readAddress()).rejects.toThrow("this machine is not on the container's network");
    expect(asked[0]).toMatch(
      /^network create --internal --opt com\.docker\.network\.bridge\.name=hm-\w{12} /,
    );
  },
);
