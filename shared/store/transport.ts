import http, { Agent, type AgentOptions, type IncomingMessage, request as requestHttp } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, Unavailable } from '../outcome/outcome.ts';

/** How long a peer may be silent, in milliseconds: while connecting, before its headers, and between two pieces of a body. */
const SILENCE = 30_000;
/** Tries for what may pass by itself: dropped connections, silence, 5xx. */
const TRIES = 4;
/** The first pause between two tries, in milliseconds; each further one is twice as long, up to the longest. */
const PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** The longest that a peer's Retry-After is waited for, in milliseconds: a longer one is told at once, not sat out in silence. */
const LONGEST_WAIT = 600_000;

const POOL = {
  keepAlive: true,
  // For each peer. A transfer between two repositories of one registry holds two connections, so there are more than
  // twice as many as `copyImage` moves at once.
  maxSockets: 64,
  // Milliseconds that an unused connection is kept: many servers close theirs after five seconds.
  timeout: 4000,
};
const agent = new Agent(POOL);
// Loaded with the first https address, and not before: TLS is a quarter of what the process needs to start.
let secure: Promise<{ request: typeof requestHttp; agent: Agent }> | undefined;
let proxies: AgentOptions['proxyEnv'];

/** For how many milliseconds after a wait no other is said: many requests are told to wait at once. */
const QUIET = 30_000;
const quietUntil = new WeakMap<object, number>();

/** What may pass by itself: `retryTransient` tries again, anyone else sees `Unavailable`. */
export class Transient extends Unavailable {
  /** Milliseconds that the peer asked to wait (429 with Retry-After). */
  readonly pause: number | undefined;

  constructor(message: string, options: { cause?: unknown; pause?: number | undefined } = {}) {
    super(message, options);
    this.pause = options.pause;
  }
}

/** A body of more bytes than are read; another try would find no fewer. */
export class TooLarge extends Unavailable {}

/** One HTTP request. A stream as body is read once, so who sends one opens it again for another try. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable | undefined;
}

/** A response whose body is still to be read (`readBody`) or thrown away (`dropBody`). */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: IncomingMessage;
  readonly url: URL;
  /** Method and address without query, for messages. */
  readonly what: string;
}

/** Sends one request and waits for its headers. Dropped connections and silence are `Transient`, the step's deadline is `Unavailable`. */
export async function sendOnce(call: HttpRequest, deadline: AbortSignal): Promise<HttpResponse> {
  const what = `${call.method} ${call.url.host}${call.url.pathname}`;
  try {
    deadline.throwIfAborted();
    const body = await exchange(call, what, deadline);
    const { statusCode: status = 0, headers } = body;
    // Only set-cookie would be a list.
    return { status, headers: headers as HttpResponse['headers'], body, url: call.url, what };
  } catch (error) {
    throw explainDrop(error, what, deadline);
  }
}

async function exchange(
  { method, url, headers, body }: HttpRequest,
  what: string,
  deadline: AbortSignal,
): Promise<IncomingMessage> {
  const client = url.protocol === 'https:' ? await loadSecure() : { request: requestHttp, agent };
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method, headers, agent: client.agent, timeout: SILENCE });
    let response: IncomingMessage | undefined;
    // Of the two, the one that somebody listens to.
    const stop = (error: Error): void => void (response ?? request).destroy(error);
    const end = (): void => stop(deadline.reason);
    deadline.addEventListener('abort', end, { once: true });
    request
      .on('close', () => deadline.removeEventListener('abort', end))
      .on('error', reject)
      .on('timeout', () => {
        // Where what has come is not read, the peer cannot send.
        if (response && response.readableLength > 0) request.setTimeout(SILENCE);
        else stop(new Transient(`${what}: silent for ${SILENCE / 1000} s`));
      })
      .on('response', (message) => {
        response = message;
        resolve(message);
      });
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else
      pipeline(
        body,
        (source: Readable) => countBytes(source, headers),
        request,
        (error) => error && reject(error),
      );
  });
}

/**
 * Has every https address asked for through a proxy from now on, as curl does by the variables HTTPS_PROXY and NO_PROXY in `env`; also by
 * `fetch`, with which libraries ask. Plain http stays as it is: it does not leave this machine. Nodes before 24.5 know no proxies.
 */
export function useProxies(env: NonNullable<AgentOptions['proxyEnv']>): void {
  proxies = env;
  // Came with Node 24.14.
  http.setGlobalProxyFromEnv?.(env);
}

function loadSecure(): NonNullable<typeof secure> {
  secure ??= import('node:https').then(({ request, Agent: SecureAgent }) => ({
    request,
    agent: new SecureAgent({ ...POOL, proxyEnv: proxies }),
  }));
  return secure;
}

/** A stream of exactly as many bytes as were announced: those after them would be read as another request. */
async function* countBytes(source: Readable, headers: HttpRequest['headers']): AsyncGenerator<Buffer> {
  let left = Number(headers['content-length']);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) throw new Unavailable('what was to be sent has changed meanwhile');
}

/** Reads a body to its end. More than `limit` bytes is `TooLarge`. */
export async function readBody(
  response: HttpResponse,
  limit: number,
  deadline: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new TooLarge(`${response.what}: more than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw explainDrop(error, response.what, deadline);
  }
  return Buffer.concat(chunks, size);
}

/** What a status means that may pass by itself: busy, overloaded, or down for a moment. */
export function explainTransient({ status, headers, what }: HttpResponse, said = ''): Transient | undefined {
  // From 520 to 530: a proxy such as Cloudflare's before a server that gives no answer.
  if (![408, 429, 500, 502, 503, 504].includes(status) && !(status >= 520 && status <= 530)) return undefined;
  const pause = status === 429 ? readRetryAfter(headers['retry-after']) : undefined;
  return new Transient(`${what}: status ${status}${said}`, { pause });
}

/** Milliseconds of a Retry-After header, at least a second: seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(1000, milliseconds);
}

/** Frees the connection of a response whose body is of no interest; one that is long is cut off. */
export function dropBody({ body }: HttpResponse): void {
  let left = 64 * 1024;
  body
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) body.destroy();
    });
}

/** The failure behind an error of the connection: one of ours as it is, otherwise the deadline, otherwise `Transient`. */
export function explainDrop(error: unknown, what: string, deadline: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (deadline.aborted)
    return new Unavailable(`${what}: the step's time ended while waiting`, { cause: error });
  const cause = error as { code?: string; message?: string };
  return new Transient(`${what}: ${cause.code ?? cause.message ?? 'failed'}`, { cause: error });
}

/**
 * Runs `work` until it does not fail with `Transient`: four tries with growing, jittered pauses, or as many as begin within `patience` milliseconds.
 * A pause the peer asked for (429 with Retry-After, ten minutes at most) is said, waited for, and is no try; where `waits` is false it is the end,
 * as the `Transient` it is. Every other end is `Unavailable`.
 */
export async function retryTransient<T>(
  options: {
    readonly deadline: AbortSignal;
    readonly log: { info(message: string): void };
    readonly waits?: boolean | undefined;
  },
  work: () => Promise<T>,
  patience?: number,
): Promise<T> {
  const { deadline, log, waits = true } = options;
  const begun = performance.now();
  for (let tries = 1; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Transient) || (error.pause !== undefined && !waits)) throw error;
      const over = patience === undefined ? tries >= TRIES : performance.now() - begun >= patience;
      if (error.pause === undefined && over) {
        throw new Unavailable(`${error.message} (${tries} tries)`, { cause: error });
      }
      if (error.pause !== undefined && error.pause > LONGEST_WAIT) {
        const seconds = Math.round(error.pause / 1000);
        throw new Unavailable(
          `${error.message}: it asks to wait ${seconds} s, which is longer than is waited`,
          {
            cause: error,
          },
        );
      }
      const pause = error.pause ?? Math.min(PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * (0.5 + Math.random());
      if (error.pause === undefined) tries += 1;
      else if (Date.now() >= (quietUntil.get(log) ?? 0)) {
        quietUntil.set(log, Date.now() + pause + QUIET);
        log.info(`${error.message}: it asks to wait ${Math.round(pause / 1000)} s, so this waits`);
      }
      await wait(pause, undefined, { signal: deadline }).catch(() => {
        throw new Unavailable(`${error.message}; the step's time ended before another try`, { cause: error });
      });
    }
  }
}

/** True for the hosts that may be spoken to without TLS: localhost, 127.0.0.0/8 and [::1]. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
