// With --keep: what to type to look at what the demo made, with tools that know nothing of this project.
import { relative } from 'node:path';
import { GATE_WORKFLOW, RELEASE_WORKFLOW } from '../../test/actions/world.ts';
import type { Stage } from './stage.ts';
import { bold, print } from './story.ts';

/** Prints the commands. */
export function printCommands({ world, places }: Stage, image: string): void {
  const prod = `${places.prod}:env-prod`;
  const cosign = (command: string, workflow: string): string =>
    [
      `cosign ${command} --allow-http-registry --trusted-root ${relative('.', world.trustedRootFile)}`,
      '--certificate-oidc-issuer https://token.actions.githubusercontent.com',
      `--certificate-identity https://github.com/octo/app/${workflow}@refs/heads/main`,
    ].join(' \\\n    ');
  print(`\n${bold('Look around')} (Ctrl-C ends it)`);
  for (const [what, command] of [
    ['What prod holds', `crane digest ${prod}`],
    ['Its history', `crane ls ${places.prod}`],
    ['Its signature', `${cosign('verify', RELEASE_WORKFLOW)} ${prod}`],
    ['Its SBOM', `${cosign('verify-attestation --type cyclonedx', RELEASE_WORKFLOW)} ${prod}`],
    [
      'The verdicts',
      `${cosign('verify-attestation --type https://slsa.dev/verification_summary/v1', GATE_WORKFLOW)} ${image}`,
    ],
  ] as const) {
    print(`\n  ${what}\n  ${command}`);
  }
}

/** Ctrl-C ends the wait, not the program: the services are stopped in order. */
export function waitForInterrupt(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
}
