// Values that hold to a schema of GitHub's OpenAPI description: a stub states only what a test is about.
import type { Context } from 'openapi-backend';

export type Schema = Record<string, unknown>;

/** The schema of an operation's good answer. */
export function successSchema(context: Context, status = 200): Schema {
  const responses = context.operation.responses as Record<
    string,
    { content: Record<string, { schema: Schema }> }
  >;
  return responses[String(status)]?.content['application/json']?.schema ?? {};
}

/** The smallest value that a schema allows, with what is given in its place. */
export function fillRequired(schema: Schema, given?: unknown): unknown {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return given;
  if (schema.nullable === true && given === undefined) return null;
  // "Nothing, or this": nothing only where nothing is given.
  const choices = ([schema.oneOf, schema.anyOf, schema.allOf].find(Array.isArray) ?? []) as Schema[];
  const first =
    given === undefined ? choices[0] : (choices.find((one) => one.enum === undefined) ?? choices[0]);
  if (first !== undefined) return fillRequired(first, given);
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      const known = (given ?? {}) as Record<string, unknown>;
      const properties = (schema.properties ?? {}) as Record<string, Schema>;
      const names = new Set([...((schema.required as string[] | undefined) ?? []), ...Object.keys(known)]);
      return Object.fromEntries(
        [...names].map((name) => [name, fillRequired(properties[name] ?? {}, known[name])]),
      );
    }
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    default:
      return schema.format === 'date-time' ? '2026-11-21T00:00:00Z' : 'https://example.com/';
  }
}
