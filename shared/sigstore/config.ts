import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import { Invalid } from '../outcome/outcome.ts';
import { isLoopback } from '../store/transport.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { Instance } from './instance.ts';

const serviceSchema = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => url.startsWith('https:') || isLoopback(new URL(url)), {
      error: 'may be an https URL (http only for loopback)',
    })
    .transform((url) => url.replace(/\/+$/, '')),
  majorApiVersion: z.int().min(1),
  validFor: z.object({ start: z.iso.datetime(), end: z.iso.datetime().optional() }),
});
const selectorSchema = z.object({
  selector: z.enum(['ANY', 'EXACT']),
  count: z.literal(1).optional(),
});

/** Sigstore's SigningConfig v0.2 (sigstore/protobuf-specs, sigstore_trustroot.proto): services by the version of their API and the time they are in use. */
const configSchema = z.object({
  mediaType: z.literal('application/vnd.dev.sigstore.signingconfig.v0.2+json'),
  caUrls: z.array(serviceSchema).min(1),
  rekorTlogUrls: z.array(serviceSchema).default([]),
  tsaUrls: z.array(serviceSchema).default([]),
  rekorTlogConfig: selectorSchema.optional(),
  tsaConfig: selectorSchema.optional(),
});

/**
 * The instance that a signing configuration describes, now: of each kind of service the newest version of its API that is spoken here.
 * Throws `Invalid` for a file that is none, that asks for more than one log or timestamp, or whose log gives no time and nothing else does.
 */
export async function readSigningConfig(path: string, context: RunContext): Promise<Instance> {
  const input = 'signing-config';
  const file = await resolveInside(context.workspace, path, input);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Invalid(input, `"${path}" cannot be read as JSON`, { cause });
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Invalid(
      input,
      `"${path}" is no signing configuration v0.2 with one log and one timestamp: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const { caUrls, rekorTlogUrls, tsaUrls } = parsed.data;
  const ca = choose(caUrls, 1);
  const log = choose(rekorTlogUrls, 2);
  const tsa = choose(tsaUrls, 1);
  if (ca === undefined)
    throw new Invalid(input, `"${path}" names no certificate authority that is in use now`);
  if (tsa === undefined && log?.majorApiVersion !== 1) {
    throw new Invalid(
      input,
      `"${path}" names nothing that says when: a log of version 1 or a timestamp authority`,
    );
  }
  const rekorVersion = log?.majorApiVersion === 2 ? 2 : 1;
  return { name: 'custom', fulcioUrl: ca.url, rekorUrl: log?.url, rekorVersion, tsaUrl: tsa?.url };
}

/** The first service of the newest version up to `newest` that is in use now. */
function choose(services: readonly z.infer<typeof serviceSchema>[], newest: number) {
  const now = new Date();
  return services
    .filter(({ majorApiVersion }) => majorApiVersion <= newest)
    .filter(({ validFor: { start, end } }) => new Date(start) <= now && (!end || now < new Date(end)))
    .toSorted((a, b) => b.majorApiVersion - a.majorApiVersion)[0];
}
