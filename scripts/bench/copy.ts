import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Digest } from '../../shared/image/digest.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { digestOf } from '../../shared/store/hash.ts';
import { openStore } from '../../shared/store/open.ts';
import type { Store } from '../../shared/store/store.ts';
import { startDistribution } from '../../test/servers/peers.ts';
import { ensureTool } from '../tools.ts';
import { countTurns, overRegistries, type Registry, startEmbedded, type Taken } from './compare.ts';
import { type Passage, startDelay } from './delay.ts';
import { type Figure, runProgram } from './figure.ts';
import { readPeak } from './memory.ts';

const ROUNDS = 5;
/** Rounds between registries. */
const TRANSFERS = 3;
const MEGABYTE = 1_000_000;
/** In MB of 10^6 bytes. */
const MEMORY = 128;
const PEAK = fileURLToPath(new URL('./peak.mjs', import.meta.url));

/**
 * An image of two platforms with ten referrers, copied with all of them by `copyImage` in a process of its own. Within a registry beside
 * oras-go's ExtendedCopy, which carries as much, and `crane cp`, which carries no referrers; to another registry beside crane's and skopeo's
 * copies of the bare image. Bytes are those of all requests and responses.
 */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-copy-'));
  try {
    const script = await bundle(folder);
    return [
      ...(await overRegistries(startEmbedded, (name, registry) => within(name, registry, script))),
      ...(await between(folder, script)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(folder: string): Promise<string> {
  const input = fileURLToPath(new URL('./copy-image.ts', import.meta.url));
  await using bundled = await rolldown({ input, platform: 'node' });
  // What Node brings along is required, as by the actions' bundles: importing node:http would load the whole of fetch.
  const { output } = await bundled.write({
    dir: folder,
    format: 'cjs',
    minify: true,
    entryFileNames: 'copy-image.cjs',
  });
  return join(folder, output[0].fileName);
}

async function within(name: string, registry: Registry, script: string): Promise<Figure[]> {
  const source = await putImage(`${registry.address}/octo/app`, 1);
  const [oras, crane] = [await ensureTool('oras'), await ensureTool('crane')];
  const figures: Figure[] = [];
  for (const latency of [0, 25]) {
    const passages: Passage[] = [];
    const delay = await startDelay(`http://${registry.address}`, latency, passages);
    try {
      const from = `${delay.host}/octo/app`;
      const to = (who: string, round: number): string => `${delay.host}/octo/${who}-${latency}-${round}`;
      const run = await countTurns(ROUNDS, passages, {
        'oras-go ExtendedCopy': (round) =>
          runProgram(oras, [`${from}@${source.digest}`, `${to('oras', round)}:bench`]),
        'crane cp': (round) =>
          runProgram(crane, ['cp', `${from}@${source.digest}`, `${to('crane', round)}:bench`]),
        ours: (round) =>
          runProgram(process.execPath, [script, from, source.digest, to('ours', round), 'referrers']),
      });
      for (const who of ['oras', 'ours']) await checkReferrers(to(who, 0), source);
      const [theirs, bare, ours] = [run['oras-go ExtendedCopy'], run['crane cp'], run.ours];
      const [faster, slower] = [theirs.time / ours.time, ours.time / bare.time];
      figures.push({
        what: `copy two platforms + 10 referrers, +${latency} ms, within ${name}`,
        peer: `oras-go ExtendedCopy ${describe(theirs)}; crane cp (no referrers) ${describe(bare)}`,
        ours: describe(ours),
        ratio: `${faster.toFixed(1)}× as fast as oras-go, ${slower.toFixed(2)}× crane's time`,
        // With nothing to wait for, Node's start-up is what is measured, and what waits for what is left to chance.
        goal: `≤ 60 requests, no blob moved${latency === 0 ? '' : ', ≤ 6 deep, ≥ 4×, ≤ 1×'}`,
        met:
          ours.requests <= 60 &&
          ours.blobBytes === 0 &&
          (latency === 0 || (ours.depth <= 6 && faster >= 4 && slower <= 1)),
      });
    } finally {
      await delay.close();
    }
  }
  return figures;
}

async function between(folder: string, script: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  const crane = await ensureTool('crane');
  for (const [megabytes, goal] of [
    [20, 1],
    [100, 1.3],
  ] as const) {
    const [here, there] = [await startDistribution(), await startDistribution()];
    const passages: Passage[] = [];
    const delays = await Promise.all(
      [here, there].map(({ address }) => startDelay(`http://${address}`, 25, passages)),
    );
    try {
      // Another for each round: skopeo keeps in mind where a registry has a blob, and would mount it.
      const sources: Source[] = [];
      while (sources.length < TRANSFERS)
        sources.push(await putImage(`${here.address}/octo/app`, megabytes * MEGABYTE));
      const [from, to] = delays.map(({ host }) => `${host}/octo/app`);
      const digestOfRound = (round: number): string => sources[round]?.digest ?? '';
      const image = (round: number): string => `${from}@${digestOfRound(round)}`;
      const [plain, peaks] = [['--src-tls-verify=false', '--dest-tls-verify=false'], join(folder, 'peaks')];
      const env = { ...process.env, NODE_OPTIONS: `--import=${PEAK}`, HALLMARK_PEAK: peaks };
      writeFileSync(peaks, '');
      const run = await countTurns(TRANSFERS, passages, {
        crane: (round) => runProgram(crane, ['cp', image(round), `${to}-crane-${round}:bench`]),
        skopeo: (round) =>
          runProgram('skopeo', [
            '--insecure-policy',
            'copy',
            '--all',
            ...plain,
            `docker://${image(round)}`,
            `docker://${to}-skopeo-${round}:bench`,
          ]),
        ours: (round) =>
          runProgram(
            process.execPath,
            [script, from ?? '', digestOfRound(round), `${to}-ours-${round}`, 'referrers'],
            { env },
          ),
      });
      for (const [round, source] of sources.entries()) await checkReferrers(`${to}-ours-${round}`, source);
      const [slower, other] = [run.ours.time / run.crane.time, run.ours.time / run.skopeo.time];
      const memory = readPeak(peaks, script);
      figures.push({
        what: `copy 2 × ${megabytes} MB + 10 referrers to another registry without the API, +25 ms`,
        peer: `bare image: crane cp ${describe(run.crane)}; skopeo ${describe(run.skopeo)}`,
        ours: `${describe(run.ours)}, ${Math.round(memory)} MB of memory`,
        ratio: `${slower.toFixed(2)}× crane's time, ${other.toFixed(2)}× skopeo's`,
        goal: `≤ ${goal}×, ≤ 1×, < ${MEMORY} MB`,
        met: slower <= goal && other <= 1 && memory < MEMORY,
      });
    } finally {
      await Promise.all([...delays, here, there].map((server) => server.close()));
    }
  }
  return figures;
}

const describe = ({ said, bytes }: Taken): string => `${said}, ${(bytes / MEGABYTE).toFixed(2)} MB`;

interface Source {
  readonly digest: Digest;
  /** The index and the manifests below it. */
  readonly subjects: readonly Digest[];
}

const REFERRERS = 10;
const REFERRER_BYTES = 40_000;

/** Two platforms with one layer of `bytes` each, and ten referrers: four beside the index, three beside each platform. */
async function putImage(place: string, bytes: number): Promise<Source> {
  const store = openPlain(place);
  const push = async (content: Buffer): Promise<{ digest: Digest; size: number }> => {
    const blob = { digest: digestOf(content), size: content.length };
    await store.putBlob(blob, () => content);
    return blob;
  };
  const pushManifest = async (content: object, mediaType: string) => {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
    const { digest } = await store.putManifest(manifest, mediaType);
    return { mediaType, digest, size: manifest.length };
  };
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const layer = { mediaType: MEDIA_TYPE.layerGzip, ...(await push(randomBytes(bytes))) };
    const config = await push(Buffer.from(JSON.stringify({ os: 'linux', architecture })));
    const content = { config: { mediaType: MEDIA_TYPE.config, ...config }, layers: [layer] };
    const platform = { os: 'linux', architecture };
    manifests.push({ ...(await pushManifest(content, MEDIA_TYPE.manifest)), platform });
  }
  const index = await pushManifest({ manifests }, MEDIA_TYPE.index);
  const subjects = [index, ...manifests.map(({ platform, ...manifest }) => manifest)];
  await attachReferrers(
    store,
    Array.from({ length: REFERRERS }, (_, n) => ({
      subject: subjects[n % subjects.length] ?? index,
      artifactType: MEDIA_TYPE.bundle,
      blob: randomBytes(REFERRER_BYTES),
      blobMediaType: MEDIA_TYPE.bundle,
      annotations: { 'dev.sigstore.bundle.predicateType': `https://example.com/${n}` },
    })),
  );
  return { digest: index.digest, subjects: subjects.map(({ digest }) => digest) };
}

/** A copy that left evidence behind would be fast. */
async function checkReferrers(place: string, { subjects }: Source): Promise<void> {
  const store = openPlain(place);
  const lists = await Promise.all(subjects.map((subject) => store.listReferrers(subject)));
  const found = lists.flat().length;
  if (found !== REFERRERS) throw new Error(`${place} has ${found} of ${REFERRERS} referrers`);
}

function openPlain(place: string): Store {
  const quiet = (): void => undefined;
  const log = {
    info: quiet,
    notice: quiet,
    warning: quiet,
    mask: quiet,
    group: <T>(_: string, work: () => T) => work(),
  };
  return openStore(parseReference(place), {
    workspace: tmpdir(),
    path: '',
    log,
    deadline: AbortSignal.timeout(60_000),
  });
}
