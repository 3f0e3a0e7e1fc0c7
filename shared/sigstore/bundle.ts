import type { Bundle } from '@sigstore/bundle';
import * as z from 'zod';
import { parseStrictJson } from '../evidence/json.ts';

/** The most log entries and timestamps of one bundle, and characters of its verification material: honest ones have a few, and each costs time. */
const MATERIAL_CAP = { entries: 16, characters: 256 * 1024 } as const;

/** sigstore_bundle.proto, "media_type". */
const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;version=0\.[123]|\.v0\.3\+json)$/;

const NO_BUNDLE = 'it is no Sigstore bundle of version 0.1, 0.2 or 0.3';

const materialSchema = z.object({
  mediaType: z.string(NO_BUNDLE).regex(BUNDLE_TYPE, NO_BUNDLE),
  verificationMaterial: z.looseObject({
    tlogEntries: z.array(z.unknown()).max(MATERIAL_CAP.entries).optional(),
    timestampVerificationData: z
      .looseObject({ rfc3161Timestamps: z.array(z.unknown()).max(MATERIAL_CAP.entries).optional() })
      .nullish(),
  }),
});

/** Reads a bundle's JSON. The reader throws errors of any kind. */
export async function createBundleReader(): Promise<(bytes: Buffer) => Bundle> {
  const { bundleFromJSON, ValidationError } = await import('@sigstore/bundle');
  return (bytes) => {
    const json = parseStrictJson(bytes);
    const parsed = materialSchema.safeParse(json);
    const [issue] = parsed.error?.issues ?? [];
    if (issue !== undefined) throw new Error(`${issue.path.join('.') || 'the whole'}: ${issue.message}`);
    if (JSON.stringify(parsed.data?.verificationMaterial).length > MATERIAL_CAP.characters) {
      throw new Error(`its verification material is longer than ${MATERIAL_CAP.characters} characters`);
    }
    try {
      return bundleFromJSON(json);
    } catch (cause) {
      if (!(cause instanceof ValidationError)) throw cause;
      throw new Error(`it is no whole bundle: ${cause.fields.join(', ')}`, { cause });
    }
  };
}
