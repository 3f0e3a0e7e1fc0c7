import { describe, expect, test } from 'vitest';
import { type Distrust, distrustSchema, explainDistrust } from '../../shared/evidence/distrust.ts';
import { GITHUB_ISSUER, type Signer } from '../../shared/evidence/identity.ts';
import { scan } from '../policy/evidence.ts';

const SIGNER: Signer = {
  issuer: GITHUB_ISSUER,
  subject: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
  signerWorkflow: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main',
  repository: 'https://github.com/octo/app',
  ref: 'refs/heads/main',
  runnerEnvironment: 'self-hosted',
  run: 'https://github.com/octo/app/actions/runs/17/attempts/2',
};
const BY_KEY: Signer = { key: 'a'.repeat(64) };
const { statement } = scan('b');

/** Signed on 2026-11-10 by the workflow above, a scan by Trivy 0.72.0, unless said otherwise. */
function explain(
  rule: Record<string, string>,
  found: { signer?: Signer; signedAt?: string | undefined } = {},
): string | undefined {
  const rules: Distrust[] = [distrustSchema.parse({ reason: 'it was stolen', ...rule })];
  return explainDistrust(rules, { signer: SIGNER, signedAt: '2026-11-10T12:00:00Z', statement, ...found });
}
const WORKFLOW = { 'signer-workflow': 'octo/app/.github/workflows/release.yml' };

describe('what is distrusted', () => {
  test.each<[name: string, rule: Record<string, string>, found?: Parameters<typeof explain>[1]]>([
    ['a workflow', WORKFLOW],
    ['a ref', { ref: 'refs/heads/main' }],
    ['a repository', { repository: 'octo/app' }],
    ['a kind of runner', { 'runner-environment': 'self-hosted' }],
    ['one run, whichever attempt', { run: '17' }],
    ['a key', { key: `sha256:${'a'.repeat(64)}` }, { signer: BY_KEY }],
    ['a version of a scanner', { scanner: 'trivy 0.72.0' }],
    ['a workflow from a day on', { ...WORKFLOW, from: '2026-11-10' }],
    ['a workflow until a day', { ...WORKFLOW, until: '2026-11-11' }],
    ['what proves no time', { ...WORKFLOW, from: '2026-11-11' }, { signedAt: undefined }],
    [
      'a key that was stamped later',
      { key: `sha256:${'a'.repeat(64)}`, until: '2026-11-01' },
      { signer: BY_KEY },
    ],
  ])('%s', (_, rule, found) => {
    expect(explain(rule, found)).toContain('it was stolen');
  });
});

describe('what is not', () => {
  test.each<[name: string, rule: Record<string, string>, found?: Parameters<typeof explain>[1]]>([
    ['another workflow', { 'signer-workflow': 'octo/app/.github/workflows/other.yml' }],
    ['another ref of the same workflow', { ...WORKFLOW, ref: 'refs/heads/dev' }],
    ['another run', { run: '1' }],
    ['another key', { key: `sha256:${'b'.repeat(64)}` }, { signer: BY_KEY }],
    ['a workflow, by a key', { key: `sha256:${'a'.repeat(64)}` }],
    ['another version of the scanner', { scanner: 'trivy 0.71.0' }],
    ['what was signed before', { ...WORKFLOW, from: '2026-11-11' }],
    ['what was signed after', { ...WORKFLOW, until: '2026-11-10' }],
    ['what a key signed before', { key: `sha256:${'a'.repeat(64)}`, from: '2026-11-11' }, { signer: BY_KEY }],
  ])('%s', (_, rule, found) => {
    expect(explain(rule, found)).toBeUndefined();
  });
});
