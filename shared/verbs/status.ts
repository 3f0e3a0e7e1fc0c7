import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDossier } from '../environment/dossier.ts';
import { measureLevels } from '../environment/levels.ts';
import type { Alarm, EnvironmentOverview, Overview } from '../environment/overview.ts';
import { listPresent } from '../environment/present.ts';
import { findDenied, type Rescan } from '../environment/rescan.ts';
import { findAffected } from '../environment/search.ts';
import { parseSought } from '../evidence/sought.ts';
import type { RunContext } from '../github/context.ts';
import { shortDigest } from '../image/digest.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import type { StepResult } from '../outcome/result.ts';
import { describeStatus, formatAnswer } from '../report/status/document.ts';
import { renderDossier } from '../report/status/dossier.ts';
import { describeEvents } from '../report/status/events.ts';
import { renderMetrics } from '../report/status/metrics.ts';
import { renderStatusPage } from '../report/status/page.ts';
import { summarizeRescan } from '../report/status/rescan.ts';
import { summarizeSearch } from '../report/status/search.ts';
import { summarizeStatus } from '../report/status/summary.ts';
import { type OverviewInputs, readOverview } from './overview.ts';
import type { RescanInputs } from './rescan.ts';
import { compileDossier } from './status-dossier.ts';
import { searchAll } from './status-find.ts';
import { keepRescanIssue } from './status-issue.ts';
import { rescanAll } from './status-rescan.ts';

export interface StatusInputs extends OverviewInputs, RescanInputs {
  readonly 'fail-on': readonly Alarm[];
  /** Judge everything that runs by today's database and policy. */
  readonly rescan?: boolean | undefined;
  /** A vulnerability or a package to look for. */
  readonly find?: string | undefined;
  /** What to compile a dossier of. */
  readonly dossier?: string | undefined;
  /** Keep an issue about what that denies. */
  readonly issue?: boolean | undefined;
}

/**
 * Says what runs where, since when, why, who approved it, under which policy, and what it would go back to. A report: drift is an output and fails
 * the step only when `fail-on` asks for that. Records that do not hold are `refused` in any case, and what could not be read is `unavailable`; the
 * report is written all the same and says so in each place.
 */
export async function status(inputs: StatusInputs, context: RunContext): Promise<StepResult> {
  refuseAlone(inputs);
  const sought = inputs.find === undefined ? undefined : parseSought(inputs.find);
  const subject = inputs.dossier === undefined ? undefined : parseDossier(inputs.dossier, inputs.environment);
  const found = await readOverview(inputs, context);
  const { overview } = found;
  const anew = inputs.rescan === true ? await rescanAll(found, inputs, context) : undefined;
  const scans = anew?.scans ?? new Map();
  const searched = sought && (await searchAll(found, { text: inputs.find ?? '', sought, scans }));
  const compiled = subject && (await compileDossier(found, inputs.dossier ?? '', subject));
  const unread = [found, anew, searched, compiled].flatMap((part) => part?.unread ?? []);
  const issue =
    anew && inputs.issue === true
      ? await keepRescanIssue(anew.rescan, inputs, context).catch((error: unknown) => {
          if (!(error instanceof Unavailable)) throw error;
          unread.push(`the issue could not be kept: ${error.message}`);
          return undefined;
        })
      : undefined;
  const levels = measureLevels(overview);
  const { environments } = overview;
  const faults = environments.flatMap(({ name, faults: all }) => all.map((fault) => `${name}: ${fault}`));
  const alarms = { drift: listDrift, coverage: listUncovered, age: listOverdue };
  const asked = inputs['fail-on'].flatMap((alarm) =>
    alarm === 'denied'
      ? listDenials(anew?.rescan)
      : environments.flatMap((one) => alarms[alarm](one).map((reason) => `${one.name}: ${reason}`)),
  );
  const reasons = [...unread, ...faults, ...asked];
  const [only] = environments.length === 1 ? environments : [];
  return {
    ...(reasons.length > 0 && { outcome: unread.length > 0 ? 'unavailable' : 'refused', reasons }),
    outputs: {
      ...(only?.current && {
        image: `${only.repository}@${only.current.digest}`,
        repository: only.repository,
        digest: only.current.digest,
      }),
      drifted: findDrifted(overview),
      coverage: measureCoverage(environments),
      ...(searched && { affected: findAffected(searched.search) }),
      ...(anew && { denied: findDenied(anew.rescan), 'issue-url': issue }),
      ...(await writeFiles(
        {
          report: ['status.json', JSON.stringify(describeStatus(overview, levels))],
          metrics: ['status.prom', renderMetrics(overview, levels)],
          events: ['status.otlp.json', JSON.stringify(describeEvents(overview))],
          page: ['status.html', await renderStatusPage(overview, levels)],
          ...(searched && { found: ['found.json', formatAnswer(searched.search)] }),
          ...(compiled && {
            dossier: ['dossier.md', renderDossier(compiled.dossier)],
            'dossier-json': ['dossier.json', formatAnswer(compiled.dossier)],
          }),
          ...(anew && { rescan: ['rescan.json', formatAnswer(anew.rescan)] }),
        },
        context,
      )),
    },
    summary: [
      // What was asked for goes first.
      ...(searched ? [summarizeSearch(searched.search)] : []),
      ...(anew ? [summarizeRescan(anew.rescan)] : []),
      summarizeStatus(overview, levels),
    ].join('\n'),
  };
}

/** Inputs that say nothing without another. */
function refuseAlone(inputs: StatusInputs): void {
  if (inputs.rescan === true) return;
  const hint = 'Add rescan: true.';
  if (inputs.issue === true) throw new Invalid('issue', 'is about what a rescan denies', { hint });
  if (inputs['fail-on'].includes('denied'))
    throw new Invalid('fail-on', 'has "denied", which a rescan says', { hint });
}

function listDenials(rescan: Rescan | undefined): string[] {
  return (rescan?.environments ?? []).flatMap(({ name, images, unknown }) => [
    ...unknown.map((reason) => `${name}: nobody can say what would be denied: ${reason}`),
    ...images.flatMap(({ digest, judged }) =>
      'value' in judged
        ? judged.value.reasons.map((reason) => `${name}: ${shortDigest(digest)}: ${reason}`)
        : [],
    ),
  ]);
}

function listDrift({ drift }: EnvironmentOverview): string[] {
  if ('unknown' in drift) return [`nobody can say whether it drifted: ${drift.unknown}`];
  return drift.value.map(({ kind, where, expected, found }) => {
    const should = expected === undefined ? 'nothing' : expected;
    return `${kind}: ${where} has ${found}, and the records say ${should}`;
  });
}

function listUncovered(environment: EnvironmentOverview): string[] {
  const { images, unknown } = listPresent(environment);
  return [
    ...unknown.map((reason) => `nobody can say what is attested: ${reason}`),
    ...images.flatMap(({ digest }) => {
      const { coverage } = environment.images.get(digest) ?? {
        coverage: { unknown: 'it could not be read' },
      };
      if ('unknown' in coverage)
        return [`nobody can say what is attested of ${shortDigest(digest)}: ${coverage.unknown}`];
      return coverage.value
        .filter(({ covered }) => !covered)
        .map(
          ({ kind, reasons }) => `${shortDigest(digest)} has no ${kind} that counts: ${reasons.join('; ')}`,
        );
    }),
  ];
}

function listOverdue({ overdue }: EnvironmentOverview): string[] {
  return overdue.map(({ kind, where, age, limit }) => {
    const old = age === undefined ? 'is of an age that nothing tells' : `is ${age} seconds old`;
    return `${kind} ${where} ${old}; it may be ${limit} seconds`;
  });
}

/** One drift is enough to know; without one nothing may be unknown. */
function findDrifted({ environments }: Overview): 'true' | 'false' | 'unknown' {
  const all = environments.map(({ drift }) => drift);
  if (all.some((drift) => 'value' in drift && drift.value.length > 0)) return 'true';
  return all.every((drift) => 'value' in drift) ? 'false' : 'unknown';
}

/** How much of the evidence that rules need counts, of what is held and runs, in whole percent rounded down. Unknown where any of that is. */
function measureCoverage(environments: readonly EnvironmentOverview[]): number | 'unknown' {
  const kinds: { readonly covered: boolean }[] = [];
  for (const environment of environments) {
    const { images, unknown } = listPresent(environment);
    if (unknown.length > 0) return 'unknown';
    for (const { digest } of images) {
      const coverage = environment.images.get(digest)?.coverage;
      if (coverage === undefined || 'unknown' in coverage) return 'unknown';
      kinds.push(...coverage.value);
    }
  }
  if (kinds.length === 0) return 100;
  return Math.floor((100 * kinds.filter(({ covered }) => covered).length) / kinds.length);
}

/** Writes files into a folder of their own below the run's temporary one, and says where each is. */
async function writeFiles(
  files: Readonly<Record<string, readonly [name: string, content: string]>>,
  { temp }: RunContext,
): Promise<Record<string, string>> {
  const folder = join(temp, `hallmark-status-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  const written = Object.entries(files).map(async ([output, [name, content]]) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return [output, path] as const;
  });
  return Object.fromEntries(await Promise.all(written));
}
