import * as z from 'zod';
import type { Digest } from '../image/digest.ts';
import { type Finding, isNamed } from './finding.ts';
import { parsePackageUrl } from './packages.ts';

/** What an OpenVEX statement says of some products. */
export interface VexStatement {
  readonly status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation';
  /** One of OpenVEX's justifications, or the impact statement in its place. */
  readonly justification: string;
  /** Milliseconds. */
  readonly time: number;
  /** Names of the vulnerability. */
  readonly names: readonly string[];
  readonly products: readonly Product[];
}

type PackageUrl = NonNullable<ReturnType<typeof parsePackageUrl>>;

interface Component {
  readonly purls: readonly PackageUrl[];
  /** sha256, hex. */
  readonly hash: string | undefined;
}

interface Product extends Component {
  readonly subcomponents: readonly Component[];
}

/** The image that findings are of: every digest that names it or a platform of it, and the repository where it is known. */
export interface VexImage {
  readonly digests: readonly Digest[];
  /** `ghcr.io/octo/app` */
  readonly repository?: string | undefined;
}

const component = z.object({
  '@id': z.string().optional(),
  identifiers: z.record(z.string(), z.string()).optional(),
  hashes: z.record(z.string(), z.string()).optional(),
});
const vulnerability = z.union([
  z.string().transform((name) => ({ name, aliases: [] as string[] })),
  z.object({ name: z.string(), aliases: z.array(z.string()).default([]) }),
]);
const documentSchema = z.object({
  timestamp: z.iso.datetime({ offset: true }),
  statements: z
    .array(
      z.object({
        vulnerability,
        timestamp: z.iso.datetime({ offset: true }).optional(),
        products: z
          .array(
            z.union([
              z.string().transform((id) => ({ '@id': id, subcomponents: [] })),
              component.extend({
                subcomponents: z
                  .array(z.union([z.string().transform((id) => ({ '@id': id })), component]))
                  .default([]),
              }),
            ]),
          )
          .default([]),
        status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
        justification: z.string().default(''),
        impact_statement: z.string().default(''),
      }),
    )
    .max(100_000),
});

/** The statements of an OpenVEX document (spec v0.2.0); undefined for anything else. */
export function readVex(document: unknown): VexStatement[] | undefined {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { timestamp, statements } = parsed.data;
  return statements.map((one) => ({
    status: one.status,
    justification: one.justification || one.impact_statement,
    time: Date.parse(one.timestamp ?? timestamp),
    names: [one.vulnerability.name, ...one.vulnerability.aliases],
    products: one.products.map((product) => ({
      ...readComponent(product),
      subcomponents: product.subcomponents.map(readComponent),
    })),
  }));
}

function readComponent(given: z.output<typeof component>): Component {
  const ids = [given['@id'], given.identifiers?.['purl']];
  return {
    purls: ids.flatMap((id) => (id === undefined ? [] : (parsePackageUrl(id) ?? []))),
    hash: (given.hashes?.['sha-256'] ?? given.hashes?.['sha256'])?.toLowerCase(),
  };
}

/**
 * What VEX says of a vulnerability: the newest statement that names it and this image or package ("Inheritance Flow": later statements
 * override earlier ones); of two at one moment the one that excuses less. Undefined when none is about it.
 */
export function findVex(
  statements: readonly VexStatement[],
  found: Finding,
  image: VexImage,
): VexStatement | undefined {
  if (found.class !== 'vulnerability') return undefined;
  const about = statements.filter(
    ({ names, products }) =>
      names.some((name) => isNamed(found, name)) && products.some((one) => isProduct(one, found, image)),
  );
  return about.reduce<VexStatement | undefined>((best, one) => {
    if (best === undefined || one.time > best.time) return one;
    return one.time === best.time && excuses(best) && !excuses(one) ? one : best;
  }, undefined);
}

/** Whether a statement takes its vulnerability out of a verdict. `not_affected` must say why (spec, "Statement Fields"). */
export function excuses({ status, justification }: VexStatement): boolean {
  return status === 'fixed' || (status === 'not_affected' && justification !== '');
}

/** A product is the package itself, or the image with the package as one of its subcomponents; with none named, all of the image. */
function isProduct(product: Product, found: Finding, image: VexImage): boolean {
  const purl = parsePackageUrl(found.purl);
  const isPackage = ({ purls }: Component): boolean =>
    purl !== undefined && purls.some((wanted) => purlCovers(wanted, purl));
  if (isImage(product, image)) {
    return product.subcomponents.length === 0 || product.subcomponents.some(isPackage);
  }
  return product.subcomponents.length === 0 && isPackage(product);
}

function isImage({ purls, hash }: Component, { digests, repository }: VexImage): boolean {
  if (hash !== undefined && digests.some((digest) => digest === `sha256:${hash}`)) return true;
  return purls.some(({ type, name, version, qualifiers }) => {
    if (type !== 'oci') return false;
    const named = qualifiers.get('repository_url') ?? undefined;
    const elsewhere = named !== undefined && repository !== undefined && named !== repository;
    if (version !== '') return !elsewhere && digests.some((digest) => digest === version);
    // Without a digest any image of the repository is meant, so it has to be named.
    return named !== undefined && named === repository && name === repository.split('/').at(-1);
  });
}

/** Whether one package URL means another: without a version every version of it, and each qualifier that it gives must be the same. */
function purlCovers(wanted: PackageUrl, found: PackageUrl): boolean {
  return (
    wanted.type === found.type &&
    wanted.namespace === found.namespace &&
    wanted.name === found.name &&
    (wanted.version === '' || wanted.version === found.version) &&
    [...wanted.qualifiers].every(([key, value]) => found.qualifiers.get(key) === value)
  );
}
