import * as z from 'zod';
import type { Evidence } from '../evidence/evidence.ts';
import { provenanceSchema } from '../evidence/provenance.ts';
import { readScan, type ScanResult } from '../evidence/scan.ts';
import type { JudgedPlatform } from './facts.ts';

/*
 * What one verified statement says, read through a schema. A statement in a form that cannot be read says nothing:
 * the rules that need it deny.
 */

/** What one platform's evidence of one kind says, or why it says nothing. */
export type Reading<T> = { readonly value: T } | { readonly fault: string };

const cyclonedxSchema = z.object({
  components: z.array(
    z.object({ name: z.string(), version: z.string().default(''), purl: z.string().default('') }),
  ),
});
const spdxSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      versionInfo: z.string().default(''),
      externalRefs: z
        .array(z.object({ referenceType: z.string(), referenceLocator: z.string() }))
        .default([]),
    }),
  ),
});
const testSchema = z.object({ result: z.enum(['PASSED', 'WARNED', 'FAILED']) });

/** One platform's scan. */
export function readPlatformScan(found: Evidence, platform: JudgedPlatform): Reading<ScanResult> {
  const scan = readScan(found.statement.predicate);
  if (scan === undefined) return { fault: 'is in a form that this gate cannot read' };
  if (scan.manifest !== platform.digest) return { fault: `is about another image, ${scan.manifest}` };
  if (!scan.complete) return { fault: 'did not look for both vulnerabilities and secrets' };
  // The scanner's own clock is believed only where it makes the scan older than its signature.
  const { signedAt } = found;
  const older = signedAt !== undefined && Date.parse(signedAt) < Date.parse(scan.scannedAt);
  return { value: older ? { ...scan, scannedAt: signedAt } : scan };
}

/** The packages that a CycloneDX or SPDX 2 document lists. */
export function readPackages(found: Evidence, platform: JudgedPlatform): Reading<object[]> {
  const { predicate } = found.statement;
  const of = (name: string, version: string, purl: string): object => ({
    name,
    version,
    purl,
    platform: platform.name,
  });
  if (found.kind === 'cyclonedx') {
    const parsed = cyclonedxSchema.safeParse(predicate);
    if (!parsed.success) return { fault: 'is no CycloneDX document with components' };
    return { value: parsed.data.components.map(({ name, version, purl }) => of(name, version, purl)) };
  }
  const parsed = spdxSchema.safeParse(predicate);
  if (!parsed.success) return { fault: 'is no SPDX 2 document with packages' };
  return {
    value: parsed.data.packages.map(({ name, versionInfo, externalRefs }) => {
      const purl = externalRefs.find(({ referenceType }) => referenceType === 'purl');
      return of(name, versionInfo, purl?.referenceLocator ?? '');
    }),
  };
}

/** Whether a test result says that everything passed. */
export function readTest(found: Evidence): Reading<boolean> {
  const parsed = testSchema.safeParse(found.statement.predicate);
  return parsed.success ? { value: parsed.data.result === 'PASSED' } : { fault: 'is no in-toto test result' };
}

/** How an image was built, as rules see it; what nobody says is empty. */
export interface BuiltFrom {
  readonly builder: string;
  readonly buildType: string;
  /** `https://github.com/octo/app` */
  readonly repository: string;
  readonly commit: string;
  readonly ref: string;
  readonly workflow: string;
  readonly trigger: string;
  readonly runner: string;
  /** What it was made of; `digest` is empty where nothing pins it. */
  readonly materials: readonly { readonly name: string; readonly uri: string; readonly digest: string }[];
  /** When it was signed, where anything proves that. */
  readonly signedAt?: Date | undefined;
}

/** Digests by which a material is the same for ever (in-toto spec/v1/digest_set.md); others are names. */
const PINNING = ['sha256', 'sha384', 'sha512', 'gitCommit'] as const;

/** How an image was built: the certificate's word where it has one, otherwise the predicate's; where both speak they must agree. */
export function readProvenance({ statement, signer }: Evidence): Reading<BuiltFrom> {
  const parsed = provenanceSchema.safeParse(statement.predicate);
  if (!parsed.success) return { fault: 'the provenance is no SLSA provenance v1' };
  const { buildDefinition, runDetails } = parsed.data;
  const source = buildDefinition.resolvedDependencies?.find(({ digest }) => digest?.gitCommit !== undefined);
  const commit = source?.digest?.gitCommit;
  // What the certificate says is proven; the predicate is the builder's word, and has to agree.
  if (signer.commit !== undefined && commit !== undefined && signer.commit !== commit) {
    return { fault: `the provenance names commit ${commit}, its certificate ${signer.commit}` };
  }
  const [, repository = '', ref = ''] = /^git\+(https:\/\/[^@]+)@(.+)$/.exec(source?.uri ?? '') ?? [];
  if (signer.repository !== undefined && repository !== '' && signer.repository !== repository) {
    return { fault: `the provenance names ${repository}, its certificate ${signer.repository}` };
  }
  const { signerWorkflow } = signer;
  if (signerWorkflow !== undefined && signerWorkflow !== runDetails.builder.id) {
    return {
      fault: `the provenance names the builder ${runDetails.builder.id}, its certificate ${signerWorkflow}`,
    };
  }
  return {
    value: {
      builder: runDetails.builder.id,
      buildType: buildDefinition.buildType,
      repository: signer.repository ?? repository,
      commit: signer.commit ?? commit ?? '',
      ref: signer.ref ?? ref,
      workflow: signer.workflow ?? '',
      trigger: signer.trigger ?? '',
      runner: signer.runnerEnvironment ?? '',
      materials: (buildDefinition.resolvedDependencies ?? []).map(({ name = '', uri = '', digest }) => {
        const pin = PINNING.find((algorithm) => digest?.[algorithm]);
        return { name, uri, digest: pin === undefined ? '' : `${pin}:${digest?.[pin]}` };
      }),
    },
  };
}
