import { parseRecordTag } from '../environment/tags.ts';
import { readBuiltInRules } from '../evaluator/rules.ts';
import type { IdentityRule } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import type { LoadedPolicy } from '../github/policy.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { findEnvironment, readPolicy } from '../policy/file.ts';
import { fingerprintOf } from '../sigstore/key.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { digestOf } from '../store/hash.ts';
import type { Store } from '../store/store.ts';
import { listSubjects } from '../store/subjects.ts';
import { placeOf, readLogged, readRecord } from './environment.ts';

/**
 * The policy that an environment's newest record carries, for a rollback while GitHub's API is down (design.md, "An environment in its
 * repository"). Believed only when the record was signed by the very workflow, for the very repository, that runs now, and when it is the
 * policy that the caller names; the policy itself then says whose records count. Anything else is `Refused`.
 */
export async function readRecordedPolicy(
  about: { readonly store: Store; readonly environment: string; readonly policy?: string | undefined },
  verifier: StatementVerifier,
  signer: StatementSigner,
  context: RunContext,
): Promise<LoadedPolicy> {
  const { store, environment } = about;
  const place = namePlace(about.policy, context);
  const self = await describeSelf(store, signer);
  const tags = (await store.listTags())
    .flatMap((tag) => {
      const parsed = parseRecordTag(environment, tag);
      return parsed === undefined ? [] : [{ tag, ...parsed }];
    })
    .sort((a, b) => b.sequence - a.sequence);
  const [newest] = tags;
  const named = newest && (await store.resolve(newest.tag));
  if (newest === undefined || named === undefined) {
    throw new Refused(`${store.place} has no record of ${environment}, so there is no policy to go by`);
  }
  const { evidence } = await readLogged(store, await listSubjects(store, named.digest), verifier, {
    promoter: [self],
  });
  const found = evidence
    .flatMap((one) => readRecord(newest.tag, one) ?? [])
    .find(({ promotion }) => promotion.environment === environment && promotion.sequence === newest.sequence);
  if (found === undefined) {
    throw new Refused(
      `${newest.tag} has no record by this workflow, so nothing vouches for the policy in it while GitHub's API is down`,
    );
  }
  const { uri, digest, content, central } = found.promotion.policy;
  const bytes = Buffer.from(content, 'base64');
  if (digestOf(bytes) !== digest)
    throw new Refused(`the policy in ${found.record} is not the one that it names`);
  if (placeOf(uri) !== place) throw new Refused(`the policy in ${found.record} is ${uri}, not ${place}`);
  const below = central ? { text: Buffer.from(central, 'base64').toString(), file: 'central' } : undefined;
  const file = readPolicy(bytes.toString(), placeOf(uri), readBuiltInRules(), below);
  const { repository } = findEnvironment(file, environment);
  if (repository !== store.place) {
    throw new Refused(
      `the policy in ${found.record} keeps ${environment} in ${repository}, not in ${store.place}`,
    );
  }
  return {
    file,
    bytes,
    digest,
    uri,
    address: `${context.serverUrl}/${uri}`,
    // Files beside it are out of reach: what they would have allowed is not allowed.
    trustedRoot: undefined,
    keys: [],
    exceptions: [],
  };
}

/** Where the caller says that the policy is: `owner/repo/path`. */
function namePlace(policy: string | undefined, { repository }: RunContext): string {
  if (policy === undefined) throw new Refused('there is no policy, and without one nothing is allowed');
  return policy.includes('@') ? placeOf(policy) : `${repository ?? ''}/${policy}`;
}

/** Who signs here, as a rule that nobody else meets. */
async function describeSelf(store: Store, signer: StatementSigner): Promise<IdentityRule> {
  const claims = await signer.claims();
  if (claims !== undefined) {
    return {
      issuer: claims.iss,
      'signer-workflow': claims.job_workflow_ref.slice(0, claims.job_workflow_ref.indexOf('@')),
      'repository-id': claims.repository_id,
      // A branch that anybody may push to can have the same workflow, and another policy in it.
      ref: [claims.ref],
    };
  }
  if (signer.publicKey === undefined)
    throw new Invalid('key', 'is neither there nor in the place of a token');
  return { key: `sha256:${fingerprintOf(signer.publicKey)}`, repository: store.place };
}
