import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPlatform } from '../image/platform.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { runProcess } from '../process/run.ts';
import type { Builder, BuildRequest } from './builder.ts';
import { readResult } from './buildkit-metadata.ts';
import { type Given, passArgument, passSecret } from './buildkit-secrets.ts';
import { buildxEnvironment, type Engine } from './engine.ts';
import type { Compression } from './layer.ts';
import { type AllowedImages, formatSourcePolicy } from './source-policy.ts';

/** Docker buildx, any driver that writes OCI layouts. */
export interface BuildkitRequest extends BuildRequest {
  readonly engine: Engine;
  /** Absolute path of the Dockerfile. */
  readonly file: string;
  readonly target: string | undefined;
  readonly buildArgs: readonly (readonly [string, string])[];
  /** buildx's own `id=NAME,env=VARIABLE` and `id=NAME,src=FILE`, or `NAME=value` as docker/build-push-action takes it. */
  readonly secrets: readonly string[];
  /** Passed to buildx as they are, as all that follows. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** `default`, or `id=socket or key file`. */
  readonly ssh: readonly string[];
  /** `name=address`; folders are absolute. */
  readonly contexts: readonly string[];
  readonly noCache: boolean;
  readonly noCacheFilters: readonly string[];
  /** Entitlements: `network.host`, `security.insecure`. */
  readonly allow: readonly string[];
  readonly network: string | undefined;
  /** `host:ip` */
  readonly addHosts: readonly string[];
  readonly pull: boolean;
  /** Sets every file's time in the layers that are built to `created`, where it is later. */
  readonly rewriteTimestamps: boolean;
  /** Of the layers that are built; BuildKit's own choice, gzip, when undefined. */
  readonly compression: Compression | undefined;
  /** Any image may be taken when undefined. */
  readonly allowed: AllowedImages | undefined;
}

/** Builds a Dockerfile. A build that fails by itself is `Invalid` (the Dockerfile is the caller's), an engine or a registry out of reach `Unavailable`. */
export const buildWithBuildkit: Builder<BuildkitRequest> = async (request, context) => {
  const { engine, allowed } = request;
  const metadataFile = join(request.temp, 'metadata.json');
  const policyFile = join(request.temp, 'source-policy.json');
  if (allowed) await writeFile(policyFile, formatSourcePolicy(allowed));
  const given: Given = { variables: new Map(), hidden: [] };
  const args = [
    ...engine.prefix,
    'build',
    ...['--file', request.file, '--progress', 'plain'],
    // Attached attestations are unsigned and show as unknown/unknown; what they would say is read from the metadata instead.
    ...['--provenance=false', '--sbom=false'],
    ...['--output', formatOutput(request), '--metadata-file', metadataFile],
    ...(request.platforms.length > 0 ? ['--platform', request.platforms.map(formatPlatform).join(',')] : []),
    ...(request.target === undefined ? [] : ['--target', request.target]),
    ...request.buildArgs.flatMap(([name, value]) => [
      '--build-arg',
      passArgument(name, value, given, context),
    ]),
    ...Object.entries(request.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...formatAnnotations(request),
    ...request.secrets.flatMap((line) => ['--secret', passSecret(line, given, context)]),
    ...request.cacheFrom.flatMap((cache) => ['--cache-from', cache]),
    ...request.cacheTo.flatMap((cache) => ['--cache-to', cache]),
    ...request.ssh.flatMap((agent) => ['--ssh', agent]),
    ...request.contexts.flatMap((named) => ['--build-context', named]),
    ...(request.noCache ? ['--no-cache'] : []),
    ...request.noCacheFilters.flatMap((stage) => ['--no-cache-filter', stage]),
    ...request.allow.flatMap((entitlement) => ['--allow', entitlement]),
    ...(request.network === undefined ? [] : ['--network', request.network]),
    ...request.addHosts.flatMap((host) => ['--add-host', host]),
    ...(request.pull ? ['--pull'] : []),
    request.folder,
  ];
  // BuildKit shows a step with its arguments filled in.
  const hide = (text: string): string =>
    given.hidden.reduce((shown, value) => shown.replaceAll(value, '***'), text);
  const caches = [...request.cacheFrom, ...request.cacheTo];
  const result = await context.log.group(`docker buildx build (driver ${engine.driver})`, () =>
    runProcess(engine.command, args, {
      env: {
        ...Object.fromEntries(given.variables),
        ...buildxEnvironment(context, { githubCache: caches.some((cache) => /\btype=gha\b/.test(cache)) }),
        SOURCE_DATE_EPOCH: String(request.created),
        // What its build checks say, and what it took, in the metadata.
        BUILDX_METADATA_WARNINGS: '1',
        BUILDX_METADATA_PROVENANCE: 'min',
        ...(allowed && { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: policyFile }),
      },
      cwd: context.workspace,
      deadline: context.deadline,
      onLine: (line) => context.log.info(hide(line)),
    }),
  );
  if (result.code !== 0) throw explainFailure(hide(result.stderr));
  return readResult(request.layout, metadataFile);
};

function formatOutput({ layout, rewriteTimestamps, compression }: BuildkitRequest): string {
  const destination = `"dest=${layout.replaceAll('"', '""')}"`;
  const options = [
    ...(rewriteTimestamps ? ['rewrite-timestamp=true'] : []),
    ...(compression === undefined ? [] : [`compression=${compression}`]),
  ];
  return ['type=oci', 'tar=false', 'oci-mediatypes=true', destination, ...options].join(',');
}

function formatAnnotations({ annotations, platforms }: BuildkitRequest): string[] {
  // BuildKit refuses annotations of an index where it writes none.
  const level = platforms.length > 1 ? 'index,manifest' : 'manifest';
  return Object.entries(annotations).flatMap(([name, value]) => [
    '--annotation',
    `${level}:${name}=${value}`,
  ]);
}

const transport =
  /connection re(?:fused|set)|i\/o timeout|no such host|TLS handshake|certificate signed by|deadline exceeded|failed to do request|error reading from server|unexpected EOF|cannot connect to the docker daemon|failed to connect|too many requests|50[0234] /i;

function explainFailure(stderr: string): Error {
  const lines = stderr.split('\n').map((line) => line.trim());
  const reason =
    lines
      .findLast((line) => line.startsWith('ERROR:'))
      ?.slice('ERROR:'.length)
      .trim() ??
    lines.at(-1) ??
    '';
  const [, denied] =
    /source "(?:docker-image|oci-layout)[^:]*:\/\/([^"]*)" denied by policy/.exec(reason) ?? [];
  if (denied !== undefined) {
    throw new Refused(
      `the build asks for ${denied}, which is none of the base images that were verified before it`,
      {
        hint: 'Nothing was pushed. A base image or a frontend may bring others; each has to be vouched for.',
      },
    );
  }
  if (transport.test(reason)) {
    return new Unavailable(`the build did not reach what it needs: ${reason}`, {
      hint: 'Nothing was pushed; run the job again.',
    });
  }
  return new Invalid('file', `the Dockerfile did not build: ${reason}`, {
    hint: 'The lines above are the whole output of buildx.',
  });
}
