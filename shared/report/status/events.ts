import type { EnvironmentOverview, Overview, RecordOverview } from '../../environment/overview.ts';
import { isMove } from '../../evidence/promotion.ts';

/*
 * Deployments as OpenTelemetry events: OTLP/JSON (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding") of one ExportLogsServiceRequest, which a
 * collector takes at /v1/logs. Attributes by the semantic conventions 1.40 where they have one (registry: deployment, oci, container, vcs); what they lack
 * is below hallmark. Text stays as it is: JSON escapes it, and who shows it has to escape it for its place.
 */

interface Attribute {
  readonly key: string;
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly arrayValue: { readonly values: readonly { readonly stringValue: string }[] } };
}

/** Every promotion and rollback of every environment whose records could be read. `deployment.id` is the same whenever it is told again. */
export function describeEvents({ at, environments }: Overview): object {
  return { resourceLogs: environments.flatMap((environment) => describeEnvironment(environment, at)) };
}

function describeEnvironment(environment: EnvironmentOverview, at: string): object[] {
  const { name, repository, records } = environment;
  const moves = 'unknown' in records ? [] : records.value.filter(({ action }) => isMove(action));
  if (moves.length === 0) return [];
  return [
    {
      resource: {
        attributes: [
          text('service.name', repository.slice(repository.lastIndexOf('/') + 1)),
          text('deployment.environment.name', name),
        ],
      },
      scopeLogs: [
        {
          scope: { name: 'hallmark' },
          logRecords: moves.map((record) => describeMove(environment, record, at)),
        },
      ],
    },
  ];
}

function describeMove({ name, repository }: EnvironmentOverview, record: RecordOverview, at: string): object {
  const { action, digest, sequence, tag, source, requestedBy, reason, policy, waived, approvedBy } = record;
  const verb = action === 'rollback' ? 'Rolled back' : 'Promoted';
  return {
    // A time that is not there means unknown (logs.proto, time_unix_nano).
    ...(record.at !== undefined && { timeUnixNano: nanoseconds(record.at) }),
    observedTimeUnixNano: nanoseconds(at),
    // SEVERITY_NUMBER_INFO and SEVERITY_NUMBER_WARN
    ...(waived.length === 0
      ? { severityNumber: 9, severityText: 'INFO' }
      : { severityNumber: 13, severityText: 'WARN' }),
    // General conventions for events: a name of a namespace of its own.
    eventName: 'hallmark.deployment',
    body: { stringValue: `${verb} ${repository}@${digest} in ${name}`.toWellFormed() },
    attributes: [
      text('deployment.id', `${repository}:${tag}`),
      text('deployment.name', `${action} ${name}`),
      text('deployment.status', 'succeeded'),
      text('oci.manifest.digest', digest),
      text('container.image.name', repository),
      ...(source === undefined
        ? []
        : [text('vcs.repository.url.full', source.repository), text('vcs.ref.head.revision', source.commit)]),
      text('hallmark.action', action),
      { key: 'hallmark.sequence', value: { intValue: String(sequence) } },
      text('hallmark.record', record.record),
      text('hallmark.policy', policy.uri),
      ...(record.verdict === undefined ? [] : [text('hallmark.verdict', record.verdict)]),
      ...(requestedBy === undefined ? [] : [text('hallmark.requested_by', requestedBy)]),
      ...list(
        'hallmark.approved_by',
        approvedBy.map(({ by }) => by),
      ),
      ...(reason === undefined ? [] : [text('hallmark.reason', reason)]),
      ...list('hallmark.waived', waived),
    ],
  };
}

function text(key: string, value: string): Attribute {
  return { key, value: { stringValue: value.toWellFormed() } };
}

function list(key: string, values: readonly string[]): Attribute[] {
  if (values.length === 0) return [];
  return [
    { key, value: { arrayValue: { values: values.map((one) => ({ stringValue: one.toWellFormed() })) } } },
  ];
}

/** Nanoseconds since 1970, as text: JSON's numbers cannot hold them. */
function nanoseconds(time: string): string {
  return `${BigInt(Date.parse(time)) * 1_000_000n}`;
}
