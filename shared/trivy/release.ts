import { Refused } from '../outcome/outcome.ts';

/** The version of Trivy that is installed unless a caller brings another. */
export const TRIVY_VERSION = '0.72.0';

/** A release archive: its file name, address, and the sha256 (hex) it must have before anything of it is used. */
export interface ReleaseArchive {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
}

// Trivy's release is trusted by these hashes and by nothing else: 0.69.4 came out of the project's own
// release automation, so a signature of the release would not have helped (CVE-2026-33634).
const ARCHIVES: Record<string, readonly [system: string, sha256: string]> = {
  'linux-x64': ['Linux-64bit', 'bbb64b9695866ce4a7a8f5c9592002c5961cab378577fa3f8a040df362b9b2ea'],
  'linux-arm64': ['Linux-ARM64', '2ca2c023109c2db6b2b77366b6717291452d4531167377d95c79547f0c8e3467'],
  'darwin-x64': ['macOS-64bit', 'ee5e60df8a98e5b89fd74a6d86f9e5c7e9a266a35002cb1e43291698b3bfee08'],
  'darwin-arm64': ['macOS-ARM64', '88f208680dc05da2b459e19b4f5aa2b4dc7c2117892ba4aab2ae63baba330016'],
};

/** Days that a release must have been public: malicious ones were found within hours, and a sha256 does not tell them. */
export const MINIMUM_AGE = 7;

const MALICIOUS = ['0.69.4', '0.69.5', '0.69.6'];

/**
 * The release for a machine (`process.platform`, `process.arch`), or undefined when there is none: the pinned one,
 * or another by the sha256 (hex) that the caller has for its archive.
 */
export function releaseArchive(
  platform: string,
  architecture: string,
  other?: { readonly version: string; readonly sha256: string },
): ReleaseArchive | undefined {
  const found = ARCHIVES[`${platform}-${architecture}`];
  if (!found) return undefined;
  const [system, pinned] = found;
  const { version, sha256 } = other ?? { version: TRIVY_VERSION, sha256: pinned };
  const name = `trivy_${version}_${system}.tar.gz`;
  const url = `https://github.com/aquasecurity/trivy/releases/download/v${version}/${name}`;
  return { name, url, sha256 };
}

/** Throws `Refused` for a version that is known to be an attack, wherever it came from. */
export function refuseMalicious(version: string): void {
  if (!MALICIOUS.includes(version)) return;
  throw new Refused(`Trivy ${version} is a malicious release (CVE-2026-33634) and is never run`, {
    hint: `Use ${TRIVY_VERSION}, and treat every credential that a job with ${version} could reach as stolen.`,
  });
}
