import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import type { RunContext } from '../github/context.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';

/** A repository of The Update Framework that publishes a Sigstore trusted root. */
export interface TufRepository {
  readonly mirror: string;
  /** The repository's root metadata that everything else is checked from; absent for public Sigstore, whose @sigstore/tuf carries. */
  readonly anchor?: object | undefined;
}

/** How the library asks: each try lasts 20 s at most, tries two to four follow after 0.5, 1 and 2 s. */
const REQUEST = { timeout: 20_000, retry: { retries: 3, minTimeout: 500, factor: 2 } } as const;

/** What is kept between runs. Never root.json: the anchor is what this suite carries. */
const KEPT = ['timestamp.json', 'snapshot.json', 'targets.json', join('targets', 'trusted_root.json')];

/** What the TUF client says of metadata that came and proves nothing (theupdateframework spec 1.0, section 5); anything else is of the connection. */
const FAULTS: readonly [RegExp, string][] = [
  [/\bis expired\b/, 'has expired'],
  [/\bless than current version\b/, 'is older than one that was seen before'],
  [/\bwas signed by \d+\/\d+ keys\b/, 'is not signed as the root that is trusted asks'],
  [
    /\b(?:hash|length)\b.*\b(?:expected|observed|match)|\bversion\b.*\bmatch|\bExpected\b/i,
    'contradicts itself',
  ],
];

/**
 * The trusted root that a repository publishes, with signatures, expiry and versions checked from the anchor. What a run fetched is kept in the
 * runner's tool cache, or in its temporary folder for the steps that follow: that saves requests, and an older version than was seen before is found
 * out. Nothing in there is believed: it passes the same checks. Metadata that proves nothing is `Refused`, with what is wrong; silence is `Unavailable`.
 */
export async function fetchTrustedRoot(
  { mirror, anchor }: TufRepository,
  context: RunContext,
): Promise<TrustedRoot> {
  const { getTrustedRoot } = await import('@sigstore/tuf');
  const { host, pathname } = new URL(mirror);
  // As @sigstore/tuf names the folder of a mirror.
  const name = encodeURIComponent(host + pathname.replace(/\/$/, ''));
  const kept = join(context.toolCache ?? context.temp, 'hallmark', 'tuf', name);
  // Worked on in a folder of this run: others may write to the one that is kept.
  const folder = await mkdtemp(join(context.temp, 'hallmark-tuf-'));
  try {
    await copyKept(kept, join(folder, name));
    const rootPath = anchor && join(folder, 'anchor.json');
    if (rootPath !== undefined) await writeFile(rootPath, JSON.stringify(anchor));
    const options = { mirrorURL: mirror, cachePath: folder, forceCache: false, ...REQUEST };
    const root = await awaitUntil(
      context.deadline,
      getTrustedRoot({ ...options, ...(rootPath !== undefined && { rootPath }) }).catch((error) => {
        const refused = explainFault(error, mirror);
        if (refused !== undefined) return refused;
        throw error;
      }),
    ).catch((cause: unknown) => {
      throw new Unavailable(`the trust root at ${mirror} could not be fetched`, { cause });
    });
    if (root instanceof Refused) throw root;
    await copyKept(join(folder, name), kept);
    return root;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The library knows no deadline. */
async function awaitUntil<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(deadline.reason);
    if (deadline.aborted) stop();
    else deadline.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, late]).finally(() => deadline.removeEventListener('abort', stop));
}

/** Copies what is there, each file whole or not at all. What cannot be copied costs requests, nothing else. */
async function copyKept(from: string, to: string): Promise<void> {
  for (const name of KEPT) {
    const target = join(to, name);
    const partial = `${target}.${randomUUID()}`;
    try {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(from, name), partial);
      await rename(partial, target);
    } catch {
      await rm(partial, { force: true }).catch(() => undefined);
    }
  }
}

function explainFault(error: unknown, mirror: string): Refused | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message } = at;
    const [, fault] = FAULTS.find(([pattern]) => pattern.test(message)) ?? [];
    if (fault !== undefined) {
      return new Refused(`the trust root at ${mirror} ${fault}, so it proves nothing: ${message}`, {
        cause: error,
      });
    }
  }
  return undefined;
}
