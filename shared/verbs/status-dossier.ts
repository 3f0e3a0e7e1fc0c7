import {
  type Dossier,
  type DossierEvent,
  type DossierImage,
  type DossierSubject,
  selectRecords,
} from '../environment/dossier.ts';
import type { EnvironmentOverview, RecordOverview } from '../environment/overview.ts';
import type { Evidence, VerifiedImage } from '../evidence/evidence.ts';
import { formatSigner } from '../evidence/identity.ts';
import { countSeverities, mergeFindings } from '../evidence/merge.ts';
import { VERDICT_EXTENSION } from '../evidence/predicate.ts';
import { readScan } from '../evidence/scan.ts';
import { readVerdict } from '../evidence/verdict.ts';
import { type Digest, shortDigest } from '../image/digest.ts';
import { Failure, Invalid } from '../outcome/outcome.ts';
import { trustOf } from '../policy/file.ts';
import { readProvenance } from '../policy/reading.ts';
import { listSubjects, nameSubjects } from '../store/subjects.ts';
import { readLogged } from './environment.ts';
import type { FoundOverview } from './overview.ts';

/**
 * Gathers all that is proven of an image or an incident: its commit and run, every statement that counts with who signed it and when, what each
 * verdict accepted, approvals and records, in the order of time. What could not be read is a gap that it names.
 */
export async function compileDossier(
  found: FoundOverview,
  about: string,
  subject: DossierSubject,
): Promise<{ readonly dossier: Dossier; readonly unread: readonly string[] }> {
  const { environments, at, policy } = found.overview;
  const images: DossierImage[] = [];
  const events: DossierEvent[] = [];
  const discounted: Dossier['discounted'][number][] = [];
  const gaps = environments.flatMap(({ name, records, faults }) => [
    ...('unknown' in records ? [`${name}: its records could not be read: ${records.unknown}`] : []),
    ...faults.map((fault) => `${name}: its records do not hold: ${fault}`),
  ]);
  const unread: string[] = [];
  for (const environment of environments) {
    const { name, repository } = environment;
    const { records, digests } = selectRecords(environment, subject);
    const statements = new Map<Digest, Evidence>();
    for (const digest of digests) {
      const known: DossierImage = {
        environment: name,
        repository,
        digest,
        source: '',
        commit: '',
        builtBy: '',
        run: '',
      };
      try {
        const { evidence, rejected, names } = await readImage(found, name, digest);
        for (const one of evidence) statements.set(one.source, one);
        images.push({ ...known, ...describeOrigin(evidence) });
        events.push(...listCommit(environment, digest));
        // Records are told as such.
        const told = new Set(records.map(({ record }) => record));
        const others = evidence.filter(({ source }) => !told.has(source));
        events.push(...others.map((one) => describeStatement(one, { environment: name, digest, names })));
        discounted.push(...rejected.map(({ source, reason }) => ({ digest, source, reason })));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        images.push(known);
        const gap = `${name}: ${digest} could not be read: ${error.message}`;
        gaps.push(gap);
        unread.push(gap);
      }
    }
    for (const record of records) events.push(...describeRecord(record, name, statements.get(record.record)));
  }
  if (images.length === 0 && gaps.length === 0) {
    throw new Invalid('dossier', `no environment that was looked at knows of ${about}`);
  }
  const time = (event: DossierEvent): number => (event.at === undefined ? Infinity : Date.parse(event.at));
  // What nothing proves the time of comes last.
  const sorted = events.toSorted((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
  return { dossier: { about, at, policy, images, events: sorted, discounted, gaps }, unread };
}

async function readImage(
  { surveys, verifier, policy }: FoundOverview,
  environment: string,
  digest: Digest,
): Promise<VerifiedImage & { readonly names: ReadonlyMap<Digest, string> }> {
  const store = surveys.get(environment)?.store;
  if (store === undefined) throw new Error(`nobody looked at ${environment}`);
  const subjects = await listSubjects(store, digest);
  const known = await readLogged(store, subjects, verifier, trustOf(policy.file));
  return { ...known, names: nameSubjects(subjects) };
}

const NEVER = new Date(0).toISOString();

/** By the newest provenance that counts. */
function describeOrigin(
  evidence: readonly Evidence[],
): Pick<DossierImage, 'source' | 'commit' | 'builtBy' | 'run'> {
  const all = evidence.filter(({ kind }) => kind === 'provenance');
  const [newest] = all.toSorted((a, b) => Date.parse(b.signedAt ?? NEVER) - Date.parse(a.signedAt ?? NEVER));
  const read = newest && readProvenance(newest);
  if (newest === undefined || read === undefined || !('value' in read)) {
    return { source: '', commit: '', builtBy: '', run: '' };
  }
  const { repository, commit } = read.value;
  return { source: repository, commit, builtBy: formatSigner(newest.signer), run: newest.signer.run ?? '' };
}

const NO_STATEMENT = { run: '', logIndex: '', source: '' } as const;

function listCommit({ name, images }: EnvironmentOverview, digest: Digest): DossierEvent[] {
  const committed = images.get(digest)?.committed;
  if (committed === undefined || 'unknown' in committed) return [];
  const what = 'its commit was made';
  return [
    {
      at: committed.value,
      environment: name,
      digest,
      kind: 'commit',
      what,
      details: [],
      by: 'GitHub',
      ...NO_STATEMENT,
    },
  ];
}

function describeStatement(
  evidence: Evidence,
  about: {
    readonly environment: string;
    readonly digest: Digest;
    readonly names: ReadonlyMap<Digest, string>;
  },
): DossierEvent {
  const { kind, signer, signedAt, logIndex = '', source, subjects, statement } = evidence;
  const { environment, digest, names } = about;
  const of = subjects.map((subject) => names.get(subject) ?? shortDigest(subject)).join(', ');
  return {
    at: signedAt,
    environment,
    digest,
    kind,
    what: `${kind} of ${of} was signed`,
    details: [statement.predicateType, ...tellPredicate(evidence)],
    by: formatSigner(signer),
    run: signer.run ?? '',
    logIndex,
    source,
  };
}

/** What a statement says that somebody asks of afterwards. */
function tellPredicate({ kind, statement: { predicate } }: Evidence): string[] {
  if (kind === 'scan') {
    const scan = readScan(predicate);
    if (scan === undefined) return [];
    const counts = Object.entries(countSeverities(mergeFindings(scan.findings)));
    const found = counts.map(([severity, count]) => `${count} ${severity.toLowerCase()}`).join(', ');
    return [
      `found ${found}, at ${scan.scannedAt} by the database of ${scan.database?.updatedAt ?? 'an unknown day'}`,
    ];
  }
  if (kind !== 'verdict') return [];
  const verdict = readVerdict(predicate);
  if (verdict === undefined) return [];
  const { reasons = [], warnings = [], excused = [] } = verdict[VERDICT_EXTENSION] ?? {};
  return [
    `${verdict.verificationResult} for ${verdict.resourceUri}, by ${verdict.policy.uri}`,
    ...reasons.map((reason) => `denied: ${reason}`),
    ...excused.map(({ id, package: name, platform, by, owner, reason, until }) => {
      const who = [by, owner, until === undefined ? '' : `until ${until.slice(0, 10)}`]
        .filter((part) => part !== '')
        .join(', ');
      return `accepted: ${id} in ${name}${platform && ` on ${platform}`} (${who}): ${reason}`;
    }),
    // What is accepted is warned of too.
    ...warnings
      .filter((warning) => !excused.some(({ id }) => warning.startsWith(`${id} in `)))
      .map((warning) => `warned: ${warning}`),
  ];
}

/** A record and, each at its own time, the approvals that it stands on. */
function describeRecord(
  record: RecordOverview,
  environment: string,
  evidence: Evidence | undefined,
): DossierEvent[] {
  const { action, digest, sequence, at, tag, requestedBy, reason, approvedBy, waived, followUp, policy } =
    record;
  const approvals = approvedBy.map(
    ({ by, at: when, how, url }): DossierEvent => ({
      at: when,
      environment,
      digest,
      kind: 'approval',
      what: `${by} approved record ${sequence} by ${how === 'run' ? 'a review of the run' : 'a review of the pull request'}`,
      details: url === '' ? [] : [url],
      by,
      ...NO_STATEMENT,
      source: record.record,
    }),
  );
  const { verdict, manifests } = record;
  return [
    ...approvals,
    {
      at,
      environment,
      digest,
      kind: action,
      what: `record ${sequence}: ${action}, asked for by ${requestedBy ?? 'unknown'}: ${reason ?? 'no reason was given'}`,
      details: [
        tag,
        `policy ${policy.uri}`,
        ...(verdict === undefined ? [] : [`verdict ${verdict}`]),
        ...waived.map((rule) => `break-glass waived: ${rule}`),
        ...(followUp === undefined ? [] : [`to be looked at by ${followUp}`]),
        ...(manifests === undefined ? [] : [`manifests of ${manifests.repository} at ${manifests.commit}`]),
      ],
      by: evidence === undefined ? '' : formatSigner(evidence.signer),
      run: evidence?.signer.run ?? '',
      logIndex: evidence?.logIndex ?? '',
      source: record.record,
    },
  ];
}
