import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../evidence/identity.ts';
import { PREDICATE_TYPES } from '../evidence/predicate.ts';
import type { Attestations } from '../github/attestations.ts';
import type { RunContext } from '../github/context.ts';
import { type DigestReference, formatImage, formatPlace, parseDigestReference } from '../image/reference.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatCode, formatLink, formatTable } from '../report/markdown.ts';
import { describeSigner } from '../report/signed.ts';
import { findAttached } from '../sigstore/attached.ts';
import type { SigningInputs } from '../sigstore/instance.ts';
import { type Claim, composeStatement, type Published, publishStatements } from '../sigstore/publish.ts';
import { openSigner } from '../sigstore/signer.ts';
import { attachReferrers } from '../store/attach.ts';
import { openStore, storeOptions } from '../store/open.ts';
import { listSubjects, nameSubjects } from '../store/subjects.ts';
import { writeTags } from '../store/tag.ts';
import {
  buildClaims,
  type ClaimInputs,
  checkRevision,
  formatAttester,
  identify,
  openOwnVerifier,
} from './claims.ts';
import type { FileInputs } from './files.ts';
import {
  bindClaims,
  listLarge,
  type PredicateFile,
  type PredicateInputs,
  readPredicateFiles,
} from './predicates.ts';

export interface AttestInputs extends SigningInputs, ClaimInputs, PredicateInputs, FileInputs {
  readonly image?: string | undefined;
  readonly 'push-to-github'?: boolean | undefined;
}

/** What was attested, with the bundles that say so. */
interface Attested {
  /** The image or artifact by digest; undefined where files were signed and not pushed. */
  readonly image: DigestReference | undefined;
  readonly published: readonly Published[];
  /** What each of `published` is about, as people call it. */
  readonly about: readonly (readonly string[])[];
  readonly signer: Signer;
}

/**
 * Says of an image or of files what this run knows of it: every statement of a call under one certificate, attached in one update.
 * Files are read and checked before anything is asked of anybody; nothing is attached unless everything was signed.
 */
export async function attest(inputs: AttestInputs, context: RunContext): Promise<StepResult> {
  const { image } = inputs;
  const reference = image === undefined ? undefined : parseDigestReference(image);
  const files = await readPredicateFiles(inputs, context);
  if (!inputs.signature && !inputs.provenance && files.length === 0) {
    throw new Invalid(
      'signature',
      'or provenance, sbom, scan-report, test-results, vex or predicate-path must say what to attest',
    );
  }
  const github = inputs['push-to-github'] ? await openGithub(inputs, context) : undefined;
  const attested = reference
    ? await attestImage(reference, inputs, files, context)
    : await attestFiles(inputs, files, context);
  return describe(attested, await github?.store(attested.published, attested.image), context);
}

async function openGithub(inputs: AttestInputs, context: RunContext): Promise<Attestations> {
  const { openAttestations } = await import('../github/attestations.ts');
  return openAttestations(inputs['github-token'], context);
}

async function attestImage(
  reference: DigestReference,
  inputs: AttestInputs,
  files: readonly PredicateFile[],
  context: RunContext,
): Promise<Attested> {
  const signer = await openSigner(inputs, context);
  const store = openStore(reference, storeOptions(context, inputs['github-token']));
  const reading = listSubjects(store, reference.digest);
  // Asked for now, so that looking for repetitions costs no round trip of its own.
  const listed = store.listReferrers(reference.digest);
  listed.catch(() => undefined);
  signer.prepare();
  const [image, workflow] = await Promise.all([reading, signer.claims()]);

  const said = buildClaims(inputs, workflow);
  if (inputs.provenance) await checkRevision(store, image, workflow?.sha);
  const self = identify(signer, workflow);
  const claims = [
    ...said.flatMap((claim) =>
      // As `cosign sign --recursive` does: cosign prints the first subject of a signature as what it verified.
      claim.predicateType === PREDICATE_TYPES.signature[0]
        ? image.all.map(({ digest }) => ({ ...claim, subjects: [digest] }))
        : [claim],
    ),
    ...bindClaims(files, image, { store, attester: formatAttester(self) }),
  ];
  const attached = await findAttached(store, image, claims, {
    listed,
    signer: self,
    openVerifier: () => openOwnVerifier(signer, inputs, context),
  });
  const published = await publishStatements(store, image, signer, claims, { attached });
  const large = listLarge(files, image);
  if (large.length > 0) await attachReferrers(store, large);
  const names = nameSubjects(image);
  const about = claims.map(({ subjects = [...names.keys()] }) =>
    subjects.map((digest) => names.get(digest) ?? digest),
  );
  return { image: { ...reference, digest: image.digest }, published, about, signer: self };
}

/** Signs what is said of files; with `repository` they are pushed as an artifact that carries it, and only then the artifact is tagged. */
async function attestFiles(
  inputs: AttestInputs,
  files: readonly PredicateFile[],
  context: RunContext,
): Promise<Attested> {
  const { planArtifact, readAttestedFiles } = await import('./files.ts');
  const attested = await readAttestedFiles(inputs, context);
  const fromFiles = files.map(claimOfFiles);
  const artifact = await planArtifact(inputs, attested, context);
  const signer = await openSigner(inputs, context);
  signer.prepare();
  const workflow = await signer.claims();
  const subjects = attested.map(({ name, sha256 }) => ({ name, digest: { sha256 } }));
  const claims = [...buildClaims(inputs, workflow), ...fromFiles].map((claim) => ({
    ...claim,
    files: subjects,
  }));
  const self = identify(signer, workflow);
  const about = claims.map(() => [subjects.length === 1 ? 'one file' : `${subjects.length} files`]);
  if (artifact === undefined) {
    const bundles = await signer.sign(claims.map((claim) => composeStatement(subjects, claim)));
    const published = claims.map(({ predicateType }, at) => ({
      predicateType,
      descriptors: [],
      bundle: bundles[at] ?? Buffer.alloc(0),
      repeated: false,
    }));
    return { image: undefined, published, about, signer: self };
  }
  const { store, reference, tag } = artifact;
  const image = await artifact.push();
  const attached = await findAttached(store, image, claims, {
    signer: self,
    openVerifier: () => openOwnVerifier(signer, inputs, context),
  });
  const published = await publishStatements(store, image, signer, claims, { attached });
  await writeTags(store, image.root, [tag]);
  return { image: reference, published, about, signer: self };
}

/** A document about files is about all of them. */
function claimOfFiles({ input, path, predicateType, predicate, about, large }: PredicateFile): Claim {
  if (about !== 'image' && ('manifest' in about || about.platform !== undefined))
    throw new Invalid(input, `"${path}" is about a platform of an image, and files have none`);
  if (large) throw new Invalid(input, `"${path}" is too large to be said of files`);
  return { predicateType, predicate };
}

async function describe(
  { image, published, about, signer }: Attested,
  urls: readonly string[] | undefined,
  context: RunContext,
): Promise<StepResult> {
  const rows = published.map(({ predicateType, repeated }, at) => ({
    predicateType,
    repeated,
    about: about[at] ?? [],
  }));
  const same = signer.key === undefined ? 'by the same workflow for the same commit' : 'by the same key';
  for (const type of new Set(rows.filter((one) => one.repeated).map(({ predicateType }) => predicateType))) {
    context.log.info(`${type} is attached already, ${same}`);
  }
  const folder = await mkdtemp(join(context.temp, 'hallmark-attest-'));
  const bundlePath = join(folder, 'bundles.jsonl');
  await writeFile(bundlePath, published.map(({ bundle }) => `${bundle}\n`).join(''));
  const attestations = published.flatMap(({ predicateType, descriptors }) =>
    descriptors.map(({ digest }) => ({ predicateType, digest })),
  );
  const name = image && formatImage(image, image.digest);
  return {
    outputs: {
      ...(image && { image: name, repository: formatPlace(image), digest: image.digest }),
      'bundle-path': bundlePath,
      attestations: JSON.stringify(attestations),
      'attestation-url': urls?.join('\n'),
    },
    summary: [
      '### Hallmark attest',
      ...(name === undefined ? [] : [formatCode(name)]),
      `Signed by ${describeSigner(signer)}`,
      formatTable(['Statement', 'About', ''], groupRows(rows)),
      ...(urls ?? []).map((url) => formatLink(url, url)),
    ].join('\n\n'),
  };
}

/** A row for each type, with all that it was said of. */
function groupRows(
  said: readonly { predicateType: string; repeated: boolean; about: readonly string[] }[],
): string[][] {
  const groups = Map.groupBy(said, ({ predicateType, repeated }) =>
    JSON.stringify([predicateType, repeated]),
  );
  return [...groups.values()].map((same) => [
    formatCode(same[0]?.predicateType ?? ''),
    [...new Set(same.flatMap(({ about }) => about))].map((one) => escapeMarkdown(one)).join(', '),
    same[0]?.repeated ? 'was there already' : 'new',
  ]);
}
