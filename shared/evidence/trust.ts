import * as z from 'zod';
import type { Distrust } from './distrust.ts';
import { GITHUB_ISSUER, type Signer, serverOf } from './identity.ts';
import { type EvidenceKind, ROLES, ROLES_OF, type Role } from './predicate.ts';

/** Events that run a protected branch's own code; pull_request_target and the like run with the same ref but on others' behalf. */
export const TRUSTED_TRIGGERS = ['push', 'release', 'workflow_dispatch', 'schedule'] as const;

/** A value of a form that a certificate can hold, so that what could never match is a fault and not a mismatch; behind `glob:` anything may stand. */
function form(exact: RegExp, what: string) {
  return z.string().regex(new RegExp(`^(?:glob:.+|${exact.source})$`), `may be ${what}, or begin with glob:`);
}

/** One value or several. */
function several(one: z.ZodType<string>) {
  return z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(one).min(1));
}

const REPOSITORY = /[\w-]+\/[\w.-]+/;
const WORKFLOW = new RegExp(`${REPOSITORY.source}/\\.github/workflows/[^/@*]+\\.ya?ml`);
// git-check-ref-format(1): a ref holds no wildcard.
const ref = form(/refs\/[^\s*?[]+/, 'a ref in full, as refs/heads/main');
const number = z
  .preprocess(
    (given) => (typeof given === 'number' ? String(given) : given),
    z.string().regex(/^\d+$/, 'may be a number, as in 123456789'),
  )
  .meta({ anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+$' }] });
const trigger = form(/[a-z_]+/, 'an event, as push');

/**
 * An identity that a role is given to, as policies and the verify action write it. Every field that is given must match,
 * exactly unless it is written `glob:` (in which `*` stays within one path segment and `**` does not). Strict: an unknown field is an error.
 */
export const identityRuleSchema = z
  .strictObject({
    'signer-workflow': form(
      new RegExp(`${WORKFLOW.source}(?:@refs/[^\\s*?[]+|@[0-9a-f]{40})?`),
      'owner/repo/.github/workflows/<file>.yml, with @refs/… to pin its ref',
    )
      .meta({
        description:
          'The workflow that signed, any ref unless @ref is written (certificate .9 and SAN). For its own repository only, unless workflow, repository, repository-id, owner or owner-id says for which.',
        examples: ['octo/app/.github/workflows/release.yml'],
      })
      .optional(),
    'signer-repo': form(REPOSITORY, 'owner/repo')
      .meta({ description: 'The repository of the workflow that signed.', examples: ['octo/app'] })
      .optional(),
    workflow: form(WORKFLOW, 'owner/repo/.github/workflows/<file>.yml')
      .meta({
        description: 'The workflow that was triggered (.18).',
        examples: ['octo/app/.github/workflows/release.yml'],
      })
      .optional(),
    ref: several(ref)
      .meta({
        description:
          "Refs of the source, any of them (.14); also of the signing workflow where that lies in the source's own repository.",
        examples: [['refs/heads/main', 'glob:refs/tags/v*']],
      })
      .optional(),
    trigger: several(trigger)
      .meta({
        description: `Events, any of them (.20); ${TRUSTED_TRIGGERS.join(', ')} when absent.`,
        examples: [['push', 'workflow_dispatch']],
      })
      .optional(),
    issuer: form(/https?:\/\/\S+/, 'the URL of an OIDC issuer')
      .meta({ description: "OIDC issuer (.8); GitHub's when absent.", examples: [GITHUB_ISSUER] })
      .optional(),
    'runner-environment': form(/github-hosted|self-hosted/, 'github-hosted or self-hosted')
      .meta({ description: 'Where it ran (.11).', examples: ['github-hosted', 'self-hosted'] })
      .optional(),
    'repository-id': number
      .meta({
        description: "The source repository's number, which outlives renames (.15).",
        examples: [123456789],
      })
      .optional(),
    repository: z
      .string()
      .min(1)
      .meta({
        description:
          "The source repository, owner/repo (.12). Beside key the image's, ghcr.io/octo/app, as the statement names it.",
        examples: ['octo/app'],
      })
      .optional(),
    owner: form(/[\w-]+/, 'the name of an account')
      .meta({ description: 'The owner of the source repository (.16).', examples: ['octo'] })
      .optional(),
    'owner-id': number
      .meta({
        description:
          "The owner's number, which outlives renames and is nobody else's when the name is free again (.17).",
        examples: [1234],
      })
      .optional(),
    key: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'may be sha256:<64 hex>, the fingerprint of a public key')
      .meta({ description: 'A public key instead, by the sha256 fingerprint of its SPKI in DER.' })
      .optional(),
    until: z.iso
      .date('may be a day, as in 2027-01-31')
      .transform((day) => new Date(day))
      .meta({
        description:
          'Beside key: the day before which it must have signed (UTC), because nothing else ends a key.',
        examples: ['2027-01-31'],
      })
      .optional(),
  })
  .refine(
    (rule) =>
      rule['signer-workflow'] !== undefined || rule['signer-repo'] !== undefined || rule.key !== undefined,
    'names nobody: give signer-workflow, signer-repo or key',
  )
  .superRefine((rule, context) => {
    for (const field of Object.keys(rule)) {
      if (rule.key === undefined ? field === 'until' : !['key', 'repository', 'until'].includes(field)) {
        const message =
          rule.key === undefined ? 'goes with key' : 'is of a certificate; a key has no such thing';
        context.addIssue({ code: 'custom', path: [field], message });
      }
    }
  })
  .meta({
    id: 'identity',
    description: 'An identity: every field that is given must match.',
    anyOf: [{ required: ['signer-workflow'] }, { required: ['signer-repo'] }, { required: ['key'] }],
  });
export type IdentityRule = z.infer<typeof identityRuleSchema>;

/** The fields that say whose source it is, or who called the workflow that signed. */
export const SOURCES = ['workflow', 'repository', 'repository-id', 'owner', 'owner-id'] as const;

/** Who holds which role. A predicate counts only from its role, and not when it is distrusted. */
export type Trust = Partial<Record<Role, readonly IdentityRule[]>> & {
  readonly distrust?: readonly Distrust[];
};

/** What bounds a key; of a certificate it is all in the certificate. Left out, a bounded key does not count. */
export interface KeyUse {
  /** Proven, ISO 8601; without it now counts. */
  readonly signedAt?: string | undefined;
  /** The image's repository, as the statement names its subject. */
  readonly repository?: string | undefined;
}

/** Why a signer is not the one a rule names, every reason; undefined when it is. */
export function explainMismatch(rule: IdentityRule, signer: Signer, use: KeyUse = {}): string | undefined {
  const reasons = rule.key === undefined ? compareCertificate(rule, signer) : compareKey(rule, signer, use);
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

/** The roles whose rules a signer meets. */
export function rolesOf(trust: Trust, signer: Signer, use: KeyUse = {}): Role[] {
  return ROLES.filter((role) =>
    trust[role]?.some((rule) => explainMismatch(rule, signer, use) === undefined),
  );
}

/** The roles of a signer that may say a kind of thing, or why what it says of it does not count. */
export function grantRoles(kind: EvidenceKind, trust: Trust, signer: Signer, use: KeyUse): Role[] | string {
  const roles = rolesOf(trust, signer, use).filter((role) => ROLES_OF[kind].includes(role));
  if (roles.length > 0) return roles;
  const reasons = ROLES_OF[kind].flatMap((role) =>
    (trust[role] ?? []).map((rule) => `not ${role}: ${explainMismatch(rule, signer, use)}`),
  );
  return reasons.length > 0
    ? reasons.join('; ')
    : `nobody is trusted as ${ROLES_OF[kind].join(' or ')}, who alone may say this`;
}

function compareKey({ key, repository, until }: IdentityRule, signer: Signer, use: KeyUse): string[] {
  if (signer.key === undefined) return ['was signed with a certificate, not with the key'];
  if (`sha256:${signer.key}` !== key) return [`was signed with key sha256:${signer.key}, not ${key}`];
  const reasons = [];
  if (repository !== undefined && repository !== use.repository) {
    reasons.push(`the key counts for ${repository}, not for ${use.repository ?? 'an image of no name'}`);
  }
  const time = use.signedAt === undefined ? new Date() : new Date(use.signedAt);
  if (until !== undefined && !(time < until)) {
    const when = use.signedAt ?? 'now, since no earlier time is proven';
    reasons.push(`the key counts until ${until.toISOString().slice(0, 10)}, and this is of ${when}`);
  }
  return reasons;
}

function compareCertificate(rule: IdentityRule, signer: Signer): string[] {
  if (signer.key !== undefined) return ['was signed with a key, not by a workflow'];
  const server = `${serverOf(rule.issuer ?? GITHUB_ISSUER)}/`;
  const path = (uri: string | undefined): string | undefined =>
    uri?.startsWith(server) ? uri.slice(server.length) : undefined;
  const [signerPath, signerRef] = splitRef(path(signer.signerWorkflow));
  const [workflowPath] = splitRef(path(signer.workflow));
  const signerRepository = repositoryOf(signerPath);
  const wanted = rule['signer-workflow'];
  const [wantedPath, wantedRef] = splitRef(wanted);

  const reasons = [
    compare('issuer', [rule.issuer ?? GITHUB_ISSUER], signer.issuer),
    // Fulcio writes the signing workflow into both; where they differ the certificate is not one of GitHub's.
    signer.signerWorkflow && compare('certificate subject', [signer.signerWorkflow], signer.subject),
    wanted && compare('signer-workflow', [wantedPath ?? ''], signerPath),
    wantedRef && compare('ref of the signer-workflow', [globAlike(wanted, wantedRef)], signerRef),
    rule['signer-repo'] && compare('signer-repo', [rule['signer-repo']], signerRepository),
    rule.workflow && compare('workflow', [rule.workflow], workflowPath),
    rule.ref && compare('ref', rule.ref, signer.ref),
    rule.ref &&
      wantedRef === undefined &&
      signerRepository !== undefined &&
      signerRepository === path(signer.repository) &&
      compare('ref of the signer-workflow', rule.ref, signerRef),
    compare('trigger', rule.trigger ?? TRUSTED_TRIGGERS, signer.trigger),
    rule['runner-environment'] &&
      compare('runner-environment', [rule['runner-environment']], signer.runnerEnvironment),
    rule['repository-id'] && compare('repository-id', [rule['repository-id']], signer.repositoryId),
    rule.repository && compare('repository', [rule.repository], path(signer.repository)),
    rule.owner && compare('owner', [rule.owner], path(signer.owner)),
    rule['owner-id'] && compare('owner-id', [rule['owner-id']], signer.ownerId),
    // Anybody may call a public reusable workflow: whoever trusts one has to say for whom.
    SOURCES.every((field) => rule[field] === undefined) &&
      signerRepository !== undefined &&
      signerRepository !== path(signer.repository) &&
      `source repository is "${path(signer.repository) ?? ''}", not that of the signing workflow: say which by repository-id, owner or workflow`,
  ];
  return reasons.filter((reason): reason is string => typeof reason === 'string' && reason !== '');
}

function compare(field: string, wanted: readonly string[], found: string | undefined): string | undefined {
  if (found !== undefined && found !== '' && wanted.some((one) => matches(one, found))) return undefined;
  return `${field} is ${found ? `"${found}"` : 'not in the certificate'}, not ${wanted.map((one) => `"${one}"`).join(' or ')}`;
}

/** Whether a value is the wanted one: exactly, or by the pattern behind `glob:`. */
export function matches(wanted: string, found: string): boolean {
  if (!wanted.startsWith('glob:')) return wanted === found;
  const pattern = wanted
    .slice('glob:'.length)
    .split(/(\*+)/)
    .map((part) => {
      if (part === '*') return '[^/]*';
      return /^\*+$/.test(part) ? '.*' : part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${pattern}$`, 's').test(found);
}

/**
 * A workflow's `path@ref` in two. A ref may hold an `@` of its own (`refs/tags/pkg@1.0.0`), and so may a file's name, but workflows lie in no
 * deeper folder: the first `@refs/` parts them. Before a commit it is the last `@`.
 */
export function splitRef(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const ref = text.indexOf('@refs/');
  const at = ref < 0 ? text.lastIndexOf('@') : ref;
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** `glob:` stands before the whole of a signer-workflow and so holds for its ref too. */
function globAlike(whole: string | undefined, ref: string): string {
  return whole?.startsWith('glob:') ? `glob:${ref}` : ref;
}

function repositoryOf(workflowPath: string | undefined): string | undefined {
  return /^([^/]+\/[^/]+)\//.exec(workflowPath ?? '')?.[1];
}
