// Looks at what the demo made with tools that know nothing of this project: crane and cosign, where this machine has them.
import { join } from 'node:path';
import { runProcess } from '../../shared/process/run.ts';
import { GATE_WORKFLOW, RELEASE_WORKFLOW, type World } from '../../test/actions/world.ts';
import { findTool } from '../tools.ts';

/** An environment as crane and cosign see it. */
export interface Outside {
  /** True when the environment's tag names `digest`, and cosign verifies its signature, its SBOM and its verdict with exact identities. */
  confirm(place: string, environment: string, digest: string): Promise<boolean>;
  /** True when crane pulls every byte of an image (by digest) and cosign verifies its signature and its SBOM. */
  pull(image: string): Promise<boolean>;
  /** Makes a tag name an image, as anybody may who can push. */
  moveTag(image: string, tag: string): Promise<void>;
}

const ISSUER = 'https://token.actions.githubusercontent.com';
const VERDICT = 'https://slsa.dev/verification_summary/v1';

/** Undefined where one of the tools is not there: `npm run test:interop` builds them. */
export function openOutside(world: World): Outside | undefined {
  const [crane, cosign] = [findTool('crane'), findTool('cosign')];
  if (crane === undefined || cosign === undefined) return undefined;
  const run = (program: string, args: readonly string[]) =>
    runProcess(program, [...args], {
      env: { HOME: join(world.folder, 'home'), PATH: process.env.PATH ?? '' },
      cwd: world.folder,
      deadline: AbortSignal.timeout(60_000),
    });
  const verify = async (command: readonly string[], image: string, workflow: string): Promise<boolean> => {
    const { code } = await run(cosign, [
      ...command,
      ...['--allow-http-registry', '--trusted-root', world.trustedRootFile],
      ...['--certificate-oidc-issuer', ISSUER],
      ...['--certificate-identity', `https://github.com/octo/app/${workflow}@refs/heads/main`],
      image,
    ]);
    return code === 0;
  };
  const verifyImage = async (image: string): Promise<boolean> => {
    const verified = await Promise.all([
      verify(['verify'], image, RELEASE_WORKFLOW),
      verify(['verify-attestation', '--type', 'cyclonedx'], image, RELEASE_WORKFLOW),
    ]);
    return verified.every(Boolean);
  };
  return {
    confirm: async (place, environment, digest) => {
      const named = await run(crane, ['digest', '--insecure', `${place}:env-${environment}`]);
      if (named.stdout.toString().trim() !== digest) return false;
      const image = `${place}@${digest}`;
      const verified = await Promise.all([
        verifyImage(image),
        verify(['verify-attestation', '--type', VERDICT], image, GATE_WORKFLOW),
      ]);
      return verified.every(Boolean);
    },
    pull: async (image) => {
      const { code } = await run(crane, ['validate', '--insecure', '--remote', image]);
      return code === 0 && (await verifyImage(image));
    },
    moveTag: async (image, tag) => {
      const { code, stderr } = await run(crane, ['tag', '--insecure', image, tag]);
      if (code !== 0) throw new Error(`crane tag: ${stderr}`);
    },
  };
}
