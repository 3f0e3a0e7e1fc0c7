import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LEVELS } from '../../../shared/environment/level.ts';
import { measureLevels } from '../../../shared/environment/levels.ts';
import type { Overview } from '../../../shared/environment/overview.ts';
import { describeStatus } from '../../../shared/report/status/document.ts';
import { describeEvents } from '../../../shared/report/status/events.ts';
import { renderMetrics } from '../../../shared/report/status/metrics.ts';
import { summarizeStatus } from '../../../shared/report/status/summary.ts';
import { HOSTILE } from '../hostile.ts';
import { renderMarkdown } from '../rendering.ts';
import { readForm } from './form.ts';
import { hostileOverview } from './hostile.ts';
import { digestOf, environmentOf, imageOf, overviewOf, recordsOf } from './sample.ts';
import { SAMPLES } from './samples.ts';

// Formats go by what Date reads, below.
const accepts = readForm('status');
const all = {
  ...SAMPLES,
  ...Object.fromEntries(HOSTILE.map((text) => [text.slice(0, 30), hostileOverview(text)])),
};

const metrics = (overview: Overview): string => renderMetrics(overview, measureLevels(overview));
const summary = (overview: Overview): string => summarizeStatus(overview, measureLevels(overview));
const sample = (name: string): Overview => SAMPLES[name] ?? SAMPLES.empty ?? overviewOf('', []);

describe('JSON', () => {
  test.each(Object.entries(all))('%j is of the published form, and comes back as it was', (_, overview) => {
    const text = JSON.stringify(describeStatus(overview, measureLevels(overview)));
    expect(accepts(JSON.parse(text)), JSON.stringify(accepts.errors?.slice(0, 3))).toBe(true);
    const [environment] = JSON.parse(text).environments;
    expect(environment?.name).toBe(overview.environments[0]?.name);
  });

  test('the form is strict: another key, a missing one or a bare null is refused', () => {
    const good = () =>
      JSON.parse(JSON.stringify(describeStatus(sample('small'), measureLevels(sample('small')))));
    const spoilt = [
      { ...good(), extra: 1 },
      { ...good(), version: 2 },
      { ...good(), environments: [{ ...good().environments[0], drift: null }] },
      { ...good(), environments: [{ ...good().environments[0], records: [] }] },
    ];
    expect([good(), ...spoilt].map((one) => accepts(one))).toEqual([true, false, false, false, false]);
  });
});

/** Prometheus' text format as its specification has it, strictly. */
function readSeries(text: string): Map<string, number> {
  const series = new Map<string, number>();
  const label = '[a-z_]+="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
  const line = new RegExp(`^([a-z_]+(?:\\{${label}(?:,${label})*\\})?) (-?[0-9.]+(?:e[+-]?\\d+)?)$`);
  let family = '';
  for (const each of text.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(each)?.[1];
    if (help !== undefined) {
      expect([...series.keys()].some((name) => name.startsWith(`${help}{`) || name === help)).toBe(false);
      family = help;
    } else if (each.startsWith('#')) expect(each).toMatch(new RegExp(`^# TYPE ${family} (?:gauge|counter)$`));
    else {
      const [, name = '', value] = line.exec(each) ?? [];
      expect(name.split('{')[0], each).toBe(family);
      expect(series.has(name), `twice: ${name}`).toBe(false);
      series.set(name, Number(value));
    }
  }
  expect(text.endsWith('\n')).toBe(true);
  return series;
}

describe('Prometheus', () => {
  const prod = 'environment="prod",repository="ghcr.io/octo/app"';
  const series = readSeries(metrics(sample('small')));

  test.each<[string, number]>([
    ['hallmark_status_timestamp_seconds', Date.parse('2026-11-21T12:00:00Z') / 1000],
    [`hallmark_records_total{${prod},action="promote"}`, 2],
    [`hallmark_records_total{${prod},action="rollback"}`, 0],
    [`hallmark_held{${prod}}`, 0],
    [`hallmark_current_record_timestamp_seconds{${prod}}`, Date.parse('2026-11-18T14:00:00Z') / 1000],
    [`hallmark_drift{${prod},kind="running"}`, 0],
    [`hallmark_instances{${prod},input="us-east",state="current"}`, 1],
    [`hallmark_open_findings{${prod},severity="high"}`, 2],
    [`hallmark_deployments_per_day{${prod}}`, 2 / 30],
    // 25 hours, and 28 hours and a half.
    [`hallmark_lead_time_seconds{${prod}}`, 26.75 * 3600],
    [`hallmark_evidence_coverage_ratio{${prod}}`, 1],
    [`hallmark_image_size_bytes{${prod}}`, 93.2e6],
    // (2 × 7 + 14 × 0.1) / 93.2 MB
    [`hallmark_image_weighted_findings_per_byte{${prod}}`, 15.4 / 93.2e6],
  ])('%s', (name, value) => {
    expect(series.get(name)).toBeCloseTo(value, 12);
  });

  test('what has nothing to measure is no series and no unknown one', () => {
    expect([...series.keys()].filter((name) => /rollback_time|_unknown/.test(name))).toEqual([]);
  });

  test('what is unknown is no series but one that says so', () => {
    const broken = readSeries(metrics(sample('broken')));
    const names = [...broken.keys()];
    const staging = 'environment="staging",repository="ghcr.io/octo/app"';
    const unknown = names.filter((name) => name.startsWith(`hallmark_unknown{${staging}`));
    expect(unknown.map((name) => /what="(.*)"/.exec(name)?.[1])).toEqual([
      'hallmark_record_faults',
      'hallmark_held',
      'hallmark_records_total',
      'hallmark_drift',
      'hallmark_deployments_per_day',
      'hallmark_lead_time_seconds',
      'hallmark_change_failure_ratio',
      'hallmark_rollback_time_seconds',
      'hallmark_patch_time_seconds',
      'hallmark_evidence_coverage_ratio',
      'hallmark_open_criticals',
      'hallmark_image_weighted_findings_per_byte',
      'hallmark_image_age_seconds',
      'hallmark_image_size_bytes',
    ]);
    expect(names.filter((name) => name.includes(staging) && !name.startsWith('hallmark_unknown'))).toEqual(
      [],
    );
    // Faults: what the last record says is not what it holds.
    const faulty = names.filter((name) => name.includes('"prod-eu"'));
    expect(faulty.filter((name) => /current_info|records_total\{|open_findings\{/.test(name))).toEqual([]);
  });

  test.each(HOSTILE.map((text) => [text]))('%j is one label', (text) => {
    const found = readSeries(metrics(hostileOverview(text)));
    expect(found.size).toBe(readSeries(metrics(hostileOverview('harmless'))).size);
  });
});

describe('OpenTelemetry', () => {
  interface Log {
    readonly timeUnixNano?: string;
    readonly eventName: string;
    readonly severityText: string;
    readonly attributes: readonly {
      readonly key: string;
      readonly value: { readonly stringValue?: string };
    }[];
  }
  const logsOf = (overview: Overview): Log[] =>
    (
      describeEvents(overview) as { resourceLogs: { scopeLogs: { logRecords: Log[] }[] }[] }
    ).resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
  const attribute = (log: Log | undefined, name: string) =>
    log?.attributes.find(({ key }) => key === name)?.value.stringValue;

  test('an event a promotion and rollback; marks are none', () => {
    const logs = logsOf(hostileOverview('text'));
    expect(logs.map((log) => [log.eventName, attribute(log, 'hallmark.action'), log.severityText])).toEqual([
      ['hallmark.deployment', 'promote', 'WARN'],
      ['hallmark.deployment', 'promote', 'WARN'],
      ['hallmark.deployment', 'rollback', 'WARN'],
    ]);
  });

  test('time in nanoseconds, digest, commit; each has a name of its own', () => {
    const logs = logsOf(sample('small'));
    const [first] = logs;
    // 2026-11-10T08:40:00Z
    expect(first?.timeUnixNano).toBe('1794300000000000000');
    expect(attribute(first, 'oci.manifest.digest')).toBe(digestOf(1));
    expect(attribute(first, 'vcs.repository.url.full')).toBe('https://github.com/octo/app');
    expect(attribute(first, 'deployment.status')).toBe('succeeded');
    expect(new Set(logs.map((log) => attribute(log, 'deployment.id'))).size).toBe(4);
  });

  test('a time that nothing proves is left out', () => {
    const records = recordsOf('prod', [{ image: 1, at: undefined }]);
    const [log] = logsOf(overviewOf('2026-11-21T12:00:00Z', [environmentOf('prod', records)]));
    expect(log).toMatchObject({ observedTimeUnixNano: '1795262400000000000' });
    expect(log).not.toHaveProperty('timeUnixNano');
  });

  test('records that could not be read are no events', () => {
    expect(logsOf(overviewOf('2026-11-21T12:00:00Z', sample('broken').environments.slice(0, 1)))).toEqual([]);
  });
});

describe('Markdown', () => {
  test.each<[string, readonly string[]]>([
    ['empty', ['### ⚠️ No environment was looked at']],
    ['unused', ['### ✅ 2 environments: all as recorded', '| Holds | nothing yet |']],
    [
      'small',
      [
        '### ✅ 2 environments: all as recorded',
        '| prod | `ghcr.io/octo/app` |',
        `| Holds | \`${digestOf(2).slice(7, 19)}\` |`,
        '| Running | this, in 2 instances in 2 places |',
        '| Since | 2026-11-18 14:00, promoted by record 2 |',
        '| Why | Release 1.1: faster search |',
        '| Asked by | ada |',
        '| Approved by | grace |',
        '| Policy | `octo/app/.github/hallmark.yml@5b0c7f2f8f0a` |',
        `| Goes back to | \`${digestOf(1).slice(7, 19)}\` (1 step back) |`,
        '| **Lead time** | 38 min (median of 2) | 1.1 d (median of 2) |',
        '| **Image size** | 93.2 MB | 93.2 MB |',
        '| **Time to roll back** | – (nothing was rolled back) |',
      ],
    ],
    [
      'broken',
      [
        '### ⛔ 3 environments: 7 things to look at, and 1 thing that nobody can say',
        '| Holds | ⚠️ not known: ghcr.io did not answer within 30 s |',
        '| Holds | ⚠️ not known: its records do not hold; last known `',
        '| Break-glass | ⛔ waived no-critical, fresh-scan |',
        '| Running | ⛔ this in 0 of 1 instance |',
        '| Goes back to | ⚠️ nothing |',
        '🔀 **prod** drifts (running): eu-central default/web has ghcr.io/octo/app:latest instead of',
        '✋ **prod** is held by ada since 2026-11-19 09:00: Until the checkout is understood',
        'without sbom that counts: linux/arm64 has none; linux/amd64: signed by nobody that counts',
        '| **Evidence coverage** | ⚠️&nbsp;unknown | 75 % | ⚠️&nbsp;unknown |',
        '| **Image size** | ⚠️&nbsp;unknown | unknown: its manifest could not be read | ⚠️&nbsp;unknown |',
        'a rule denies: no-critical',
      ],
    ],
  ])('%s says it', (name, parts) => {
    const text = summary(sample(name));
    for (const part of parts) expect(text).toContain(part);
  });

  test.each(HOSTILE.map((text) => [text]))('%j adds no element', (text) => {
    const elements = (overview: Overview): Set<string> =>
      new Set(renderMarkdown(summary(overview)).match(/<[a-z][^>]*>/gi));
    const known = elements(hostileOverview('harmless'));
    // A span around a dollar sign is how GitHub wants it; code is code in a cell with a pipe.
    const added = [...elements(hostileOverview(text))].filter(
      (one) => !known.has(one) && one !== '<span>' && one !== '<code>',
    );
    expect(added).toEqual([]);
  });

  test('a thousand environments with everything wrong stay below a megabyte', () => {
    const [, broken] = sample('broken').environments;
    const environments = Array.from({ length: 1000 }, (_, index) => ({
      ...(broken ?? environmentOf('prod', [])),
      name: `prod-${index}`,
    }));
    const text = summary(overviewOf('2026-11-21T12:00:00Z', environments));
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
    expect(text).toContain('### ⛔ 1,000 environments');
  });

  test('a share that is not whole is not shown as whole', () => {
    const kinds = Array.from({ length: 300 }, (_, index) => ({
      kind: `k${index}`,
      covered: index > 0,
      reasons: [],
    }));
    const records = recordsOf('prod', [{ image: 1, at: '2026-11-01T00:00:00Z' }]);
    const images = new Map([imageOf(1, '2026-11-01T00:00:00Z', { coverage: { value: kinds } })]);
    const text = summary(overviewOf('2026-11-21T12:00:00Z', [environmentOf('prod', records, { images })]));
    expect(text).toContain('| **Evidence coverage** | 99 % |');
  });
});

describe('the guide on service levels', () => {
  const guide = readFileSync(new URL('../../../action-docs/service-levels.md', import.meta.url), 'utf8');
  const told = new Set(guide.match(/hallmark_[a-z_]+[a-z]/g));
  const written = new Set(
    Object.values(SAMPLES).flatMap((overview) => metrics(overview).match(/^hallmark_[a-z_]+/gm) ?? []),
  );

  test('names every series there is, and none that is not', () => {
    // What the samples never have enough of to measure.
    const rare = [
      'hallmark_missing_samples',
      'hallmark_patch_time_seconds',
      'hallmark_rollback_time_seconds',
    ];
    expect([...written].filter((name) => !told.has(name))).toEqual([]);
    expect([...told].filter((name) => !written.has(name) && !rare.includes(name))).toEqual([]);
  });

  test('has a line for each level', () => {
    const lines = [...guide.matchAll(/^\| ([A-Z][a-z -]+) \|/gm)].map(([, title]) => title);
    expect(lines).toEqual(Object.values(LEVELS).map(({ title }) => title));
  });
});
