import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { descriptorSchema } from '../image/descriptor.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import type { BuildCheck, BuiltImage, Material } from './builder.ts';

const layoutIndexSchema = z.object({ manifests: z.array(descriptorSchema).length(1) });
const materialsSchema = z.array(
  z.object({ uri: z.string(), digest: z.record(z.string(), z.string()).optional() }),
);
/** BuildKit's own provenance: SLSA v0.2 has `materials`, v1 `resolvedDependencies`. Nothing else of it is read: it holds the build arguments' values. */
const buildkitProvenanceSchema = z.object({
  materials: materialsSchema.optional(),
  buildDefinition: z.object({ resolvedDependencies: materialsSchema.optional() }).optional(),
});
const metadataSchema = z.looseObject({ 'containerimage.digest': z.string() });

/** What buildx built and says of it, from its layout and its metadata file. A digest that the layout does not hold is `Refused`. */
export async function readResult(layout: string, metadataFile: string): Promise<BuiltImage> {
  const index = layoutIndexSchema.safeParse(await readJson(join(layout, 'index.json')));
  const metadata = metadataSchema.safeParse(await readJson(metadataFile));
  if (!index.success || !metadata.success) {
    throw new Unavailable('BuildKit wrote no OCI layout with one image, or no metadata about it', {
      hint: 'Set up a builder with docker/setup-buildx-action, or use "builder: layers".',
    });
  }
  const digest = index.data.manifests[0]?.digest;
  if (digest === undefined || digest !== metadata.data['containerimage.digest']) {
    throw new Refused(
      `BuildKit says it built ${metadata.data['containerimage.digest']}, but its layout holds ${digest}`,
      {
        hint: 'An old engine reports the ID of the image instead of its digest; set up a newer one with docker/setup-buildx-action.',
      },
    );
  }
  return { digest, materials: readMaterials(metadata.data), checks: readChecks(metadata.data) };
}

/** The base images and downloads that the metadata file names, by digest. Addresses lose user names, passwords and queries. */
export function readMaterials(metadata: Readonly<Record<string, unknown>>): Material[] {
  const found = new Map<string, Material>();
  for (const [key, value] of Object.entries(metadata)) {
    if (key !== 'buildx.build.provenance' && !key.startsWith('buildx.build.provenance/')) continue;
    const provenance = buildkitProvenanceSchema.safeParse(value);
    if (!provenance.success) {
      throw new Unavailable('BuildKit’s metadata names its materials in a shape that is not known', {
        cause: provenance.error,
        retrySafe: false,
      });
    }
    const { materials = [], buildDefinition } = provenance.data;
    for (const { uri, digest } of [...materials, ...(buildDefinition?.resolvedDependencies ?? [])]) {
      if (digest === undefined || Object.keys(digest).length === 0) continue;
      const address = withoutSecrets(uri);
      found.set(`${address} ${JSON.stringify(digest)}`, { uri: address, digest });
    }
  }
  return [...found.values()];
}

// base64, as Go writes bytes.
const bytes = z.string().transform((text) => Buffer.from(text, 'base64').toString('utf8'));
const warningsSchema = z.array(
  z.object({
    short: bytes,
    url: z.string().optional(),
    range: z.array(z.object({ start: z.object({ line: z.number() }) })).nullish(),
  }),
);

/** What BuildKit's build checks say (docs.docker.com, "Build checks"), each once. What is in no known shape is no check: none fails a build. */
export function readChecks(metadata: Readonly<Record<string, unknown>>): BuildCheck[] {
  const warnings = warningsSchema.safeParse(metadata['buildx.build.warnings']).data ?? [];
  const checks = warnings.map(({ short, url, range }): BuildCheck => {
    const [, name = 'BuildCheck', message = short] = /^(\w+): (.*)$/s.exec(short) ?? [];
    const line = range?.[0]?.start.line;
    return { name, message: message.replace(/ \(line \d+\)$/, ''), url, line };
  });
  // Each platform is checked by itself.
  return [
    ...new Map(checks.map((check) => [`${check.line} ${check.name} ${check.message}`, check])).values(),
  ];
}

function withoutSecrets(uri: string): string {
  const bare = uri.replace(/\/\/[^/@]*@/, '//');
  return /^(?:git\+)?https?:/.test(bare) ? bare.replace(/\?[^#]*/, '') : bare;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
