import { stringify } from 'yaml';
import { GITHUB_ISSUER, serverOf } from '../evidence/identity.ts';
import { PREDICATE_TYPES, type Role } from '../evidence/predicate.ts';
import type { IdentityRule } from '../evidence/trust.ts';
import { Invalid } from '../outcome/outcome.ts';
import type { PolicyFile } from './file.ts';

/** Where the policy stands and whose images it is about: a cluster sees neither by itself. */
export interface AdmissionSource {
  /** `octo/app`: the repository that is built. */
  readonly repository: string;
  /** `octo/app/.github/hallmark.yml`: the policy as a verdict names it, without the commit. */
  readonly policy: string;
}

/** Who may have signed: exact, or where a `*` stands any text. */
interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** One thing that an image must carry before it may start: a statement of a type, by somebody, that says something. */
interface Requirement {
  readonly name: string;
  readonly predicateType: string;
  readonly identities: readonly Identity[];
  /** Fields of the predicate by their path, with what they must be; a `*` is any text. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The admission policies of one environment, as YAML documents: Kyverno's verifyImages, and policy-controller's ClusterImagePolicy.
 * An image of the environment's repository starts only with provenance by a builder and, in policy-controller, a passed verdict by a
 * gate. A cluster can compare less of a certificate than the gate does; what it cannot is said in the first lines.
 */
export function formatAdmission(policy: PolicyFile, environment: string, source: AdmissionSource): string {
  const found = policy.environments[environment];
  if (found === undefined) throw new Invalid('environment', `the policy has no "${environment}"`);
  if (found.repository.startsWith('oci:')) {
    throw new Invalid('environment', `"${environment}" is an OCI layout: nothing starts from there`);
  }
  const name = `hallmark-${environment}`;
  const provenance = requireProvenance(policy, source);
  const documents = [
    buildKyverno(name, found.repository, provenance),
    buildClusterImagePolicy(name, found.repository, provenance),
    buildClusterImagePolicy(name, found.repository, requireVerdict(policy, environment, source)),
  ];
  const notes = [
    `# What may start from ${found.repository}: made from the roles of ${source.policy}.`,
    '# The first document is for Kyverno 1.13 and later, the others are for policy-controller; apply one of the two kinds.',
    '# Kyverno asks for the provenance alone: it holds every verdict beside an image to its conditions, also those for other environments.',
    '# The gate compared more before it signed its verdict: repository-id, trigger, runner-environment, and every rule.',
    '# Keys in the policy are known by fingerprint only and are left out.',
  ];
  return `${notes.join('\n')}\n${documents.map((one) => stringify(one, { lineWidth: 0 })).join('---\n')}`;
}

/** Provenance by a builder. The subject of a workflow that others may call does not say for whom it built; its provenance does. */
function requireProvenance(policy: PolicyFile, source: AdmissionSource): Requirement {
  const rules = policy.trust.builder ?? [];
  const [ref, ...otherRefs] = new Set(rules.flatMap((rule) => rule.ref ?? ['*']));
  const workflow = 'buildDefinition.externalParameters.workflow';
  return {
    name: 'provenance',
    predicateType: PREDICATE_TYPES.provenance[0],
    identities: listIdentities(policy, 'builder', source),
    fields: {
      [`${workflow}.repository`]: `${serverFor(policy, 'builder')}/${source.repository}`,
      ...(ref !== undefined && otherRefs.length === 0 && { [`${workflow}.ref`]: toPattern(ref) }),
    },
  };
}

/** A passed verdict by a gate, for this very environment and by this very policy. */
function requireVerdict(policy: PolicyFile, environment: string, source: AdmissionSource): Requirement {
  return {
    name: 'verdict',
    predicateType: PREDICATE_TYPES.verdict[0],
    identities: listIdentities(policy, 'gate', source),
    fields: {
      verificationResult: 'PASSED',
      resourceUri: `${policy.environments[environment]?.repository}@sha256:*`,
      'policy.uri': `${serverFor(policy, 'gate')}/${source.policy}@*#${environment}`,
    },
  };
}

/** The GitHub server whose workflows hold a role. */
function serverFor(policy: PolicyFile, role: Role): string {
  const named = policy.trust[role]?.find(({ issuer }) => issuer !== undefined);
  return serverOf(named?.issuer ?? GITHUB_ISSUER);
}

function listIdentities(policy: PolicyFile, role: Role, source: AdmissionSource): Identity[] {
  const identities = (policy.trust[role] ?? [])
    .filter(({ key }) => key === undefined)
    .flatMap((rule) =>
      subjectsOf(rule, source).map((subject) => ({ issuer: rule.issuer ?? GITHUB_ISSUER, subject })),
    );
  if (identities.length > 0) return identities;
  throw new Invalid('policy', `names no workflow as ${role}, so a cluster could not tell who that is`);
}

/** The certificate subjects that a rule allows: the workflow's address, at each ref where the ref is that of the repository itself. */
function subjectsOf(rule: IdentityRule, source: AdmissionSource): string[] {
  const server = serverOf(rule.issuer ?? GITHUB_ISSUER);
  const signer = rule['signer-workflow'] ?? `${rule['signer-repo']}/.github/workflows/*`;
  const path = toPattern(signer);
  if (path.includes('@')) return [`${server}/${path}`];
  const own = path.startsWith(`${source.repository}/`);
  const refs = own && rule.ref ? rule.ref : ['*'];
  return refs.map((ref) => `${server}/${path}@${toPattern(ref)}`);
}

/** A rule's text as a pattern in which `*` is any text: a cluster knows no other, so `glob:` gets wider here. */
function toPattern(text: string): string {
  return text.startsWith('glob:') ? text.slice('glob:'.length).replace(/\*+/g, '*') : text;
}

/** A pattern with `*` as a regular expression for the whole of a text; what takes one searches, so it must be anchored. */
function toRegExp(pattern: string): string {
  return `^${pattern.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '.*')}$`;
}

/** `subject` where it is exact, otherwise `subjectRegExp`. */
function formatIdentity({ issuer, subject }: Identity): Record<string, string> {
  return subject.includes('*') ? { issuer, subjectRegExp: toRegExp(subject) } : { issuer, subject };
}

/** kyverno.io/v1, "verifyImages": every statement of the type by one of the identities must meet the conditions, and there must be one. */
function buildKyverno(
  name: string,
  repository: string,
  { predicateType, identities, fields }: Requirement,
): unknown {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      background: false,
      rules: [
        {
          name: 'attested',
          match: { any: [{ resources: { kinds: ['Pod'] } }] },
          verifyImages: [
            {
              imageReferences: [`${repository}:*`, `${repository}@*`],
              type: 'SigstoreBundle',
              failureAction: 'Enforce',
              mutateDigest: true,
              required: true,
              attestations: [
                {
                  type: predicateType,
                  attestors: [
                    { count: 1, entries: identities.map((one) => ({ keyless: formatIdentity(one) })) },
                  ],
                  conditions: [
                    {
                      all: Object.entries(fields).map(([path, value]) => ({
                        key: `{{ ${path} }}`,
                        operator: 'Equals',
                        value,
                      })),
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  };
}

/** policy.sigstore.dev/v1beta1: within one document any authority will do, so each requirement has a document of its own. */
function buildClusterImagePolicy(
  name: string,
  repository: string,
  { name: what, predicateType, identities, fields }: Requirement,
): unknown {
  const conditions = Object.entries(fields).map(([path, value]) => {
    const wanted = value.includes('*') ? `=~${JSON.stringify(toRegExp(value))}` : JSON.stringify(value);
    return `predicate: ${path.replaceAll('.', ': ')}: ${wanted}\n`;
  });
  return {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: `${name}-${what}` },
    spec: {
      mode: 'enforce',
      images: [{ glob: `${repository}:**` }, { glob: `${repository}@**` }],
      authorities: [
        {
          name: what,
          signatureFormat: 'bundle',
          keyless: { url: 'https://fulcio.sigstore.dev', identities: identities.map(formatIdentity) },
          ctlog: { url: 'https://rekor.sigstore.dev' },
          attestations: [{ name: what, predicateType, policy: { type: 'cue', data: conditions.join('') } }],
        },
      ],
    },
  };
}
