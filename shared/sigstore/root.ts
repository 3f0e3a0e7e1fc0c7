import { readFile, stat } from 'node:fs/promises';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { Invalid } from '../outcome/outcome.ts';
import { digestOf } from '../store/hash.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { SigningInputs } from './instance.ts';
import { fetchTrustedRoot, type TufRepository } from './tuf.ts';

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
  const repository = await findRepository(named ?? (isPrivate ? 'github' : 'public'));
  return parseTrustedRoot(JSON.stringify(TrustedRoot.toJSON(await fetchTrustedRoot(repository, context))));
}

/** Reads a TrustedRoot's JSON. Throws an `Error` that says what is wrong with it, and for one that is out of date. */
export function parseTrustedRoot(text: string): LoadedRoot {
  const json = schema.safeParse(JSON.parse(text));
  if (!json.success) throw new Error('its mediaType is not that of a trusted root');
  const root = TrustedRoot.fromJSON(json.data);
  // @sigstore/verify would take a log without a start as one that was always trusted.
  for (const log of [...root.tlogs, ...root.ctlogs]) {
    if (log.publicKey?.validFor?.start === undefined) {
      throw new Error(`the key of the log ${log.baseUrl} does not say since when it is valid`);
    }
  }
  const now = new Date();
  if (!root.certificateAuthorities.some((authority) => (authority.validFor?.end ?? now) >= now)) {
    throw new Error('it is out of date: it names no certificate authority that is still valid');
  }
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
    throw new Invalid('trusted-root', `"${path}" is no Sigstore trusted root: ${(cause as Error).message}`, {
      cause,
    });
  }
  const age = (Date.now() - (await stat(file)).mtimeMs) / 1000;
  if (maxAge !== undefined && age > maxAge) {
    throw new Invalid(
      'trusted-root',
      `"${path}" was written ${Math.floor(age)} seconds ago; trusted-root-max-age allows ${maxAge}`,
      { hint: 'Fetch it anew: gh attestation trusted-root, or cosign trusted-root create.' },
    );
  }
  return loaded;
}

/** Public Sigstore's repository of trust, and that of GitHub's own instance, whose first root lies beside this file as gh carries it. */
async function findRepository(name: 'public' | 'github'): Promise<TufRepository> {
  if (name === 'public') return { mirror: 'https://tuf-repo-cdn.sigstore.dev' };
  const { default: anchor } = await import('./github-tuf-root.json', { with: { type: 'json' } });
  return { mirror: 'https://tuf-repo.github.com', anchor };
}
