import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { readContext } from '../../shared/step/context.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Asks for a token where `answer` answers; gives what came of it, the log, and what was asked. */
async function ask(answer: RequestListener, milliseconds = 20_000) {
  const requests: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url, authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_URL', `http://127.0.0.1:${port}/token?api-version=2.0`);
  vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'authority');
  let log = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    log += text;
    return true;
  });
  const { getIdToken } = readContext('test', AbortSignal.timeout(milliseconds));
  const result = await getIdToken('sigstore').catch((error: unknown) => error);
  return { result, log, requests };
}

test('the OIDC token is asked for once, with its audience, and masked before it is used', async () => {
  const { result, log, requests } = await ask((_, response) => response.end('{"count":1,"value":"a.jwt"}'));
  expect(result).toBe('a.jwt');
  expect(log).toBe('::add-mask::a.jwt\n');
  expect(requests).toEqual([
    { url: '/token?api-version=2.0&audience=sigstore', authorization: 'Bearer authority' },
  ]);
});

test('what passes by itself is tried again', async () => {
  let tries = 0;
  const { result } = await ask((_, response) => {
    tries += 1;
    if (tries === 1) response.socket?.destroy();
    else response.writeHead(tries === 2 ? 503 : 200).end('{"value":"a.jwt"}');
  });
  expect(result).toBe('a.jwt');
});

describe('no token is unavailable, with nothing of it in the log', () => {
  test.each<[string, RequestListener]>([
    ['a refusal', (_, response) => response.writeHead(403).end('{"value":"a.jwt"}')],
    ['a web page', (_, response) => response.end('<html>a.jwt')],
    ['an answer without one', (_, response) => response.end('{"other":"a.jwt"}')],
    ['an empty one', (_, response) => response.end('{"value":""}')],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['silence past the deadline', () => undefined],
  ])('%s', async (_, answer) => {
    const { result, log } = await ask(answer, 1000);
    expect(result).toMatchObject({ outcome: 'unavailable', message: 'GitHub gave no OIDC token' });
    expect(log).toBe('');
  });
});

test.each(['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'])(
  'a job without %s hears which permission it lacks',
  async (missing) => {
    vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_URL', 'http://127.0.0.1:1/');
    vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'authority');
    vi.stubEnv(missing, '');
    await expect(readContext('test', AbortSignal.timeout(1000)).getIdToken('sigstore')).rejects.toMatchObject(
      {
        outcome: 'invalid',
        hint: expect.stringContaining('id-token: write'),
      },
    );
  },
);
