import { LEVEL_NAMES, type LevelName } from '../../environment/level.ts';
import { type Levels, type ServiceLevels, WINDOW_DAYS } from '../../environment/levels.ts';
import {
  DRIFTS,
  type EnvironmentOverview,
  type ImageOverview,
  type Overview,
} from '../../environment/overview.ts';
import { RECORD_ACTIONS } from '../../evidence/promotion.ts';
import { SEVERITIES } from '../../evidence/severity.ts';

/*
 * Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), for a file that a textfile collector or a push gateway
 * takes. Names as in prometheus.io/docs/practices/naming: base units, no timestamps. What is unknown is no series at all but one of hallmark_unknown, so
 * that no alert takes it for a zero.
 */

interface Family {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly series: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Each level's name here, in base units: what its value is multiplied by to come to them. */
const NAMES: Readonly<
  Record<LevelName, { readonly name: string; readonly help: string; readonly times?: number }>
> = {
  deploymentFrequency: {
    name: 'hallmark_deployments_per_day',
    help: `Promotions a day that changed what the environment holds, over the last ${WINDOW_DAYS} days.`,
  },
  leadTime: {
    name: 'hallmark_lead_time_seconds',
    help: `Median time from an image's commit to its first promotion here, over the last ${WINDOW_DAYS} days.`,
  },
  promotionTime: {
    name: 'hallmark_promotion_time_seconds',
    help: `Median time from the environment before to this one, over the last ${WINDOW_DAYS} days.`,
  },
  changeFailureRate: {
    name: 'hallmark_change_failure_ratio',
    help: `Promotions of the last ${WINDOW_DAYS} days that were rolled back or withdrawn, of all.`,
  },
  rollbackTime: {
    name: 'hallmark_rollback_time_seconds',
    help: `Median time that an image was here before a rollback took it away, over the last ${WINDOW_DAYS} days.`,
  },
  patchTime: {
    name: 'hallmark_patch_time_seconds',
    help: `Median time from the commit of an image with fewer critical and high findings to its promotion, over the last ${WINDOW_DAYS} days.`,
  },
  evidenceCoverage: {
    name: 'hallmark_evidence_coverage_ratio',
    help: 'Evidence that the rules need which is there and counts for the image held, of all that they need.',
  },
  openCriticals: {
    name: 'hallmark_open_criticals',
    help: 'Critical findings of the image held, by its last scan.',
  },
  weightedDensity: {
    name: 'hallmark_image_weighted_findings_per_byte',
    help: 'Findings of the image held, weighted by severity, for each byte of its largest platform.',
    times: 1e-6,
  },
  imageAge: { name: 'hallmark_image_age_seconds', help: 'Time since the image held was made.' },
  imageSize: {
    name: 'hallmark_image_size_bytes',
    help: 'Compressed size of the largest platform of the image held.',
  },
};

/** The state and the service levels of every environment in Prometheus' text format. */
export function renderMetrics({ at }: Overview, levels: readonly ServiceLevels[]): string {
  const families = new Map<string, Family>();
  add(families, {}, 'hallmark_status_timestamp_seconds', 'When status looked.', Date.parse(at) / 1000);
  for (const { environment, recent } of levels) {
    const { name, repository } = environment;
    const own = new EnvironmentSeries(families, { environment: name, repository });
    addRecords(own, environment);
    addDrift(own, environment);
    addRunning(own, environment);
    addLevels(own, recent);
  }
  return [...families].map(([name, family]) => writeFamily(name, family)).join('');
}

type Labels = Readonly<Record<string, string>>;

function add(
  families: Map<string, Family>,
  labels: Labels,
  name: string,
  help: string,
  value: number,
  type: Family['type'] = 'gauge',
): void {
  const family = families.get(name) ?? { type, help, series: [] };
  families.set(name, family);
  family.series.push({ labels, value });
}

/** Series that all carry one environment's labels. */
class EnvironmentSeries {
  readonly #families: Map<string, Family>;
  readonly #labels: Labels;

  constructor(families: Map<string, Family>, labels: Labels) {
    this.#families = families;
    this.#labels = labels;
  }

  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    add(this.#families, { ...this.#labels, ...labels }, name, help, value);
  }

  counter(name: string, help: string, value: number, labels: Labels): void {
    add(this.#families, { ...this.#labels, ...labels }, name, help, value, 'counter');
  }

  /** Says that a metric could not be measured. */
  unknown(metric: string): void {
    this.gauge('hallmark_unknown', 'Metrics that could not be measured, each with a 1.', 1, { what: metric });
  }
}

/** Of records that could not be read, or do not hold, nobody can say what they leave out. */
function isLost({ records, faults }: EnvironmentOverview): boolean {
  return 'unknown' in records || faults.length > 0;
}

function addRecords(own: EnvironmentSeries, environment: EnvironmentOverview): void {
  const { records, faults, hold, candidates, current } = environment;
  if ('unknown' in records) own.unknown('hallmark_record_faults');
  else own.gauge('hallmark_record_faults', 'Reasons why the records do not hold.', faults.length);
  if (hold === undefined && isLost(environment)) own.unknown('hallmark_held');
  else own.gauge('hallmark_held', 'Whether a hold stops promotions.', hold === undefined ? 0 : 1);
  if ('unknown' in records || isLost(environment)) {
    own.unknown('hallmark_records_total');
    return;
  }
  for (const action of RECORD_ACTIONS) {
    const done = records.value.filter((record) => record.action === action).length;
    own.counter('hallmark_records_total', 'Records that stand.', done, { action });
  }
  const free = candidates.filter(({ reasons }) => reasons.length === 0).length;
  own.gauge('hallmark_rollback_candidates', 'Images that a rollback could go to.', free);
  if (current === undefined) return;
  const { digest, tag, action, at } = current;
  own.gauge('hallmark_current_info', 'What the environment holds.', 1, { digest, tag, action });
  const since = 'hallmark_current_record_timestamp_seconds';
  if (at === undefined) own.unknown(since);
  else own.gauge(since, 'When it came to hold that.', Date.parse(at) / 1000);
  addFindings(own, environment.images.get(digest));
}

function addFindings(own: EnvironmentSeries, image: ImageOverview | undefined): void {
  if (image === undefined || 'unknown' in image.findings) {
    own.unknown('hallmark_open_findings');
    return;
  }
  const { counts, scannedAt } = image.findings.value;
  const help = 'Findings of the image held, by its last scan.';
  for (const severity of SEVERITIES) {
    own.gauge('hallmark_open_findings', help, counts[severity], { severity: severity.toLowerCase() });
  }
  const when = 'When the last scan that counts was made.';
  own.gauge('hallmark_last_scan_timestamp_seconds', when, Date.parse(scannedAt) / 1000);
}

function addDrift(own: EnvironmentSeries, { drift }: EnvironmentOverview): void {
  if ('unknown' in drift) {
    own.unknown('hallmark_drift');
    return;
  }
  for (const kind of DRIFTS) {
    const found = drift.value.filter((one) => one.kind === kind).length;
    own.gauge('hallmark_drift', 'Differences to what the records say.', found, { kind });
  }
}

function addRunning(own: EnvironmentSeries, environment: EnvironmentOverview): void {
  const { running, current } = environment;
  if (running === undefined) return;
  if (isLost(environment)) {
    own.unknown('hallmark_instances');
    return;
  }
  for (const input of new Set(running.map(({ label }) => label))) {
    const here = running.filter(({ label }) => label === input);
    const right = here.filter(({ digest }) => digest !== undefined && digest === current?.digest).length;
    const help = 'Instances by whether they run what the records say.';
    own.gauge('hallmark_instances', help, right, { input, state: 'current' });
    own.gauge('hallmark_instances', help, here.length - right, { input, state: 'other' });
  }
}

function addLevels(own: EnvironmentSeries, recent: Levels): void {
  for (const level of LEVEL_NAMES) {
    const found = recent[level];
    const { name: metric, help, times = 1 } = NAMES[level];
    if (found === undefined || 'none' in found) continue;
    if ('unknown' in found) {
      own.unknown(metric);
      continue;
    }
    own.gauge(metric, help, found.value * times);
    const lacking = 'Events that belong to a metric and could not be measured.';
    if (found.missing > 0) own.gauge('hallmark_missing_samples', lacking, found.missing, { metric });
  }
}

function writeFamily(name: string, { type, help, series }: Family): string {
  const lines = series.map(({ labels, value }) => `${name}${writeLabels(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  const written = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return written.length === 0 ? '' : `{${written.join(',')}}`;
}

/** Exposition formats, "Comments, help text, and type information": backslash, double quote and line feed are escaped; all else is any UTF-8. */
function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
