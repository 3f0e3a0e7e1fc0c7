import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
import { mapParallel } from './parallel.ts';
import type { Store } from './store.ts';
import type { Transferred } from './transfers.ts';

/** A manifest that was copied, what refers to it, and what tags name beside it. */
export interface CopiedManifest {
  readonly digest: Digest;
  readonly referrers: readonly Digest[];
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
}

const REQUESTS = 16;

/**
 * Reads back what was copied, all at once, because a registry's word that it took something is no proof: every manifest and every blob hashed,
 * every referrer listed, every tag where it was put. Blobs that the registry took over from another of its repositories are its own, stored
 * once: they have to be there, in their size. `Refused` with all that is not as it was sent.
 */
export async function checkArrival(
  to: Store,
  manifests: readonly CopiedManifest[],
  blobs: readonly Transferred[],
): Promise<void> {
  const checks = [
    ...manifests.map(
      ({ digest }) =>
        async () =>
          (await to.getManifest(digest)) === undefined && `does not have ${digest}, which it took`,
    ),
    ...blobs.map(({ blob, written }) => async () => {
      if (written === 'mounted') {
        if (await to.hasBlob(blob.digest, blob.size)) return false;
        if (!(await to.hasBlob(blob.digest))) return `does not have ${blob.digest}, which it took over`;
        // It is there, and the registry says another size or none.
      }
      await to.checkBlob(blob);
      return false;
    }),
    ...manifests.filter(({ referrers }) => referrers.length > 0).map((one) => () => findUnlisted(to, one)),
    ...manifests.flatMap(({ tags }) =>
      tags.map(({ tag, digest }) => async () => {
        const found = (await to.getManifest(tag))?.descriptor.digest;
        return found !== digest && `has ${found ?? 'nothing'} under ${tag}, and was sent ${digest}`;
      }),
    ),
  ];
  const reasons = await mapParallel(checks, REQUESTS, async (check) => {
    try {
      const fault = await check();
      return fault === false ? [] : [`${to.place} ${fault}`];
    } catch (error) {
      if (error instanceof Refused) return error.reasons;
      throw error;
    }
  });
  if (reasons.flat().length > 0) throw new Refused(reasons.flat());
}

async function findUnlisted(to: Store, { digest, referrers }: CopiedManifest): Promise<string | false> {
  const listed = await to.listReferrers(digest);
  const unlisted = referrers.filter((referrer) => !listed.some((one) => one.digest === referrer));
  return unlisted.length > 0 && `does not list ${unlisted.join(', ')} beside ${digest}, which it took`;
}
