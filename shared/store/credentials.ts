import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { runProcess } from '../process/run.ts';
import { readJson } from './json.ts';

/** A login for one registry, and where it came from (for messages; never the secret itself). */
export interface Credentials {
  readonly source: string;
  /** User and password for Basic, or for the token service. */
  readonly basic?: { readonly username: string; readonly password: string };
  /** An OAuth2 refresh token for the token service (`identitytoken` in Docker's file, `<token>` from a helper). */
  readonly identityToken?: string;
}

/** Where logins are looked for. */
export interface CredentialOptions {
  /** HOME and DOCKER_CONFIG of the run. */
  readonly home?: string;
  readonly dockerConfig?: string;
  /** PATH, on which credential helpers are found. */
  readonly path: string;
  /** Used for ghcr.io when Docker's config file has no login for it. */
  readonly githubToken?: string;
  readonly deadline: AbortSignal;
}

const authSchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});

const configSchema = z.object({
  auths: z.record(z.string(), authSchema).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

const helperSchema = z.object({ Username: z.string(), Secret: z.string() });

/**
 * The login for `host`: Docker's config file as docker/login-action leaves it (helper, store, then `auths`), then `githubToken` for ghcr.io.
 * Undefined when there is none. A config file that cannot be read is `Invalid`.
 */
export async function findCredentials(
  host: string,
  options: CredentialOptions,
): Promise<Credentials | undefined> {
  const folder = options.dockerConfig ?? (options.home && join(options.home, '.docker'));
  const config = folder ? await readConfig(join(folder, 'config.json')) : {};
  const helper = findHost(config.credHelpers, host) ?? config.credsStore;
  const found =
    (helper ? await askHelper(helper, host, options) : undefined) ?? readAuth(findHost(config.auths, host));
  if (found) return found;
  if (host !== 'ghcr.io' || !options.githubToken) return undefined;
  return {
    source: 'github-token',
    // ghcr.io looks at the token alone; the name may be anything but empty.
    basic: { username: 'x-access-token', password: options.githubToken },
  };
}

async function readConfig(file: string): Promise<z.infer<typeof configSchema>> {
  try {
    return configSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    // The cause is left out: a parser's message quotes the file, and the file holds passwords.
    throw new Invalid('DOCKER_CONFIG', `${file} is no Docker config file`, {
      hint: 'Write it with docker/login-action or "docker login".',
    });
  }
}

/** Docker writes Docker Hub's login under this address; the registry itself answers elsewhere. */
const dockerHub = 'https://index.docker.io/v1/';

/** Keys are hosts, or (older files) addresses such as `https://host/v2/`. */
function findHost<T>(entries: Record<string, T> | undefined, host: string): T | undefined {
  if (!entries) return undefined;
  if (host === 'docker.io') return entries[dockerHub] ?? entries['docker.io'];
  const bare = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return entries[host] ?? Object.entries(entries).find(([key]) => bare(key) === host)?.[1];
}

function readAuth(auth: z.infer<typeof authSchema> | undefined): Credentials | undefined {
  const source = "Docker's config file";
  if (auth?.identitytoken) return { source, identityToken: auth.identitytoken };
  const decoded = Buffer.from(auth?.auth ?? '', 'base64').toString();
  const colon = decoded.indexOf(':');
  const username = auth?.username ?? decoded.slice(0, Math.max(colon, 0));
  const password = auth?.password ?? decoded.slice(colon + 1);
  return username && password ? { source, basic: { username, password } } : undefined;
}

/** Docker's credential helper protocol: the host on standard input, JSON on standard output. */
async function askHelper(
  name: string,
  host: string,
  options: CredentialOptions,
): Promise<Credentials | undefined> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new Invalid('DOCKER_CONFIG', `names a credential helper that is no program name`);
  }
  const program = `docker-credential-${name}`;
  const result = await runProcess(program, ['get'], {
    env: {
      PATH: options.path,
      ...(options.home && { HOME: options.home }),
      ...(options.dockerConfig && { DOCKER_CONFIG: options.dockerConfig }),
    },
    input: host === 'docker.io' ? dockerHub : host,
    deadline: options.deadline,
    maxOutput: 1024 * 1024,
  });
  const printed = result.stdout.toString();
  if (result.code !== 0) {
    // The protocol knows no exit code for "none"; every helper prints this sentence.
    if (/credentials not found/i.test(printed)) return undefined;
    throw new Unavailable(`${program} gave no login for ${host} (exit code ${result.code})`);
  }
  const answer = readJson(helperSchema, printed);
  if (!answer) throw new Unavailable(`${program} did not answer as a credential helper does`);
  const { Username: username, Secret: secret } = answer;
  if (username === '' || secret === '') return undefined;
  return username === '<token>'
    ? { source: program, identityToken: secret }
    : { source: program, basic: { username, password: secret } };
}
