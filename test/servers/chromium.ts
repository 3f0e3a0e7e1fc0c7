// Headless Chromium over its debugging pipe: Chrome DevTools Protocol, NUL-separated JSON on descriptors 3 and 4.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { findProgram } from './peers.ts';

export interface Browser {
  /** Loads a page of HTML to the end, at most 20 s, in light colours unless dark ones are preferred. Nothing is fetched from anywhere. */
  load(html: string, width: number, scheme?: 'light' | 'dark'): Promise<void>;
  /** What the console has said of the page that is loaded: errors, warnings, what a policy kept from it, exceptions. */
  readComplaints(): readonly string[];
  /** The JSON value of an expression in the loaded page. */
  evaluate<T>(expression: string): Promise<T>;
  /** Writes a picture of the whole page. */
  takePicture(path: string): Promise<void>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Starts Chromium with a profile of its own, which `close` removes. */
export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-chromium-'));
  const child = spawn(
    findProgram('chromium') ?? 'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP * ~NOTFOUND',
      '--remote-debugging-pipe',
      `--user-data-dir=${join(folder, 'profile')}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  const events = new Set<(message: Message) => void>();
  let rest = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else for (const hear of [...events]) hear(message);
    }
  });
  input.on('error', () => {});

  let last = 0;
  let session: string | undefined;
  const within = <T>(what: string, work: (done: (value: T) => void, fail: (error: Error) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Chromium: ${what} took more than 20 s`)), 20_000);
      const end =
        <V>(settle: (value: V) => void) =>
        (value: V): void => {
          clearTimeout(timer);
          settle(value);
        };
      work(end(resolve), end(reject));
    });
  const send = <T>(method: string, params: object = {}): Promise<T> =>
    within<T>(method, (done, fail) => {
      last += 1;
      const id = last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error) fail(new Error(`Chromium: ${method}: ${error.message}`));
        else done(result as T);
      });
      input.write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`);
    });

  const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const attached = await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
  session = attached.sessionId;
  await send('Page.enable');
  await send('Log.enable');
  await send('Runtime.enable');
  let complaints: string[] = [];
  events.add(({ method, params }) => {
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown')
      complaints.push(JSON.stringify(params));
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params));
  });

  return {
    readComplaints: () => complaints,
    async load(html, width, scheme = 'light') {
      complaints = [];
      await send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      });
      await send('Emulation.setDeviceMetricsOverride', {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      const file = join(folder, 'page.html');
      writeFileSync(file, html);
      const loaded = within<void>('loading a page', (done) => {
        const hear = ({ method }: Message): void => {
          if (method !== 'Page.loadEventFired') return;
          events.delete(hear);
          done();
        };
        events.add(hear);
      });
      await Promise.all([loaded, send('Page.navigate', { url: pathToFileURL(file).href })]);
    },
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send<{
        result: { value: T };
        exceptionDetails?: { exception?: { description?: string } };
      }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
      if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.exception?.description}`);
      return result.value;
    },
    async takePicture(path) {
      const { data } = await send<{ data: string }>('Page.captureScreenshot', {
        captureBeyondViewport: true,
      });
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Buffer.from(data, 'base64'));
    },
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
