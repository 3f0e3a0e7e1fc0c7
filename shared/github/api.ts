import * as z from 'zod';
import { type Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import type { RunContext } from './context.ts';

/** GitHub's REST API, as this suite uses it: every answer is read through a schema, every wait ends. */
export interface Github {
  /**
   * One request. Undefined for 404, which is also GitHub's answer for what a token may not see.
   * A token that is not accepted or may not read is `Invalid`; everything else that is no answer is `Unavailable`.
   * `permission` is what the job must have been given, `contents` when absent.
   */
  get<T>(
    route: string,
    parameters: Readonly<Record<string, string>>,
    schema: z.ZodType<T>,
    permission?: string,
  ): Promise<T | undefined>;
  /** The same for what writes, by the method in `route`. Whoever repeats a POST makes a second one, and one that failed may have written. */
  write<T>(
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    permission: string,
    schema: z.ZodType<T>,
  ): Promise<T | undefined>;
  /** Login of the token's own account, as the author of a comment has it: `octocat`, or `github-actions[bot]`. REST tells it no app's token. */
  readLogin(): Promise<string>;
}

/** The longest that one request may take with all its retries, in milliseconds. */
const REQUEST_LIMIT = 150_000;
/** Rate limits that end later than this many seconds from now are not waited for; GitHub asks for a minute most of the time. */
const LONGEST_WAIT = 65;

const failureSchema = z.object({
  status: z.number(),
  message: z.string().default(''),
  response: z.object({ headers: z.record(z.string(), z.unknown()).default({}) }).optional(),
});

// docs.github.com, GraphQL, "Queries": viewer.
const viewerSchema = z.object({ data: z.object({ viewer: z.object({ login: z.string().min(1) }) }) });

/** Opens GitHub's API for a token, which came by `input`. Throws `Invalid` when there is none. */
export async function openGithub(
  token: string | undefined,
  context: RunContext,
  input = 'github-token',
): Promise<Github> {
  if (token === undefined) {
    throw new Invalid(input, "is required to ask GitHub's API");
  }
  context.log.mask(token);
  const [{ getOctokit }, { retry }, { throttling }] = await Promise.all([
    import('@actions/github'),
    import('@octokit/plugin-retry'),
    import('@octokit/plugin-throttling'),
  ]);
  const waitFor = (seconds: number, _options: unknown, _octokit: unknown, tries: number): boolean =>
    tries < 2 && seconds <= LONGEST_WAIT;
  const octokit = getOctokit(
    token,
    {
      baseUrl: context.apiUrl,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      // A limit is the throttling plugin's, which waits as long as GitHub says.
      retry: { retryAfterBaseValue: 250, doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
      // Limits are a token's, so that is what requests queue by.
      throttle: { id: token, onRateLimit: waitFor, onSecondaryRateLimit: waitFor },
    },
    retry,
    throttling,
  );
  const request = async <T>(
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    permission: string,
    schema: z.ZodType<T>,
  ): Promise<T | undefined> => {
    const signal = AbortSignal.any([context.deadline, AbortSignal.timeout(REQUEST_LIMIT)]);
    // The plugins wait without looking at the signal.
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const what = `${context.apiUrl}: ${route.replace(/\{(\w+)\}/g, (_, name) => String(parameters[name] ?? ''))}`;
    try {
      signal.throwIfAborted();
      const { data } = await Promise.race([
        octokit.request(route, { ...parameters, request: { signal } }),
        late,
      ]);
      return schema.parse(data);
    } catch (error) {
      const { success, data: failure } = failureSchema.safeParse(error);
      if (success && failure.status === 404) return undefined;
      throw explain(what, error, { input, permission }, success ? failure : undefined);
    }
  };
  return {
    get: (route, parameters, schema, permission = 'contents') =>
      request(route, parameters, `${permission}: read`, schema),
    write: (route, parameters, permission, schema) =>
      request(route, parameters, `${permission}: write`, schema),
    readLogin: async () => {
      // Of a GitHub Enterprise Server REST is below /api/v3 and GraphQL is /api/graphql.
      const baseUrl = context.apiUrl.replace(/\/v3$/, '');
      const query = { query: '{ viewer { login } }', baseUrl };
      const answer = await request('POST /graphql', query, 'contents: read', viewerSchema);
      if (answer === undefined) throw new Unavailable(`${baseUrl}/graphql is not there (404)`);
      return answer.data.viewer.login;
    },
  };
}

function explain(
  what: string,
  cause: unknown,
  { input, permission }: { input: string; permission: string },
  failure?: z.infer<typeof failureSchema>,
): Failure {
  if (cause instanceof z.ZodError) {
    return new Unavailable(`${what} answered something else than GitHub's API does`, { cause });
  }
  const headers = failure?.response?.headers ?? {};
  const limited = headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0';
  if (failure?.status === 401) {
    return new Invalid(input, `was not accepted (${what} answered 401)`, { cause });
  }
  if (failure?.status === 403 && !limited) {
    return new Invalid(
      input,
      `may not ${permission.endsWith('read') ? 'read' : 'write'} this (${what} answered 403: ${failure.message.slice(0, 200)})`,
      {
        cause,
        hint:
          input === 'github-token'
            ? `Add to the job:\n  permissions:\n    ${permission}`
            : `It needs ${permission} there.`,
      },
    );
  }
  return new Unavailable(`${what} gave no answer`, {
    cause,
    hint: limited ? 'GitHub limits this token for now; run the job again later.' : undefined,
  });
}
