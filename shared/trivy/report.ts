import * as z from 'zod';
import { normalizeReport, type ScanAdditions, type ScanResult, trivyReportSchema } from '../evidence/scan.ts';
import type { Digest } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import type { LayerDigests } from './layout.ts';

const layer = z.object({ Size: z.number(), Digest: z.string(), DiffID: z.string() }).partial();

const cause = z
  .object({
    Resource: z.string(),
    Provider: z.string(),
    Service: z.string(),
    StartLine: z.number(),
    EndLine: z.number(),
  })
  .partial();

const misconfiguration = z
  .looseObject({ CauseMetadata: cause.optional() })
  .transform(({ Message: _, ...found }) => found);

/*
 * What of Trivy's report is written on. Where a secret may stand only the fields named here stay:
 * Trivy masks what it matched, but the lines beside it, those that a misconfiguration stands in, the environment and the commands of the image's history come along as they are,
 * and the message of a misconfiguration quotes them ("'-y' flag is missed: 'TOKEN=… apt-get install curl'").
 */
const writtenSchema = z.looseObject({
  Metadata: z.looseObject({
    ImageConfig: z
      .object({
        architecture: z.string(),
        created: z.string(),
        os: z.string(),
        rootfs: z.unknown(),
        config: z.object({ Labels: z.record(z.string(), z.string()).optional() }),
      })
      .partial()
      .optional(),
    Layers: z.array(layer).optional(),
  }),
  Results: z
    .array(
      z.looseObject({
        Secrets: z
          .array(
            z.object({
              RuleID: z.string(),
              Category: z.string().optional(),
              Severity: z.string().optional(),
              Title: z.string().optional(),
              StartLine: z.number().optional(),
              EndLine: z.number().optional(),
              Layer: layer.optional(),
            }),
          )
          .optional(),
        Misconfigurations: z.array(misconfiguration).optional(),
      }),
    )
    .optional(),
});

/**
 * Turns what Trivy wrote into the report that scan hands out: without secrets, named after the image instead of the folder it was read from,
 * and with `additions` beside it, as `json` and as `text`. `Refused` when Trivy looked at another image than the one with `config`, `Unavailable` when it is no whole report.
 */
export function buildReport(
  written: string,
  additions: ScanAdditions,
  image: { name: string; config: Digest; inRegistry: boolean; layers: LayerDigests },
): { json: unknown; text: string; scan: ScanResult; packages: number } {
  let found: unknown;
  try {
    found = JSON.parse(nameLayers(written, image.layers));
  } catch (cause) {
    throw new Unavailable("Trivy's report is no JSON, or was cut off", { cause });
  }
  const report = parseReport(trivyReportSchema, found);
  const { Metadata, ...rest } = parseReport(writtenSchema, found);
  if (report.Metadata.ImageID !== image.config) {
    throw new Refused(
      `Trivy scanned the image ${report.Metadata.ImageID}, not ${image.config} of ${image.name}`,
    );
  }
  const scan = normalizeReport(report, additions);
  const names = new Set(scan.findings.flatMap(({ id, aliases }) => [id, ...aliases]));
  const exploited = Object.entries(additions.exploited ?? {}).filter(([id]) => names.has(id));
  const json = {
    ...rest,
    ArtifactName: image.name,
    // The package URL of the SBOM comes from here; a layout has none.
    Metadata: { ...Metadata, ...(image.inRegistry && { RepoDigests: [image.name] }) },
    // Of the catalogue only what is of use here.
    Hallmark: { ...additions, ...(additions.exploited && { exploited: Object.fromEntries(exploited) }) },
  };
  const packages = report.Results.reduce((sum, { Packages }) => sum + Packages.length, 0);
  return { json, text: JSON.stringify(json), scan, packages };
}

/** Layers that were unpacked for Trivy get the names back that the image's manifest has for them. */
function nameLayers(written: string, layers: LayerDigests): string {
  return written.replace(/("Digest":\s*")([^"]+)(?=")/g, (whole, before: string, digest: string) => {
    const named = layers.get(digest);
    return named === undefined ? whole : before + named;
  });
}

/** Reads what Trivy wrote. `Unavailable` when it is something else. */
export function parseReport<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new Unavailable(`Trivy's report is not understood: ${first?.path.join('.')}: ${first?.message}`);
}
