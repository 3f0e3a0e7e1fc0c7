import { readFile } from 'node:fs/promises';
import { compareFindings } from '../evidence/compare.ts';
import { comparePackages } from '../evidence/difference.ts';
import { placeOf } from '../evidence/finding.ts';
import { listFirstSeen } from '../evidence/first-seen.ts';
import { mergeFindings } from '../evidence/merge.ts';
import { type Package, readPackages } from '../evidence/packages.ts';
import type { RunContext } from '../github/context.ts';
import { submitSnapshot } from '../github/snapshot.ts';
import {
  describeLayers,
  type LayeredConfig,
  type LayerOrigin,
  layeredConfigSchema,
} from '../image/history.ts';
import { formatImage } from '../image/reference.ts';
import { Failure, Unavailable } from '../outcome/outcome.ts';
import type { Review, ReviewFinding } from '../report/review.ts';
import { readJson } from '../store/json.ts';
import type { AnalysedImage, AnalysedPlatform } from './analysis.ts';
import { findNewerBase } from './base-image.ts';
import type { Baseline } from './baseline.ts';
import type { Origin } from './origin.ts';

/** Fills in what a review says beside findings: where layers come from, what became of packages and sizes. Nothing of it changes the verdict. */
export async function completeReview(
  review: Review,
  about: {
    readonly analysed: readonly AnalysedPlatform[];
    readonly baseline: Baseline | undefined;
    readonly origin: Origin;
    readonly base: Review['base'];
  },
): Promise<Review> {
  const { analysed, baseline, origin, base } = about;
  const before = new Map(baseline?.analysed?.map((one) => [one.platform, one]));
  const origins = new Map<string, LayerOrigin>();
  const platforms = review.platforms.map((platform) => {
    const one = analysed.find(({ platform: name }) => name === platform.name);
    const config = one && readLayered(one);
    if (one === undefined || config === undefined) return platform;
    const layers = describeLayers(one.manifest.manifest, config, {
      recipe: origin.recipe,
      named: origin.named,
      baseLayers: origin.base?.layers.get(platform.name),
    });
    for (const layer of layers) origins.set(layer.digest, layer);
    return { ...platform, ...compareLayers(layers, before.get(platform.name)) };
  });
  const place = (found: ReviewFinding): ReviewFinding => {
    const layer = found.layer && origins.get(found.layer.digest);
    if (layer === undefined) return found;
    const { size: _, ...known } = layer;
    return { ...found, layer: known };
  };
  const firstSeen = listFirstSeen(baseline?.earlier ?? []);
  const certain = [...origins.values()].some(({ line }) => line !== undefined);
  return {
    ...review,
    platforms,
    findings: review.findings.map((found) => place(dateFinding(found, firstSeen))),
    ...(baseline && { baseline: { kind: baseline.kind, image: baseline.image, reason: baseline.reason } }),
    ...(base && { base }),
    ...(certain && origin.dockerfile !== undefined && { dockerfile: origin.dockerfile }),
    ...(baseline?.analysed && {
      packages: comparePackages(await listPackages(analysed), await listPackages(baseline.analysed)),
    }),
  };
}

function dateFinding(found: ReviewFinding, seen: ReadonlyMap<string, string>): ReviewFinding {
  const date = found.state === 'new' ? undefined : seen.get(placeOf(found));
  return date === undefined ? found : { ...found, firstSeen: date };
}

/** A platform's config; of one that is no image's a review says less. */
function readLayered({ manifest }: AnalysedPlatform): LayeredConfig | undefined {
  return readJson(layeredConfigSchema, manifest.config);
}

/** The most layers of one platform that a review holds. */
const LAYERS = 512;

/** The layers as a review has them, and what the baseline's platform has instead. */
function compareLayers(
  layers: readonly LayerOrigin[],
  earlier: AnalysedPlatform | undefined,
): Pick<Review['platforms'][number], 'layers' | 'removed' | 'before'> {
  const tell = ({ digest, size, createdBy }: LayerOrigin) => ({ digest, size, createdBy });
  if (earlier === undefined) return { layers: layers.slice(0, LAYERS).map(tell) };
  const config = readLayered(earlier);
  const old = config === undefined ? [] : describeLayers(earlier.manifest.manifest, config);
  const has = (list: readonly LayerOrigin[]) => new Set(list.map(({ digest }) => digest));
  const [before, now] = [has(old), has(layers)];
  return {
    layers: layers.slice(0, LAYERS).map((one) => ({ ...tell(one), known: before.has(one.digest) })),
    removed: old
      .filter(({ digest }) => !now.has(digest))
      .slice(0, LAYERS)
      .map(tell),
    before: sizeOf(earlier),
  };
}

/** Compressed bytes of layers and config. */
export function sizeOf({ manifest: { manifest } }: AnalysedPlatform): number {
  return [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
}

async function listPackages(analysed: readonly AnalysedPlatform[]): Promise<Map<string, Package[]>> {
  const found = new Map<string, Package[]>();
  for (const { platform, files } of analysed) {
    const packages = readPackages(JSON.parse(await readFile(files.report, 'utf8')));
    if (packages === undefined) throw new Unavailable(`the packages of ${platform} are not understood`);
    found.set(platform, packages);
  }
  return found;
}

/**
 * Submits the packages to GitHub's dependency graph; gives the snapshot's id. What goes wrong there is a warning: it is no part of the verdict,
 * and the reports are there already.
 */
export async function submitPackages(
  analysed: readonly AnalysedPlatform[],
  place: string,
  token: string | undefined,
  context: RunContext,
): Promise<number | undefined> {
  const packages = await listPackages(analysed);
  const manifests = [...packages].map(([platform, found]) => ({
    name: `${place} (${platform})`,
    packages: found,
  }));
  const version = analysed[0]?.scan.version ?? '';
  try {
    return await submitSnapshot(manifests, { image: place, version }, token, context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const hint = error.hint === undefined ? '' : `\n${error.hint}`;
    context.log.warning(`No dependencies were submitted: ${error.message}${hint}`);
    return undefined;
  }
}

/**
 * The image that the base's tag names now, and how many of the base's findings it has no more. Undefined when the base is the newest, has no
 * tag, or is not known. The base's own findings are those of the baseline `base-image`.
 */
export async function describeNewerBase(
  baseline: Baseline,
  { base }: Origin,
  analyse: (image: AnalysedImage) => Promise<readonly AnalysedPlatform[]>,
): Promise<Review['base']> {
  if (base === undefined || baseline.kind !== 'base-image' || baseline.analysed === undefined)
    return undefined;
  const newer = await findNewerBase(base);
  if (newer === undefined) return undefined;
  const { reference, store } = base;
  const platforms = baseline.analysed.map(({ platform }) => platform);
  const compared = (analysed: readonly AnalysedPlatform[]) => ({
    merged: mergeFindings(analysed.flatMap(({ scan: { findings } }) => findings)),
    platforms: analysed.map(({ platform }) => platform),
  });
  const analysed = await analyse({ store, reference, subjects: newer, platforms });
  const { fixed } = compareFindings(compared(analysed), compared(baseline.analysed));
  return { image: baseline.image, newer: formatImage(reference, newer.digest), fixes: fixed.length };
}
