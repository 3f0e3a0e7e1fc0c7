import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { extract, type Header } from 'tar-stream';
import type * as z from 'zod';
import type { Digest } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { Refused } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { listSubjects, type PlatformManifest } from '../store/subjects.ts';
import { imageConfigSchema, unpackLayer } from './base.ts';

/** An image in a store. */
interface Built {
  readonly layout: Store;
  readonly digest: Digest;
}

/**
 * Compares two builds of one commit, platform by platform (an index may differ, it carries no content of its own). Where they differ it is
 * `Refused`, naming the first layer and the first file in it that differ, or what in the config does.
 */
export async function requireSame(first: Built, second: Built, deadline: AbortSignal): Promise<void> {
  const [one, other] = await Promise.all(
    [first, second].map(({ layout, digest }) => listSubjects(layout, digest)),
  );
  const reasons: string[] = [];
  for (const platform of one?.platforms ?? []) {
    const name = formatPlatform(platform.platform);
    const again = other?.platforms.find((candidate) => formatPlatform(candidate.platform) === name);
    if (again?.descriptor.digest === platform.descriptor.digest) continue;
    const what =
      again === undefined
        ? 'the second build has none'
        : await explainDifference([first.layout, platform], [second.layout, again], deadline);
    reasons.push(`two builds of this commit for ${name} differ: ${what}`);
  }
  if (reasons.length > 0) {
    throw new Refused(reasons, {
      hint: 'Nothing was pushed. Take times, random names and unordered lists out of what the build writes; SOURCE_DATE_EPOCH holds the time of the commit.',
    });
  }
}

type Side = readonly [Store, PlatformManifest];

async function explainDifference(first: Side, second: Side, deadline: AbortSignal): Promise<string> {
  const [[, { manifest: one }], [, { manifest: other }]] = [first, second];
  const at = one.layers.findIndex((layer, index) => layer.digest !== other.layers[index]?.digest);
  if (at >= 0) {
    const [before, after] = await Promise.all([first, second].map((side) => listEntries(side, at, deadline)));
    const where = `layer ${at + 1} of ${one.layers.length}`;
    const file = before && after && findDifference(before, after);
    return `${where}, ${file ?? 'whose files are the same, packed otherwise'}`;
  }
  if (one.layers.length !== other.layers.length) {
    return `${one.layers.length} layers, and ${other.layers.length}`;
  }
  const [before, after] = await Promise.all([first, second].map(readConfig));
  const keys = Object.keys({ ...before, ...after }).filter(
    (key) => !isDeepStrictEqual(before?.[key], after?.[key]),
  );
  return keys.length > 0 ? `the config's ${keys.join(', ')}` : "the manifest's annotations";
}

const looseConfigSchema = imageConfigSchema.loose();

async function readConfig([store, { manifest }]: Side): Promise<
  z.infer<typeof looseConfigSchema> | undefined
> {
  return readJson(looseConfigSchema, await store.readBlob(manifest.config));
}

/** What a layer holds: a line for each entry, by its name, with all that an unpacked file would show of it. */
async function listEntries(
  side: Side,
  at: number,
  deadline: AbortSignal,
): Promise<Map<string, Record<string, unknown>>> {
  const entries = new Map<string, Record<string, unknown>>();
  const [store, { manifest }] = side;
  const layer = manifest.layers[at];
  if (layer === undefined) return entries;
  const tar = extract();
  tar.on('entry', ({ name, type, mode, uid, gid, mtime, linkname }: Header, content, next) => {
    const hash = createHash('sha256');
    content
      .on('data', (chunk) => hash.update(chunk as Buffer))
      .on('end', () => {
        const time = mtime?.toISOString();
        entries.set(name, {
          type,
          content: hash.digest('hex'),
          mode,
          owner: `${uid}:${gid}`,
          time,
          link: linkname,
        });
        next();
      });
  });
  const diffId = (await readConfig(side))?.rootfs.diff_ids[at];
  await unpackLayer(store, { layer, diffId }, tar, deadline);
  return entries;
}

function findDifference(
  before: ReadonlyMap<string, Record<string, unknown>>,
  after: ReadonlyMap<string, Record<string, unknown>>,
): string | undefined {
  for (const [name, entry] of before) {
    const again = after.get(name);
    if (again === undefined) return `"/${name}" is in the first alone`;
    const differs = Object.keys(entry).filter((key) => entry[key] !== again[key]);
    if (differs.length > 0) return `first in the ${differs.join(' and ')} of "/${name}"`;
  }
  const extra = [...after.keys()].find((name) => !before.has(name));
  return extra && `"/${extra}" is in the second alone`;
}
