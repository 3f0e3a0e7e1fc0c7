// The part of the GitHub stub that is container packages: accounts, and the versions of what they publish.
import type { Context } from 'openapi-backend';
import { fillRequired, type Schema, successSchema } from './github-schema.ts';

export interface StubVersion {
  readonly id: number;
  /** Its digest. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at?: string;
  /** What GitHub says instead of deleting it. */
  readonly kept?: string;
}

export interface StubPackage {
  /** `octo` */
  readonly owner: string;
  readonly type: 'Organization' | 'User';
  readonly name: string;
  versions(): readonly StubVersion[];
  remove(version: StubVersion): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const notFound: Answer = { status: 404, body: { message: 'Package not found.', status: '404' } };

/** The handlers of one stub by operation, around the packages that a test gives it. */
export function createPackages() {
  const packages: StubPackage[] = [];
  const find = ({ request: { params } }: Context, type: StubPackage['type']): StubPackage | undefined =>
    packages.find(
      (one) =>
        one.type === type &&
        one.owner === (type === 'User' ? params.username : params.org) &&
        one.name === decodeURIComponent(String(params.package_name)) &&
        params.package_type === 'container',
    );
  const list =
    (type: StubPackage['type']) =>
    (context: Context): Answer => {
      const { per_page: size = '30', page = '1' } = context.request.query as Record<string, string>;
      const from = (Number(page) - 1) * Number(size);
      const items = (successSchema(context).items ?? {}) as Schema;
      const shown = find(context, type)
        ?.versions()
        .slice(from, from + Number(size));
      if (shown === undefined) return notFound;
      return {
        status: 200,
        body: shown.map(({ tags, kept: _, updated_at, ...version }) =>
          fillRequired(items, {
            ...version,
            updated_at: updated_at ?? version.created_at,
            metadata: { package_type: 'container', container: { tags: [...tags] } },
          }),
        ),
      };
    };
  const remove =
    (type: StubPackage['type']) =>
    (context: Context): Answer => {
      const found = find(context, type);
      const id = Number(context.request.params.package_version_id);
      const version = found?.versions().find((one) => one.id === id);
      if (found === undefined || version === undefined) return notFound;
      if (version.kept !== undefined) return { status: 400, body: { message: version.kept, status: '400' } };
      found.remove(version);
      return { status: 204, body: undefined };
    };
  const handlers: Record<string, (context: Context) => Answer> = {
    'users/get-by-username': (context) => {
      const found = packages.find(({ owner }) => owner === context.request.params.username);
      if (found === undefined) return notFound;
      return {
        status: 200,
        body: fillRequired(successSchema(context), { login: found.owner, type: found.type }),
      };
    },
    'packages/get-all-package-versions-for-package-owned-by-org': list('Organization'),
    'packages/get-all-package-versions-for-package-owned-by-user': list('User'),
    'packages/delete-package-version-for-org': remove('Organization'),
    'packages/delete-package-version-for-user': remove('User'),
  };
  return { packages, handlers };
}
