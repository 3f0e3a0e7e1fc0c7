import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as z from 'zod';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { tameSarif } from '../report/sarif.ts';
import type { Github } from './api.ts';
import type { RunContext } from './context.ts';
import type { PullRequest, Repository } from './pulls.ts';

/** The commit that an analysis is of, as code scanning wants it named. */
export interface AnalysedCommit {
  readonly sha: string;
  readonly ref: string;
}

/** Compressed bytes that GitHub takes at most (docs.github.com, "SARIF results file is too large"). */
const LIMIT = 10 * 1024 * 1024;
/** Results of a run that GitHub takes at most; of those it shows the 5,000 worst (docs.github.com, "SARIF support for code scanning"). */
const MOST = 25_000;
/** From the worst on (SARIF 2.1.0, 3.27.10). */
const LEVELS = ['error', 'warning', 'note', 'none'];
/** Pauses between two looks at an upload, in milliseconds: two minutes in all. */
const PAUSES = [1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 30_000];

const uploadSchema = z.object({ id: z.string().min(1) });
const statusSchema = z.object({
  processing_status: z.enum(['pending', 'complete', 'failed']).optional(),
  errors: z.array(z.string()).nullish(),
});
const sarifSchema = z.looseObject({
  version: z.literal('2.1.0'),
  runs: z
    .array(
      z.looseObject({
        automationDetails: z.looseObject({}).optional(),
        results: z.array(z.looseObject({ level: z.string().optional() })).nullish(),
        properties: z.looseObject({ imageName: z.string().optional() }).optional(),
      }),
    )
    .min(1)
    .max(20),
});
export type Sarif = z.output<typeof sarifSchema>;

/** Reads SARIF 2.1.0, tamed (`tameSarif`): what is in it may come from an image. Throws `Invalid` for anything else. */
export function parseSarif(text: string, path: string): Sarif {
  try {
    return tameSarif(sarifSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw new Invalid('sarif', `${path} is no SARIF 2.1.0 with 1 to 20 runs`, { cause });
  }
}

/**
 * The same SARIF under the category of an image's repository and platform. Alerts are closed by the next upload of the same tool and category, so
 * it holds what stays the same from run to run, and never a digest. Everything before the last slash is the category
 * (docs.github.com, "SARIF support for code scanning", runAutomationDetails object).
 */
export function categorize(sarif: Sarif, subject: string, platform: string | undefined): Sarif {
  const category = ['hallmark', subject, ...(platform === undefined ? [] : [platform])].join('/');
  const runs = sarif.runs.map((run, at) => ({
    ...run,
    // Two runs of one file must not share a category either.
    automationDetails: { ...run.automationDetails, id: `${category}/${at === 0 ? '' : `${at + 1}/`}` },
  }));
  return { ...sarif, runs };
}

/** The same SARIF with no more results than GitHub takes, those of the worst level, and how many were left out: it refuses all of them otherwise. */
export function keepWorst(sarif: Sarif): { sarif: Sarif; left: number } {
  let left = 0;
  const runs = sarif.runs.map((run) => {
    const results = run.results ?? [];
    if (results.length <= MOST) return run;
    left += results.length - MOST;
    const rank = ({ level = 'warning' }): number => LEVELS.indexOf(level);
    return { ...run, results: results.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST) };
  });
  return { sarif: { ...sarif, runs }, left };
}

/** The commit to upload for. On `pull_request` the run is of the merge commit; any other run about a pull request knows its head alone. */
export function chooseCommit(context: RunContext, pull: PullRequest | undefined): AnalysedCommit {
  const { sha, ref, eventName } = context;
  if (pull !== undefined && eventName !== 'pull_request')
    return { sha: pull.wanted, ref: `refs/pull/${pull.number}/head` };
  if (sha === undefined || ref === undefined)
    throw new Invalid(
      'sarif',
      'is of a commit and a ref, and GITHUB_SHA or GITHUB_REF does not say of which',
    );
  return { sha, ref };
}

/** Uploads SARIF to code scanning and waits until GitHub has taken it in. What GitHub finds wrong with it is `Invalid`. */
export async function uploadSarif(
  github: Github,
  place: Repository,
  { sha, ref }: AnalysedCommit,
  sarif: Sarif,
  deadline: AbortSignal,
): Promise<void> {
  const bytes = await promisify(gzip)(JSON.stringify(sarif));
  if (bytes.length > LIMIT)
    throw new Invalid('sarif', `is ${bytes.length} bytes compressed, and GitHub takes ${LIMIT}`);
  const upload = await github.write(
    'POST /repos/{owner}/{repo}/code-scanning/sarifs',
    { ...place, commit_sha: sha, ref, sarif: bytes.toString('base64') },
    'security-events',
    uploadSchema,
  );
  if (upload === undefined)
    throw new Invalid('sarif', 'is not taken: code scanning is not there (404)', { hint: HINT });
  for (const pause of PAUSES) {
    const status = await github.get(
      'GET /repos/{owner}/{repo}/code-scanning/sarifs/{sarif_id}',
      { ...place, sarif_id: upload.id },
      statusSchema,
      'security-events',
    );
    if (status?.processing_status === 'complete') return;
    if (status?.processing_status === 'failed') {
      const errors = (status.errors ?? []).slice(0, 5).join('; ').slice(0, 1000);
      throw new Invalid(
        'sarif',
        `was uploaded, and code scanning could not process it: ${errors || 'no reason given'}`,
      );
    }
    await wait(pause, undefined, { signal: deadline }).catch((cause: unknown) => {
      throw new Unavailable('code scanning was still processing the upload when the time ended', { cause });
    });
  }
  throw new Unavailable(
    'code scanning was still processing the upload after two minutes; it may finish by itself',
  );
}

const HINT =
  'Turn it on: Settings → Advanced Security → Code scanning; a private repository needs GitHub Code Security.\nAdd to the job:\n  permissions:\n    security-events: write';
