import type { RunContext } from '../github/context.ts';
import type { Reference } from '../image/reference.ts';
import { LayoutStore } from './layout.ts';
import type { LoginOptions } from './login.ts';
import { listMirrors, type Mirrors } from './mirrors.ts';
import { RegistryStore } from './registry.ts';
import type { Store } from './store.ts';

/** What a store may use of the run: where layouts may lie, where Docker keeps logins, and how long to wait. */
export interface StoreOptions extends LoginOptions {
  /** The folder that every layout is kept inside. */
  readonly workspace: string;
  /** A layout that is not there is an empty one, for who will write it; otherwise it is `Invalid`. */
  readonly create?: boolean;
  /** For a store that is only read. */
  readonly mirrors?: Mirrors;
}

/** The part of a run that a store needs. `githubToken` is used for ghcr.io alone. */
export function storeOptions(context: RunContext, githubToken?: string): StoreOptions {
  const { workspace, home, dockerConfig, path, deadline, log } = context;
  return {
    workspace,
    path,
    deadline,
    log,
    ...(home !== undefined && { home }),
    ...(dockerConfig !== undefined && { dockerConfig }),
    ...(githubToken && { githubToken }),
  };
}

/** The store a reference lies in. Nothing is read before the first call; tag and digest are not looked at. */
export function openStore(reference: Reference, options: StoreOptions): Store {
  return reference.kind === 'layout'
    ? new LayoutStore(reference.folder, options.workspace, options.create)
    : new RegistryStore(reference.repository, options, listMirrors(reference.repository, options.mirrors));
}
