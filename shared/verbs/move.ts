import type { PromotionRecord } from '../environment/chain.ts';
import { recordTag } from '../environment/tags.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { type Appending, appendRecord, type RecordClaim } from './append.ts';
import { type EnvironmentState, isCurrent } from './environment.ts';
import { type LandedManifests, type Manifests, moveOf } from './manifests.ts';

/** The tag that the next record of an environment will have, when it is about `digest`. */
export function nextTag({ environment, state }: Appending, digest: RecordClaim['digest']): string {
  return recordTag(environment, state.standing.length + 1, digest);
}

/**
 * Records that an environment holds an image from now on, and lets its manifests name it, in the order of manifests.ts. With `goOn` a record is
 * made also where GitHub does not answer for the manifests' commit; it is told why.
 */
export async function recordMove(
  appending: Appending,
  image: ImageSubjects,
  claim: RecordClaim,
  manifests: Manifests | undefined,
  goOn?: (why: Unavailable) => void,
): Promise<{
  state: EnvironmentState;
  record: PromotionRecord;
  landed: LandedManifests | undefined;
}> {
  const { store, environment, policy, verifier, state: before } = appending;
  const { digest } = claim;
  const about = { place: store.place, environment, tag: nextTag(appending, digest) };
  const move = moveOf(about, claim, before.current?.promotion);
  const written = await manifests?.prepare(move).catch((error: unknown) => {
    if (goOn === undefined || !(error instanceof Unavailable)) throw error;
    goOn(error);
    return undefined;
  });
  const { state, record } = await appendRecord(appending, image, {
    ...claim,
    ...(written && { manifests: written }),
  });
  const landed = await manifests?.land(move, record.promotion.manifests, () =>
    isCurrent(store, environment, verifier, policy, digest),
  );
  return { state, record, landed };
}
