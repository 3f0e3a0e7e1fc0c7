import * as z from 'zod';
import { formatSigner, type Signer } from '../evidence/identity.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildProvenance, signerOf, type WorkflowClaims } from '../evidence/provenance.ts';
import { TRUSTED_TRIGGERS } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { fingerprintOf } from '../sigstore/key.ts';
import type { Claim } from '../sigstore/publish.ts';
import type { StatementSigner } from '../sigstore/signer.ts';
import type { StatementVerifier } from '../sigstore/verifier.ts';
import { readJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, readConfig } from '../store/subjects.ts';

/** What an action may say without a file. */
export interface ClaimInputs {
  readonly signature?: boolean | undefined;
  readonly provenance?: boolean | undefined;
}

/** What is said without a file. Throws `Invalid` for provenance that this run may not claim. */
export function buildClaims(inputs: ClaimInputs, workflow: WorkflowClaims | undefined): Claim[] {
  const claims: Claim[] = [];
  if (inputs.signature) claims.push({ predicateType: PREDICATE_TYPES.signature[0], predicate: {} });
  if (inputs.provenance) {
    if (workflow === undefined) {
      throw new Invalid('provenance', "is made from the workflow's OIDC token, and a key has none");
    }
    if (!(TRUSTED_TRIGGERS as readonly string[]).includes(workflow.event_name)) {
      throw new Invalid(
        'provenance',
        `is claimed only on ${TRUSTED_TRIGGERS.join(', ')}, not on ${workflow.event_name}`,
      );
    }
    claims.push({ predicateType: PREDICATE_TYPES.provenance[0], predicate: buildProvenance(workflow) });
  }
  return claims;
}

const configSchema = z.object({
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});
const REVISION = 'org.opencontainers.image.revision';

/**
 * Provenance says "built by this run". This step cannot have seen that, so it refuses where it can see the contrary: an image whose label
 * names another commit.
 */
export async function checkRevision(
  store: Store,
  image: ImageSubjects,
  commit: string | undefined,
): Promise<void> {
  const reasons = await Promise.all(
    image.platforms.map(async (platform) => {
      const config = readJson(configSchema, await readConfig(store, platform));
      const revision = config?.config?.Labels?.[REVISION];
      return revision === undefined || revision === commit
        ? []
        : `${platform.descriptor.digest} was built from ${revision} by its label ${REVISION}, and this run is of ${commit}`;
    }),
  );
  const found = reasons.flat();
  if (found.length > 0) throw new Refused(found);
}

/** Who signs in this run: its key, or what its certificate will say. */
export function identify({ publicKey }: StatementSigner, workflow: WorkflowClaims | undefined): Signer {
  if (publicKey) return { key: fingerprintOf(publicKey) };
  return workflow ? signerOf(workflow) : {};
}

/** A signer as a URI. */
export function formatAttester(signer: Signer): string {
  return signer.key === undefined ? formatSigner(signer) : `urn:sha256:${signer.key}`;
}

/** Verifies what this signer signed before. */
export async function openOwnVerifier(
  { publicKey }: StatementSigner,
  inputs: SigningInputs,
  context: RunContext,
): Promise<StatementVerifier> {
  // Verifying loads far more than signing, which needs it only when something was attached before.
  const { createVerifier, openVerifier } = await import('../sigstore/verifier.ts');
  return publicKey ? createVerifier({ key: publicKey }) : openVerifier(inputs, context);
}
