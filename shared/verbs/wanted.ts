import { glob } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { WantedOverview } from '../environment/overview.ts';
import { openGithub } from '../github/api.ts';
import type { RunContext } from '../github/context.ts';
import { readRepository } from '../github/pulls.ts';
import { findImages } from '../manifests/find.ts';
import type { ImageLine } from '../manifests/line.ts';
import { expandName } from '../manifests/name.ts';
import { parseManifestPlaces } from '../manifests/places.ts';
import { Invalid } from '../outcome/outcome.ts';
import { readInputFile } from '../workspace/file.ts';
import { resolveInside } from '../workspace/workspace.ts';
import { readManifests } from './manifests-plan.ts';
import { recognise } from './running.ts';
import type { Survey } from './survey.ts';

export interface WantedInputs {
  /** `[owner/repo//]path[@branch]` by GitHub's API, or `./path` of the workspace; the path may be a glob. */
  readonly manifests: readonly string[];
  readonly 'manifests-token'?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** One image line of a manifest. */
interface NamedImage {
  /** `octo/deploy/prod/app.yaml:12` */
  readonly where: string;
  readonly image: ImageLine;
}

const LIMIT = 1024 * 1024;
const MOST_FILES = 200;

/** Reads every image that the named manifests name. Throws `Invalid` for a path that names no file, or a file that is no manifest. */
export async function readWanted(inputs: WantedInputs, context: RunContext): Promise<NamedImage[]> {
  const isLocal = (line: string): boolean => line.startsWith('./');
  const local = await readWorkspace(inputs.manifests.filter(isLocal), context);
  const lines = inputs.manifests.filter((line) => !isLocal(line));
  if (lines.length === 0) return local;
  const { repository = readRepository(context), ...places } = parseManifestPlaces(lines);
  const token = inputs['manifests-token'];
  const github = await openGithub(token ?? inputs['github-token'], context, token && 'manifests-token');
  const { files } = await readManifests(github, { repository, ...places });
  return [
    ...local,
    ...files.flatMap(({ path, text, named }) =>
      listImages(`${repository.owner}/${repository.repo}/${path}`, text, named, context),
    ),
  ];
}

async function readWorkspace(patterns: readonly string[], context: RunContext): Promise<NamedImage[]> {
  const found: NamedImage[] = [];
  const seen = new Set<string>();
  const root = await resolveInside(context.workspace, '.', 'manifests');
  for (const pattern of patterns) {
    const before = found.length + seen.size;
    for await (const path of glob(pattern, { cwd: root })) {
      if (seen.has(path)) continue;
      seen.add(path);
      if (seen.size > MOST_FILES) throw new Invalid('manifests', `names more than ${MOST_FILES} files`);
      const text = (await readInputFile(path, 'manifests', context, LIMIT)).toString();
      const name = `./${relative('.', path).split(sep).join('/')}`;
      found.push(...listImages(name, text, !/[*?[{]/.test(pattern), context));
    }
    if (found.length + seen.size === before) throw new Invalid('manifests', `"${pattern}" names no file`);
  }
  return found;
}

/** What a glob finds beside manifests is passed over; a file that was named has to be one. */
function listImages(path: string, text: string, named: boolean, { log }: RunContext): NamedImage[] {
  const found = findImages(path, text);
  if (found === undefined && named) {
    throw new Invalid(
      'manifests',
      `${path} is no Kubernetes object, kustomization, Helm values or Compose file, or is a template`,
    );
  }
  for (const { line, reason } of found?.skipped ?? [])
    log.notice(`${path}:${line} is not compared: ${reason}`);
  return (found?.images ?? []).map((image) => ({ where: `${path}:${image.line}`, image }));
}

/**
 * What the manifests name of one environment's repository; undefined when they name it nowhere. A tag without a digest comes to what it names in
 * the registry now.
 */
export async function compareWanted(
  named: readonly NamedImage[],
  survey: Survey,
): Promise<readonly WantedOverview[] | undefined> {
  const repository = expandName(survey.overview.repository);
  const own = named.filter(({ image }) => expandName(image.name) === repository);
  if (own.length === 0) return undefined;
  return Promise.all(
    own.map(async ({ where, image: { name, tag, digest } }) => {
      const pinned = digest ?? (await survey.store.resolve(tag ?? 'latest'))?.digest;
      return {
        where,
        named: `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
        digest: pinned && recognise(pinned, survey),
      };
    }),
  );
}
