import { LEVEL_NAMES, type LevelName } from '../../environment/level.ts';
import { type ServiceLevels, WINDOW_DAYS } from '../../environment/levels.ts';
import { DRIFTS, type Overview } from '../../environment/overview.ts';
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
  const add = (
    name: string,
    help: string,
    labels: Readonly<Record<string, string>>,
    value: number,
    type: Family['type'] = 'gauge',
  ): void => {
    const family = families.get(name) ?? { type, help, series: [] };
    families.set(name, family);
    family.series.push({ labels, value });
  };
  add('hallmark_status_timestamp_seconds', 'When status looked.', {}, Date.parse(at) / 1000);
  for (const one of levels) addEnvironment(one, add);
  return [...families].map(([name, family]) => writeFamily(name, family)).join('');
}

type Add = (
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
  value: number,
  type?: Family['type'],
) => void;

function addEnvironment({ environment, recent }: ServiceLevels, add: Add): void {
  const { name, repository, current, records, faults, drift, candidates, running, images } = environment;
  const labels = { environment: name, repository };
  const addUnknown = (what: string): void =>
    add('hallmark_unknown', 'Series that could not be measured, each with a 1.', { ...labels, what }, 1);
  // Of records that could not be read, or do not hold, nobody can say what they leave out.
  const lost = 'unknown' in records || faults.length > 0;
  if ('unknown' in records) addUnknown('hallmark_record_faults');
  else add('hallmark_record_faults', 'Reasons why the records do not hold.', labels, faults.length);
  if (environment.hold === undefined && lost) addUnknown('hallmark_held');
  else {
    const held = environment.hold === undefined ? 0 : 1;
    add('hallmark_held', 'Whether a hold stops promotions.', labels, held);
  }

  if (lost) addUnknown('hallmark_records_total');
  else {
    for (const action of RECORD_ACTIONS) {
      const done = records.value.filter((record) => record.action === action).length;
      add('hallmark_records_total', 'Records that stand.', { ...labels, action }, done, 'counter');
    }
    const free = candidates.filter(({ reasons }) => reasons.length === 0).length;
    add('hallmark_rollback_candidates', 'Images that a rollback could go to.', labels, free);
    if (current !== undefined) {
      const info = { ...labels, digest: current.digest, tag: current.tag, action: current.action };
      add('hallmark_current_info', 'What the environment holds.', info, 1);
      if (current.at === undefined) addUnknown('hallmark_current_record_timestamp_seconds');
      else {
        const seconds = Date.parse(current.at) / 1000;
        add('hallmark_current_record_timestamp_seconds', 'When it came to hold that.', labels, seconds);
      }
      const findings = images.get(current.digest)?.findings;
      if (findings === undefined || 'unknown' in findings) addUnknown('hallmark_open_findings');
      else {
        const help = 'Findings of the image held, by its last scan.';
        for (const severity of SEVERITIES) {
          const label = { ...labels, severity: severity.toLowerCase() };
          add('hallmark_open_findings', help, label, findings.value.counts[severity]);
        }
        const seconds = Date.parse(findings.value.scannedAt) / 1000;
        add(
          'hallmark_last_scan_timestamp_seconds',
          'When the last scan that counts was made.',
          labels,
          seconds,
        );
      }
    }
  }

  if ('unknown' in drift) addUnknown('hallmark_drift');
  else {
    for (const kind of DRIFTS) {
      const found = drift.value.filter((one) => one.kind === kind).length;
      add('hallmark_drift', 'Differences to what the records say.', { ...labels, kind }, found);
    }
  }
  if (lost && running !== undefined) addUnknown('hallmark_instances');
  else
    for (const label of new Set(running?.map((instance) => instance.label))) {
      const here = running?.filter((instance) => instance.label === label) ?? [];
      const help = 'Instances by whether they run what the records say.';
      const right = here.filter(({ digest }) => digest !== undefined && digest === current?.digest).length;
      add('hallmark_instances', help, { ...labels, input: label, state: 'current' }, right);
      add('hallmark_instances', help, { ...labels, input: label, state: 'other' }, here.length - right);
    }

  for (const level of LEVEL_NAMES) {
    const found = recent[level];
    const { name: metric, help, times = 1 } = NAMES[level];
    if (found === undefined || 'none' in found) continue;
    if ('unknown' in found) addUnknown(metric);
    else {
      add(metric, help, labels, found.value * times);
      const about = { ...labels, metric };
      if (found.missing > 0) {
        add(
          'hallmark_missing_samples',
          'Events that belong to a metric and could not be measured.',
          about,
          found.missing,
        );
      }
    }
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
