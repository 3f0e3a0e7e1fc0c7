import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { parseStrictJson } from '../evidence/json.ts';
import { kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildReference, REFERENCE_TYPE } from '../evidence/reference.ts';
import { buildScanPredicate, readReport } from '../evidence/scan.ts';
import { explainFaults } from '../evidence/schema.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { Claim } from '../sigstore/publish.ts';
import type { Referrer } from '../store/attach.ts';
import { digestOf } from '../store/hash.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { readInputFile, splitLine } from '../workspace/file.ts';

/** A file that the caller wants attested, read and checked. */
export interface PredicateFile {
  /** The input that named it. */
  readonly input: string;
  readonly path: string;
  readonly predicateType: string;
  readonly predicate: unknown;
  /** What it is about: a platform by name, the platform manifest that the file itself names, or the whole image. */
  readonly about: { platform: string | undefined } | { manifest: Digest } | 'image';
  /** The file's bytes, where they are too many for a statement: they are stored beside the image, and the statement says by which digest. */
  readonly large?: Buffer | undefined;
}

/** The documents that an action is given: paths in the workspace, some with a platform before them. */
export interface PredicateInputs {
  readonly sbom: readonly string[];
  readonly 'scan-report': readonly string[];
  readonly 'test-results': readonly string[];
  readonly vex?: readonly string[] | undefined;
  readonly 'predicate-type'?: string | undefined;
  readonly 'predicate-path'?: string | undefined;
}

/** The most a file may hold, in bytes: a statement of it must be readable again. */
const FILE_LIMIT = 15 * 1024 * 1024;
/** The most an SBOM may hold, in bytes; past `FILE_LIMIT` it is stored by itself. */
const SBOM_LIMIT = 256 * 1024 * 1024;

/** Kinds that other actions write, of what they themselves did. */
const RESERVED: readonly (string | undefined)[] = ['signature', 'provenance', 'scan', 'verdict', 'promotion'];

/** What a document is stored as, by the type of its predicate. */
const SBOM_MEDIA_TYPES: Readonly<Record<string, string>> = {
  [PREDICATE_TYPES.cyclonedx[0]]: 'application/vnd.cyclonedx+json',
  [PREDICATE_TYPES.spdx[0]]: 'application/spdx+json',
  [PREDICATE_TYPES.spdx[2]]: 'application/spdx+json',
};

/** Reads every file the inputs name: `path` or `linux/amd64=path` a line. Throws `Invalid` naming the input. */
export async function readPredicateFiles(
  inputs: PredicateInputs,
  context: RunContext,
): Promise<PredicateFile[]> {
  const { 'predicate-type': type, 'predicate-path': path } = inputs;
  if ((type === undefined) !== (path === undefined)) {
    const [missing, given] =
      type === undefined ? ['predicate-type', 'predicate-path'] : ['predicate-path', 'predicate-type'];
    throw new Invalid(missing, `is required, because ${given} is given`);
  }
  if (type !== undefined && (!URL.canParse(type) || RESERVED.includes(kindOfPredicate(type)))) {
    throw new Invalid(
      'predicate-type',
      `may be the URI of a type that no other input or action writes, not "${type}"`,
    );
  }
  const files = await Promise.all([
    ...inputs.sbom.map((line) => readSbom(line, context)),
    ...inputs['scan-report'].map((line) => readScanReport(line, context)),
    ...inputs['test-results'].map((line) => readTestResults(line, context)),
    ...(inputs.vex ?? []).map((line) => readVex(line, context)),
  ]);
  if (type === undefined || path === undefined) return files;
  const predicate = parseJson(
    await readInputFile(path, 'predicate-path', context, FILE_LIMIT),
    'predicate-path',
    path,
  );
  checkSchema('predicate-path', path, type, predicate);
  return [...files, { input: 'predicate-path', path, predicateType: type, predicate, about: 'image' }];
}

/**
 * What each file says, of which subject: a platform's file is never about the index above it. Where `storing` says who vouches for it (a URI),
 * a large document becomes a reference to where `listLarge` puts it. Throws `Invalid`.
 */
export function bindClaims(
  files: readonly PredicateFile[],
  image: ImageSubjects,
  storing?: { readonly store: Store; readonly attester: string },
): Claim[] {
  return files.map((file) => {
    const { predicateType, predicate, about, large } = file;
    const subjects = about === 'image' ? {} : { subjects: [findSubject(file, image)] };
    if (!large || !storing) return { predicateType, predicate, ...subjects };
    const { store, attester } = storing;
    const digest = digestOf(large);
    const [host, ...path] = store.place.split('/');
    const document = {
      name: basename(file.path),
      digest,
      mediaType: SBOM_MEDIA_TYPES[predicateType] ?? 'application/json',
      location: store.host && `https://${host}/v2/${path.join('/')}/blobs/${digest}`,
    };
    return { predicateType: REFERENCE_TYPE, predicate: buildReference(attester, document), ...subjects };
  });
}

/** The documents that are stored by themselves, each beside the platform it is about. */
export function listLarge(files: readonly PredicateFile[], image: ImageSubjects): Referrer[] {
  return files.flatMap((file) => {
    if (file.large === undefined) return [];
    const digest = findSubject(file, image);
    const mediaType = SBOM_MEDIA_TYPES[file.predicateType] ?? 'application/json';
    return image.all
      .filter((subject) => subject.digest === digest)
      .map((subject) => ({
        subject,
        artifactType: mediaType,
        blob: file.large ?? Buffer.alloc(0),
        blobMediaType: mediaType,
        annotations: {},
      }));
  });
}

function findSubject({ input, path, about }: PredicateFile, image: ImageSubjects): Digest {
  if (about === 'image') return image.digest;
  const digest = 'manifest' in about ? about.manifest : findPlatform(about.platform, image, input, path);
  if (!image.platforms.some(({ descriptor }) => descriptor.digest === digest)) {
    throw new Invalid(input, `"${path}" is about ${digest}, which is no platform of ${image.digest}`);
  }
  return digest;
}

function findPlatform(
  platform: string | undefined,
  image: ImageSubjects,
  input: string,
  path: string,
): Digest {
  const names = image.platforms.map((one) => formatPlatform(one.platform));
  const fitting = image.platforms.filter((_, at) => platform === undefined || names[at] === platform);
  const [only, ...more] = fitting;
  if (only !== undefined && more.length === 0) return only.descriptor.digest;
  throw new Invalid(
    input,
    platform === undefined
      ? `"${path}" does not say for which platform it is, and the image has ${names.join(', ')}`
      : `the image has ${fitting.length === 0 ? 'no' : 'more than one'} ${platform}; it has ${names.join(', ')}`,
    { hint: `Write one line a platform, as in ${names[0] ?? 'linux/amd64'}=${path}` },
  );
}

async function readSbom(line: string, context: RunContext): Promise<PredicateFile> {
  const { platform, path } = splitLine(line);
  const bytes = await readInputFile(path, 'sbom', context, SBOM_LIMIT);
  const predicate = parseJson(bytes, 'sbom', path);
  const predicateType = nameSbom(predicate);
  if (predicateType === undefined) {
    throw new Invalid('sbom', `"${path}" is neither CycloneDX nor SPDX in JSON`);
  }
  checkSchema('sbom', path, predicateType, predicate);
  const large = bytes.length > FILE_LIMIT ? bytes : undefined;
  return { input: 'sbom', path, predicateType, predicate, about: { platform }, large };
}

function nameSbom(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  if ('bomFormat' in document) return PREDICATE_TYPES.cyclonedx[0];
  if ('spdxVersion' in document) return PREDICATE_TYPES.spdx[0];
  return '@graph' in document ? PREDICATE_TYPES.spdx[2] : undefined;
}

async function readScanReport(line: string, context: RunContext): Promise<PredicateFile> {
  const { path } = splitLine(line);
  const scan = readReport((await readInputFile(path, 'scan-report', context, FILE_LIMIT)).toString());
  return {
    input: 'scan-report',
    path,
    predicateType: PREDICATE_TYPES.scan[0],
    predicate: buildScanPredicate(scan),
    about: { manifest: scan.manifest },
  };
}

/** A predicate of in-toto's, or a JUnit report that one is made of. */
async function readTestResults(line: string, context: RunContext): Promise<PredicateFile> {
  const { platform, path } = splitLine(line);
  const [input, predicateType] = ['test-results', PREDICATE_TYPES.test[0]];
  const bytes = await readInputFile(path, input, context, FILE_LIMIT);
  const predicate = /^\uFEFF?\s*</.test(bytes.toString())
    ? await readJunitFile(bytes, path)
    : parseJson(bytes, input, path);
  checkSchema(input, path, predicateType, predicate);
  return { input, path, predicateType, predicate, about: { platform } };
}

async function readJunitFile(bytes: Buffer, path: string): Promise<unknown> {
  const { readJunit } = await import('../evidence/junit.ts');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (!isUtf8(bytes)) throw new Invalid('test-results', `"${path}" is not UTF-8`);
  try {
    return readJunit(bytes.toString(), { name: basename(path), sha256 });
  } catch (cause) {
    throw new Invalid('test-results', `"${path}" is no JUnit report: ${(cause as Error).message}`, { cause });
  }
}

/** OpenVEX names its products itself, so it is said of the whole image unless a platform is written. */
async function readVex(line: string, context: RunContext): Promise<PredicateFile> {
  const { platform, path } = splitLine(line);
  const [input, predicateType] = ['vex', PREDICATE_TYPES.vex[0]];
  const predicate = parseJson(await readInputFile(path, input, context, FILE_LIMIT), input, path);
  checkSchema(input, path, predicateType, predicate);
  return { input, path, predicateType, predicate, about: platform === undefined ? 'image' : { platform } };
}

function checkSchema(input: string, path: string, predicateType: string, predicate: unknown): void {
  const faults = explainFaults(predicateType, predicate);
  if (faults.length > 0) {
    throw new Invalid(input, `"${path}" is not what ${predicateType} is to be: ${faults.join('; ')}`);
  }
}

/** Read as strictly as by whoever verifies: what is signed must say the same to everybody. */
function parseJson(bytes: Buffer, input: string, path: string): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    // The parser's own words quote the file.
    const why =
      cause instanceof SyntaxError ? '' : ` that everybody reads alike: ${(cause as Error).message}`;
    throw new Invalid(input, `"${path}" is no JSON${why}`, { cause });
  }
}
