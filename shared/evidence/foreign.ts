import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';
import { readClair } from './clair.ts';
import type { Finding } from './finding.ts';
import { readGrype } from './grype.ts';
import { readSarif } from './sarif.ts';
import { readSnyk } from './snyk.ts';
import { readResults, resultsSchema } from './trivy.ts';

/** A report with more is refused: it is somebody else's file. */
const MAX_FINDINGS = 100_000;
const MAX_TEXT = 4096;

/** The scanner of this suite: a file that calls itself so is still somebody else's. */
const OWN = 'trivy';

/** A reader gives undefined for what is not its scanner's form, and throws a `ZodError` for what is and cannot be understood. */
type Reader = (json: object, platform: string) => Finding[] | undefined;

const trivySchema = z.object({ SchemaVersion: z.literal(2), Results: resultsSchema });
const readTrivy: Reader = (json, platform) =>
  'SchemaVersion' in json
    ? readResults(trivySchema.parse(json).Results, { scanner: 'trivy', platform })
    : undefined;

const READERS: readonly Reader[] = [readSarif, readGrype, readClair, readTrivy, readSnyk];

/**
 * Reads the report of another scanner about one platform: SARIF 2.1.0, or the JSON of Grype, Snyk, Clair or Trivy. Each finding says who found it.
 * Throws `Invalid` naming `reports` for anything else: a report that is not understood would look as if it had found nothing.
 */
export function readForeignReport(text: string, file: string, platform: string): Finding[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Invalid('reports', `"${file}" is no JSON, or was cut off`, { cause });
  }
  let findings: Finding[] | undefined;
  try {
    if (typeof json === 'object' && json !== null) {
      for (const read of READERS) {
        findings ??= read(json, platform);
      }
    }
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const [first] = cause.issues;
    throw new Invalid(
      'reports',
      `"${file}" is not what its scanner writes: ${first?.path.join('.')}: ${first?.message}`,
      { cause },
    );
  }
  if (findings === undefined) {
    throw new Invalid('reports', `"${file}" is neither SARIF nor JSON of Grype, Snyk, Clair or Trivy`);
  }
  if (findings.length > MAX_FINDINGS) {
    throw new Invalid(
      'reports',
      `"${file}" has ${findings.length} findings; at most ${MAX_FINDINGS} are read`,
    );
  }
  return findings.map((found) =>
    shorten(found.scanner === OWN ? { ...found, scanner: `${OWN} (another run)` } : found),
  );
}

function shorten(found: Finding): Finding {
  const entries = Object.entries(found).map(([name, value]) => [
    name,
    typeof value === 'string' && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value,
  ]);
  return Object.fromEntries(entries) as Finding;
}
