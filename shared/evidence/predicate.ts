/** The predicate types this suite writes or reads, by what they are evidence of. Newest first: the first is what we write. */
export const PREDICATE_TYPES = {
  signature: ['https://sigstore.dev/cosign/sign/v1'],
  provenance: ['https://slsa.dev/provenance/v1'],
  cyclonedx: ['https://cyclonedx.org/bom', 'https://cyclonedx.org/bom/v1.4'],
  // Without a version, as `cosign verify-attestation --type spdxjson` asks for it; the document names its own.
  spdx: ['https://spdx.dev/Document', 'https://spdx.dev/Document/v2.3', 'https://spdx.dev/Document/v3'],
  scan: [
    'https://in-toto.io/attestation/vulns/v0.2',
    'https://in-toto.io/attestation/vulns/v0.1',
    'https://cosign.sigstore.dev/attestation/vuln/v1',
  ],
  test: ['https://in-toto.io/attestation/test-result/v0.1'],
  vex: ['https://openvex.dev/ns', 'https://openvex.dev/ns/v0.2.0'],
  verdict: ['https://slsa.dev/verification_summary/v1'],
  promotion: ['https://hallmark-actions.github.io/promotion/v1'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** What a piece of evidence is about. */
export type EvidenceKind = keyof typeof PREDICATE_TYPES;

/** Who may say what (design.md, "Trust"). */
export const ROLES = ['builder', 'scanner', 'tester', 'vex', 'gate', 'promoter', 'base'] as const;
export type Role = (typeof ROLES)[number];

/** The roles whose statements of a kind count; anybody else's do not exist. */
export const ROLES_OF: Record<EvidenceKind, readonly Role[]> = {
  signature: ['builder'],
  provenance: ['builder'],
  cyclonedx: ['builder', 'scanner'],
  spdx: ['builder', 'scanner'],
  scan: ['scanner'],
  test: ['tester'],
  vex: ['vex'],
  verdict: ['gate'],
  promotion: ['promoter'],
};

/** The kind of a predicate type, or undefined for one that no rule reads. */
export function kindOfPredicate(predicateType: string): EvidenceKind | undefined {
  for (const [kind, types] of Object.entries(PREDICATE_TYPES)) {
    if ((types as readonly string[]).includes(predicateType)) return kind as EvidenceKind;
  }
  return undefined;
}

/** Our extension field in a vulns predicate: what the type itself has no place for (in-toto spec/v1, "Parsing rules": extension fields are named by URI). */
export const SCAN_EXTENSION = 'https://hallmark-actions.github.io/scan/v1';

/** Our extension field in a verification summary: what the gate observed, by value. */
export const VERDICT_EXTENSION = 'https://hallmark-actions.github.io/verdict/v1';

/** The verifier in a summary that a key signed: no workflow vouches for it, the key does. */
export const VERIFIER_BY_KEY = 'https://hallmark-actions.github.io/gate';
