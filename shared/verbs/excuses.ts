import { readFile } from 'node:fs/promises';
import { readVex, type VexStatement } from '../evidence/vex.ts';
import type { RunContext } from '../github/context.ts';
import { loadExceptions } from '../github/policy.ts';
import { Invalid } from '../outcome/outcome.ts';
import {
  EXCEPTIONS_FILE,
  type Exception,
  isExpired,
  MAX_EXCEPTION_DAYS,
  readExceptions,
  tellScope,
} from '../policy/exceptions.ts';
import { readTrivyignore } from '../policy/trivyignore.ts';
import type { Review } from '../report/review.ts';
import { readInputFile } from '../workspace/file.ts';
import { resolveInside } from '../workspace/workspace.ts';
import type { Trusted } from './trusted.ts';

export interface ExcusesInputs {
  readonly 'fail-on': readonly string[];
  readonly vex: readonly string[];
  readonly trivyignores: readonly string[];
  readonly 'github-token'?: string | undefined;
}

/** What excuses findings in a scan, and what only would. */
export interface LoadedExcuses {
  readonly exceptions: readonly Exception[];
  /** What this pull request adds to the file of exceptions: it excuses nothing before it is merged. */
  readonly proposed: readonly Exception[];
  readonly vex: readonly VexStatement[];
}

/** The most of one file, in bytes. */
const LIMIT = 16 * 1024 * 1024;

/**
 * Reads what may excuse findings. Exceptions come with the policy, or else from this repository's protected default branch through GitHub's API,
 * never from the workspace: there a pull request could excuse itself. OpenVEX files and .trivyignore are those that the workflow names.
 */
export async function loadExcuses(
  inputs: ExcusesInputs,
  trusted: Promise<Trusted | undefined>,
  context: RunContext,
): Promise<LoadedExcuses> {
  const [guarded, vex, ignored] = await Promise.all([
    loadGuarded(inputs, trusted, context),
    Promise.all(inputs.vex.map((path) => readVexFile(path, context))),
    Promise.all(
      inputs.trivyignores.map(async (path) =>
        readTrivyignore((await readInputFile(path, 'trivyignores', context, LIMIT)).toString(), path),
      ),
    ),
  ]);
  return {
    exceptions: [...guarded.exceptions, ...ignored.flat()],
    proposed: guarded.proposed,
    vex: vex.flat(),
  };
}

async function loadGuarded(
  inputs: ExcusesInputs,
  trusted: Promise<Trusted | undefined>,
  context: RunContext,
): Promise<Pick<LoadedExcuses, 'exceptions' | 'proposed'>> {
  const policy = (await trusted)?.policy;
  if (policy !== undefined) {
    const { exceptions, uri, file } = policy;
    const own = context.repository !== undefined && uri.startsWith(`${context.repository}/`);
    const path = file.exceptions ?? EXCEPTIONS_FILE;
    const maxDays = file['max-exception-days'];
    return { exceptions, proposed: own ? await findProposed(path, exceptions, maxDays, context) : [] };
  }
  // Without a verdict there is nothing to excuse.
  if (inputs['fail-on'].length === 0) return { exceptions: [], proposed: [] };
  const { exceptions, reason } = await loadExceptions(inputs, context);
  if (reason !== '') context.log.warning(`No exception counts: ${reason}`);
  return {
    exceptions,
    proposed: await findProposed(EXCEPTIONS_FILE, exceptions, MAX_EXCEPTION_DAYS, context),
  };
}

/** What the workspace of a pull request has beyond the guarded file; a faulty one is told of and is nobody's but its author's concern. */
async function findProposed(
  path: string,
  guarded: readonly Exception[],
  maxDays: number,
  context: RunContext,
): Promise<Exception[]> {
  if (!context.eventName?.startsWith('pull_request')) return [];
  try {
    const place = await resolveInside(context.workspace, path, 'exceptions');
    const text = await readFile(place, 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const known = new Set(guarded.map(identify));
    const now = new Date();
    return readExceptions(text, path, { maxDays, now }).filter((one) => !known.has(identify(one)));
  } catch (fault) {
    if (!(fault instanceof Invalid)) throw fault;
    context.log.warning(`This pull request's ${fault.message}`);
    return [];
  }
}

/** An exception wherever it stands in its file. */
function identify({ finding, scope, owner, reason, until }: Exception): string {
  return JSON.stringify([finding, Object.entries(scope).sort(), owner, reason, until]);
}

async function readVexFile(path: string, context: RunContext): Promise<VexStatement[]> {
  const text = (await readInputFile(path, 'vex', context, LIMIT)).toString();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new Invalid('vex', `"${path}" is no JSON, or was cut off`, { cause });
  }
  const statements = readVex(document);
  if (statements === undefined) throw new Invalid('vex', `"${path}" is no OpenVEX document`);
  return statements;
}

/** A review holds no more. */
const MOST = 10_000;

/** What became of each exception: used, unused, expired, or only proposed. Those of an environment are the gate's and left out. */
export function describeExceptions(
  { exceptions, proposed }: LoadedExcuses,
  used: ReadonlySet<Exception>,
  now: Date,
): Review['exceptions'] {
  const describe = (one: Exception, state: Review['exceptions'][number]['state']) => ({
    finding: one.finding,
    scope: tellScope(one),
    owner: one.owner,
    reason: one.reason,
    until: one.until?.toISOString().slice(0, 10) ?? '',
    state,
    file: one.file,
    line: one.line,
  });
  const stateOf = (one: Exception) => (used.has(one) ? 'used' : isExpired(one, now) ? 'expired' : 'unused');
  const all = [
    ...exceptions
      .filter(({ scope }) => scope.environment === undefined)
      .map((one) => describe(one, stateOf(one))),
    ...proposed.map((one) => describe(one, 'proposed')),
  ];
  return all.slice(0, MOST);
}
