import type { Promotion } from '../evidence/promotion.ts';
import type { Source } from '../github/ancestry.ts';
import { type Github, openGithub } from '../github/api.ts';
import {
  createBranch,
  createCommit,
  findRef,
  isChild,
  listPulls,
  moveBranch,
  openPull,
} from '../github/branch.ts';
import { listChanges } from '../github/changes.ts';
import type { RunContext } from '../github/context.ts';
import { readRepository } from '../github/pulls.ts';
import type { Digest } from '../image/digest.ts';
import { parseManifestPlaces } from '../manifests/places.ts';
import { Failure, Invalid, Unavailable } from '../outcome/outcome.ts';
import { escapeMarkdown, formatCode, formatLink } from '../report/markdown.ts';
import { type ManifestsMove, titleMove, writeCommitMessage, writePullBody } from '../report/promotion.ts';
import type { RecordClaim } from './append.ts';
import { type ManifestsPlan, planManifests } from './manifests-plan.ts';

/*
 * The order, and what a failure leaves. The commit is made first and no branch holds it; then the record is signed, which names it; then the
 * branch moves. So a cluster never runs what is not recorded, a run that may not promote changes no manifest, and a promotion that lost a race
 * changes none. What fails before the record leaves a commit that nobody sees. What fails after it leaves an environment that holds the image
 * while the manifests do not name it yet, as before a pull request is merged: promote, run again, finds the record standing and moves the branch.
 * Where the branch went on meanwhile, the lines are set once more on top of it, by another commit than the record names; that commit names the record.
 */

export interface ManifestsInputs {
  /** `[owner/repo//]path[@branch]`, where the path may be a glob. */
  readonly manifests?: readonly string[];
  readonly 'manifests-mode'?: 'commit' | 'pull-request' | undefined;
  readonly 'manifests-token'?: string | undefined;
  readonly 'github-token'?: string | undefined;
}

/** What a move is, before the commits between are known. */
export interface Move extends Omit<ManifestsMove, 'changes'> {
  readonly from: Source | undefined;
  readonly to: Source | undefined;
}

/** The move that a record makes, or is about to: `tag` is its own, `before` what the environment held. */
export function moveOf(
  { place, environment, tag }: Pick<Move, 'place' | 'environment' | 'tag'>,
  claim: RecordClaim,
  before: Promotion | undefined,
): Move {
  const { action, digest, verdict, source, override, requestedBy, reason } = claim;
  if (verdict === undefined) throw new Error(`a ${action} without a verdict moves nothing`);
  return {
    ...{ place, environment, tag, digest, verdict, requestedBy, reason },
    action: action === 'rollback' ? action : 'promote',
    previous: before?.digest,
    waived: override?.rules ?? [],
    from: before?.source,
    to: source,
  };
}

export type RecordedManifests = NonNullable<Promotion['manifests']>;

/** What became of the manifests: an address to look at, and a line for the summary. */
export interface LandedManifests {
  readonly url: string;
  readonly line: string;
}

export interface Manifests {
  /** Throws what would fail, before anything is judged: no such file, none that names the repository. */
  check(place: string, digest: Digest): Promise<void>;
  /** Makes the commit that the record is to name. No branch holds it yet; where nothing is to be changed it is the branch's own. */
  prepare(move: Move): Promise<RecordedManifests>;
  /**
   * Puts the commit on its branch, or opens the pull request for it; where that is done already it changes nothing. Undefined when `isCurrent`
   * says that the environment holds another image by now, whose own promotion sees to the manifests.
   */
  land(
    move: Move,
    recorded: RecordedManifests | undefined,
    isCurrent: () => Promise<boolean>,
  ): Promise<LandedManifests | undefined>;
}

/** How often the lines are set again because somebody else pushed meanwhile. */
const ROUNDS = 5;

/** Opens the manifests that a promotion or rollback changes. Undefined when none were named. Throws `Invalid` for places that cannot be understood. */
export async function openManifests(
  inputs: ManifestsInputs,
  context: RunContext,
): Promise<Manifests | undefined> {
  if (inputs.manifests === undefined || inputs.manifests.length === 0) return undefined;
  const own = readRepository(context);
  const { repository = own, branch, paths } = parseManifestPlaces(inputs.manifests);
  const name = `${repository.owner}/${repository.repo}`;
  const elsewhere = name.toLowerCase() !== `${own.owner}/${own.repo}`.toLowerCase();
  const token = inputs['manifests-token'];
  if (elsewhere && token === undefined) {
    throw new Invalid(
      'manifests-token',
      `is required for ${name}: a job's own token writes to its own repository only`,
      {
        hint: 'Give an installation token of a GitHub App, or a fine-grained personal token, with contents: write there.',
      },
    );
  }
  const github = await openGithub(token ?? inputs['github-token'], context, token && 'manifests-token');
  const mode = inputs['manifests-mode'] ?? 'commit';
  const told = new Set<string>();
  const plan = async (place: string, digest: Digest): Promise<ManifestsPlan> => {
    const planned = await planManifests(github, { repository, branch, paths }, place, digest);
    // The same each time that it is read.
    for (const notice of planned.notices.filter((one) => !told.has(one))) {
      context.log.notice(notice);
      told.add(notice);
    }
    return planned;
  };

  let changes: ReturnType<typeof readChanges> | undefined;
  const describe = async (move: Move): Promise<ManifestsMove> => {
    changes ??= readChanges(move, inputs, context);
    return { ...move, changes: await changes };
  };
  const addressOf = (commit: string): string => `${context.serverUrl}/${name}/commit/${commit}`;
  const stands = ({ head }: ManifestsPlan, digest: Digest): LandedManifests => ({
    url: addressOf(head.commit),
    line: `${formatCode(name)} ${formatCode(head.branch)} names ${formatCode(digest)} already`,
  });

  return {
    check: async (place, digest) => {
      await plan(place, digest);
    },
    prepare: async (move) => {
      const { head, files, paths: written } = await plan(move.place, move.digest);
      const commit =
        files.length === 0
          ? head.commit
          : await createCommit(github, head, files, writeCommitMessage(await describe(move)));
      return { repository: name, commit, paths: [...written] };
    },
    land: (move, recorded, isCurrent) =>
      land(move, recorded, isCurrent).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
        throw new Unavailable(
          `${move.environment} holds ${move.digest} by its record, and the manifests do not name it yet: ${error.message}`,
          {
            cause: error,
            hint: `Run promote with ${move.place}@${move.digest} and the same manifests: it completes them.`,
          },
        );
      }),
  };

  async function land(
    ...[move, recorded, isCurrent]: Parameters<Manifests['land']>
  ): Promise<LandedManifests | undefined> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const now = await plan(move.place, move.digest);
      const { head, files, lines } = now;
      // After the head was read and before it moves: a later promotion's commit would make this move no fast-forward.
      if (!(await isCurrent())) {
        context.log.notice(
          `${move.environment} holds another image by now; its manifests are left to that promotion.`,
        );
        return undefined;
      }
      if (files.length === 0) return stands(now, move.digest);
      const described = await describe(move);
      const commit =
        recorded !== undefined && (await fits(github, now, recorded, name))
          ? recorded.commit
          : await createCommit(github, head, files, writeCommitMessage(described));
      if (mode === 'pull-request') return openPullRequest(github, now, commit, described);
      const rejection = await moveBranch(github, head, commit);
      if (rejection === undefined) {
        context.log.info(`${name} ${head.branch} is at ${commit}: ${lines} image lines changed.`);
        return {
          url: addressOf(commit),
          line: `${formatCode(name)} ${formatCode(head.branch)}: ${formatLink(commit.slice(0, 7), addressOf(commit))}, ${lines} in ${files.map(({ path }) => escapeMarkdown(path)).join(', ')}`,
        };
      }
      if ((await findRef(github, head, head.branch)) === head.commit) {
        throw new Invalid(
          'manifests-mode',
          `${head.branch} of ${name} takes no commit from this token (${rejection})`,
          {
            hint: `${move.environment} holds ${move.digest} by its record, and the manifests do not name it yet. Let the token's owner bypass the branch's rules, or set manifests-mode: pull-request, and run promote with this image again.`,
          },
        );
      }
      context.log.info(`${name} ${head.branch} moved meanwhile; the lines are set again on top of it.`);
    }
    throw new Unavailable(`somebody else kept pushing to ${name}`);
  }

  async function openPullRequest(
    writer: Github,
    { head, files, lines }: ManifestsPlan,
    commit: string,
    move: ManifestsMove,
  ): Promise<LandedManifests> {
    // One branch a record: it is created once and never moved, so nothing that a person pushed to it is lost.
    const own = `hallmark/${move.tag}`;
    const prefix = `hallmark/env-${move.environment}.`;
    const existing = await findRef(writer, head, own);
    const rejection = existing === undefined ? await createBranch(writer, head, own, commit) : undefined;
    if (rejection !== undefined && (await findRef(writer, head, own)) === undefined) {
      throw new Invalid('manifests-mode', `${name} takes no branch ${own} from this token (${rejection})`);
    }
    const before = await listPulls(writer, head, prefix);
    const found = before.find(({ branch: from }) => from === own);
    const older = before.filter(({ branch: from }) => from !== own);
    if (older.length > 0) {
      context.log.warning(
        `${older.map(({ number }) => `#${number}`).join(', ')} of ${name} set an older choice of ${move.environment} and are still open: close them.`,
      );
    }
    const pull =
      found ??
      (await openPull(writer, head, {
        branch: own,
        title: titleMove(move),
        body: writePullBody(move, older),
      }));
    context.log.info(`${pull.url} sets ${lines} image lines in ${files.length} files of ${name}.`);
    return {
      url: pull.url,
      line: `${formatCode(name)}: ${formatLink(`pull request ${pull.number}`, pull.url)}`,
    };
  }
}

/** Whether the commit of a record is still what would be written now: on this head and of these files. */
async function fits(
  github: Github,
  { head, paths }: ManifestsPlan,
  recorded: RecordedManifests,
  name: string,
): Promise<boolean> {
  const same = recorded.repository === name && recorded.paths.join('\n') === paths.join('\n');
  return same && (await isChild(github, head, recorded.commit, head.commit));
}

/** The commits between; a list for people, so what cannot be read is left out and said. */
async function readChanges(
  { action, from, to, environment }: Move,
  inputs: ManifestsInputs,
  context: RunContext,
): Promise<ManifestsMove['changes']> {
  try {
    const github = await openGithub(inputs['github-token'], context);
    // A rollback takes back what lies between.
    return await (action === 'promote' ? listChanges(github, from, to) : listChanges(github, to, from));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.log.info(`The commits since what ${environment} held are not listed: ${error.message}`);
    return undefined;
  }
}
