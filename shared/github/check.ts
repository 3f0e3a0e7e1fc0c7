import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';
import type { Github } from './api.ts';
import type { Repository } from './pulls.ts';

/** What a check run shows. */
export interface Check {
  readonly name: string;
  readonly title: string;
  /** Markdown, at most 65,535 bytes each. */
  readonly summary: string;
  readonly text?: string | undefined;
  readonly conclusion: 'success' | 'failure' | 'neutral';
}

/** A note at a line of a file of the commit. */
export interface CheckAnnotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'notice' | 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

/** A check run that is there. */
export interface WrittenCheck {
  readonly url: string;
  /** Adds the annotations that did not fit into the first request. */
  annotate(): Promise<void>;
}

const runSchema = z.object({ id: z.int(), html_url: z.string().nullable() });
/** The most annotations that GitHub takes in one request; a further request adds to them. */
const BATCH = 50;

/** Writes a finished check run of a commit: its conclusion goes with the first request, so what fails later takes nothing back. */
export async function writeCheck(
  github: Github,
  commit: Repository & { readonly sha: string },
  check: Check,
  annotations: readonly CheckAnnotation[],
): Promise<WrittenCheck> {
  const { owner, repo, sha } = commit;
  const { name, title, summary, text, conclusion } = check;
  const outputOf = (some: readonly CheckAnnotation[]) => ({
    title,
    summary,
    ...(text !== undefined && { text }),
    annotations: some.map(({ path, line, level, title: head, message }) => ({
      path,
      start_line: line,
      end_line: line,
      annotation_level: level,
      title: head,
      message,
    })),
  });
  const run = await github.write(
    'POST /repos/{owner}/{repo}/check-runs',
    {
      owner,
      repo,
      name,
      head_sha: sha,
      status: 'completed',
      conclusion,
      output: outputOf(annotations.slice(0, BATCH)),
    },
    'checks',
    runSchema,
  );
  if (run === undefined)
    throw new Invalid('github-token', `may not write checks of ${owner}/${repo} (404)`, {
      hint: 'Add to the job:\n  permissions:\n    checks: write',
    });
  return {
    url: run.html_url ?? '',
    annotate: async () => {
      for (let at = BATCH; at < annotations.length; at += BATCH) {
        await github.write(
          'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}',
          { owner, repo, check_run_id: run.id, output: outputOf(annotations.slice(at, at + BATCH)) },
          'checks',
          runSchema,
        );
      }
    },
  };
}
