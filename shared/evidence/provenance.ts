import * as z from 'zod';
import { type Signer, serverOf } from './identity.ts';

/** The claims of a workflow's OIDC token that evidence is made of (docs.github.com, "OpenID Connect reference"). Numbers come as strings. */
export const workflowClaimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  environment: z.string().optional(),
  event_name: z.string(),
  job_workflow_ref: z.string(),
  job_workflow_sha: z.string().optional(),
  ref: z.string(),
  repository: z.string(),
  repository_id: z.string(),
  repository_owner: z.string().optional(),
  repository_owner_id: z.string(),
  repository_visibility: z.string().optional(),
  run_attempt: z.string(),
  run_id: z.string(),
  runner_environment: z.string(),
  sha: z.string(),
  workflow_ref: z.string(),
});
export type WorkflowClaims = z.infer<typeof workflowClaimsSchema>;

/** Who a certificate for these claims will speak for (fulcio docs/oid-info.md, "Mapping OIDC token claims to Fulcio OIDs"). */
export function signerOf(claims: WorkflowClaims): Signer {
  const server = serverOf(claims.iss);
  const repository = `${server}/${claims.repository}`;
  const signerWorkflow = `${server}/${claims.job_workflow_ref}`;
  return {
    subject: signerWorkflow,
    issuer: claims.iss,
    signerWorkflow,
    signerDigest: claims.job_workflow_sha,
    runnerEnvironment: claims.runner_environment,
    repository,
    commit: claims.sha,
    ref: claims.ref,
    repositoryId: claims.repository_id,
    owner: claims.repository_owner && `${server}/${claims.repository_owner}`,
    ownerId: claims.repository_owner_id,
    workflow: `${server}/${claims.workflow_ref}`,
    trigger: claims.event_name,
    run: `${repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
    visibility: claims.repository_visibility,
    environment: claims.environment,
  };
}

/** What GitHub's provenance says was run (actions.github.io/buildtypes/workflow/v1). */
export const WORKFLOW_BUILD_TYPE = 'https://actions.github.io/buildtypes/workflow/v1';

const material = z.object({
  uri: z.string().optional(),
  digest: z.record(z.string(), z.string()).optional(),
  name: z.string().optional(),
});

/** SLSA provenance v1 (slsa.dev/spec/v1.0/provenance), any build type: parameters are read by whoever knows theirs. */
export const provenanceSchema = z.object({
  buildDefinition: z.object({
    buildType: z.string(),
    externalParameters: z.record(z.string(), z.unknown()),
    internalParameters: z.record(z.string(), z.unknown()).optional(),
    resolvedDependencies: z.array(material).optional(),
  }),
  runDetails: z.object({
    builder: z.object({ id: z.string() }),
    metadata: z
      .object({
        invocationId: z.string().optional(),
        startedOn: z.string().optional(),
        finishedOn: z.string().optional(),
      })
      .optional(),
  }),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/**
 * The provenance of what this run built, from the token's claims alone. The source comes first among the dependencies;
 * `resolvedDependencies` adds materials by digest, `buildStartedAt` is ISO 8601.
 */
export function buildProvenance(
  claims: WorkflowClaims,
  extra: {
    readonly resolvedDependencies?: NonNullable<Provenance['buildDefinition']['resolvedDependencies']>;
    readonly buildStartedAt?: string;
  } = {},
): Provenance {
  const server = serverOf(claims.iss);
  const workflow = claims.workflow_ref.replace(`${claims.repository}/`, '');
  const at = workflow.indexOf('@');
  return {
    buildDefinition: {
      buildType: WORKFLOW_BUILD_TYPE,
      externalParameters: {
        workflow: {
          ref: workflow.slice(at + 1),
          repository: `${server}/${claims.repository}`,
          path: workflow.slice(0, at),
        },
      },
      internalParameters: {
        github: {
          event_name: claims.event_name,
          repository_id: claims.repository_id,
          repository_owner_id: claims.repository_owner_id,
          runner_environment: claims.runner_environment,
        },
      },
      resolvedDependencies: [
        { uri: `git+${server}/${claims.repository}@${claims.ref}`, digest: { gitCommit: claims.sha } },
        ...(extra.resolvedDependencies ?? []),
      ],
    },
    runDetails: {
      builder: { id: `${server}/${claims.job_workflow_ref}` },
      metadata: {
        invocationId: `${server}/${claims.repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
        ...(extra.buildStartedAt !== undefined && { startedOn: extra.buildStartedAt }),
      },
    },
  };
}
