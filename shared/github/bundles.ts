import * as z from 'zod';
import type { Digest } from '../image/digest.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';

// docs.github.com, "List attestations" of a repository: a bundle that is null lies elsewhere, compressed.
const attestationsSchema = z.object({
  attestations: z.array(z.object({ bundle: z.record(z.string(), z.unknown()).nullish() })),
});
const PAGE = 100;

/**
 * The bundles about a digest that a repository (`owner/repo`) keeps with GitHub's attestations API, as JSON. Unproven: GitHub checks none of them.
 * More than a page of them is `Unavailable`, and so is one that GitHub gives by address only: what was not read must not look missing.
 */
export async function listGithubBundles(
  repository: string,
  digest: Digest,
  token: string | undefined,
  context: RunContext,
): Promise<Buffer[]> {
  const [owner = '', repo = '', more] = repository.split('/');
  if (![owner, repo].every((part) => /^[\w.-]+$/.test(part)) || more !== undefined) {
    throw new Invalid('attestations-of', `may be owner/repo, not "${repository}"`);
  }
  const github = await openGithub(token, context);
  const answer = await github.get(
    'GET /repos/{owner}/{repo}/attestations/{subject_digest}',
    { owner, repo, subject_digest: digest, per_page: String(PAGE) },
    attestationsSchema,
  );
  const attestations = answer?.attestations ?? [];
  const bundles = attestations.flatMap(({ bundle }) => (bundle ? [Buffer.from(JSON.stringify(bundle))] : []));
  if (attestations.length === PAGE || bundles.length < attestations.length) {
    throw new Unavailable(
      `GitHub did not give all attestations of ${digest} in ${repository}: ${bundles.length} of ${attestations.length}, at most ${PAGE} are read`,
      { hint: 'gh attestation download fetches them; give the file as bundle-path.' },
    );
  }
  return bundles;
}
