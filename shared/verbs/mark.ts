import { parseEnvironmentName } from '../environment/tags.ts';
import type { Mark } from '../evidence/promotion.ts';
import type { RunContext } from '../github/context.ts';
import { loadPolicy } from '../github/policy.ts';
import type { Digest } from '../image/digest.ts';
import { parseDigestReference, parseRepository } from '../image/reference.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { findEnvironment } from '../policy/file.ts';
import { escapeMarkdown, formatCode, formatTable } from '../report/markdown.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { openSigner } from '../sigstore/signer.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects } from '../store/subjects.ts';
import { appendRecord } from './append.ts';
import { type EnvironmentState, readEnvironment } from './environment.ts';
import { openPolicyVerifier } from './judge.ts';

export interface MarkInputs extends SigningInputs {
  readonly mode: Mark;
  /** The image that is withdrawn or reinstated; a hold is of the environment. */
  readonly image?: string | undefined;
  readonly environment: string;
  readonly policy?: string | undefined;
  readonly reason?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** How often a record is written again because another one was logged in the same moment. A hold must not be lost to a promotion. */
const ROUNDS = 5;

/**
 * Holds an environment or releases it, withdraws one of its images or takes that back: a signed record in the same chain as promotions, so that
 * taking it away leaves a gap. What is so already is `passed` and written no second time.
 */
export async function markEnvironment(inputs: MarkInputs, context: RunContext): Promise<StepResult> {
  const { mode, environment, reason } = inputs;
  parseEnvironmentName(environment);
  if (reason === undefined)
    throw new Invalid('reason', `is required to ${mode}: whoever finds it will ask why`);
  const ofImage = mode === 'withdraw' || mode === 'reinstate';
  if (ofImage !== (inputs.image !== undefined)) {
    throw new Invalid(
      'image',
      ofImage
        ? `is required to ${mode}`
        : `has nothing to do with a ${mode}: that is of the whole environment`,
    );
  }
  const wanted = inputs.image === undefined ? undefined : parseDigestReference(inputs.image).digest;
  const policy = await loadPolicy(inputs.policy, inputs, context);
  const repository = parseRepository(findEnvironment(policy.file, environment).repository);
  const store = openStore({ kind: 'registry', repository }, storeOptions(context, inputs['github-token']));
  const verifier = await openPolicyVerifier(policy, inputs, context);
  const signer = await openSigner(inputs, context);

  for (let round = 1; ; round += 1) {
    const state = await readEnvironment(store, environment, verifier, policy);
    const digest = wanted ?? state.current?.promotion.digest;
    if (digest === undefined)
      throw new Refused(`${environment} holds no image yet: there is nothing to ${mode}`);
    const standing = findStanding(mode, state, digest);
    if (standing !== undefined) {
      context.log.info(`${environment}: ${standing}; nothing is written.`);
      return describeMark(inputs, `${store.place}@${digest}`, undefined);
    }
    const image = await listSubjects(store, digest);
    const claim = {
      action: mode,
      digest,
      reason,
      ...(context.actor !== undefined && { requestedBy: context.actor }),
    };
    try {
      const { record } = await appendRecord(
        { store, environment, policy, verifier, signer, state },
        image,
        claim,
      );
      return describeMark(inputs, `${store.place}@${digest}`, `${store.place}@${record.record}`);
    } catch (error) {
      if (!(error instanceof Refused) || round === ROUNDS) throw error;
      // Only when another record came first is there anything new to read.
      const now = await readEnvironment(store, environment, verifier, policy);
      if (now.standing.length === state.standing.length) throw error;
      context.log.notice(`Another record of ${environment} was logged first; this one is written again.`);
    }
  }
}

/** What makes the mark needless, in words; undefined when it is to be written. */
function findStanding(mode: Mark, { hold, withdrawn }: EnvironmentState, digest: Digest): string | undefined {
  if (mode === 'hold') return hold && 'is held already';
  if (mode === 'release') return hold ? undefined : 'is not held';
  const record = withdrawn.get(digest);
  if (mode === 'withdraw') return record && `${digest} is withdrawn already`;
  return record ? undefined : `${digest} is not withdrawn`;
}

const TITLES: Record<Mark, (environment: string) => string> = {
  hold: (name) => `⏸️ ${name} is held: nothing is promoted until it is released`,
  release: (name) => `▶️ ${name} is released`,
  withdraw: (name) => `⛔ ${name} withdrew an image: it is neither promoted again nor rolled back to`,
  reinstate: (name) => `↩️ ${name} takes an image back`,
};

function describeMark(inputs: MarkInputs, image: string, record: string | undefined): StepResult {
  const { mode, environment, reason = '' } = inputs;
  const [repository = '', digest = ''] = image.split('@');
  return {
    outputs: { image, repository, digest, previous: digest, record: record ?? '' },
    summary: [
      `### ${TITLES[mode](escapeMarkdown(environment))}`,
      formatTable(
        ['', ''],
        [
          ['Image', formatCode(image)],
          ['Record', record === undefined ? 'was so already' : formatCode(record)],
          ['Reason', escapeMarkdown(reason)],
        ],
      ),
    ].join('\n\n'),
  };
}
