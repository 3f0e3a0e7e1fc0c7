import type { Edit, FoundImages, ImageLine, SkippedLine } from './line.ts';
import { partFound } from './line.ts';
import { formatImageName, parseImageName } from './name.ts';
import { findImage } from './value.ts';
import type { Value } from './yaml.ts';

/** A place in a workflow that uses an action or a reusable workflow of another repository. */
export interface ActionLine {
  /** From 1. */
  readonly line: number;
  readonly owner: string;
  readonly repo: string;
  /** As written behind the `@`. */
  readonly ref: string;
  /** The version that the comment behind it begins with, `v4.2.2`; undefined where it begins with anything else. */
  readonly version: string | undefined;
  /** The edits after which it uses `commit`, with the version in the comment behind it. */
  pin(commit: string, version: string): readonly Edit[];
}

/** What a workflow or an action's own file says of images and of actions. */
export interface WorkflowReferences extends FoundImages {
  readonly actions: readonly ActionLine[];
}

/** True for a workflow of a repository or the file of an action, by its path. */
export function isWorkflow(file: string): boolean {
  return /^\.github\/workflows\/[^/]+\.ya?ml$/i.test(file) || /(?:^|\/)action\.ya?ml$/.test(file);
}

const action =
  /^(?<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})\/(?<repo>[\w.-]{1,100})(?:\/[^@]*)?@(?<ref>[^\s~^:?*[\\@{}]{1,200})$/;
/** Tools write `# v4.2.2`, `# tag=v4.2.2`, `# pin@v4`; a branch is written out in full. */
const version =
  /^(?:tag=|pin[ @])?(?<version>(?:[A-Za-z][\w-]*[-/])?v?\d+(?:\.\d+)*(?:[-+][\w.+-]+)?|main|master)(?=[\s,;)]|$)/;

/**
 * What jobs and composite steps use (docs.github.com, "Workflow syntax", `uses`, `container`, `services`; "Metadata syntax", `runs`).
 * What a repository holds itself (`./…`, `$/…`) moves with it.
 */
export function findWorkflowReferences(roots: readonly Value[]): WorkflowReferences {
  const uses: Value[] = [];
  const images: (ImageLine | SkippedLine | undefined)[] = [];
  for (const root of roots) {
    const jobs = root.at('jobs').entries.map(([, job]) => job);
    for (const job of jobs) {
      uses.push(job.at('uses'));
      for (const one of [job.at('container'), ...job.at('services').entries.map(([, service]) => service)])
        images.push(findContainer(one.isMapping ? one.at('image') : one));
    }
    for (const steps of [...jobs, root.at('runs')]) {
      uses.push(...steps.at('steps').items.map((step) => step.at('uses')));
    }
    images.push(findContainer(root.at('runs', 'image'), true));
  }
  const lines = new Map<number, Set<number | undefined>>();
  for (const { line, behind } of uses) {
    lines.set(line, (lines.get(line) ?? new Set()).add(behind?.start));
  }
  const actions: ActionLine[] = [];
  for (const value of uses) {
    const found = findUse(value, (lines.get(value.line)?.size ?? 0) > 1);
    if (found !== undefined && 'owner' in found) actions.push(found);
    else images.push(found);
  }
  return { ...partFound(images), actions };
}

/** An image of a job; of an action itself (`runs.image`) only with `docker://`, since else it is a Dockerfile. */
function findContainer(value: Value, own = false): ImageLine | SkippedLine | undefined {
  const { text } = value;
  if (text?.startsWith('docker://')) return findDockerUse(value, text);
  return own || text === '' ? undefined : findImage(value);
}

function findDockerUse(value: Value, text: string): ImageLine | SkippedLine {
  const image = parseImageName(text.slice('docker://'.length));
  const { line } = value;
  if (image === undefined || value.replace('') === undefined)
    return { line, text, reason: 'is no image: an expression, or more than one line' };
  return {
    ...image,
    line,
    pin: (digest, tag) =>
      [value.replace(`docker://${formatImageName(image.name, tag, digest)}`) ?? []].flat(),
  };
}

function findUse(value: Value, crowded: boolean): ActionLine | ImageLine | SkippedLine | undefined {
  const { text, line, behind } = value;
  if (text === undefined || /^(?:\.{1,2}|\$)\//.test(text)) return undefined;
  if (text.startsWith('docker://')) return findDockerUse(value, text);
  const { owner, repo, ref } = action.exec(text)?.groups ?? {};
  if (
    owner === undefined ||
    repo === undefined ||
    ref === undefined ||
    /^\.{1,2}$/.test(repo) ||
    ref.includes('..')
  )
    return { line, text, reason: 'is neither owner/repo@ref nor docker://image' };
  const comment = behind && readComment(behind.text);
  if (comment === undefined || crowded || value.replace('') === undefined)
    return { line, text, reason: 'is written so that no version can stand in a comment behind it' };
  const at = (behind?.start ?? 0) + comment.at;
  const written = version.exec(comment.words ?? '')?.groups?.version;
  const old = at + (comment.words ?? '').indexOf(written ?? '');
  return {
    ...{ line, owner, repo, ref, version: written },
    pin: (commit: string, wanted: string): Edit[] => [
      ...[value.replace(`${text.slice(0, -ref.length)}${commit}`) ?? []].flat(),
      written === undefined
        ? { start: at, end: at, text: comment.words === undefined ? ` # ${wanted}` : `${wanted} ` }
        : { start: old, end: old + written.length, text: wanted },
    ],
  };
}

/**
 * The comment behind a value and where its words begin, or where one can be put. Undefined where more of a flow follows that may go on in the next
 * line, or that may hold a `#` of its own.
 */
function readComment(behind: string): { readonly at: number; readonly words?: string } | undefined {
  const [, value, mark, words] = /^([^#"']*[\]}]|)([ \t]+#[ \t]*)?(.*)$/.exec(behind) ?? [];
  if (value === undefined || words === undefined) return undefined;
  if (mark !== undefined) return { at: value.length + mark.length, words };
  return words.trim() === '' ? { at: value.length } : undefined;
}
