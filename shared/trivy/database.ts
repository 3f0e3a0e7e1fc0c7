import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import type { ScanDatabase } from '../evidence/scan.ts';
import { manifestSchema } from '../image/descriptor.ts';
import { formatRepository, parseReference } from '../image/reference.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { openStore, type StoreOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { unpackArchive } from './archive.ts';

/** The schema of Trivy's database that is read; also its tag (trivy-db pkg/db/db.go). */
const SCHEMA_VERSION = 2;
const LAYER = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip';
const MEMBERS = ['trivy.db', 'metadata.json'];

const metadataSchema = z.object({ Version: z.literal(SCHEMA_VERSION), UpdatedAt: z.iso.datetime() });

/**
 * Puts Trivy's vulnerability database into `cache` (Trivy's --cache-dir), from the first of `repositories` that can be reached.
 * Fetched here rather than by Trivy: so its digest is known and checked, and an outage is told apart from a finding.
 */
export async function fetchDatabase(
  repositories: readonly string[],
  cache: string,
  options: StoreOptions,
): Promise<ScanDatabase> {
  const failures: string[] = [];
  for (const text of repositories) {
    const reference = parseReference(text, 'db-repository');
    if (reference.kind !== 'registry') throw new Invalid('db-repository', 'must be in a registry');
    const tag = reference.digest ?? reference.tag ?? String(SCHEMA_VERSION);
    try {
      const store = openStore(reference, options);
      const repository = formatRepository(reference.repository);
      return { repository, ...(await fetchFrom(store, tag, join(cache, 'db'))) };
    } catch (error) {
      if (!(error instanceof Unavailable) || options.deadline.aborted) throw error;
      failures.push(error.message);
    }
  }
  throw new Unavailable(`Trivy's vulnerability database could not be fetched: ${failures.join('; ')}`, {
    hint: 'Nothing was judged; a retry is safe. "db-repository" takes a mirror of your own.',
  });
}

async function fetchFrom(
  store: Store,
  tag: string,
  folder: string,
): Promise<Pick<ScanDatabase, 'digest' | 'updatedAt'>> {
  const stored = await store.getManifest(tag);
  const manifest = stored && readJson(manifestSchema, stored.bytes);
  const layer = manifest?.layers.find(({ mediaType }) => mediaType === LAYER);
  if (!stored || !layer) throw new Unavailable(`${store.place} holds no database of Trivy at ${tag}`);
  // What an earlier repository left half written.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await unpackArchive(await store.getBlob(layer), folder, MEMBERS, "Trivy's database");
  const text = await readFile(join(folder, 'metadata.json'), 'utf8').catch(() => '');
  const metadata = readJson(metadataSchema, text);
  if (!metadata) throw new Unavailable(`${store.place}: the database is not of schema ${SCHEMA_VERSION}`);
  return { digest: stored.descriptor.digest, updatedAt: metadata.UpdatedAt };
}

// A bbolt file without buckets, as test/tools/trivy-db makes it from "[]", deflated.
const EMPTY =
  'eNrt2iEOwkAQAMDjCo6kp5EIDJo/IDB9Rp/Q99Twgrp+hD/0D4T0TlCHIU0zY/Y22TPrdrMhzPY5Tq/jFD+PNOdV+FbqDjnGHK/jszkPfRsAAACA1dn9OP/HRX35X9+75nR7XHQUAAAA1qfM80krAAAAYLOqxR4AAAAA2J5yx5/yJb89AAAAAAAAAAAAAAAAAAAAAPzfG53HC5s=';

/** Puts a database that knows of no vulnerability into `cache`, for listing packages alone. */
export async function writeEmptyDatabase(cache: string): Promise<void> {
  const folder = join(cache, 'db');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'trivy.db'), inflateSync(Buffer.from(EMPTY, 'base64')));
  await writeFile(join(folder, 'metadata.json'), JSON.stringify({ Version: SCHEMA_VERSION }));
}
