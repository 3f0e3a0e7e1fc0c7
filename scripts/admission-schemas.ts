// node scripts/admission-schemas.ts <kyverno.io_clusterpolicies.yaml> <300-clusterimagepolicy.yaml>: cuts what test/fixtures/admission.yml uses out of
// the custom resource definitions that Kyverno (config/crds/kyverno) and policy-controller (config) publish. Run by hand for newer ones.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; items?: Schema };

// What checks something; prose and defaults are most of a definition.
const KEPT = ['type', 'enum', 'pattern', 'required', 'x-kubernetes-preserve-unknown-fields'] as const;

/** The schema along what the values hold; a field that none of them has keeps its name alone. */
function cut(schema: Schema, values: readonly unknown[]): Schema {
  const objects = values.filter(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  );
  return {
    ...Object.fromEntries(KEPT.filter((name) => name in schema).map((name) => [name, schema[name]])),
    ...(schema.properties && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([name, inner]) => {
          const within = objects.map((value) => (value as Record<string, unknown>)[name]);
          return [name, within.some((value) => value !== undefined) ? cut(inner, within) : {}];
        }),
      ),
    }),
    ...(schema.items && { items: cut(schema.items, values.filter(Array.isArray).flat()) }),
  };
}

const url = (path: string): URL => new URL(`../${path}`, import.meta.url);
const documents = parseAllDocuments(readFileSync(url('test/fixtures/admission.yml'), 'utf8')).map((one) =>
  one.toJS(),
);
const schemas = process.argv.slice(2).map((file) => {
  const { spec } = parse(readFileSync(file, 'utf8'));
  const mine = documents.filter(({ kind }) => kind === spec.names.kind);
  const version = spec.versions.find(({ name }: { name: string }) =>
    mine.every(({ apiVersion }) => apiVersion === `${spec.group}/${name}`),
  );
  return [spec.names.kind, cut(version.schema.openAPIV3Schema, mine)];
});
const $comment =
  'Cut by scripts/admission-schemas.ts out of the definitions of kyverno/kyverno and sigstore/policy-controller (Apache-2.0).';
writeFileSync(
  url('test/fixtures/admission-schemas.json'),
  `${JSON.stringify({ $comment, ...Object.fromEntries(schemas) }, null, 1)}\n`,
);
