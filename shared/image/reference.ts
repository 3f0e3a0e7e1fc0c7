import { Invalid } from '../outcome/outcome.ts';
import { type Digest, parseDigest } from './digest.ts';

/** A repository in a registry: `ghcr.io` and `octo/app`. */
export interface Repository {
  readonly registry: string;
  readonly path: string;
}

/** Where an image is: in a registry or in an OCI layout on disk, by digest, by tag, or (for a place only) by neither. */
export type Reference = (
  | { readonly kind: 'registry'; readonly repository: Repository }
  | { readonly kind: 'layout'; readonly folder: string }
) & { readonly digest?: Digest; readonly tag?: string };

/** A reference that names one image for ever. */
export type DigestReference = Reference & { readonly digest: Digest };

// distribution-spec 1.1, "Pulling manifests": <name> and <reference>.
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const registryPattern =
  /^(?:localhost|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?=:)|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;

/** True when `text` may be a tag (distribution-spec 1.1). */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Reads `registry/path`. Throws `Invalid` naming `input`; a registry is never assumed, so `octo/app` is refused. */
export function parseRepository(text: string, input = 'repository'): Repository {
  if (/^[a-z]+:\/\//.test(text)) {
    throw new Invalid(input, 'starts with the registry, without http:// or https://, as in ghcr.io/octo/app');
  }
  const slash = text.indexOf('/');
  const registry = slash < 0 ? '' : text.slice(0, slash);
  const path = slash < 0 ? text : text.slice(slash + 1);
  if (!registryPattern.test(registry)) {
    throw new Invalid(
      input,
      'names no registry; write it in full, as in ghcr.io/octo/app or localhost:5000/app',
    );
  }
  if (path.includes('@') || path.includes(':')) {
    throw new Invalid(input, 'takes a repository without tag or digest, as in ghcr.io/octo/app');
  }
  if (!pathPattern.test(path) || path.length > 255) {
    throw new Invalid(
      input,
      'is no repository name; it may hold lower-case letters, digits, ".", "_", "-" and "/", as in ghcr.io/octo/app',
    );
  }
  return { registry: registry.toLowerCase(), path };
}

/** The one name of a registry that images write in two ways, Docker Hub; any other as it is. */
export function nameRegistry(host: string): string {
  return host === 'index.docker.io' ? 'docker.io' : host;
}

/** `registry/path` of a repository. */
export function formatRepository(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

/**
 * Reads `registry/repo[:tag][@digest]` or `oci:<folder>[@digest]`. Throws `Invalid` naming `input`.
 * The folder of a layout is returned as written; who opens it keeps it inside the workspace.
 */
export function parseReference(text: string, input = 'image'): Reference {
  const at = text.lastIndexOf('@');
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1), input);
  const name = at < 0 ? text : text.slice(0, at);
  if (name.startsWith('oci:')) {
    const folder = name.slice('oci:'.length);
    if (folder === '' || folder.includes('\0')) {
      throw new Invalid(input, 'names no folder; write oci:<folder>@sha256:…');
    }
    return { kind: 'layout', folder, ...(digest && { digest }) };
  }
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/') && name.includes('/');
  const tag = tagged ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) {
    throw new Invalid(input, 'has a tag that is none; a tag is up to 128 letters, digits, ".", "_" and "-"');
  }
  const repository = parseRepository(tagged ? name.slice(0, colon) : name, input);
  return { kind: 'registry', repository, ...(digest && { digest }), ...(tag !== undefined && { tag }) };
}

/** Reads a place alone, `registry/path` or `oci:<folder>`. Throws `Invalid` naming `input`, of a tag or digest too. */
export function parsePlace(text: string, input = 'repository'): Reference {
  if (!text.startsWith('oci:')) return { kind: 'registry', repository: parseRepository(text, input) };
  const place = parseReference(text, input);
  if (place.digest !== undefined)
    throw new Invalid(input, 'takes a folder without a digest, as in oci:transfer');
  return place;
}

/** Reads a reference that must carry a digest. A tag alone is `Invalid`: a tag can move, a digest cannot. */
export function parseDigestReference(text: string, input = 'image'): DigestReference {
  const reference = parseReference(text, input);
  if (reference.digest === undefined) {
    throw new Invalid(
      input,
      'needs a digest, because a tag can move: write registry/repo@sha256:… (the "image" output of build is one)',
    );
  }
  return { ...reference, digest: reference.digest };
}

/** The place without tag or digest: `registry/path` or `oci:<folder>`. */
export function formatPlace(reference: Reference): string {
  return reference.kind === 'layout' ? `oci:${reference.folder}` : formatRepository(reference.repository);
}

/** `place@digest`: the one string that passes between steps as `image`. The tag is dropped. */
export function formatImage(place: Reference, digest: Digest): string {
  return `${formatPlace(place)}@${digest}`;
}
