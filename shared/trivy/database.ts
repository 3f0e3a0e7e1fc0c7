import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import type { ScanDatabase } from '../evidence/scan.ts';
import { manifestSchema } from '../image/descriptor.ts';
import { formatRepository, parseReference } from '../image/reference.ts';
import { Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import { readJson } from '../store/json.ts';
import { openStore, type StoreOptions } from '../store/open.ts';
import { Transient } from '../store/transport.ts';
import { unpackArchive } from './archive.ts';
import { readKept } from './kept.ts';

/** One of the databases that Trivy reads, as its registries serve it: an OCI artifact of one layer. */
export interface DatabaseKind {
  /** Its name in Trivy's --cache-dir. */
  readonly folder: 'db' | 'java-db';
  readonly input: 'db-repository' | 'java-db-repository';
  readonly called: string;
  /** Its key in a policy's `mirrors`. */
  readonly mirrors: 'trivy-db' | 'trivy-java-db';
  /** Where Trivy's project serves it. */
  readonly upstream: readonly string[];
  readonly mediaType: string;
  /** The version of its schema, which is its tag too. */
  readonly schema: number;
  readonly members: readonly string[];
}

/** What is known of vulnerabilities (trivy-db pkg/db/db.go). */
export const VULNERABILITIES: DatabaseKind = {
  folder: 'db',
  input: 'db-repository',
  called: "Trivy's vulnerability database",
  mirrors: 'trivy-db',
  upstream: ['mirror.gcr.io/aquasec/trivy-db:2', 'ghcr.io/aquasecurity/trivy-db:2'],
  mediaType: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip',
  schema: 2,
  members: ['trivy.db', 'metadata.json'],
};

/** Which archive of Java is which, by its SHA-1 (trivy-java-db pkg/db/db.go). */
export const JAVA_INDEX: DatabaseKind = {
  folder: 'java-db',
  input: 'java-db-repository',
  called: "Trivy's Java index",
  mirrors: 'trivy-java-db',
  upstream: ['mirror.gcr.io/aquasec/trivy-java-db:1', 'ghcr.io/aquasecurity/trivy-java-db:1'],
  mediaType: 'application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip',
  schema: 1,
  members: ['trivy-java.db', 'metadata.json'],
};

const metadataSchema = z.object({ Version: z.number(), UpdatedAt: z.iso.datetime() });

export interface DatabaseOptions extends StoreOptions {
  /** Folder in which compressed layers are kept for later runs. */
  readonly keep?: string | undefined;
  /** Seconds; an older database counts as none. */
  readonly maxAge?: number | undefined;
}

/**
 * Puts a database into `cache` (Trivy's --cache-dir), from the first of `repositories` that has one young enough; `Unavailable` when none has.
 * Fetched here rather than by Trivy: so its digest is known and checked, it is kept by it, and an outage is told apart from a finding.
 * Which bytes a mirror serves is no verdict on the image, so wrong ones too only lead to the next mirror.
 */
export async function fetchDatabase(
  kind: DatabaseKind,
  repositories: readonly string[],
  cache: string,
  options: DatabaseOptions,
): Promise<ScanDatabase> {
  const failures: string[] = [];
  const limited: string[] = [];
  let cause: unknown;
  const tryOne = async (text: string, waits: boolean): Promise<ScanDatabase | undefined> => {
    try {
      return checkAge(
        await fetchFrom(kind, text, join(cache, kind.folder), { ...options, waits }),
        options.maxAge,
      );
    } catch (error) {
      if (!(error instanceof Failure) || error instanceof Invalid || options.deadline.aborted) throw error;
      cause = error.cause;
      const busy = error instanceof Transient && error.pause !== undefined;
      if (busy) limited.push(text);
      else failures.push(error.message);
      options.log.info(`${kind.called}: ${error.message}${busy ? ', and asks to wait' : ''}`);
      return undefined;
    }
  };
  // A rate limit is waited for only when nobody else has it.
  for (const text of repositories) {
    const database = await tryOne(text, repositories.length === 1);
    if (database !== undefined) return database;
  }
  for (const text of limited) {
    const database = await tryOne(text, true);
    if (database !== undefined) return database;
  }
  throw new Unavailable(`${kind.called} could not be fetched: ${failures.join('; ')}`, {
    cause,
    hint: `Nothing was judged. "${kind.input}" takes a mirror of your own.`,
  });
}

function checkAge(database: ScanDatabase, limit: number | undefined): ScanDatabase {
  const age = (Date.now() - Date.parse(database.updatedAt)) / 1000;
  if (limit === undefined || age <= limit) return database;
  throw new Unavailable(
    `${database.repository}: the database of ${database.updatedAt} is ${Math.round(age / 3600)} hours old, older than db-max-age`,
  );
}

async function fetchFrom(
  kind: DatabaseKind,
  text: string,
  folder: string,
  options: DatabaseOptions,
): Promise<ScanDatabase> {
  const reference = parseReference(text, kind.input);
  if (reference.kind !== 'registry') throw new Invalid(kind.input, 'must be in a registry');
  const store = openStore(reference, options);
  const tag = reference.digest ?? reference.tag ?? String(kind.schema);
  const stored = await store.getManifest(tag);
  const manifest = stored && readJson(manifestSchema, stored.bytes);
  const layer = manifest?.layers.find(({ mediaType }) => mediaType === kind.mediaType);
  if (!stored || !layer) throw new Unavailable(`${store.place} holds no database of Trivy at ${tag}`);
  const kept = options.keep === undefined ? undefined : join(options.keep, kind.folder);
  await readKept(store, layer, kept, options.log, async (source) => {
    // What an earlier source left half written.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await unpackArchive(source, folder, kind.members, kind.called);
  });
  const metadata = readJson(metadataSchema, await readFile(join(folder, 'metadata.json'), 'utf8'));
  if (metadata?.Version !== kind.schema) {
    throw new Unavailable(`${store.place}: ${kind.called} is not of schema ${kind.schema}`);
  }
  const repository = formatRepository(reference.repository);
  return { repository, digest: stored.descriptor.digest, updatedAt: metadata.UpdatedAt };
}

// A bbolt file without buckets, as test/tools/trivy-db makes it from "[]", deflated.
const EMPTY =
  'eNrt2iEOwkAQAMDjCo6kp5EIDJo/IDB9Rp/Q99Twgrp+hD/0D4T0TlCHIU0zY/Y22TPrdrMhzPY5Tq/jFD+PNOdV+FbqDjnGHK/jszkPfRsAAACA1dn9OP/HRX35X9+75nR7XHQUAAAA1qfM80krAAAAYLOqxR4AAAAA2J5yx5/yJb89AAAAAAAAAAAAAAAAAAAAAPzfG53HC5s=';

/** Puts a database that knows of no vulnerability into `cache`, for listing packages alone. */
export async function writeEmptyDatabase(cache: string): Promise<void> {
  const folder = join(cache, VULNERABILITIES.folder);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'trivy.db'), inflateSync(Buffer.from(EMPTY, 'base64')));
  await writeFile(join(folder, 'metadata.json'), JSON.stringify({ Version: VULNERABILITIES.schema }));
}
