import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWorld } from '../../test/actions/world.ts';
import { Repository } from '../../test/servers/registry-repository.ts';
import type { Figure } from './figure.ts';
import { readPeak } from './memory.ts';

const HOOK = fileURLToPath(new URL('./peak.mjs', import.meta.url));
const IMAGES = 2500;
/** Each image has its own tag, and each piece of evidence about it. */
const EVIDENCE = 3;
const TAGS = IMAGES * (1 + EVIDENCE);
const MEMORY = 200;
/** The tag's manifest, the configuration for its date, the referrers; of each piece of evidence its manifest and what is about it. */
const REQUESTS = 3 + 2 * EVIDENCE;

/** What the plan of prune costs over a repository of 10,000 tags: requests an image, time, and memory of its process. */
export async function measure(): Promise<Figure[]> {
  const world = await startWorld();
  try {
    await fill(new Repository(world.registry.folder, 'octo/app'));
    const peaks = join(world.folder, 'peaks');
    writeFileSync(peaks, '');
    const begun = performance.now();
    const { code, outputs, log } = await world.run(
      'prune',
      { repository: `${world.registry.host}/octo/app`, policy: 'none', keep: '10' },
      { variables: { NODE_OPTIONS: `--import=${HOOK}`, HALLMARK_PEAK: peaks } },
    );
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0) throw new Error(`prune ended with ${code}:\n${log}`);
    if (Number(outputs['deleted']) !== (IMAGES - 10) * (1 + EVIDENCE))
      throw new Error(`would delete ${outputs['deleted']}`);
    const requests = world.registry.requests.length / IMAGES;
    const megabytes = readPeak(peaks, join('dist', 'prune', 'index.js'));
    const figure = (what: string, goal: number, ours: number, unit: string): Figure => ({
      what: `${what} of prune's plan, ${TAGS} tags`,
      peer: `goal ${goal} ${unit}`,
      ours: `${ours.toFixed(1)} ${unit}`,
      ratio: `${(ours / goal).toFixed(2)}×`,
      goal: `< ${goal} ${unit}`,
      met: ours < goal,
    });
    return [
      figure('requests an image', REQUESTS + 0.1, requests, ''),
      figure('time', 120, seconds, 's'),
      figure('memory', MEMORY, megabytes, 'MB'),
    ];
  } finally {
    await world.close();
  }
}

async function fill(repository: Repository): Promise<void> {
  const [empty, layer] = [await putBlob(repository, '{}'), await putBlob(repository, 'layer')];
  for (let at = 0; at < IMAGES; at += 1) {
    const created = new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString();
    const config = await putBlob(
      repository,
      JSON.stringify({ os: 'linux', architecture: 'amd64', created, at }),
    );
    const image = put(repository, `sha-${String(at).padStart(40, '0')}`, {
      config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
      layers: [layer],
    });
    for (let piece = 0; piece < EVIDENCE; piece += 1) {
      put(repository, `${image.digest.replace(':', '-')}.${String(piece).padStart(16, '0')}`, {
        artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        config: { ...empty, mediaType: 'application/vnd.oci.empty.v1+json' },
        layers: [layer],
        subject: image,
        annotations: { 'org.opencontainers.image.created': created, piece: String(piece) },
      });
    }
  }
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

function put(repository: Repository, tag: string, content: object) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, ...content }));
  return {
    mediaType: MANIFEST,
    digest: repository.putManifest(tag, bytes, MANIFEST).digest,
    size: bytes.length,
  };
}

async function putBlob(repository: Repository, text: string) {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const id = digest.slice(7, 39);
  writeFileSync(repository.upload(id), text);
  await repository.finishUpload(id, digest);
  return { mediaType: 'application/octet-stream', digest, size: Buffer.byteLength(text) };
}
