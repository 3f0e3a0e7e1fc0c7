import * as z from 'zod';

/** One package of one platform, named as its ecosystem names it. */
export interface Package {
  /** `lodash`, `org.apache.logging.log4j:log4j-core`, `github.com/gin-gonic/gin` */
  readonly name: string;
  /** Type of its package URL: `npm`, `deb`, `golang`, … */
  readonly type: string;
  readonly version: string;
  readonly licences: readonly string[];
  /** Its package URL as the document has it; empty when there is none. */
  readonly url: string;
}

/** Types whose namespace is the distribution (purl-spec, PURL-TYPES), which an image has one of. */
const DISTRIBUTED: ReadonlySet<string> = new Set(['deb', 'rpm', 'apk', 'alpm', 'bitnami']);
/** Types of what holds packages and is none. */
const CONTAINERS: ReadonlySet<string> = new Set(['oci', 'docker']);

/**
 * The type, namespace, name (as its ecosystem writes it, so most often with the namespace), version and qualifiers of a package URL (package-url/purl-spec, "How to parse a purl string in its components").
 * Undefined for anything else.
 */
export function parsePackageUrl(
  url: string,
):
  | { type: string; namespace: string; name: string; version: string; qualifiers: URLSearchParams }
  | undefined {
  const match = /^pkg:\/*([a-zA-Z][\w.+-]*)\/([^?#]+)(?:\?([^#]*))?/.exec(url);
  if (!match?.[1] || !match[2]) return undefined;
  const type = match[1].toLowerCase();
  // A scope may begin with an unescaped @.
  const at = match[2].lastIndexOf('@');
  const path = at > match[2].lastIndexOf('/') ? match[2].slice(0, at) : match[2];
  try {
    const parts = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
    const name = DISTRIBUTED.has(type) ? parts.at(-1) : parts.join(type === 'maven' ? ':' : '/');
    const version = decodeURIComponent(match[2].slice(path.length + 1));
    const namespace = parts.slice(0, -1).join('/');
    return name ? { type, namespace, name, version, qualifiers: new URLSearchParams(match[3]) } : undefined;
  } catch {
    return undefined;
  }
}

/** A package by its URL, or by what else is known where that is none; undefined for what contains the packages. */
function namePackage(known: Package): Package | undefined {
  const parsed = parsePackageUrl(known.url);
  if (parsed === undefined) return known;
  const { type, name } = parsed;
  return CONTAINERS.has(type) ? undefined : { ...known, type, name };
}

const text = z.string().default('');
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const trivySchema = z.object({
  Results: list(
    z.object({
      Type: text,
      Packages: list(
        z.object({
          Name: text,
          Version: text,
          Release: text,
          Epoch: z.number().default(0),
          Licenses: list(z.string()),
          Identifier: z.object({ PURL: text }).optional(),
        }),
      ),
    }),
  ),
});

/** The packages of one of Trivy's JSON reports that lists all packages. Undefined for anything else. */
export function readPackages(report: unknown): Package[] | undefined {
  const parsed = trivySchema.safeParse(report);
  if (!parsed.success) return undefined;
  return (parsed.data.Results ?? []).flatMap(({ Type, Packages }) =>
    (Packages ?? []).flatMap(({ Name, Version, Release, Epoch, Licenses, Identifier }) => {
      const upstream = Release === '' ? Version : `${Version}-${Release}`;
      const version = Epoch === 0 ? upstream : `${Epoch}:${upstream}`;
      return (
        namePackage({
          name: Name,
          type: Type,
          version,
          licences: Licenses ?? [],
          url: Identifier?.PURL ?? '',
        }) ?? []
      );
    }),
  );
}

/** CycloneDX 1.4 and later, as far as a comparison needs it. */
const cyclonedxSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: list(
    z.object({
      name: text,
      version: text,
      purl: text,
      licenses: list(
        z.object({
          license: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
          expression: z.string().optional(),
        }),
      ),
    }),
  ),
});

/** SPDX 2.2 and 2.3 as JSON, as far as a comparison needs it. */
const spdxSchema = z.object({
  spdxVersion: z.string().startsWith('SPDX-2.'),
  packages: list(
    z.object({
      name: text,
      versionInfo: text,
      licenseDeclared: text,
      licenseConcluded: text,
      externalRefs: list(z.object({ referenceType: text, referenceLocator: text })),
    }),
  ),
});

/**
 * The packages of an SBOM as CycloneDX or SPDX 2: whatever has a package URL. Files, the operating system and lists of packages,
 * which some tools write as components too, have none. Undefined for any other document.
 */
export function readSbomPackages(document: unknown): Package[] | undefined {
  const cyclonedx = cyclonedxSchema.safeParse(document);
  if (cyclonedx.success) {
    return (cyclonedx.data.components ?? []).flatMap(({ name, version, purl, licenses }) => {
      const licences = (licenses ?? []).map(
        ({ license, expression }) => expression ?? license?.id ?? license?.name ?? '',
      );
      return (purl && namePackage({ name, type: '', version, licences, url: purl })) || [];
    });
  }
  const spdx = spdxSchema.safeParse(document);
  if (!spdx.success) return undefined;
  return (spdx.data.packages ?? []).flatMap(({ name, versionInfo: version, externalRefs, ...said }) => {
    const purl = externalRefs?.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator ?? '';
    const licence = [said.licenseDeclared, said.licenseConcluded].find(
      (one) => !/^(?:NOASSERTION|NONE)?$/.test(one),
    );
    const licences = licence === undefined ? [] : [licence];
    return (purl && namePackage({ name, type: '', version, licences, url: purl })) || [];
  });
}
