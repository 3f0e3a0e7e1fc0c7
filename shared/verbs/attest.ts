import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Signer } from '../evidence/identity.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import { buildProvenance, signerOf, type WorkflowClaims } from '../evidence/provenance.ts';
import { TRUSTED_TRIGGERS } from '../evidence/trust.ts';
import type { RunContext } from '../github/context.ts';
import { formatImage, formatPlace, parseDigestReference } from '../image/reference.ts';
import { Invalid, Refused } from '../outcome/outcome.ts';
import { formatCode, formatTable } from '../report/markdown.ts';
import { findAttached } from '../sigstore/attached.ts';
import { fingerprintOf } from '../sigstore/key.ts';
import { type Claim, publishStatements } from '../sigstore/publish.ts';
import { openSigner, type SigningInputs, type StatementSigner } from '../sigstore/signer.ts';
import { createVerifier, openVerifier } from '../sigstore/verifier.ts';
import type { StepResult } from '../step/action.ts';
import { readJson } from '../store/json.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects, readConfig } from '../store/subjects.ts';
import { bindClaims, type PredicateFile, readPredicateFiles } from './predicates.ts';

export interface AttestInputs extends SigningInputs {
  readonly image: string;
  readonly signature?: boolean | undefined;
  readonly provenance?: boolean | undefined;
  readonly sbom: readonly string[];
  readonly 'scan-report': readonly string[];
  readonly 'test-results': readonly string[];
  readonly 'predicate-type'?: string | undefined;
  readonly 'predicate-path'?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/**
 * Says of an image what this run knows of it: every statement of a call under one certificate, attached in one update.
 * Files are read and checked before anything is asked of anybody; nothing is attached unless everything was signed.
 */
export async function attest(inputs: AttestInputs, context: RunContext): Promise<StepResult> {
  const reference = parseDigestReference(inputs.image);
  const files = await readPredicateFiles(inputs, context);
  if (!inputs.signature && !inputs.provenance && files.length === 0) {
    throw new Invalid(
      'signature',
      'or provenance, sbom, scan-report, test-results or predicate-path must say what to attest',
    );
  }
  const signer = await openSigner(inputs, context);
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const reading = listSubjects(store, reference.digest);
  // Asked for now, so that looking for repetitions costs no round trip of its own.
  const listed = store.listReferrers(reference.digest);
  listed.catch(() => undefined);
  signer.prepare();
  const [image, workflow] = await Promise.all([reading, signer.claims()]);

  const claims = await buildClaims(inputs, files, { store, image, workflow });
  const attached = await findAttached(store, image, claims, {
    listed,
    signer: identify(signer, workflow),
    openVerifier: () =>
      signer.publicKey ? createVerifier({ key: signer.publicKey }) : openVerifier(inputs, context),
  });
  const published = await publishStatements(store, image, signer, claims, { attached });
  for (const { predicateType } of published.filter(({ repeated }) => repeated)) {
    context.log.info(`${predicateType} is attached already, by the same workflow for the same commit`);
  }

  const folder = await mkdtemp(join(context.temp, 'hallmark-attest-'));
  const bundlePath = join(folder, 'bundles.jsonl');
  await writeFile(bundlePath, published.map(({ bundle }) => `${bundle}\n`).join(''));
  const attestations = published.flatMap(({ predicateType, descriptors }) =>
    descriptors.map(({ digest }) => ({ predicateType, digest })),
  );
  const rows = published.map(({ predicateType, descriptors, repeated }) => [
    formatCode(predicateType),
    String(descriptors.length),
    repeated ? 'was there already' : 'new',
  ]);
  return {
    outputs: {
      image: formatImage(reference, image.digest),
      repository: formatPlace(reference),
      digest: image.digest,
      'bundle-path': bundlePath,
      attestations: JSON.stringify(attestations),
    },
    summary: [
      '### Hallmark attest',
      formatCode(formatImage(reference, image.digest)),
      formatTable(['Statement', 'Attached to', ''], rows),
    ].join('\n\n'),
  };
}

function identify({ publicKey }: StatementSigner, workflow: WorkflowClaims | undefined): Signer {
  if (publicKey) return { key: fingerprintOf(publicKey) };
  return workflow ? signerOf(workflow) : {};
}

async function buildClaims(
  inputs: AttestInputs,
  files: readonly PredicateFile[],
  about: { store: Store; image: ImageSubjects; workflow: WorkflowClaims | undefined },
): Promise<Claim[]> {
  const claims: Claim[] = [];
  if (inputs.signature) claims.push({ predicateType: PREDICATE_TYPES.signature[0], predicate: {} });
  if (inputs.provenance) {
    if (about.workflow === undefined) {
      throw new Invalid('provenance', "is made from the workflow's OIDC token, and a key has none");
    }
    await checkBuiltHere(about.store, about.image, about.workflow);
    claims.push({
      predicateType: PREDICATE_TYPES.provenance[0],
      predicate: buildProvenance(about.workflow),
    });
  }
  return [...claims, ...bindClaims(files, about.image)];
}

const configSchema = z.object({
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});
const REVISION = 'org.opencontainers.image.revision';

/**
 * Provenance says "built by this run". This step cannot have seen that, so it refuses where it can see the contrary: a run on
 * somebody else's behalf, or an image whose label names another commit.
 */
async function checkBuiltHere(store: Store, image: ImageSubjects, workflow: WorkflowClaims): Promise<void> {
  if (!(TRUSTED_TRIGGERS as readonly string[]).includes(workflow.event_name)) {
    throw new Invalid(
      'provenance',
      `is claimed only on ${TRUSTED_TRIGGERS.join(', ')}, not on ${workflow.event_name}`,
    );
  }
  const reasons = await Promise.all(
    image.platforms.map(async (platform) => {
      const config = readJson(configSchema, await readConfig(store, platform));
      const revision = config?.config?.Labels?.[REVISION];
      return revision === undefined || revision === workflow.sha
        ? []
        : `${platform.descriptor.digest} was built from ${revision} by its label ${REVISION}, and this run is of ${workflow.sha}`;
    }),
  );
  const found = reasons.flat();
  if (found.length > 0) throw new Refused(found);
}
