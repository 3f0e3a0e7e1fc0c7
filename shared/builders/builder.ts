import type { RunContext } from '../github/context.ts';
import type { Platform } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

export const BUILDERS = ['buildkit', 'layers'] as const;
export type BuilderName = (typeof BUILDERS)[number];

/** What every builder is told. */
export interface BuildRequest {
  /** The context: an absolute folder inside the workspace, free of symlinks. */
  readonly folder: string;
  /** Absolute folder that the OCI layout is written into; it exists and is empty. */
  readonly layout: string;
  /** Absolute folder for what a build needs on its way; who asks for the build removes it. */
  readonly temp: string;
  /** When the image was created as far as its bytes say, in seconds since 1970: the commit's time. */
  readonly created: number;
  /** Empty means the builder's default. */
  readonly platforms: readonly Platform[];
  readonly labels: Readonly<Record<string, string>>;
  /** Written to every manifest, and to the index where there is one. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Something the image was made of, by digest: a resolved dependency of its provenance (SLSA v1, ResourceDescriptor). */
export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** What a build says of a line of its Dockerfile. */
export interface BuildCheck {
  /** The rule: `SecretsUsedInArgOrEnv`. */
  readonly name: string;
  readonly message: string;
  readonly url: string | undefined;
  /** From 1 on. */
  readonly line: number | undefined;
}

export interface BuiltImage {
  /** Digest of the layout's one image: an index for several platforms, a manifest for one. */
  readonly digest: Digest;
  readonly materials: readonly Material[];
  readonly checks: readonly BuildCheck[];
}

/** Writes one image as an OCI layout into `request.layout` and pushes nothing. */
export type Builder<Request extends BuildRequest> = (
  request: Request,
  context: RunContext,
) => Promise<BuiltImage>;
