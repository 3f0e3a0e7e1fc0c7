import * as z from 'zod';
import { Unavailable } from '../outcome/outcome.ts';
import { type CredentialOptions, type Credentials, findCredentials } from './credentials.ts';
import { readJson } from './json.ts';
import {
  explainTransient,
  type HttpRequest,
  isLoopback,
  readBody,
  retryTransient,
  sendOnce,
} from './transport.ts';

export interface LoginOptions extends CredentialOptions {
  readonly log: { mask(secret: string): void; info(message: string): void };
  /** False: a rate limit (429 with Retry-After) is the end at once, for who has another registry to ask (default true). */
  readonly waits?: boolean | undefined;
}

interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

interface Token {
  readonly header: string;
  readonly expires: number;
}

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/**
 * The login to one registry (distribution's "Token Authentication Specification", and Basic). Nothing is asked for
 * before the registry's first challenge; each scope's token is asked for once, also by concurrent requests.
 */
export class Login {
  readonly #registry: string;
  readonly #origin: URL;
  readonly #options: LoginOptions;
  readonly #tokens = new Map<string, Promise<Token>>();
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: Challenge | undefined;

  constructor(registry: string, origin: URL, options: LoginOptions) {
    this.#registry = registry;
    this.#origin = origin;
    this.#options = options;
  }

  /** The Authorization header for `scope`, or undefined while the registry has not asked for one. */
  async authorize(scope: string): Promise<string | undefined> {
    if (!this.#challenge) return undefined;
    const known = this.#tokens.get(scope);
    if (known && (await known).expires > Date.now()) return (await known).header;
    return (await this.#request(scope, known, this.#challenge)).header;
  }

  /** The header to try after a 401 that came in spite of `sent`, or undefined when there is nothing more to try. */
  async answer(challenges: string, scope: string, sent: string | undefined): Promise<string | undefined> {
    const challenge = readChallenge(challenges);
    if (!challenge) return undefined;
    this.#challenge = challenge;
    const known = this.#tokens.get(scope);
    const current = known && (await known).header;
    if (current !== undefined && current !== sent) return current;
    // Basic has nothing fresher than what was just rejected.
    if (challenge.scheme === 'basic' && (sent !== undefined || !(await this.credentials())?.basic)) {
      return undefined;
    }
    return (await this.#request(scope, known, challenge)).header;
  }

  /** The login in use, read once; for messages too. */
  credentials(): Promise<Credentials | undefined> {
    this.#credentials ??= findCredentials(this.#registry, this.#options);
    return this.#credentials;
  }

  /** Asks for a token in place of `stale`, unless someone else has begun to. */
  #request(scope: string, stale: Promise<Token> | undefined, challenge: Challenge): Promise<Token> {
    const current = this.#tokens.get(scope);
    if (current && current !== stale) return current;
    const asked = this.#fetchToken(scope, challenge);
    this.#tokens.set(scope, asked);
    asked.catch(() => {
      if (this.#tokens.get(scope) === asked) this.#tokens.delete(scope);
    });
    return asked;
  }

  async #fetchToken(scope: string, challenge: Challenge): Promise<Token> {
    const credentials = await this.credentials();
    if (challenge.scheme === 'basic') {
      return { header: credentials?.basic ? formatBasic(credentials.basic) : '', expires: Infinity };
    }
    const { deadline, log } = this.#options;
    const call = this.#tokenRequest(scope, challenge, credentials);
    const body = await retryTransient(this.#options, async () => {
      const response = await sendOnce(call, deadline);
      const bytes = await readBody(response, 1024 * 1024, deadline);
      if (response.status === 200) return bytes;
      const transient = explainTransient(response);
      if (transient) throw transient;
      throw new Unavailable(
        `${call.url.host} gave no token for ${this.#registry} (status ${response.status})`,
        {
          hint: credentials
            ? `It did not accept the login from ${credentials.source}.`
            : `There is no login for ${this.#registry}; put docker/login-action before this step.`,
        },
      );
    });
    const answer = readJson(tokenSchema, body);
    const token = answer?.token ?? answer?.access_token;
    if (!token) throw new Unavailable(`${call.url.host} answered without a token`);
    log.mask(token);
    // "For compatibility with older clients, a token should never be returned with less than 60 seconds to live."
    const seconds = Math.max(60, answer?.expires_in ?? 60);
    return { header: `Bearer ${token}`, expires: Date.now() + (seconds - 10) * 1000 };
  }

  #tokenRequest(scope: string, challenge: Challenge, credentials: Credentials | undefined): HttpRequest {
    const url = new URL(challenge.realm, this.#origin);
    // The login goes to whom the registry names, but never in the clear, and never to this machine on a remote registry's word.
    if (url.protocol !== 'https:' && !(isLoopback(url) && isLoopback(this.#origin))) {
      throw new Unavailable(
        `${this.#registry} asks to log in at ${url.origin}, which is not https; nothing was sent`,
      );
    }
    const scopes = [...new Set([...scope.split(' '), ...(challenge.scope?.split(' ') ?? [])])];
    if (credentials?.identityToken) {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: credentials.identityToken,
        service: challenge.service ?? '',
        scope: scopes.join(' '),
        client_id: 'hallmark',
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
    }
    if (challenge.service) url.searchParams.set('service', challenge.service);
    for (const one of scopes) url.searchParams.append('scope', one);
    const headers: Record<string, string> = {};
    if (credentials?.basic) headers['authorization'] = formatBasic(credentials.basic);
    return { method: 'GET', url, headers };
  }
}

/** The first Bearer challenge of a WWW-Authenticate header, else the first Basic one (RFC 9110, 11.6.1). */
export function readChallenge(header: string): Challenge | undefined {
  const bearer = /(?:^|,\s*)bearer\s+((?:[\w-]+\s*=\s*(?:"[^"]*"|[^\s",]+)(?:\s*,\s*)?)+)/i.exec(header)?.[1];
  if (bearer) {
    const values = new Map(
      [...bearer.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s",]+))/g)].map((match) => [
        match[1]?.toLowerCase(),
        match[2] ?? match[3],
      ]),
    );
    const realm = values.get('realm');
    if (realm && URL.canParse(realm)) {
      return { scheme: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
    }
  }
  if (!/(?:^|,\s*)basic\b/i.test(header)) return undefined;
  return { scheme: 'basic', realm: '', service: undefined, scope: undefined };
}

function formatBasic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
