import * as z from 'zod';
import { formatSigner, type Signer, serverOf } from './identity.ts';
import { readScan } from './scan.ts';
import type { Statement } from './statement.ts';

const day = z.iso
  .date('is no date; write it as 2027-01-31')
  .transform((text) => new Date(`${text}T00:00:00Z`));
const exact = z.string().min(1);

/**
 * What no longer counts, whatever role it had: everything that fits all fields given. `from` and `until` bound when it was signed;
 * what proves no time fits any. Nothing is a glob here and nothing has a default: a field that is left out fits all.
 */
export const distrustSchema = z
  .strictObject({
    'signer-workflow': exact
      .meta({
        description: 'The workflow that signed, without its ref.',
        examples: ['octo/app/.github/workflows/release.yml'],
      })
      .optional(),
    ref: exact
      .meta({ description: 'The ref of the source, in full.', examples: ['refs/heads/main'] })
      .optional(),
    repository: exact
      .meta({ description: 'The source repository, owner/repo.', examples: ['octo/app'] })
      .optional(),
    'runner-environment': exact
      .meta({ description: 'Where it ran.', examples: ['github-hosted', 'self-hosted'] })
      .optional(),
    run: exact.meta({ description: 'One run, by its number.', examples: ['17123456789'] }).optional(),
    key: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'may be sha256:<64 hex>, the fingerprint of a public key')
      .meta({ description: 'A public key, by the sha256 fingerprint of its SPKI in DER.' })
      .optional(),
    scanner: z
      .string()
      .regex(/^\S+ \S+$/, 'is no version of a scanner; write it as trivy 0.72.0')
      .meta({ description: 'Scans by one version of a scanner.', examples: ['trivy 0.72.0'] })
      .optional(),
    from: day.meta({ description: 'Only what was signed on this day (UTC) or later.' }).optional(),
    until: day.meta({ description: 'Only what was signed before this day (UTC).' }).optional(),
    reason: z.string().min(1).max(200).meta({ description: 'Why, for people.' }),
  })
  .superRefine((rule, context) => {
    const { reason, from, until, ...who } = rule;
    const complain = (message: string): void => context.addIssue({ code: 'custom', message });
    if (Object.keys(who).length === 0) {
      complain(
        'names nobody: give signer-workflow, ref, repository, runner-environment, run, key or scanner',
      );
    }
    if (from !== undefined && until !== undefined && from >= until) complain('ends before it begins');
  });
export type Distrust = z.output<typeof distrustSchema>;

/** Why a verified statement no longer counts; undefined when nothing distrusts it. */
export function explainDistrust(
  rules: readonly Distrust[],
  found: { readonly signer: Signer; readonly signedAt?: string | undefined; readonly statement?: Statement },
): string | undefined {
  const rule = rules.find((one) => fits(one, found));
  if (rule === undefined) return undefined;
  const what = rule.scanner ?? formatSigner(found.signer);
  return `the policy distrusts what ${what} signed ${found.signedAt ?? 'at no proven time'}: ${rule.reason}`;
}

function fits(
  rule: Distrust,
  { signer, signedAt, statement }: Parameters<typeof explainDistrust>[1],
): boolean {
  const time = signedAt === undefined ? undefined : new Date(signedAt);
  if (time !== undefined && rule.from !== undefined && time < rule.from) return false;
  // A signature by a key can be stamped anew at any time: a later stamp does not say that it was made later.
  if (time !== undefined && rule.until !== undefined && time >= rule.until && signer.key === undefined) {
    return false;
  }
  const server = `${serverOf(signer.issuer ?? '')}/`;
  const path = (uri: string | undefined): string | undefined =>
    uri?.startsWith(server) ? uri.slice(server.length) : undefined;
  const scan = rule.scanner === undefined ? undefined : readScan(statement?.predicate);
  const is: Record<Exclude<keyof Distrust, 'from' | 'until' | 'reason'>, string | undefined> = {
    'signer-workflow': path(signer.signerWorkflow)?.split('@')[0],
    ref: signer.ref,
    repository: path(signer.repository),
    'runner-environment': signer.runnerEnvironment,
    run: /\/actions\/runs\/(\d+)/.exec(signer.run ?? '')?.[1],
    key: signer.key && `sha256:${signer.key}`,
    scanner: scan && `trivy ${scan.version}`,
  };
  return Object.entries(is).every(([field, value]) => {
    const wanted = rule[field as keyof typeof is];
    return wanted === undefined || wanted === value;
  });
}
