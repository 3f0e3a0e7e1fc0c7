import * as z from 'zod';
import type { Package } from '../evidence/packages.ts';
import { Invalid } from '../outcome/outcome.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';

/** What one platform of an image is made of. */
export interface SnapshotManifest {
  /** `ghcr.io/octo/app (linux/amd64)`: the same for every build, so that the next one takes its place. */
  readonly name: string;
  readonly packages: readonly Package[];
}

const pullSchema = z.object({ pull_request: z.object({ head: z.object({ sha: z.string() }) }) });
const createdSchema = z.object({ id: z.number() });

/**
 * Submits an image's packages to GitHub's dependency graph, for the commit of this run (a pull request's head), where Dependabot alerts and
 * dependency review find them (docs.github.com, REST, "Create a snapshot of dependencies for a repository"). Returns the snapshot's id.
 * `Invalid` when the job lacks `contents: write`.
 */
export async function submitSnapshot(
  manifests: readonly SnapshotManifest[],
  scanner: { readonly image: string; readonly version: string },
  token: string | undefined,
  context: RunContext,
): Promise<number> {
  const { repository, ref, runId, workflowRef, event } = context;
  const [owner = '', repo = ''] = repository?.split('/') ?? [];
  // A pull request's own commit is a merge that GitHub made up and nobody looks at.
  const sha = pullSchema.safeParse(event).data?.pull_request.head.sha ?? context.sha;
  if (repo === '' || sha === undefined || ref === undefined || runId === undefined) {
    throw new Invalid(
      'dependency-snapshot',
      'needs a run of a workflow: it is about its repository and commit',
    );
  }
  const github = await openGithub(token, context);
  const created = await github.write(
    'POST /repos/{owner}/{repo}/dependency-graph/snapshots',
    {
      ...{ owner, repo, version: 0, sha, ref },
      // Of one correlator the newest snapshot counts.
      job: { id: runId, correlator: `${workflowRef?.split('@')[0] ?? 'hallmark'} ${scanner.image}` },
      detector: { name: 'hallmark with trivy', version: scanner.version, url: DETECTOR },
      scanned: new Date().toISOString(),
      manifests: Object.fromEntries(manifests.map(({ name, packages }) => [name, describe(name, packages)])),
    },
    'contents',
    createdSchema,
  );
  if (created === undefined) {
    throw new Invalid(
      'dependency-snapshot',
      `${repository} has no dependency graph, or the token may not see it`,
    );
  }
  return created.id;
}

const DETECTOR = 'https://github.com/aquasecurity/trivy';

function describe(name: string, packages: readonly Package[]): unknown {
  const resolved = packages
    .filter(({ url }) => url !== '')
    .map(({ url }) => [url, { package_url: url, scope: 'runtime' }]);
  return { name, resolved: Object.fromEntries(resolved) };
}
