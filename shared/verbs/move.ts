import type { PromotionRecord } from '../environment/chain.ts';
import { pointerTag, recordTag } from '../environment/tags.ts';
import type { RunContext } from '../github/context.ts';
import { Unavailable } from '../outcome/outcome.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import { type Appending, appendRecord, pointAtCurrent, type RecordClaim } from './append.ts';
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

/**
 * Finishes the move by which an environment holds what it holds: puts its tag right and lets manifests name the image, whichever of them a run
 * that broke off left undone. What is done already it leaves alone.
 */
export async function completeMove(
  { store, environment, policy, verifier, state }: Omit<Appending, 'signer'>,
  { promotion, tag }: PromotionRecord,
  manifests: Manifests | undefined,
  { log }: Pick<RunContext, 'log'>,
): Promise<LandedManifests | undefined> {
  const { digest } = promotion;
  if (state.pointer !== digest) {
    await pointAtCurrent(store, environment, verifier, policy);
    log.notice(`The tag ${pointerTag(environment)} did not point at what the records say; it is put right.`);
  }
  const left = state.stays.at(-2)?.arrived.promotion;
  return manifests?.land(
    moveOf({ place: store.place, environment, tag }, promotion, left),
    promotion.manifests,
    () => isCurrent(store, environment, verifier, policy, digest),
  );
}
