import * as z from 'zod';
import { type DigestReference, formatPlace } from '../image/reference.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';

/** GitHub's own copy of a repository's attestations, where `gh attestation verify` looks for them. */
export interface Attestations {
  /** Stores each bundle; returns the pages of all of them, in their order. An organisation's image also gets a storage record. */
  store(
    published: readonly { readonly bundle: Buffer }[],
    image: DigestReference | undefined,
  ): Promise<string[]>;
}

const storedSchema = z.object({ id: z.union([z.int(), z.string()]).transform(String) });
const eventSchema = z.object({ repository: z.object({ owner: z.object({ type: z.string() }) }) });

/** Opens the attestations of the run's repository. Throws `Invalid`, before anything is signed, when token or repository is missing. */
export async function openAttestations(
  token: string | undefined,
  context: RunContext,
): Promise<Attestations> {
  const [owner, repo] = context.repository?.split('/') ?? [];
  if (owner === undefined || repo === undefined)
    throw new Invalid(
      'push-to-github',
      'is to the repository of the run, and GITHUB_REPOSITORY does not say which',
    );
  const github = await openGithub(token, context);
  const storeOne = async (bundle: Buffer): Promise<string> => {
    const stored = await github.write(
      'POST /repos/{owner}/{repo}/attestations',
      { owner, repo, bundle: JSON.parse(bundle.toString()) },
      'attestations',
      storedSchema,
    );
    if (stored !== undefined) return `${context.serverUrl}/${owner}/${repo}/attestations/${stored.id}`;
    throw new Invalid('push-to-github', `${owner}/${repo} takes no attestations from this token (404)`, {
      hint: 'Add to the job:\n  permissions:\n    attestations: write\nA private repository needs GitHub Enterprise Cloud. What was attached to the image stays valid.',
    });
  };
  return {
    store: async (published, image) => {
      const urls: string[] = [];
      // One after the other, as GitHub asks it of requests that write.
      for (const { bundle } of published) urls.push(await storeOne(bundle));
      if (image?.kind === 'registry' && isOrganisation(context)) {
        // A record of where the image is, and no evidence: what goes wrong with it leaves nothing unproven.
        await recordStorage(image).catch((error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          context.log.warning(`GitHub has no storage record of the image: ${error.message}`);
        });
      }
      return urls;
    },
  };

  async function recordStorage(image: DigestReference & { kind: 'registry' }): Promise<void> {
    const { registry } = image.repository;
    const recorded = await github.write(
      'POST /orgs/{org}/artifacts/metadata/storage-record',
      {
        org: owner,
        name: formatPlace(image),
        digest: image.digest,
        registry_url: `https://${registry}`,
        github_repository: repo,
      },
      'artifact-metadata',
      z.unknown(),
    );
    if (recorded === undefined)
      context.log.warning(`${owner} takes no storage records from this token (404)`);
  }
}

/** A person's account has no storage records. */
function isOrganisation({ event }: RunContext): boolean {
  return eventSchema.safeParse(event).data?.repository.owner.type === 'Organization';
}
