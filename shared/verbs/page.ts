import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import type { Github } from '../github/api.ts';
import { downloadArtifact } from '../github/artifact.ts';
import type { RunContext } from '../github/context.ts';
import { loadPolicy } from '../github/policy.ts';
import { readEventHead, readTriggeringRun } from '../github/pulls.ts';
import { readZip } from '../github/zip.ts';
import { formatImage, parseDigestReference } from '../image/reference.ts';
import { Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import { judgedSchema } from '../report/judged.ts';
import type { Page, PageImage } from '../report/page.ts';
import { reviewSchema } from '../report/review.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { locateInput } from '../workspace/file.ts';
import { judgeImage } from './judge.ts';
import { tellJudged } from './judged.ts';

export interface PageInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root'> {
  readonly title: string;
  /** Images by digest; judged here, read-only, when policy and environment say by what. */
  readonly image: readonly string[];
  readonly policy?: string | undefined;
  readonly environment?: string | undefined;
  /** Files that scan and gate wrote. */
  readonly review: readonly string[];
  readonly verdict: readonly string[];
  /** Name of the artifact that the run before this one left; that run may be a fork's. */
  readonly artifact?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** Bytes of one report that are read at most. */
const FILE_LIMIT = 64 * 1024 * 1024;
/** Images of one page. */
const IMAGES = 50;
/** A stranger's archive: what is read of it in all, unpacked. */
const ARCHIVE = { entries: 1000, bytes: 32 * 1024 * 1024 } as const;

/** One report on its way to the page: read, or the reason why not. */
type Found = { readonly name: string } & ({ readonly text: string } | { readonly fault: string });

/** Gathers what is known of each image. What cannot be read or judged stands on the page as unavailable, never left out. */
export async function buildPage(inputs: PageInputs, github: Github, context: RunContext): Promise<Page> {
  const run = readTriggeringRun(context.event);
  // Files that follow another run can only be what that run left, whoever unpacked them: a stranger's, for all that is known here.
  const given = inputs.review.length + inputs.verdict.length > 0;
  const fork = inputs.artifact !== undefined || (run !== undefined && given);
  const parts = [
    ...(inputs.artifact === undefined
      ? await readGivenFiles(inputs, context)
      : await readForkArtifact(inputs.artifact, inputs, github, context)),
    ...(await judgeImages(inputs, context)),
  ];
  const { serverUrl, repository, runId } = context;
  const about = run === undefined ? runId : String(run.id);
  return {
    name: inputs.title,
    images: joinParts(parts),
    fork,
    ...(repository && {
      repository: `${serverUrl}/${repository}`,
      ...(about && { run: `${serverUrl}/${repository}/actions/runs/${about}` }),
    }),
    commit: run?.head_sha ?? readEventHead(context.event) ?? context.sha,
  };
}

/**
 * A review and a verdict on the same digest are one image. A second verdict on it is one more: none may hide another. A file that is missing
 * belongs to the image, where there is but one.
 */
function joinParts(parts: readonly PageImage[]): PageImage[] {
  const images: PageImage[] = [];
  const digestOf = ({ image }: PageImage): string => image.slice(image.lastIndexOf('@') + 1);
  for (const part of parts) {
    const at = images.findIndex(
      (known) =>
        digestOf(known) === digestOf(part) &&
        (known.review === undefined || part.review === undefined) &&
        (known.verdict === undefined || part.verdict === undefined) &&
        (known.unavailable === undefined || part.unavailable === undefined),
    );
    if (at < 0) images.push(part);
    else images[at] = { ...images[at], ...part };
  }
  if (images.length > IMAGES)
    throw new Invalid('review', `is of ${images.length} images; a page holds ${IMAGES}`);
  const missing = images.filter(({ review, verdict, image }) => !(review ?? verdict) && !image.includes('@'));
  const [only, ...others] = images.filter((image) => !missing.includes(image));
  if (only === undefined || others.length > 0 || missing.length === 0) return images;
  const faults = missing.map(({ image, unavailable }) => `${image}: ${unavailable}`);
  return [{ ...only, unavailable: [...(only.unavailable ? [only.unavailable] : []), ...faults].join('; ') }];
}

function readReview({ name, ...found }: Found): PageImage {
  if ('fault' in found) return { image: name, unavailable: found.fault };
  const review = parse(reviewSchema, found.text);
  if (review === undefined) return { image: name, unavailable: 'this is no report of scan (review.json)' };
  return { image: review.image, review };
}

function readVerdict({ name, ...found }: Found): PageImage {
  if ('fault' in found) return { image: name, unavailable: found.fault };
  const judged = parse(judgedSchema, found.text);
  if (judged === undefined) return { image: name, unavailable: 'this is no verdict of gate (verdict.json)' };
  const { image, verdict, provenance } = judged;
  return { image, verdict, ...(provenance && { provenance }) };
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function readGivenFiles(inputs: PageInputs, context: RunContext): Promise<PageImage[]> {
  const read = async (input: 'review' | 'verdict'): Promise<Found[]> => {
    const wanted = (name: string): boolean => name === `${input}.json`;
    const paths = await Promise.all(inputs[input].map((path) => findFiles(path, wanted, input, context)));
    return Promise.all(paths.flat().map((path) => readReport(path, input, context)));
  };
  const [reviews, verdicts] = await Promise.all([read('review'), read('verdict')]);
  // Whoever opens a pull request can change what writes these files: there they are advice, whatever they say.
  const advice = context.eventName?.startsWith('pull_request') === true;
  return [
    ...reviews.map(readReview),
    ...verdicts.map(readVerdict).map((part) => ({
      ...part,
      ...(part.verdict && { verdict: { ...part.verdict, preview: part.verdict.preview || advice } }),
    })),
  ];
}

/** Reads a report. One that is not there is a report that is missing, which the page says. */
async function readReport(path: string, input: string, context: RunContext): Promise<Found> {
  const file = await locateInput(path, input, context);
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT)
      return { name: path, fault: `it has ${size} bytes, and ${FILE_LIMIT} are read at most` };
    return { name: path, text: await readFile(file, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      name: path,
      fault: code === 'EISDIR' ? `it holds no ${input}.json` : `it cannot be read (${code})`,
    };
  }
}

/** The file itself, or for a folder the files below it with a wanted name; the folder itself when it holds none. */
export async function findFiles(
  path: string,
  wanted: (name: string) => boolean,
  input: string,
  context: RunContext,
): Promise<string[]> {
  const folder = await locateInput(path, input, context);
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = found.filter((entry) => entry.isFile() && wanted(entry.name));
  if (files.length > IMAGES)
    throw new Invalid(input, `"${path}" holds ${files.length} reports; a page holds ${IMAGES}`);
  return files.length === 0 ? [path] : files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** What the run before this one left: a stranger's bytes. Only two names in it mean anything, and nothing of it reaches the disk. */
async function readForkArtifact(
  artifact: string,
  inputs: PageInputs,
  github: Github,
  context: RunContext,
): Promise<PageImage[]> {
  const run = readTriggeringRun(context.event);
  if (run === undefined) throw new Invalid('artifact', 'is read after another run, on: workflow_run');
  const baseOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
  try {
    const bytes = await downloadArtifact(github, run.id, artifact, inputs['github-token'] ?? '', context);
    const wanted = (name: string): boolean => ['review.json', 'verdict.json'].includes(baseOf(name));
    const files = readZip(bytes, wanted, ARCHIVE);
    if (files.length === 0) throw new Unavailable('it holds no review.json and no verdict.json');
    return files
      .slice(0, IMAGES)
      .map(({ name, bytes: content }) => ({ name, text: content.toString() }))
      .map((file) => (baseOf(file.name) === 'review.json' ? readReview(file) : readVerdict(file)));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return [{ image: artifact, unavailable: error.message }];
  }
}

async function judgeImages(inputs: PageInputs, context: RunContext): Promise<PageImage[]> {
  const { environment } = inputs;
  if (inputs.image.length === 0 || environment === undefined) return [];
  const references = inputs.image.map((image) => parseDigestReference(image));
  const policy = await explain(() => loadPolicy(inputs.policy, inputs, context));
  const judged: PageImage[] = [];
  for (const reference of references) {
    const image = formatImage(reference, reference.digest);
    const answer =
      'fault' in policy
        ? policy
        : await explain(async () => {
            const store = openStore(reference, storeOptions(context, inputs['github-token']));
            const subjects = await listSubjects(store, reference.digest);
            const request = { store, image: subjects, environment, policy: policy.value, inputs };
            return tellJudged(image, await judgeImage(request, context), inputs, context);
          });
    if ('fault' in answer) judged.push({ image, unavailable: answer.fault });
    else judged.push(readVerdict({ name: image, text: JSON.stringify(answer.value) }));
  }
  return judged;
}

/** A failure as words for the page: what could not be judged is shown as that. */
async function explain<T>(work: () => Promise<T>): Promise<{ value: T } | { fault: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { fault: error.message };
  }
}
