import * as z from 'zod';
import { explainDistrust } from '../evidence/distrust.ts';
import { GITHUB_ISSUER, type Signer, serverOf } from '../evidence/identity.ts';
import { grantRoles } from '../evidence/trust.ts';
import { KINDS } from './facts.ts';
import { type PolicyFile, trustOf } from './file.ts';
import { readTime } from './given.ts';
import type { Need } from './rule.ts';

/** Who signed a case's evidence: what a certificate of GitHub's says (identity.ts), as identities of a policy name it. */
export const signerSchema = z.strictObject({
  'signer-workflow': z
    .string()
    .regex(/^[\w-]+\/[\w.-]+\/.+$/, 'is no workflow; write it as octo/app/.github/workflows/release.yml')
    .meta({
      description: 'The workflow that signed, without its ref.',
      examples: ['octo/app/.github/workflows/release.yml'],
    }),
  repository: z
    .string()
    .meta({ description: 'The source repository; that of the workflow when absent.', examples: ['octo/app'] })
    .optional(),
  'repository-id': z
    .union([z.int().positive(), z.string()])
    .transform(String)
    .meta({ description: "Its number; the policy's own when absent." })
    .optional(),
  ref: z
    .string()
    .default('refs/heads/main')
    .meta({ description: 'The ref of source and workflow.', examples: ['refs/tags/v1.0.0'] }),
  trigger: z
    .string()
    .default('push')
    .meta({ description: 'The event.', examples: ['pull_request'] }),
  'runner-environment': z
    .string()
    .default('github-hosted')
    .meta({ description: 'Where it ran.', examples: ['self-hosted'] }),
  run: z.string().default('1').meta({ description: 'The number of the run.' }),
  at: z
    .string()
    .default('0s ago')
    .meta({ description: 'When it was signed.', examples: ['3d ago', '2026-11-03T12:00:00Z'] }),
});
type CaseSigner = z.output<typeof signerSchema>;

/** Why evidence by a signer does not count under a policy, as the gate would say it; undefined when it does. Throws for a time that is none. */
export function explainSigner(
  need: Need,
  written: CaseSigner,
  policy: PolicyFile,
  now: Date,
): string | undefined {
  const signer = describeSigner(written, policy);
  const signedAt = readTime(written.at, now).toISOString();
  const trust = trustOf(policy);
  const granted = KINDS[need].map((kind) => grantRoles(kind, trust, signer, { signedAt }));
  const [fault] = granted.filter((one) => typeof one === 'string');
  return fault ?? explainDistrust(policy.distrust, { signer, signedAt });
}

function describeSigner(written: CaseSigner, policy: PolicyFile): Signer {
  const server = `${serverOf(GITHUB_ISSUER)}/`;
  const { 'signer-workflow': workflow, ref, run } = written;
  const own = workflow.split('/').slice(0, 2).join('/');
  const { repository = own } = written;
  const uri = `${server}${workflow}@${ref}`;
  return {
    issuer: GITHUB_ISSUER,
    subject: uri,
    signerWorkflow: uri,
    workflow: uri,
    ref,
    repository: `${server}${repository}`,
    repositoryId: written['repository-id'] ?? policy['repository-id'],
    owner: `${server}${repository.split('/')[0]}`,
    trigger: written.trigger,
    runnerEnvironment: written['runner-environment'],
    run: `${server}${repository}/actions/runs/${run}/attempts/1`,
  };
}
