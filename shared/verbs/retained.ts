import { listCandidates } from '../environment/candidates.ts';
import type { RunContext } from '../github/context.ts';
import { type LoadedPolicy, loadPolicy } from '../github/policy.ts';
import { type Digest, findDigests } from '../image/digest.ts';
import { formatPlace, parsePlace } from '../image/reference.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { findEnvironment } from '../policy/file.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { readInputFile } from '../workspace/file.ts';
import { MOST_STAYS } from './candidates.ts';
import { type EnvironmentState, readEnvironment } from './environment.ts';
import { openPolicyVerifier } from './judge.ts';

export interface RetainedInputs extends Pick<SigningInputs, 'sigstore' | 'trusted-root'> {
  /** Where the policy is, or `none`: no environment is asked. */
  readonly policy?: string | undefined;
  /** Environments that may be without any promotion. */
  readonly empty?: readonly string[];
  /** Files that name what runs. */
  readonly running?: readonly string[];
  readonly 'github-token'?: string | undefined;
}

/** What must stay in a repository whatever its rules say, with the reason. */
export interface Retained {
  readonly digests: ReadonlyMap<Digest, string>;
  readonly tags: ReadonlyMap<string, string>;
}

const RUNNING_LIMIT = 64 * 1024 * 1024;

/**
 * Gets ready to say what must stay in `place`: what the policy's environments hold and can go back to, wherever they are, and what the files
 * of `running` name. Read anew at each call, because promotions go on. An environment that cannot be read stops everything.
 */
export async function openRetained(
  place: string,
  inputs: RetainedInputs,
  context: RunContext,
): Promise<() => Promise<Retained>> {
  const running = await readRunning(place, inputs.running ?? [], context);
  if (inputs.policy === undefined) {
    throw new Invalid(
      'policy',
      'is required: the environments that it names say what has to stay. Write none where no environment gets its images from this repository',
    );
  }
  if (inputs.policy === 'none') return async () => running;
  const policy = await loadPolicy(inputs.policy, inputs, context);
  const verifier = await openPolicyVerifier(policy, inputs, context);
  const known = new Map<string, EnvironmentState>();
  return async () => {
    const reasons = [...running.digests];
    for (const name of Object.keys(policy.file.environments)) {
      const state = await readHolder(
        place,
        name,
        { policy, verifier, known: known.get(name) },
        inputs,
        context,
      );
      known.set(name, state);
      const current = state.current?.promotion.digest;
      if (current !== undefined) reasons.push([current, `${name} holds it`]);
      const stays = state.stays.slice(-MOST_STAYS);
      for (const { digest, steps } of listCandidates({ ...state, stays }, new Set())) {
        reasons.push([digest, `${name} held it ${steps} image${steps === 1 ? '' : 's'} ago`]);
      }
    }
    const digests = new Map(
      [...Map.groupBy(reasons, ([digest]) => digest)].map(([digest, all]) => [
        digest,
        all.map(([, reason]) => reason).join('; '),
      ]),
    );
    return { ...running, digests };
  };
}

async function readHolder(
  place: string,
  name: string,
  about: {
    readonly policy: LoadedPolicy;
    readonly verifier: StatementVerifier;
    readonly known: EnvironmentState | undefined;
  },
  inputs: RetainedInputs,
  context: RunContext,
): Promise<EnvironmentState> {
  const { policy, verifier, known } = about;
  const reference = parsePlace(findEnvironment(policy.file, name).repository, 'policy');
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const state = await readEnvironment(store, name, verifier, policy, known);
  // A registry that hides a repository from a login says the same as one that has none.
  if (state.current === undefined && formatPlace(reference) !== place && !inputs.empty?.includes(name)) {
    throw new Unavailable(
      `${store.place} shows no promotion to ${name}: there was none, or this login may not see it`,
      {
        hint: `Where nothing was promoted to ${name} yet, name it in the input "empty".`,
      },
    );
  }
  return state;
}

/**
 * Every digest that the files name, and every tag of this repository: the output of kubectl, of a container engine, or a plain list. Who reads
 * only that takes too much for running rather than too little.
 */
async function readRunning(place: string, paths: readonly string[], context: RunContext): Promise<Retained> {
  const digests = new Map<Digest, string>();
  const tags = new Map<string, string>();
  for (const path of paths) {
    const text = (await readInputFile(path, 'running', context, RUNNING_LIMIT)).toString();
    const reason = `runs, by ${path}`;
    const before = digests.size + tags.size;
    for (const digest of findDigests(text)) digests.set(digest, reason);
    for (const after of text.split(shorten(place)).slice(1)) {
      // Behind any other character it is another name, or one by digest.
      const tag = /^:(\w[\w.-]{0,127})/.exec(after)?.[1] ?? (/^[\w./@:-]/.test(after) ? undefined : 'latest');
      if (tag !== undefined) tags.set(tag, reason);
    }
    if (digests.size + tags.size === before) {
      throw new Invalid('running', `"${path}" names no digest, and no tag of ${place}`);
    }
  }
  return { digests, tags };
}

/** The shortest form in which a runtime takes the name: every longer one ends with it. */
function shorten(place: string): string {
  return place.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '');
}
