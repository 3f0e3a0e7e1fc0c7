import type { Descriptor } from '../image/descriptor.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import { formatRepository, type Repository } from '../image/reference.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { RegistryClient } from './client.ts';
import { askReferrers } from './lists.ts';
import type { LoginOptions } from './login.ts';
import type { Store } from './store.ts';

/** What retention asks of a registry beside reading: the list of referrers as the API alone has it, and deletion. */
export interface Removal {
  /** Undefined where there is no referrers API: tags that tools keep evidence under are read anyway. */
  listReferrers(subject: Digest): Promise<readonly Descriptor[] | undefined>;
  /** Deletes a manifest with its tags. Resolves to the registry's refusal of just this one, or undefined when it is gone. */
  remove(digest: Digest, tags: readonly string[]): Promise<string | undefined>;
}

/** Statuses by which registries say that this one manifest stays: it is tagged, immutable, or an index still lists it. */
const REFUSALS = [400, 409, 412, 422];

/**
 * Deletion by distribution-spec 1.1, "Deleting manifests". `Unavailable` where the registry deletes nothing at all. `store` is the same
 * repository, to see what tags name.
 */
export function openRemoval(store: Store, repository: Repository, options: LoginOptions): Removal {
  const client = new RegistryClient(repository, options);
  const place = formatRepository(repository);

  const send = async (reference: Digest | string): Promise<string | undefined> => {
    const { status } = await client.ask({
      method: 'DELETE',
      target: `manifests/${reference}`,
      access: 'delete',
      expect: [200, 202, 204, 404, 405, ...REFUSALS],
    });
    if (status === 405 && isDigest(reference)) {
      throw new Unavailable(`${place}: the registry deletes nothing (status 405)`, {
        hint: "Turn deletion on where the registry is run (distribution: storage.delete.enabled), or use the registry's own clean-up.",
      });
    }
    const gone = status < 400 || (status === 404 && (await store.resolve(reference)) === undefined);
    return gone ? undefined : `the registry keeps it (status ${status})`;
  };

  /** Tags that still name the digest: some registries keep them, others let nothing go that has one. */
  const untag = async (digest: Digest, tags: readonly string[]): Promise<void> => {
    for (const tag of tags) if ((await store.resolve(tag))?.digest === digest) await send(tag);
  };

  return {
    listReferrers: (subject) => askReferrers(client, subject),
    remove: async (digest, tags) => {
      let refusal = await send(digest);
      await untag(digest, tags);
      if (refusal !== undefined && tags.length > 0) refusal = await send(digest);
      return refusal;
    },
  };
}
