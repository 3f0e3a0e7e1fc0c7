import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import * as z from 'zod';
import { kindOfPredicate, PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildScanPredicate, readReport } from '../evidence/scan.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { Claim } from '../sigstore/publish.ts';
import { readJson } from '../store/json.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { resolveInside } from '../workspace/workspace.ts';

/** A file that the caller wants attested, read and checked. */
export interface PredicateFile {
  /** The input that named it. */
  readonly input: string;
  readonly path: string;
  readonly predicateType: string;
  readonly predicate: unknown;
  /** What it is about: a platform by name, the platform manifest that the file itself names, or the whole image. */
  readonly about: { platform: string | undefined } | { manifest: Digest } | 'image';
}

interface PredicateInputs {
  readonly sbom: readonly string[];
  readonly 'scan-report': readonly string[];
  readonly 'test-results': readonly string[];
  readonly 'predicate-type'?: string | undefined;
  readonly 'predicate-path'?: string | undefined;
}

/** The most a file may hold, in bytes: a statement of it must be readable again. */
const FILE_LIMIT = 15 * 1024 * 1024;

/** Kinds that other actions write, of what they themselves did. */
const RESERVED: readonly (string | undefined)[] = ['signature', 'provenance', 'scan', 'verdict', 'promotion'];

const sbomSchema = z.union([
  z.looseObject({ bomFormat: z.literal('CycloneDX'), specVersion: z.string() }),
  z.looseObject({ spdxVersion: z.string().startsWith('SPDX-2.') }),
  z.looseObject({ '@context': z.string().startsWith('https://spdx.org/rdf/3.') }),
]);

/** in-toto attestation spec/predicates/test-result.md: the required fields. */
const testResultSchema = z.looseObject({
  result: z.enum(['PASSED', 'WARNED', 'FAILED']),
  configuration: z.array(z.unknown()),
});

/** Reads every file the inputs name: `path` or `linux/amd64=path` a line. Throws `Invalid` naming the input. */
export async function readPredicateFiles(
  inputs: PredicateInputs,
  context: RunContext,
): Promise<PredicateFile[]> {
  const { 'predicate-type': type, 'predicate-path': path } = inputs;
  if ((type === undefined) !== (path === undefined)) {
    throw new Invalid(
      type === undefined ? 'predicate-type' : 'predicate-path',
      'is required with the other of the two',
    );
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
  ]);
  if (type === undefined || path === undefined) return files;
  const predicate = parseJson(await readInput(path, 'predicate-path', context), 'predicate-path', path);
  return [...files, { input: 'predicate-path', path, predicateType: type, predicate, about: 'image' }];
}

/** What each file says, of which subject: a platform's file is never about the index above it. Throws `Invalid`. */
export function bindClaims(files: readonly PredicateFile[], image: ImageSubjects): Claim[] {
  return files.map(({ input, path, predicateType, predicate, about }) => {
    if (about === 'image') return { predicateType, predicate };
    const digest = 'manifest' in about ? about.manifest : findPlatform(about.platform, image, input, path);
    if (!image.platforms.some(({ descriptor }) => descriptor.digest === digest)) {
      throw new Invalid(input, `"${path}" is about ${digest}, which is no platform of ${image.digest}`);
    }
    return { predicateType, predicate, subjects: [digest] };
  });
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
  const predicate = readJson(sbomSchema, await readInput(path, 'sbom', context));
  if (predicate === undefined) {
    throw new Invalid('sbom', `"${path}" is neither CycloneDX nor SPDX in JSON`);
  }
  let predicateType: string = PREDICATE_TYPES.spdx[0];
  if ('bomFormat' in predicate) predicateType = PREDICATE_TYPES.cyclonedx[0];
  else if ('@context' in predicate) predicateType = PREDICATE_TYPES.spdx[2];
  return { input: 'sbom', path, predicateType, predicate, about: { platform } };
}

async function readScanReport(line: string, context: RunContext): Promise<PredicateFile> {
  const { path } = splitLine(line);
  const scan = readReport(await readInput(path, 'scan-report', context));
  return {
    input: 'scan-report',
    path,
    predicateType: PREDICATE_TYPES.scan[0],
    predicate: buildScanPredicate(scan),
    about: { manifest: scan.manifest },
  };
}

async function readTestResults(line: string, context: RunContext): Promise<PredicateFile> {
  const { platform, path } = splitLine(line);
  const predicate = readJson(testResultSchema, await readInput(path, 'test-results', context));
  if (predicate === undefined) {
    throw new Invalid(
      'test-results',
      `"${path}" is no test-result predicate of in-toto (result, configuration)`,
    );
  }
  return {
    input: 'test-results',
    path,
    predicateType: PREDICATE_TYPES.test[0],
    predicate,
    about: { platform },
  };
}

function splitLine(line: string): { platform: string | undefined; path: string } {
  const match = /^([a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?)=(.+)$/.exec(line);
  return match?.[2] === undefined
    ? { platform: undefined, path: line }
    : { platform: match[1], path: match[2] };
}

/** Inputs name files of the workspace, or of the runner's temporary folder, where other steps leave their reports. */
async function readInput(path: string, input: string, context: RunContext): Promise<string> {
  const inTemp = isAbsolute(path) && !relative(context.temp, path).startsWith('..');
  const file = await resolveInside(inTemp ? context.temp : context.workspace, path, input);
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT)
      throw new Invalid(input, `"${path}" has ${size} bytes; at most ${FILE_LIMIT} can be attested`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Invalid) throw cause;
    throw new Invalid(input, `"${path}" cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

function parseJson(text: string, input: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid(input, `"${path}" is no JSON`, { cause });
  }
}
