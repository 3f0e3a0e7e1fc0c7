import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { glob, readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RunContext } from '../github/context.ts';
import { MEDIA_TYPE } from '../image/descriptor.ts';
import { parseDigest } from '../image/digest.ts';
import { type DigestReference, parseReference } from '../image/reference.ts';
import { commitTag } from '../image/tags.ts';
import { Invalid } from '../outcome/outcome.ts';
import { digestOf } from '../store/hash.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { EMPTY_BLOB, type Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { requireFreeTags } from '../store/tag.ts';
import { resolveInside } from '../workspace/workspace.ts';

/** A file that is attested: by its bytes, or only by what a list of checksums says. */
export interface AttestedFile {
  /** Path below the workspace with `/`, or as the list of checksums has it. */
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
  readonly content?: { readonly path: string; readonly size: number };
}

/** The files that are attested in place of an image. */
export interface FileInputs {
  readonly 'subject-path'?: readonly string[] | undefined;
  readonly 'subject-checksums'?: string | undefined;
  /** Where they are pushed to, as an artifact. */
  readonly repository?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** A statement names no more: actions/attest and GitHub's API have the same bound. */
const FILES = 1024;
const CHECKSUMS_LIMIT = 1024 * 1024;

/** The files that `subject-path` (paths and globs in the workspace) or `subject-checksums` (the output of sha256sum) names, sorted. Throws `Invalid`. */
export async function readAttestedFiles(inputs: FileInputs, context: RunContext): Promise<AttestedFile[]> {
  const checksums = inputs['subject-checksums'];
  const input = checksums === undefined ? 'subject-path' : 'subject-checksums';
  const files =
    checksums === undefined
      ? await findFiles(inputs['subject-path'] ?? [], context)
      : await readChecksums(checksums, context);
  // As an artifact they have a digest of their own, which the statement names too.
  const most = inputs.repository === undefined ? FILES : FILES - 1;
  if (files.length > most)
    throw new Invalid(input, `names ${files.length} files; at most ${most} are attested at once`);
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function findFiles(patterns: readonly string[], context: RunContext): Promise<AttestedFile[]> {
  const root = await resolveInside(context.workspace, '.', 'subject-path');
  const paths = new Set<string>();
  for (const pattern of patterns) {
    let some = false;
    const wanted = isAbsolute(pattern) ? relative(root, pattern) : pattern;
    for await (const found of glob(wanted, { cwd: root })) {
      const path = await resolveInside(root, found, 'subject-path');
      if (!(await stat(path)).isFile()) continue;
      some = true;
      paths.add(path);
      if (paths.size > FILES) throw new Invalid('subject-path', `names more than ${FILES} files`);
    }
    if (!some) throw new Invalid('subject-path', `"${pattern}" names no file`);
  }
  const files: AttestedFile[] = [];
  for (const path of paths) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash, { signal: context.deadline });
    const name = relative(root, path).split(sep).join('/');
    files.push({ name, sha256: hash.digest('hex'), content: { path, size: (await stat(path)).size } });
  }
  return files;
}

async function readChecksums(path: string, context: RunContext): Promise<AttestedFile[]> {
  const input = 'subject-checksums';
  const file = await resolveInside(context.workspace, path, input);
  let text: string;
  try {
    if ((await stat(file)).size > CHECKSUMS_LIMIT) throw new Invalid(input, `"${path}" is larger than 1 MiB`);
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Invalid) throw cause;
    throw new Invalid(input, `"${path}" cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
  const files = new Map<string, AttestedFile>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, sha256, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined)
      throw new Invalid(
        input,
        `"${path}", line ${at + 1}: is no line of sha256sum (64 hex digits, two spaces, a name)`,
      );
    if (files.has(name)) throw new Invalid(input, `"${path}", line ${at + 1}: names "${name}" again`);
    files.set(name, { name, sha256 });
  }
  if (files.size === 0) throw new Invalid(input, `"${path}" names no file`);
  return [...files.values()];
}

/** Files as an OCI artifact that is not pushed yet. */
export interface Artifact {
  readonly reference: DigestReference;
  readonly store: Store;
  /** `sha-<commit>` */
  readonly tag: string;
  /** Pushes it by its digest, without a tag. */
  push(): Promise<ImageSubjects>;
}

/**
 * The artifact that files are pushed as where `repository` says so: one layer a file, titled with its name as `oras pull` reads it (OCI image-spec
 * 1.1, manifest.md, "Guidelines for Artifact Usage"). The same files of the same commit are the same digest. A tag of the commit that names
 * something else is `Refused`, before anything is pushed or signed.
 */
export async function planArtifact(
  inputs: FileInputs,
  files: readonly AttestedFile[],
  context: RunContext,
): Promise<Artifact | undefined> {
  if (inputs.repository === undefined) return undefined;
  if (files.some(({ content }) => content === undefined))
    throw new Invalid(
      'repository',
      'goes with subject-path: of a list of checksums there is nothing to push',
    );
  if (context.sha === undefined)
    throw new Invalid('repository', 'is tagged by the commit, and GITHUB_SHA does not say which');
  const place = parseReference(inputs.repository, 'repository');
  if (place.digest !== undefined || place.tag !== undefined)
    throw new Invalid('repository', 'takes no tag or digest');

  const empty = { mediaType: MEDIA_TYPE.empty, digest: digestOf(EMPTY_BLOB), size: EMPTY_BLOB.length };
  const layers = files.map(({ name, sha256, content }) => ({
    mediaType: 'application/octet-stream',
    digest: parseDigest(`sha256:${sha256}`),
    size: content?.size ?? 0,
    annotations: { 'org.opencontainers.image.title': name },
  }));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType: 'application/vnd.hallmark.files.v1',
      config: empty,
      layers,
      annotations: { 'org.opencontainers.image.revision': context.sha },
    }),
  );
  const descriptor = { mediaType: MEDIA_TYPE.manifest, digest: digestOf(bytes), size: bytes.length };
  const store = openStore(place, storeOptions(context, inputs['github-token']));
  const tag = commitTag({ kind: 'commit', commit: context.sha });
  await requireFreeTags(store, [tag], descriptor.digest);
  return {
    reference: { ...place, digest: descriptor.digest },
    store,
    tag,
    push: async () => {
      await store.putBlob(empty, () => EMPTY_BLOB);
      for (const [at, layer] of layers.entries()) {
        const path = files[at]?.content?.path ?? '';
        await store.putBlob(layer, () => createReadStream(path));
      }
      await store.putManifest(bytes, MEDIA_TYPE.manifest);
      return { digest: descriptor.digest, root: { descriptor, bytes }, platforms: [], all: [descriptor] };
    },
  };
}
