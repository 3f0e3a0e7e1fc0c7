import { createPublicKey } from 'node:crypto';
import type { Evidence } from '../evidence/evidence.ts';
import { GITHUB_ISSUER, serverOf } from '../evidence/identity.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import {
  buildProvenance,
  provenanceSchema,
  type WorkflowClaims,
  workflowClaimsSchema,
} from '../evidence/provenance.ts';
import { type IdentityRule, splitRef } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { fingerprintOf, readPrivateKey } from '../sigstore/key.ts';
import { publishStatements } from '../sigstore/publish.ts';
import { openSigner, type StatementSigner } from '../sigstore/signer.ts';
import { createVerifier, openVerifier, type StatementVerifier } from '../sigstore/verifier.ts';
import type { Store } from '../store/store.ts';
import type { ImageSubjects } from '../store/subjects.ts';
import type { Material } from './builder.ts';
import type { RunCommit } from './commit.ts';

/** What this run may say of the images it builds, and by what it knows them again. */
export interface Prover {
  readonly signer: StatementSigner;
  readonly verifier: StatementVerifier;
  readonly claims: WorkflowClaims;
  /** The builder: this run's own workflow, of this repository, or its key. */
  readonly rule: IdentityRule;
}

/**
 * Gets ready to sign provenance and to recognise it. Everything that can be missing (the permission to sign, the trust root)
 * is found out here, before anything is built. The token's commit must be the one that is built: `Invalid` otherwise.
 */
export async function openProver(
  inputs: SigningInputs,
  run: RunCommit,
  context: RunContext,
): Promise<Prover> {
  const signer = await openSigner(inputs, context);
  const { key: keyName } = inputs;
  const verifying = keyName === undefined ? openVerifier(inputs, context) : openKeyVerifier(keyName, context);
  const [claims, verifier] = await Promise.all([signer.claims(), verifying]);
  const said = claims ?? readClaims(context);
  if (said.sha !== run.checkout.head) {
    throw new Invalid(
      'provenance',
      `this run can only speak for ${said.sha}, but ${run.checkout.head} is checked out`,
      {
        hint: 'Check out the run’s own commit, or build without provenance (provenance: false).',
      },
    );
  }
  const rule: IdentityRule =
    keyName === undefined
      ? {
          issuer: said.iss,
          'signer-workflow': splitRef(said.job_workflow_ref)[0],
          'repository-id': said.repository_id,
          trigger: [...run.triggers],
        }
      : { key: `sha256:${fingerprintOf(readPrivateKey(keyName, context))}` };
  return { signer, verifier, claims: said, rule };
}

function openKeyVerifier(name: string, context: RunContext): Promise<StatementVerifier> {
  return createVerifier({ key: createPublicKey(readPrivateKey(name, context)) });
}

/** Signs the provenance of an image for index and platform manifests, and attaches it. */
export async function publishProvenance(
  { signer, claims }: Prover,
  store: Store,
  image: ImageSubjects,
  materials: readonly Material[],
): Promise<void> {
  const resolvedDependencies = materials.map(({ uri, digest }) => ({ uri, digest: { ...digest } }));
  const predicate = buildProvenance(claims, { resolvedDependencies });
  await publishStatements(store, image, signer, [
    { predicateType: PREDICATE_TYPES.provenance[0], predicate },
  ]);
}

/**
 * Checks that the image carries provenance for this commit by this builder, over every one of its manifests, and returns the materials that it
 * names beside the commit. `Refused` with what was found instead.
 */
export async function requireProvenance(
  prover: Prover,
  store: Store,
  image: ImageSubjects,
): Promise<Material[]> {
  const { evidence, rejected } = await collectEvidence(store, image, prover.verifier, {
    builder: [prover.rule],
  });
  const found = evidence
    .filter(({ kind }) => kind === 'provenance')
    .map((one) => readMaterials(one, prover.claims, image));
  const proven = found.filter((materials) => typeof materials !== 'string');
  if (proven.length > 0) return uniteMaterials(proven.flat());
  throw new Refused([
    `${store.place}@${image.digest} carries no provenance for commit ${prover.claims.sha} by this workflow`,
    ...found.filter((reason) => typeof reason === 'string'),
    ...rejected.slice(0, 5).map(({ source, reason }) => `${source}: ${reason}`),
  ]);
}

/** Each material once. */
export function uniteMaterials(materials: readonly Material[]): Material[] {
  return [...new Map(materials.map((one) => [`${one.uri} ${JSON.stringify(one.digest)}`, one])).values()];
}

/** What a builder's provenance says this image was made of beside the commit, or why it is not the provenance of this commit and image. */
function readMaterials(found: Evidence, claims: WorkflowClaims, image: ImageSubjects): Material[] | string {
  const provenance = provenanceSchema.safeParse(found.statement.predicate);
  if (!provenance.success) return `${found.source}: it is no SLSA provenance v1`;
  const source = `git+${serverOf(claims.iss)}/${claims.repository}@`;
  const { resolvedDependencies: all = [] } = provenance.data.buildDefinition;
  const commits = all.filter(({ uri }) => uri?.startsWith(source)).map(({ digest }) => digest?.gitCommit);
  if (!commits.includes(claims.sha))
    return `${found.source}: it is about ${commits.join(', ') || 'no'} commit of ${claims.repository}`;
  // The certificate's word, where there is one, is worth more than the statement's.
  const { key, commit } = found.signer;
  if (key === undefined && commit !== claims.sha)
    return `${found.source}: it was signed by a run for ${commit}`;
  const uncovered = image.all.filter(({ digest }) => !found.subjects.includes(digest));
  if (uncovered.length > 0)
    return `${found.source}: it leaves out ${uncovered.map(({ digest }) => digest).join(', ')}`;
  return all.flatMap(({ uri, digest }) =>
    uri === undefined || digest === undefined || uri.startsWith(source) ? [] : [{ uri, digest }],
  );
}

/** With a key there is no token to vouch for the run; the holder of the key does, with what the runner says of it. */
function readClaims(context: RunContext): WorkflowClaims {
  const { serverUrl, workflowRef } = context;
  const claims = workflowClaimsSchema.safeParse({
    iss: serverUrl === 'https://github.com' ? GITHUB_ISSUER : `${serverUrl}/_services/token`,
    sub: '',
    event_name: context.eventName,
    job_workflow_ref: workflowRef,
    ref: context.ref,
    repository: context.repository,
    repository_id: context.repositoryId,
    repository_owner_id: context.repositoryOwnerId,
    run_attempt: context.runAttempt,
    run_id: context.runId,
    runner_environment: context.runnerEnvironment,
    sha: context.sha,
    workflow_ref: workflowRef,
  });
  if (claims.success) return claims.data;
  const missing = claims.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Invalid(
    'provenance',
    `says which run built the image, and this is no whole run of a workflow: ${missing} missing`,
    {
      hint: 'Outside of GitHub Actions build with provenance: false.',
    },
  );
}
