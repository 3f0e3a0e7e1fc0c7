import { expect, test } from 'vitest';
import { buildProvenance, provenanceSchema, workflowClaimsSchema } from '../../shared/evidence/provenance.ts';
import { githubClaims } from '../servers/sigstore.ts';

test('provenance says what the claims say, and nothing else', () => {
  const claims = workflowClaimsSchema.parse(
    githubClaims({
      sha: 'c'.repeat(40),
      workflow_ref: 'octo/app/.github/workflows/ci.yml@refs/heads/fix@home',
      job_workflow_ref: 'octo/policies/.github/workflows/pipeline.yml@refs/tags/v1',
    }),
  );
  const base = { uri: 'pkg:docker/node@24', digest: { sha256: 'd'.repeat(64) } };
  const provenance = buildProvenance(claims, {
    resolvedDependencies: [base],
    buildStartedAt: '2026-11-21T00:00:00Z',
  });
  expect(provenance).toEqual({
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: {
          ref: 'refs/heads/fix@home',
          repository: 'https://github.com/octo/app',
          path: '.github/workflows/ci.yml',
        },
      },
      internalParameters: {
        github: {
          event_name: 'push',
          repository_id: '123456789',
          repository_owner_id: '5000',
          runner_environment: 'github-hosted',
        },
      },
      resolvedDependencies: [
        { uri: 'git+https://github.com/octo/app@refs/heads/main', digest: { gitCommit: 'c'.repeat(40) } },
        base,
      ],
    },
    runDetails: {
      builder: { id: 'https://github.com/octo/policies/.github/workflows/pipeline.yml@refs/tags/v1' },
      metadata: {
        invocationId: 'https://github.com/octo/app/actions/runs/4242/attempts/1',
        startedOn: '2026-11-21T00:00:00Z',
      },
    },
  });
  expect(provenanceSchema.parse(provenance)).toEqual(provenance);
});

test.each([
  ['https://token.actions.githubusercontent.com', 'https://github.com'],
  ['https://token.actions.githubusercontent.com/octo-enterprise', 'https://github.com'],
  ['https://token.actions.octo.ghe.com', 'https://octo.ghe.com'],
  ['https://github.octo.example/_services/token', 'https://github.octo.example'],
])('a token of %s speaks for %s', (iss, server) => {
  const { runDetails } = buildProvenance(workflowClaimsSchema.parse(githubClaims({ iss })));
  expect(runDetails.builder.id).toBe(`${server}/octo/app/.github/workflows/release.yml@refs/heads/main`);
});
