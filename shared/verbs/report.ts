import { readFile } from 'node:fs/promises';
import { type Github, openGithub } from '../github/api.ts';
import { writeCheck } from '../github/check.ts';
import { categorize, chooseCommit, keepWorst, parseSarif, uploadSarif } from '../github/codescanning.ts';
import { writeComment } from '../github/comment.ts';
import type { RunContext } from '../github/context.ts';
import { findPullRequest, type PullRequest, readRepository, readTriggeringRun } from '../github/pulls.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { listAnnotations } from '../report/annotations.ts';
import { commentMarker, renderCheck, renderComment, renderSummary } from '../report/comment.ts';
import { escapeMarkdown } from '../report/markdown.ts';
import type { Page } from '../report/page.ts';
import { type Rendered, renderedSchema } from '../report/rendered.ts';
import { locateInput, splitLine } from '../workspace/file.ts';
import { buildPage, findFiles, type PageInputs } from './page.ts';

export interface ReportInputs extends PageInputs {
  readonly comment?: boolean | undefined;
  readonly check?: boolean | undefined;
  /** SARIF files, `path` or `linux/amd64=path`. */
  readonly sarif: readonly string[];
  readonly category?: string | undefined;
  /** What a job that may not write has made of a fork's reports: the output `page`. */
  readonly page?: string | undefined;
  readonly 'pull-request'?: number | undefined;
}

/** Bytes of the output `page`: it reaches the next job's step as one environment variable, of which Linux takes 128 KiB. */
const PAGE_LIMIT = 120_000;

/**
 * Shows reviewers what is known of the images of a change: one comment, one check run, alerts of code scanning. What cannot be written is a
 * warning, told in the output `unwritten`: the verdict is the gate's, and this step's outcome never says anything about it.
 */
export async function report(inputs: ReportInputs, context: RunContext): Promise<StepResult> {
  const github = await openGithub(inputs['github-token'], context);
  const page = inputs.page === undefined ? await buildPage(inputs, github, context) : undefined;
  const rendered = page ? renderPage(page) : parsePage(inputs.page ?? '', inputs.title);
  const fork = page === undefined || page.fork === true;
  const unwritten: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const reason = [error.message, ...(error.hint === undefined ? [] : [error.hint])].join('\n');
      unwritten.push(`${what}: ${reason}`);
      context.log.warning(`${what} was not written: ${reason}`);
      return undefined;
    }
  };

  const wanted = inputs.comment === true || inputs.check === true || inputs.sarif.length > 0;
  const found = wanted
    ? await attempt('The pull request', async () => ({
        pull: await findPullRequest(github, context, inputs['pull-request']),
      }))
    : undefined;
  const pull = found?.pull;
  const commentUrl =
    inputs.comment === true && found !== undefined
      ? await attempt('The comment', () => comment(github, pull, rendered, inputs.title, context))
      : undefined;
  let checkUrl: string | undefined;
  // After another run GITHUB_SHA is of the default branch, which the page is not about.
  const sha = pull?.wanted ?? (readTriggeringRun(context.event) ? undefined : context.sha);
  if (inputs.check === true && found !== undefined && sha !== undefined) {
    const name = fork ? `${inputs.title} (unverified)` : inputs.title;
    const check = { ...rendered.check, name };
    const run = await attempt('The check', () =>
      writeCheck(github, { ...readRepository(context), sha }, check, rendered.annotations),
    );
    checkUrl = run?.url;
    await attempt('A part of the annotations', async () => run?.annotate());
  }
  const uploaded = new Map<string, string>();
  for (const file of found === undefined ? [] : await listSarif(inputs.sarif, context)) {
    await attempt('Code scanning', () => upload(github, file, { inputs, page, pull, uploaded }, context));
  }

  const [first] = page?.images ?? [];
  const at = first?.image.lastIndexOf('@') ?? -1;
  return {
    outputs: {
      image: first?.image,
      repository: at < 0 ? undefined : first?.image.slice(0, at),
      digest: at < 0 ? undefined : first?.image.slice(at + 1),
      'comment-url': commentUrl,
      'check-url': checkUrl,
      unwritten: JSON.stringify(unwritten),
      page: fork && page ? packPage(page, rendered) : undefined,
    },
    summary: [
      page ? renderSummary(page) : rendered.comment,
      ...(unwritten.length > 0
        ? [`### Not written\n\n${unwritten.map((text) => `- ${escapeMarkdown(text)}`).join('\n')}`]
        : []),
    ].join('\n\n'),
  };
}

function renderPage(page: Page): Rendered {
  return renderedSchema.parse({
    comment: renderComment(page),
    check: renderCheck(page),
    annotations: listAnnotations(page),
  });
}

/** The page for another job: whole where it fits, otherwise without the check's details, otherwise that there was too much. */
function packPage(page: Page, rendered: Rendered): string {
  const short = { ...rendered, annotations: [], check: { ...rendered.check, text: undefined } };
  const fault = 'what its run left is too long to be handed on';
  const none = renderPage({ ...page, images: [{ image: 'all images', unavailable: fault }] });
  const packed = [rendered, short, none].map((one) => JSON.stringify(one));
  return packed.find((text) => Buffer.byteLength(text) <= PAGE_LIMIT) ?? '';
}

/** Reads what another job made of a fork's reports. That job read hostile data, so a page that claims more than one of a fork may is refused. */
function parsePage(text: string, title: string): Rendered {
  let rendered: Rendered;
  try {
    rendered = renderedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Invalid('page', 'is not what the output "page" of this action holds', { cause });
  }
  if (!rendered.comment.startsWith(commentMarker(title)))
    throw new Invalid('page', `is not the page of the title "${title}"`);
  if (rendered.check.conclusion === 'success')
    throw new Invalid('page', 'calls something a success that nobody verified');
  return rendered;
}

async function comment(
  github: Github,
  pull: PullRequest | undefined,
  rendered: Rendered,
  title: string,
  context: RunContext,
): Promise<string | undefined> {
  if (pull === undefined) {
    context.log.info('There is no pull request that this run is about, so there is no comment.');
    return undefined;
  }
  if (pull.head !== pull.wanted) {
    context.log.notice(
      `Pull request ${pull.number} is at ${pull.head} by now: its comment is left to the newer run.`,
    );
    return undefined;
  }
  const place = { ...readRepository(context), number: pull.number };
  return writeComment(github, place, commentMarker(title), rendered.comment);
}

/** The SARIF files that are asked for, each with the platform that is named for it. */
async function listSarif(
  lines: readonly string[],
  context: RunContext,
): Promise<{ path: string; platform: string | undefined }[]> {
  const found = lines.map(async (line) => {
    const { platform, path } = splitLine(line);
    const paths = await findFiles(path, (name) => name.endsWith('.sarif'), 'sarif', context);
    return paths.map((file) => ({ path: file, platform }));
  });
  return (await Promise.all(found)).flat();
}

async function upload(
  github: Github,
  { path, platform }: { path: string; platform: string | undefined },
  about: {
    readonly inputs: ReportInputs;
    readonly page: Page | undefined;
    readonly pull: PullRequest | undefined;
    /** The file of each category of this step: a second one would close the first one's alerts. */
    readonly uploaded: Map<string, string>;
  },
  context: RunContext,
): Promise<void> {
  const file = await locateInput(path, 'sarif', context);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Invalid('sarif', `"${path}" cannot be read (${cause.code})`, { cause });
  });
  const sarif = parseSarif(text, path);
  // Trivy names the manifest that it looked at; the review says which platform that is.
  const named = sarif.runs[0]?.properties?.imageName ?? '';
  const platforms = about.page?.images.flatMap(({ review }) => review?.platforms ?? []) ?? [];
  const known = platforms.find(({ digest }) => digest !== '' && named.endsWith(`@${digest}`));
  const subject = about.inputs.category ?? named.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  if (subject === '') throw new Invalid('category', `is required: ${path} does not say which image it is of`);
  const commit = chooseCommit(context, about.pull);
  const analysis = categorize(sarif, subject, platform ?? known?.name);
  const category = String(analysis.runs[0]?.automationDetails?.['id']);
  const other = about.uploaded.get(category);
  if (other !== undefined) {
    throw new Invalid(
      'sarif',
      `${path} and ${other} are both of the category ${category}, and would close each other's alerts`,
      {
        hint: 'Write linux/amd64=path for each platform, and report images of one category in a step each.',
      },
    );
  }
  about.uploaded.set(category, path);
  const { sarif: kept, left } = keepWorst(analysis);
  if (left > 0) {
    context.log.warning(
      `${path} has more results than code scanning takes: the ${left} of the lowest level are left out`,
    );
  }
  await uploadSarif(github, readRepository(context), commit, kept, context.deadline);
}
