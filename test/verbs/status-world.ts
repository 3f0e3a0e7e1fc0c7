// Environments whose records are signed for real and read over HTTP, made in this process: registry, Sigstore and GitHub on loopback.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFinding } from '../../shared/evidence/finding.ts';
import { PREDICATE_TYPES } from '../../shared/evidence/predicate.ts';
import type { Promotion, RecordAction } from '../../shared/evidence/promotion.ts';
import { WORKFLOW_BUILD_TYPE } from '../../shared/evidence/provenance.ts';
import { buildScanPredicate } from '../../shared/evidence/scan.ts';
import { loadPolicy } from '../../shared/github/policy.ts';
import { type Digest, parseDigest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import type { ImageSubjects } from '../../shared/store/subjects.ts';
import { appendRecord, type RecordClaim } from '../../shared/verbs/append.ts';
import { readEnvironment } from '../../shared/verbs/environment.ts';
import { openPolicyVerifier } from '../../shared/verbs/judge.ts';
import { type StatusInputs, status } from '../../shared/verbs/status.ts';
import { type GithubStub, startGithub } from '../servers/github.ts';
import { type Fault, type SeenRequest, startRegistry } from '../servers/registry.ts';
import { startSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';
import { putImage } from '../sigstore/image.ts';

export const POLICY = '.github/hallmark.yml';
const WORKFLOWS = { builder: 'release', gate: 'gate', stranger: 'evil' } as const;
type Who = keyof typeof WORKFLOWS;

const describePolicy = (host: string, environments: number): string => `
version: 1
repository-id: 123456789
trust:
  builder:  [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  scanner:  [{ signer-workflow: octo/app/.github/workflows/release.yml }]
  gate:     [{ signer-workflow: octo/app/.github/workflows/gate.yml }]
  promoter: [{ signer-workflow: octo/app/.github/workflows/gate.yml }]
environments:
${Array.from({ length: environments }, (_, at) => `  e${at}: { repository: "${host}/octo/e${at}", rules: [signed, provenance, no-critical] }`).join('\n')}
  twin-a: { repository: "${host}/octo/twin", rules: [signed] }
  twin-b: { repository: "${host}/octo/twin", rules: [signed] }
`;

export type StatusWorld = Awaited<ReturnType<typeof startStatusWorld>>;
export type Place = Awaited<ReturnType<StatusWorld['makeEnvironment']>>;

/** Starts everything, with so many environments that nothing was promoted to. */
export async function startStatusWorld(environments: number) {
  let onRequest: ((request: SeenRequest) => Fault | undefined) | undefined;
  const [registry, sigstore] = await Promise.all([
    startRegistry({ onRequest: (request) => onRequest?.(request) }),
    startSigstore(),
  ]);
  const github: GithubStub = await startGithub({
    repositories: [
      {
        name: 'octo/app',
        id: 123456789,
        defaultBranch: 'main',
        protected: true,
        files: { [POLICY]: describePolicy(registry.host, environments) },
      },
    ],
  });
  const workspace = mkdtempSync(join(tmpdir(), 'hallmark-status-'));
  writeFileSync(join(workspace, 'root.json'), JSON.stringify(sigstore.trustedRoot));
  const services = {
    sigstore: 'custom',
    'fulcio-url': sigstore.fulcioUrl,
    'rekor-url': sigstore.rekorUrl,
    'trusted-root': 'root.json',
    'github-token': github.token,
  } as const;
  const contextOf = (who: Who) =>
    runContext(
      sigstore,
      { job_workflow_ref: `octo/app/.github/workflows/${WORKFLOWS[who]}.yml@refs/heads/main` },
      {
        workspace,
        temp: workspace,
        apiUrl: github.url,
        // Nothing that is made to fail is waited for.
        deadline: AbortSignal.timeout(60_000),
      },
    );
  const policy = await loadPolicy(POLICY, services, contextOf('gate'));
  const verifier = await openPolicyVerifier(policy, services, contextOf('gate'));
  let made = 0;

  async function makeEnvironment() {
    const name = `e${made}`;
    made += 1;
    const repository = `${registry.host}/octo/${name}`;
    const open = (): Store => openStore(parseReference(repository), storeOptions(contextOf('gate')));

    /** An image of two platforms in the environment's repository, with what is said of it. */
    async function release(
      salt: string,
      what: readonly ('signature' | 'provenance' | 'scan')[] = ['signature', 'provenance', 'scan'],
      labels: Record<string, string> = {},
    ): Promise<ImageSubjects> {
      const store = open();
      const image = await putImage(store, ['amd64', 'arm64'], `${name} ${salt}`, labels);
      const signer = await openSigner(services, contextOf('builder'));
      const claims = [
        ...(what.includes('signature')
          ? [{ predicateType: PREDICATE_TYPES.signature[0], predicate: {} }]
          : []),
        ...(what.includes('provenance')
          ? [{ predicateType: PREDICATE_TYPES.provenance[0], predicate: PROVENANCE }]
          : []),
        ...(what.includes('scan')
          ? image.platforms.map(({ descriptor: { digest } }) => ({
              predicateType: PREDICATE_TYPES.scan[0],
              predicate: scanOf(digest),
              subjects: [digest],
            }))
          : []),
      ];
      if (claims.length > 0) await publishStatements(store, image, signer, claims);
      return image;
    }

    /** Appends a record as promote and rollback do. */
    async function record(
      action: RecordAction,
      image: ImageSubjects,
      claim: Partial<RecordClaim> = {},
    ): Promise<Digest> {
      const store = open();
      const moves = action === 'promote' || action === 'rollback';
      const { record: written } = await appendRecord(
        {
          store,
          environment: name,
          policy,
          verifier,
          signer: await openSigner(services, contextOf('gate')),
          state: await readEnvironment(store, name, verifier, policy),
        },
        image,
        {
          action,
          digest: image.digest,
          ...(moves && { verdict: parseDigest(`sha256:${'f'.repeat(64)}`) }),
          requestedBy: 'mona',
          reason: `because of ${action}`,
          ...claim,
        },
      );
      return written.record;
    }

    /** A record that was written past everything that keeps it from being wrong, with its tag. */
    async function forge(
      image: ImageSubjects,
      said: Partial<Promotion> & { sequence: number },
      { by = 'stranger', tag = true }: { by?: Who; tag?: boolean } = {},
    ): Promise<void> {
      const store = open();
      const predicate = {
        action: 'promote',
        environment: name,
        repository,
        repositoryId: '123456789',
        digest: image.digest,
        verdict: `sha256:${'f'.repeat(64)}`,
        policy: { uri: policy.uri, digest: policy.digest, content: '' },
        ...said,
      };
      const signer = await openSigner(services, contextOf(by));
      const claim = { predicateType: PREDICATE_TYPES.promotion[0], predicate, subjects: [image.digest] };
      await publishStatements(store, image, signer, [claim]);
      if (tag) await point(tagOf(said.sequence, image.digest), image);
    }

    async function point(tag: string, image: ImageSubjects): Promise<void> {
      const { bytes, descriptor } = image.root;
      await open().putManifest(bytes, descriptor.mediaType, tag);
    }

    /** Deletes a tag or a manifest. */
    async function remove(reference: string): Promise<void> {
      const answer = await fetch(`http://${registry.host}/v2/octo/${name}/manifests/${reference}`, {
        method: 'DELETE',
      });
      if (answer.status !== 202) throw new Error(`${reference} was not deleted: ${answer.status}`);
    }

    const tagOf = (sequence: number, digest: string): string =>
      `env-${name}.${String(sequence).padStart(6, '0')}-${digest.slice(7, 19)}`;

    return { name, repository, release, record, forge, point, remove, tagOf, open };
  }

  /** Runs status in this process. Files of `running` are given by their content. */
  async function ask(
    inputs: Omit<Partial<StatusInputs>, 'running'> & { readonly running?: Readonly<Record<string, string>> },
  ) {
    const running = Object.entries(inputs.running ?? {}).map(([label, text], at) => {
      const file = `running-${at}-${made}.txt`;
      writeFileSync(join(workspace, file), text);
      return label === '' ? file : `${label}=${file}`;
    });
    return status(
      { ...services, policy: POLICY, manifests: [], 'fail-on': [], ...inputs, running },
      contextOf('gate'),
    );
  }

  return {
    github,
    /** The commit of the default branch. */
    head: policy.uri.split('@')[1] ?? '',
    workspace,
    makeEnvironment,
    ask,
    /** What the registry answers from now on instead of the truth. */
    disturb(fault: typeof onRequest): void {
      onRequest = fault;
    },
    async close(): Promise<void> {
      await Promise.all([registry.close(), sigstore.close(), github.close()]);
    },
  };
}

const PROVENANCE = {
  buildDefinition: { buildType: WORKFLOW_BUILD_TYPE, externalParameters: {}, resolvedDependencies: [] },
  runDetails: {
    builder: { id: 'https://github.com/octo/app/.github/workflows/release.yml@refs/heads/main' },
  },
};

/** A scan of now with one vulnerability of no great severity. */
function scanOf(manifest: Digest): unknown {
  const now = new Date().toISOString();
  return buildScanPredicate({
    manifest,
    platform: 'linux/amd64',
    scanners: ['vuln', 'secret'],
    startedAt: now,
    scannedAt: now,
    database: {
      repository: 'ghcr.io/x/db:2',
      digest: parseDigest(`sha256:${'2'.repeat(64)}`),
      updatedAt: now,
    },
    version: '0.72.0',
    complete: true,
    findings: [
      makeFinding({
        class: 'vulnerability',
        id: 'CVE-2026-0001',
        scanner: 'trivy',
        severity: 'LOW',
        platform: 'linux/amd64',
      }),
    ],
  });
}

/** A pod as `kubectl get pods -o json` has it. */
export function pod(
  name: string,
  { image, id = '', started, waiting }: { image: string; id?: string; started?: string; waiting?: string },
): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels: { 'pod-template-hash': 'abc' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-abc' }],
    },
    spec: { containers: [{ name: 'app', image }] },
    status: {
      phase: waiting === undefined ? 'Running' : 'Pending',
      containerStatuses: [
        {
          name: 'app',
          image,
          imageID: id,
          state:
            waiting === undefined
              ? { running: { startedAt: started ?? new Date().toISOString() } }
              : { waiting: { reason: waiting } },
        },
      ],
    },
  };
}

/** A list of objects as kubectl prints it. */
export function kubeList(...items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items });
}
