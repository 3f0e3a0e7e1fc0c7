import { join } from 'node:path';
import { type Github, openGithub } from '../github/api.ts';
import type { RunContext } from '../github/context.ts';
import { readRepository } from '../github/pulls.ts';
import { shortDigest } from '../image/digest.ts';
import { formatReference, type Pinned, pinReferences } from '../manifests/pin.ts';
import type { StepResult } from '../outcome/result.ts';
import { escapeMarkdown, formatLink } from '../report/markdown.ts';
import { formatPin, type LeftPlace, type PinnedPlace, renderPins, titlePins } from '../report/pin.ts';
import { storeOptions } from '../store/open.ts';
import { replaceFile } from '../workspace/replace.ts';
import { type FoundFiles, findFiles, type Reference, type ReferringFile } from './pin-plan.ts';
import { keepPull, type PinnedFile } from './pin-pull.ts';
import { explainCommits, resolveReferences } from './pin-resolve.ts';

export interface PinInputs {
  /** Paths and globs, `!` excludes; empty: every file of a known kind. */
  readonly paths: readonly string[];
  readonly write?: 'false' | 'files' | 'pull-request' | undefined;
  /** True: also look for what the tag beside a digest names by now. */
  readonly update?: boolean | undefined;
  /** Names that may float. */
  readonly except: readonly string[];
  readonly branch?: string | undefined;
  /** A user's or an app's, for the pull request. */
  readonly token?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** Remarks on lines that a runner shows of one step. */
const ANNOTATIONS = 10;
/** Reasons that a refusal lists; the rest stands in the summary. */
const REASONS = 200;

/**
 * Finds what floats in the files of the workspace and, if asked to, pins it. Without `write` no registry is asked (but for `update`), and whatever floats
 * or cannot be told is `refused`. With it, all is resolved before anything is written: what a registry or GitHub does not know is `Refused`, what cannot
 * be reached is `Unavailable`, and then nothing is written.
 */
export async function pin(inputs: PinInputs, context: RunContext): Promise<StepResult> {
  const { write = 'false', update = false } = inputs;
  const found = findFiles(inputs, context);
  const { files } = found;
  let github: Promise<Github> | undefined;
  const open = (): Promise<Github> => {
    github ??= openGithub(inputs['github-token'], context);
    return github;
  };
  const faults = await explainCommits(
    files.flatMap(({ committed }) => committed),
    open,
  );
  const floating = files.flatMap((file) => file.floating);
  const dated = update ? files.flatMap((file) => file.dated) : [];
  const asked = write === 'false' ? dated : [...floating, ...dated];
  const resolved = await resolveReferences(asked, open, storeOptions(context, inputs['github-token']));
  const listed = listPlaces(found, resolved, faults);
  if (write === 'false') return judge(listed, found, context);

  const { pinned, places, left } = pinFiles(files, resolved);
  const all = [...listed.left, ...left];
  for (const { path, line, text, reason } of all)
    context.log.notice(`${formatPin(path, line, text, 'is left as it is:')} ${reason}`);
  for (const { path, line, text, reason } of listed.faults)
    context.log.warning(formatPin(path, line, text, reason), { file: path, line });
  const heading = describe(places, pinned, found);
  let url: string | undefined;
  if (write === 'files')
    for (const { path, text, mode } of pinned) replaceFile(join(context.workspace, path), text, mode);
  else if (pinned.length > 0) url = await openRequest(pinned, places, all, inputs, context);
  return {
    outputs: {
      changed: places.length,
      files: JSON.stringify(pinned.map(({ path }) => path)),
      'pull-request-url': url,
    },
    summary: renderPins(
      url === undefined ? heading : `${heading}\n\n${formatLink('Pull request', url)}`,
      places,
      [...listed.faults, ...all],
    ),
  };
}

interface Places {
  readonly floating: readonly PinnedPlace[];
  readonly left: readonly LeftPlace[];
  /** Actions by a commit that is not to be trusted. */
  readonly faults: readonly LeftPlace[];
}

function listPlaces(
  { files, unread }: FoundFiles,
  resolved: ReadonlyMap<Reference, Pinned>,
  faults: ReadonlyMap<Reference, string>,
): Places {
  return {
    floating: files.flatMap((file) =>
      [...file.floating, ...file.dated.filter((image) => isOld(image, resolved))].map((reference) =>
        describePlace(file, reference, resolved),
      ),
    ),
    left: [...files.flatMap(({ path, left }) => left.map((one) => ({ ...one, path }))), ...unread],
    faults: files.flatMap(({ path, committed }) =>
      committed.flatMap((action) => {
        const reason = faults.get(action);
        return reason === undefined
          ? []
          : [{ path, line: action.line, text: formatReference(action), reason }];
      }),
    ),
  };
}

/** True for what floats, and for an image whose tag names another one by now. */
function isOld(reference: Reference, resolved: ReadonlyMap<Reference, Pinned>): boolean {
  const now = resolved.get(reference);
  return now !== undefined && ('owner' in reference || reference.digest !== now.id);
}

function describePlace(
  { path }: ReferringFile,
  reference: Reference,
  resolved: ReadonlyMap<Reference, Pinned>,
): PinnedPlace {
  const now = resolved.get(reference);
  const old = 'owner' in reference ? undefined : reference.digest;
  const from = `${formatReference(reference)}${old === undefined ? '' : `@${shortDigest(old)}`}`;
  return {
    ...{ path, line: reference.line, from },
    ...(now !== undefined && { to: now.id, ...('owner' in reference && { version: now.version }) }),
  };
}

/** Refused for all that floats, all that cannot be told and every commit that is not to be trusted; passed only where there is nothing of it. */
function judge({ floating, left, faults }: Places, found: FoundFiles, context: RunContext): StepResult {
  const said = [
    ...floating.map(({ path, line, from, to }) => ({
      ...{ path, line },
      reason: formatPin(path, line, from, to === undefined ? 'floats' : `is ${to} by now`),
    })),
    ...[...faults, ...left].map(({ path, line, text, reason }) => ({
      ...{ path, line },
      reason: formatPin(path, line, text, reason),
    })),
  ];
  for (const { path, line, reason } of said.slice(0, ANNOTATIONS))
    context.log.warning(reason, { file: path, line });
  const reasons = said.slice(0, REASONS).map(({ reason }) => reason);
  const more = said.length - reasons.length;
  const paths = new Set(floating.map(({ path }) => path));
  const heading = `### Pin: ${floating.length === 0 ? 'nothing floats' : `${floating.length} references float`} in ${found.count} files`;
  return {
    ...(said.length > 0 && {
      outcome: 'refused' as const,
      reasons: more > 0 ? [...reasons, `and ${more} more, in the summary`] : reasons,
    }),
    outputs: { changed: floating.length, files: JSON.stringify([...paths]) },
    summary: renderPins(heading, floating, [...faults, ...left]),
  };
}

/** Every file as it becomes. One that would say something else as well is left as it is. */
function pinFiles(
  files: readonly ReferringFile[],
  resolved: ReadonlyMap<Reference, Pinned>,
): { pinned: PinnedFile[]; places: PinnedPlace[]; left: LeftPlace[] } {
  const pinned: PinnedFile[] = [];
  const places: PinnedPlace[] = [];
  const left: LeftPlace[] = [];
  for (const file of files) {
    const changing = [...file.floating, ...file.dated].filter((reference) => isOld(reference, resolved));
    if (changing.length === 0) continue;
    const pins = new Map(
      changing.flatMap((one) => {
        const now = resolved.get(one);
        return now === undefined ? [] : [[one, now] as const];
      }),
    );
    const text = pinReferences(file.path, file.text, file.found, pins);
    if (text === undefined) {
      const reason = 'would say something else as well: it is written in a way that is not understood';
      left.push({ path: file.path, line: 1, text: file.path, reason });
      continue;
    }
    pinned.push({ path: file.path, bytes: file.bytes, mode: file.mode, text });
    places.push(...changing.map((reference) => describePlace(file, reference, resolved)));
  }
  return { pinned, places, left };
}

function describe(
  places: readonly PinnedPlace[],
  pinned: readonly PinnedFile[],
  { count }: FoundFiles,
): string {
  return places.length === 0
    ? `### Pin: nothing to change in ${count} files`
    : `### ${escapeMarkdown(titlePins(places.length, pinned.length))}`;
}

async function openRequest(
  pinned: readonly PinnedFile[],
  places: readonly PinnedPlace[],
  left: readonly LeftPlace[],
  inputs: PinInputs,
  context: RunContext,
): Promise<string | undefined> {
  const { token, branch = 'hallmark/pin' } = inputs;
  const input = token === undefined ? 'github-token' : 'token';
  if (token === undefined) {
    context.log.warning(
      "No workflow runs on a pull request of a job's own token, so nothing tests this one: give the input token, best an installation token of a GitHub App.",
    );
  }
  const writer = await openGithub(token ?? inputs['github-token'], context, input);
  const title = titlePins(places.length, pinned.length);
  const pull = await keepPull(writer, { repository: readRepository(context), branch, input }, pinned, {
    title,
    body: renderPins('Digests and commits of what was named by tags. Merging this pins them.', places, left),
  });
  if (pull === undefined)
    context.log.notice(`The pull request for just these changes was closed; ${branch} still holds them.`);
  else
    context.log.info(
      pull.current ? `${pull.url} holds all of it already.` : `${pull.url} ${title.toLowerCase()}.`,
    );
  return pull?.url;
}
