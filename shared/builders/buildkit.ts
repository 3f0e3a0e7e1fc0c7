import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { RunContext } from '../github/context.ts';
import { descriptorSchema } from '../image/descriptor.ts';
import { formatPlatform } from '../image/platform.ts';
import { Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { runProcess } from '../process/run.ts';
import type { Builder, BuildRequest, Material } from './builder.ts';
import { buildxEnvironment, type Engine } from './engine.ts';

/** Docker buildx, any driver that writes OCI layouts. */
export interface BuildkitRequest extends BuildRequest {
  readonly engine: Engine;
  /** Absolute path of the Dockerfile. */
  readonly file: string;
  readonly target: string | undefined;
  readonly buildArgs: readonly (readonly [string, string])[];
  /** buildx's own `id=NAME,env=VARIABLE` and `id=NAME,src=FILE`, or `NAME=value` as docker/build-push-action takes it. */
  readonly secrets: readonly string[];
  /** Passed to buildx as they are. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** Sets every file's time in the layers that are built to `created`, where it is later. */
  readonly rewriteTimestamps: boolean;
}

/** Builds a Dockerfile. A build that fails by itself is `Invalid` (the Dockerfile is the caller's), an engine or a registry out of reach `Unavailable`. */
export const buildWithBuildkit: Builder<BuildkitRequest> = async (request, context) => {
  const { engine } = request;
  const metadataFile = join(request.temp, 'metadata.json');
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
      },
      cwd: context.workspace,
      deadline: context.deadline,
      onLine: (line) => context.log.info(hide(line)),
    }),
  );
  if (result.code !== 0) throw explainFailure(hide(result.stderr));
  return readResult(request.layout, metadataFile);
};

function formatOutput({ layout, rewriteTimestamps }: BuildkitRequest): string {
  const destination = `"dest=${layout.replaceAll('"', '""')}"`;
  return `type=oci,tar=false,oci-mediatypes=true,${destination}${rewriteTimestamps ? ',rewrite-timestamp=true' : ''}`;
}

function formatAnnotations({ annotations, platforms }: BuildkitRequest): string[] {
  // BuildKit refuses annotations of an index where it writes none.
  const level = platforms.length > 1 ? 'index,manifest' : 'manifest';
  return Object.entries(annotations).flatMap(([name, value]) => [
    '--annotation',
    `${level}:${name}=${value}`,
  ]);
}

const looksSecret = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|(?:^|_)KEY$/i;
// Variables that buildx or its loader would obey themselves; arguments of these names are settings, not secrets.
const obeyed =
  /^(?:PATH|HOME|TMPDIR|SOURCE_DATE_EPOCH|SSL_.*|SSH_.*|LD_.*|DYLD_.*|GO[A-Z]*|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|ACTIONS_.*|AWS_.*|.*_PROXY)$/i;

/** What buildx is given in its environment, and the values among it that nothing may show. */
interface Given {
  readonly variables: Map<string, string>;
  readonly hidden: string[];
}

/** A build argument by name alone, its value in the environment of buildx, so that it stands in no list of processes. */
function passArgument(
  name: string,
  value: string,
  { variables, hidden }: Given,
  context: RunContext,
): string {
  if (looksSecret.test(name)) {
    if (value !== '') hidden.push(value);
    context.log.warning(
      `build-args: "${name}" looks like a secret; build arguments stay readable in the image's history. Give it through "secrets" and RUN --mount=type=secret.`,
    );
  }
  if (obeyed.test(name)) return `${name}=${value}`;
  variables.set(name, value);
  return name;
}

/** A secret for `--secret`, with its value in an environment variable or a file, never in an argument. */
function passSecret(line: string, { variables, hidden }: Given, context: RunContext): string {
  const isBuildx = /^(?:type=\w+,)?id=[^,]+(?:,|$)/.test(line);
  if (!isBuildx) {
    const equals = line.indexOf('=');
    if (equals <= 0)
      throw new Invalid(
        'secrets',
        'takes id=NAME,env=VARIABLE or id=NAME,src=FILE or NAME=value, one a line',
      );
    const variable = `HALLMARK_SECRET_${variables.size}`;
    const value = line.slice(equals + 1);
    context.log.mask(value);
    if (value !== '') hidden.push(value);
    variables.set(variable, value);
    return `id=${line.slice(0, equals)},env=${variable}`;
  }
  const fields = Object.fromEntries(line.split(',').map((field) => field.split('=', 2)));
  if (fields.src !== undefined || fields.source !== undefined) return line;
  const variable = fields.env ?? fields.id;
  const value = context.readNamedVariable(variable);
  if (value === undefined) {
    throw new Invalid('secrets', `"${line}" reads the environment variable ${variable}, which is not set`);
  }
  if (value !== '') hidden.push(value);
  variables.set(variable, value);
  return line;
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
  if (transport.test(reason)) {
    return new Unavailable(`the build did not reach what it needs: ${reason}`, {
      hint: 'Nothing was pushed; run the job again.',
    });
  }
  return new Invalid('file', `the Dockerfile did not build: ${reason}`, {
    hint: 'The lines above are the whole output of buildx.',
  });
}

const layoutIndexSchema = z.object({ manifests: z.array(descriptorSchema).length(1) });
const materialsSchema = z.array(
  z.object({ uri: z.string(), digest: z.record(z.string(), z.string()).optional() }),
);
/** BuildKit's own provenance: SLSA v0.2 has `materials`, v1 `resolvedDependencies`. Nothing else of it is read: it holds the build arguments' values. */
const buildkitProvenanceSchema = z.object({
  materials: materialsSchema.optional(),
  buildDefinition: z.object({ resolvedDependencies: materialsSchema.optional() }).optional(),
});
const metadataSchema = z.looseObject({ 'containerimage.digest': z.string() });

async function readResult(layout: string, metadataFile: string) {
  const index = layoutIndexSchema.safeParse(await readJson(join(layout, 'index.json')));
  const metadata = metadataSchema.safeParse(await readJson(metadataFile));
  if (!index.success || !metadata.success) {
    throw new Unavailable('BuildKit wrote no OCI layout with one image, or no metadata about it', {
      hint: 'Set up a builder with docker/setup-buildx-action, or use "builder: layers".',
    });
  }
  const digest = index.data.manifests[0]?.digest;
  if (digest === undefined || digest !== metadata.data['containerimage.digest']) {
    throw new Refused(
      `BuildKit says it built ${metadata.data['containerimage.digest']}, but its layout holds ${digest}`,
      {
        hint: 'An old engine reports the ID of the image instead of its digest; set up a newer one with docker/setup-buildx-action.',
      },
    );
  }
  return { digest, materials: readMaterials(metadata.data) };
}

/** The base images and downloads that the metadata file names, by digest. Addresses lose user names, passwords and queries. */
export function readMaterials(metadata: Readonly<Record<string, unknown>>): Material[] {
  const found = new Map<string, Material>();
  for (const [key, value] of Object.entries(metadata)) {
    if (key !== 'buildx.build.provenance' && !key.startsWith('buildx.build.provenance/')) continue;
    const provenance = buildkitProvenanceSchema.safeParse(value);
    if (!provenance.success) {
      throw new Unavailable('BuildKit’s metadata names its materials in a shape that is not known', {
        cause: provenance.error,
        retrySafe: false,
      });
    }
    const { materials = [], buildDefinition } = provenance.data;
    for (const { uri, digest } of [...materials, ...(buildDefinition?.resolvedDependencies ?? [])]) {
      if (digest === undefined || Object.keys(digest).length === 0) continue;
      const address = withoutSecrets(uri);
      found.set(`${address} ${JSON.stringify(digest)}`, { uri: address, digest });
    }
  }
  return [...found.values()];
}

function withoutSecrets(uri: string): string {
  const bare = uri.replace(/\/\/[^/@]*@/, '//');
  return /^(?:git\+)?https?:/.test(bare) ? bare.replace(/\?[^#]*/, '') : bare;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
