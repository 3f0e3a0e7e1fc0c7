import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Dossier } from '../../../shared/environment/dossier.ts';
import type { Rescan } from '../../../shared/environment/rescan.ts';
import type { Search } from '../../../shared/environment/search.ts';

interface Answers {
  readonly rescan: Rescan;
  readonly found: Search;
  readonly dossier: Dossier;
}

/** The published form of what status writes (schema/<name>.json), to hold a document against; not whether a time is one. */
export function readForm<T = unknown>(name: 'status' | keyof Answers): ValidateFunction<T> {
  const schema = readFileSync(new URL(`../../../schema/${name}.json`, import.meta.url), 'utf8');
  return new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile<T>(JSON.parse(schema));
}

/** Reads a file that status wrote; throws where it is not of the published form. */
export function readWritten<N extends keyof Answers>(name: N, path: unknown): Answers[N] {
  const document: unknown = JSON.parse(readFileSync(String(path), 'utf8'));
  const accepts = readForm<Answers[N]>(name);
  if (accepts(document)) return document;
  throw new Error(`${path} is not of the form: ${JSON.stringify(accepts.errors?.slice(0, 3))}`);
}
