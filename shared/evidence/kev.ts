import * as z from 'zod';
import { Invalid } from '../outcome/outcome.ts';

/** CISA's catalogue of known exploited vulnerabilities: when it was released, and the day each was listed, by its id. */
export interface ExploitedList {
  readonly releasedAt: string;
  readonly listed: Readonly<Record<string, string>>;
}

/** cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json */
const schema = z.object({
  dateReleased: z.iso.datetime({ offset: true }),
  vulnerabilities: z
    .array(z.object({ cveID: z.string().regex(/^CVE-\d{4}-\d{4,19}$/), dateAdded: z.iso.date() }))
    .max(100_000),
});

/** Reads the catalogue's JSON. Throws `Invalid` naming `kev` for anything else, also for one that does not say when it was released. */
export function readExploitedList(text: string, file: string): ExploitedList {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Invalid('kev', `"${file}" is no JSON, or was cut off`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw new Invalid(
      'kev',
      `"${file}" is no catalogue of CISA: ${first?.path.join('.')}: ${first?.message}`,
    );
  }
  const { dateReleased, vulnerabilities } = parsed.data;
  return {
    releasedAt: dateReleased,
    listed: Object.fromEntries(vulnerabilities.map(({ cveID, dateAdded }) => [cveID, dateAdded])),
  };
}
