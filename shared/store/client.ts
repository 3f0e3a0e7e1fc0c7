import type { Readable } from 'node:stream';
import * as z from 'zod';
import { formatRepository, type Repository } from '../image/reference.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { readJson } from './json.ts';
import { Login, type LoginOptions } from './login.ts';
import {
  dropBody,
  explainTransient,
  type HttpRequest,
  type HttpResponse,
  isLoopback,
  readBody,
  retryTransient,
  sendOnce,
  Transient,
} from './transport.ts';

/** One request to a repository. */
export interface RegistryCall {
  readonly method: HttpRequest['method'];
  /** Below `/v2/<name>/`, or a whole address that the registry gave (an upload's Location, a page's Link). */
  readonly target: string | URL;
  readonly access: 'pull' | 'push' | 'delete';
  /** Statuses the caller deals with; any other becomes an error. */
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  /** Another repository of the same registry that is read in this request (mount). */
  readonly alsoPull?: string;
  /** False leaves a redirect to the caller. */
  readonly follow?: boolean;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

/** Docker Hub's registry does not answer at the name that images have. */
const apiHosts: Record<string, string> = {
  'docker.io': 'registry-1.docker.io',
  'index.docker.io': 'registry-1.docker.io',
};

/** A response whose body was read. */
export type ReadResponse = Omit<HttpResponse, 'body'> & { readonly bytes: Buffer };

/** HTTP to one repository of a registry: login, redirects, retries, and statuses turned into plain words. */
export class RegistryClient {
  readonly deadline: AbortSignal;
  readonly #repository: Repository;
  readonly #base: URL;
  readonly #login: Login;
  readonly #options: LoginOptions;
  #writes = false;

  constructor(repository: Repository, options: LoginOptions) {
    const host = apiHosts[repository.registry] ?? repository.registry;
    const origin = new URL(`https://${host}`);
    if (isLoopback(origin)) origin.protocol = 'http:';
    this.#repository = repository;
    this.deadline = options.deadline;
    this.#options = options;
    this.#base = new URL(`/v2/${repository.path}/`, origin);
    this.#login = new Login(repository.registry, origin, options);
  }

  /** Tries again what may pass by itself. */
  retry<T>(work: () => Promise<T>): Promise<T> {
    return retryTransient(this.#options, work);
  }

  /** Sends with retries and returns before the body is read. Not for bodies that are streams: those are read once. */
  open(call: RegistryCall): Promise<HttpResponse> {
    return this.retry(() => this.attempt(call));
  }

  /** Sends with retries and reads the whole answer, at most `limit` bytes. */
  read(call: RegistryCall, limit: number): Promise<ReadResponse> {
    return this.retry(async () => {
      const response = await this.attempt(call);
      return { ...response, bytes: await readBody(response, limit, this.deadline) };
    });
  }

  /** Sends with retries; the answer is its status and headers. */
  async ask(call: RegistryCall): Promise<HttpResponse> {
    const response = await this.open(call);
    dropBody(response);
    return response;
  }

  /** One try: logs in when asked to, follows redirects. */
  async attempt(call: RegistryCall): Promise<HttpResponse> {
    const scope = this.#scope(call);
    let url = this.resolveUrl(call.target);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const response = await this.#authorized(call, url, scope);
      const { location } = response.headers;
      const reading = call.method === 'GET' || call.method === 'HEAD';
      if (!REDIRECTS.has(response.status) || call.follow === false || !reading || !location) {
        if (call.expect.includes(response.status)) return response;
        throw await this.#explain(call, response);
      }
      dropBody(response);
      url = this.resolveUrl(location, url);
    }
    throw new Unavailable(`${this.#base.host} redirects more than ${MAX_REDIRECTS} times`);
  }

  /** An address that the registry gave in Location or Link; it may be relative to `base`, or to the repository. */
  resolveUrl(location: string | URL, base: URL = this.#base): URL {
    if (URL.canParse(String(location), String(base))) return new URL(location, base);
    throw new Unavailable(`${this.#base.host} gave an address that is none`);
  }

  /** True when `url` is the registry itself: the only place that is ever shown a login. */
  isOwn(url: URL): boolean {
    return url.origin === this.#base.origin;
  }

  async #authorized(call: RegistryCall, url: URL, scope: string): Promise<HttpResponse> {
    if (
      url.protocol !== 'https:' &&
      !(url.protocol === 'http:' && isLoopback(url) && isLoopback(this.#base))
    ) {
      throw new Unavailable(`${this.#base.host} leads to ${url.protocol}//${url.host}, which is not https`);
    }
    const own = this.isOwn(url);
    const send = (authorization: string | undefined): Promise<HttpResponse> => {
      const headers = { 'user-agent': 'hallmark', ...call.headers, ...(authorization && { authorization }) };
      return sendOnce({ method: call.method, url, headers, body: call.body }, this.deadline);
    };
    const sent = own ? await this.#login.authorize(scope) : undefined;
    const response = await send(sent);
    const challenge = response.headers['www-authenticate'];
    if (response.status !== 401 || !own || !challenge) return response;
    const fresh = await this.#login.answer(challenge, scope, sent);
    if (fresh === undefined) return response;
    dropBody(response);
    if (call.body !== undefined && !Buffer.isBuffer(call.body)) {
      throw new Transient(`${this.#base.host} asked for a login in the middle of an upload`);
    }
    return send(fresh);
  }

  /** From now on every token is asked for with push, so that reading and writing share one. */
  expectWrites(): void {
    this.#writes = true;
  }

  #scope(call: RegistryCall): string {
    if (call.access === 'push') this.#writes = true;
    const writes = this.#writes ? 'pull,push' : 'pull';
    const own = `repository:${this.#repository.path}:${call.access === 'delete' ? 'pull,delete' : writes}`;
    return call.alsoPull ? `${own} repository:${call.alsoPull}:pull` : own;
  }

  async #explain(call: RegistryCall, response: HttpResponse): Promise<Unavailable> {
    const { status, what } = response;
    const said = await this.#quoteErrors(response);
    const transient = explainTransient(response, said);
    if (transient) return transient;
    // distribution 2.8 rewrites the files of a blob that others send too, and for a moment does not know what it was sent.
    if (said.includes('MANIFEST_BLOB_UNKNOWN')) return new Transient(`${what}: status ${status}${said}`);
    const { registry } = this.#repository;
    const image = formatRepository(this.#repository);
    const verb = { push: 'push to', pull: 'pull from', delete: 'delete from' }[call.access];
    const known: Record<number, string> = {
      401: `${registry} wants a login to ${verb} ${image}`,
      403: `${registry} does not allow this login to ${verb} ${image}`,
      404: `${registry} does not know ${image}, or hides it from this login`,
    };
    const words = this.isOwn(response.url) ? known[status] : undefined;
    if (!words) return new Unavailable(`${what}: status ${status}${said}`);
    return new Unavailable(`${words}${said}`, { hint: await this.#loginHint(call) });
  }

  async #loginHint(call: RegistryCall): Promise<string> {
    const credentials = await this.#login.credentials();
    const { registry } = this.#repository;
    const packages =
      registry === 'ghcr.io'
        ? ` On ghcr.io the job needs "packages: ${call.access === 'push' ? 'write' : 'read'}", and the package must give this repository that access.`
        : '';
    return credentials
      ? `The login came from ${credentials.source}.${packages}`
      : `There is no login for ${registry}: put docker/login-action before this step.${packages}`;
  }

  /** The registry's own words (distribution-spec, "Error Codes"), shortened, with nothing in them that a terminal would obey. */
  async #quoteErrors(response: HttpResponse): Promise<string> {
    const bytes = await readBody(response, 64 * 1024, this.deadline).catch(() => Buffer.alloc(0));
    const parsed = readJson(errorsSchema, bytes);
    const words = parsed?.errors.map(({ code, message }) => [code, message].filter(Boolean).join(': '));
    const text = (words?.join('; ') ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ').trim();
    return text === '' ? '' : ` ("${text.length > 200 ? `${text.slice(0, 200)}…` : text}")`;
  }
}

const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string().optional(), message: z.string().optional() })),
});
