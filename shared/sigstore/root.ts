import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { digestOf } from '../store/hash.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { SigningInputs } from './instance.ts';
import { REQUEST, reach } from './reach.ts';

/** A trust root with the digest that a verdict records: sha256 of its normalised JSON, the same however the file was formatted. */
export interface LoadedRoot {
  readonly root: TrustedRoot;
  readonly digest: Digest;
}

/** What else may be asked of a root that comes from a file. */
export interface RootFileInputs {
  /** Seconds since the file was last written. */
  readonly 'trusted-root-max-age'?: number | undefined;
}

/** Where GitHub publishes the root of its own instance; its first TUF root lies beside this file, as gh carries it. */
const GITHUB_MIRROR = 'https://tuf-repo.github.com';

const schema = z.looseObject({
  mediaType: z.string().startsWith('application/vnd.dev.sigstore.trustedroot'),
});
const eventSchema = z.object({ repository: z.object({ private: z.boolean() }) });

/**
 * The root to verify by: the file that is given, otherwise the one that the instance publishes by TUF, with its signatures, expiry and
 * version checked from an anchor that this suite carries. Throws `Invalid` for a file that is no root or out of date.
 */
export async function loadTrustedRoot(
  inputs: SigningInputs & RootFileInputs,
  context: RunContext,
): Promise<LoadedRoot> {
  const path = inputs['trusted-root'];
  const maxAge = inputs['trusted-root-max-age'];
  if (path !== undefined) return readRootFile(path, maxAge, context);
  if (maxAge !== undefined) throw new Invalid('trusted-root-max-age', 'goes with trusted-root');
  const own = inputs['fulcio-url'] ?? inputs['signing-config'];
  const named = inputs.sigstore ?? (own === undefined ? undefined : 'custom');
  if (named === 'custom') {
    throw new Invalid('trusted-root', 'is required to verify what a Sigstore instance of your own signed');
  }
  const host = new URL(context.serverUrl).hostname;
  if (host !== 'github.com' && named !== 'public') {
    throw new Invalid('trusted-root', `is required on ${host}`, {
      hint: `gh attestation trusted-root --hostname ${host} prints it.`,
    });
  }
  const event = eventSchema.safeParse(context.event);
  const isPrivate = event.success && event.data.repository.private;
  return fetchRoot(named ?? (isPrivate ? 'github' : 'public'), context);
}

/** Reads a TrustedRoot's JSON. Throws an `Error` that says what is wrong with it. */
export function parseTrustedRoot(text: string): LoadedRoot {
  const root = TrustedRoot.fromJSON(schema.parse(JSON.parse(text)));
  // @sigstore/verify would take a log without a start as one that was always trusted.
  for (const log of [...root.tlogs, ...root.ctlogs]) {
    if (log.publicKey?.validFor?.start === undefined) {
      throw new Error(`the key of the log ${log.baseUrl} does not say since when it is valid`);
    }
  }
  if (root.certificateAuthorities.length === 0) throw new Error('it names no certificate authority');
  return { root, digest: digestOf(JSON.stringify(TrustedRoot.toJSON(root))) };
}

async function readRootFile(
  path: string,
  maxAge: number | undefined,
  context: RunContext,
): Promise<LoadedRoot> {
  const file = await resolveInside(context.workspace, path, 'trusted-root');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('trusted-root', `"${path}" cannot be read (${cause.code})`, { cause });
  });
  let loaded: LoadedRoot;
  try {
    loaded = parseTrustedRoot(text);
  } catch (cause) {
    const why = cause instanceof z.ZodError ? 'its mediaType is not that of a trusted root' : String(cause);
    throw new Invalid('trusted-root', `"${path}" is no Sigstore trusted root: ${why}`, { cause });
  }
  const age = (Date.now() - (await stat(file)).mtimeMs) / 1000;
  if (maxAge !== undefined && age > maxAge) {
    throw new Invalid(
      'trusted-root',
      `"${path}" was written ${Math.floor(age)} seconds ago; trusted-root-max-age allows ${maxAge}`,
      { hint: 'Fetch it anew: gh attestation trusted-root, or cosign trusted-root create.' },
    );
  }
  const now = new Date();
  const current = loaded.root.certificateAuthorities.some((ca) => (ca.validFor?.end ?? now) >= now);
  if (!current) {
    throw new Invalid(
      'trusted-root',
      `"${path}" is out of date: none of its certificate authorities is valid any more`,
    );
  }
  return loaded;
}

async function fetchRoot(name: 'public' | 'github', context: RunContext): Promise<LoadedRoot> {
  const { getTrustedRoot, DEFAULT_MIRROR_URL } = await import('@sigstore/tuf');
  const mirrorURL = name === 'public' ? DEFAULT_MIRROR_URL : GITHUB_MIRROR;
  // A folder of our own: what another step left in a shared cache must not become the anchor.
  const folder = await mkdtemp(join(context.temp, 'hallmark-tuf-'));
  try {
    const rootPath = name === 'public' ? undefined : await writeGithubAnchor(folder);
    const options = { mirrorURL, cachePath: join(folder, 'cache'), forceCache: false, ...REQUEST };
    const root = await reach(
      `the trust root at ${mirrorURL} could not be fetched`,
      context.deadline,
      getTrustedRoot({ ...options, ...(rootPath !== undefined && { rootPath }) }).catch((error) => {
        if (isExpired(error)) return error as Error;
        throw error;
      }),
    );
    if (root instanceof Error) {
      throw new Refused(`the trust root at ${mirrorURL} has expired, so it proves nothing`, { cause: root });
    }
    return parseTrustedRoot(JSON.stringify(TrustedRoot.toJSON(root)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeGithubAnchor(folder: string): Promise<string> {
  const { default: anchor } = await import('./github-tuf-root.json', { with: { type: 'json' } });
  const path = join(folder, 'root.json');
  await writeFile(path, JSON.stringify(anchor));
  return path;
}

function isExpired(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.constructor.name === 'ExpiredMetadataError') return true;
  }
  return false;
}
