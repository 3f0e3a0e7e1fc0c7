import * as z from 'zod';
import { type Digest, isDigest } from '../image/digest.ts';
import { type Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import type { Listed } from '../store/inventory.ts';
import { openGithub } from './api.ts';
import type { RunContext } from './context.ts';

/** A package's version: one manifest of a container repository, with the tags that name it. */
export interface PackageVersion extends Listed {
  readonly id: number;
}

/** GitHub's package that a repository of its container registry is. */
export interface Package {
  /** Every version, untagged ones too, by digest. */
  list(): Promise<Map<Digest, PackageVersion>>;
  /** Deletes a version; GitHub can restore it for 30 days. Resolves to GitHub's refusal of just this one, or undefined when it is gone. */
  remove(id: number): Promise<string | undefined>;
}

const PAGE = 100;
const PAGES = 1000;

const ownerSchema = z.object({ type: z.string() });
// docs.github.com, "List package versions for a package owned by an organization"; the name of a container's version is its digest.
const versionSchema = z.object({
  id: z.number().int(),
  name: z.string(),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
  metadata: z.object({ container: z.object({ tags: z.array(z.string()) }) }),
});
/** GitHub's words for one version that it keeps, as openGithub's failures carry them; the status has been 400 and 403. */
const keptSchema = z.object({
  status: z.union([z.literal(400), z.literal(403)]),
  message: z.string().regex(/cannot (?:be )?delete/i),
});

/** Opens the container package `octo/app`, of an organisation or of a user. */
export async function openPackage(
  path: string,
  token: string | undefined,
  context: RunContext,
): Promise<Package> {
  const github = await openGithub(token, context);
  const slash = path.indexOf('/');
  const [owner, name] = [path.slice(0, slash), path.slice(slash + 1)];
  const account = await github.get('GET /users/{username}', { username: owner }, ownerSchema, 'metadata');
  if (account === undefined) throw new Invalid('repository', `GitHub knows no account ${owner}`);
  const isOrganisation = account.type === 'Organization';
  const place = isOrganisation ? '/orgs/{org}' : '/users/{username}';
  const versions = `${place}/packages/{package_type}/{package_name}/versions`;
  const about = {
    ...(isOrganisation ? { org: owner } : { username: owner }),
    package_type: 'container',
    package_name: name,
  };
  return {
    list: async () => {
      const found = new Map<Digest, PackageVersion>();
      for (let page = 1; page <= PAGES; page += 1) {
        const some = await github.get(
          `GET ${versions}`,
          { ...about, per_page: String(PAGE), page: String(page) },
          z.array(versionSchema),
          'packages',
        );
        if (some === undefined) {
          throw new Invalid(
            'repository',
            `GitHub knows no container package ${path}, or hides it from this token`,
            {
              hint: 'The package has to give this repository access: package settings → Manage Actions access.',
            },
          );
        }
        for (const version of some) {
          const { id, name: digest, metadata } = version;
          if (!isDigest(digest)) throw new Unavailable(`version ${id} of ${path} is named by no digest`);
          const pushed = Math.max(Date.parse(version.created_at), Date.parse(version.updated_at));
          found.set(digest, { id, tags: metadata.container.tags, pushed });
        }
        if (some.length < PAGE) return found;
      }
      throw new Unavailable(`${path} has more than ${PAGES * PAGE} versions, more than are read`);
    },
    remove: async (id) => {
      try {
        // 404: it is gone already.
        await github.write(
          `DELETE ${versions}/{package_version_id}`,
          { ...about, package_version_id: id },
          'packages',
          z.unknown(),
        );
        return undefined;
      } catch (error) {
        // A public version with more than 5,000 downloads, and a package's last tagged version, are deleted by no API.
        const { data } = keptSchema.safeParse((error as Failure).cause);
        if (data === undefined) throw error;
        return `GitHub keeps it: ${data.message.slice(0, 200)}`;
      }
    },
  };
}
