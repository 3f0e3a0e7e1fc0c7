import * as z from 'zod';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import {
  dropBody,
  explainTransient,
  isLoopback,
  readBody,
  retryTransient,
  sendOnce,
} from '../store/transport.ts';
import type { Github } from './api.ts';
import type { RunContext } from './context.ts';
import { readRepository } from './pulls.ts';

/** Bytes of a packed artifact that are read at most. */
const LIMIT = 20 * 1024 * 1024;

const artifactsSchema = z.object({
  artifacts: z.array(
    z.object({ id: z.int(), name: z.string(), size_in_bytes: z.number(), expired: z.boolean() }),
  ),
});

/**
 * Fetches the newest artifact of that name that a run left, as it is packed: zip, by whoever ran. One that is missing, expired or larger than
 * 20 MB is `Unavailable`.
 */
export async function downloadArtifact(
  github: Github,
  run: number,
  name: string,
  token: string,
  context: RunContext,
): Promise<Buffer> {
  const place = readRepository(context);
  const listed = await github.get(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
    { ...place, run_id: String(run), name, per_page: '100' },
    artifactsSchema,
    'actions',
  );
  const [newest] = (listed?.artifacts ?? [])
    .filter((artifact) => artifact.name === name && !artifact.expired)
    .sort((a, b) => b.id - a.id);
  if (newest === undefined)
    throw new Unavailable(`run ${run} left no artifact "${name}"`, { retrySafe: false });
  if (newest.size_in_bytes > LIMIT)
    throw new Unavailable(
      `the artifact "${name}" has ${newest.size_in_bytes} bytes, and ${LIMIT} are read at most`,
      {
        retrySafe: false,
      },
    );
  const { owner, repo } = place;
  const api = new URL(
    `${context.apiUrl}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/actions/artifacts/${newest.id}/zip`,
  );
  return retryTransient(context, async () => {
    const answer = await sendOnce(
      {
        method: 'GET',
        url: api,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/vnd.github+json',
          'user-agent': 'hallmark',
        },
      },
      context.deadline,
    );
    dropBody(answer);
    const { location } = answer.headers;
    if (answer.status !== 302 || location === undefined || !URL.canParse(location)) {
      throw (
        explainTransient(answer) ??
        new Unavailable(`${answer.what}: status ${answer.status}`, { retrySafe: false })
      );
    }
    const url = new URL(location);
    if (url.protocol !== 'https:' && !isLoopback(url))
      throw new Invalid('artifact', `would be read from ${url.origin}`);
    // Signed by its query: the token stays with the API.
    const file = await sendOnce(
      { method: 'GET', url, headers: { 'user-agent': 'hallmark' } },
      context.deadline,
    );
    const bytes = await readBody(file, LIMIT, context.deadline);
    if (file.status !== 200)
      throw explainTransient(file) ?? new Unavailable(`${file.what}: status ${file.status}`);
    return bytes;
  });
}
