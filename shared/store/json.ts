import type * as z from 'zod';

/** Foreign JSON read through a schema, or undefined when it is no JSON or has another shape. */
export function readJson<S extends z.ZodType>(schema: S, bytes: Buffer | string): z.output<S> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  return schema.safeParse(value).data;
}
