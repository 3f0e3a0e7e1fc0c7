import { isEnvironmentName } from '../environment/tags.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { provenanceSchema } from '../evidence/provenance.ts';
import { readScan, type ScanResult } from '../evidence/scan.ts';
import { openGithub } from '../github/api.ts';
import type { RunContext } from '../github/context.ts';
import { listBaseCommits } from '../github/merge-base.ts';
import { formatPlatform } from '../image/platform.ts';
import {
  formatImage,
  formatPlace,
  parseReference,
  parseRepository,
  type Reference,
  type Repository,
} from '../image/reference.ts';
import { commitTag } from '../image/tags.ts';
import { Failure, Invalid, Refused } from '../outcome/outcome.ts';
import { findEnvironment, trustOf } from '../policy/file.ts';
import { collectEvidence } from '../sigstore/collect.ts';
import { openStore, storeOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type ImageSubjects, listSubjects } from '../store/subjects.ts';
import type { AnalysedImage, AnalysedPlatform } from './analysis.ts';
import { readEnvironment } from './environment.ts';
import type { Origin } from './origin.ts';
import type { Trusted } from './trusted.ts';

/** What an image is compared with, and what was found in it now; or the reason why there is nothing. */
export interface Baseline {
  /** `base-branch`, `environment:prod`, `base-image` or `reference`. */
  readonly kind: string;
  /** `place@digest`; empty when there is none. */
  readonly image: string;
  /** Empty when there is one. */
  readonly reason: string;
  /** By the same Trivy and the same database as the image itself. */
  readonly analysed: readonly AnalysedPlatform[] | undefined;
  /** Verified scans of it, `scannedAt` being when they were signed: they say when something was first seen, and nothing else. */
  readonly earlier: readonly ScanResult[];
}

/** An image that may be a baseline, where it lies. */
interface Found {
  readonly reference: Reference;
  readonly store: Store;
  readonly image: ImageSubjects;
}

export interface BaselineRequest {
  /** The image that is compared. */
  readonly reference: Reference;
  readonly store: Store;
  readonly image: ImageSubjects;
  /** Those of its platforms that are scanned, as in `linux/amd64`. */
  readonly platforms: readonly string[];
  /** True when the verdict depends on it: what cannot be reached is then `Unavailable`, and otherwise a reason. */
  readonly required: boolean;
  /** Undefined without a policy: then a tag is believed to name the commit's image, and nothing is known of earlier scans. */
  readonly trusted: Trusted | undefined;
  readonly origin: Promise<Origin>;
  readonly token: string | undefined;
  readonly analyse: (image: AnalysedImage) => Promise<readonly AnalysedPlatform[]>;
}

/** What is asked for as the baseline. */
export type Asked =
  | { readonly kind: 'base-branch'; readonly repository: Repository | undefined }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'base-image' }
  | { readonly kind: 'reference'; readonly reference: Reference; readonly wanted: string };

/** Reads the input `baseline`: `base-branch[:registry/repo]`, `environment:<name>`, `base-image`, or the reference of any image. */
export function parseBaseline(text: string): Asked {
  if (text === 'base-image') return { kind: 'base-image' };
  if (text === 'base-branch') return { kind: 'base-branch', repository: undefined };
  const [kind = '', ...rest] = text.split(':');
  const name = rest.join(':');
  if (kind === 'base-branch') return { kind, repository: parseRepository(name, 'baseline') };
  if (kind === 'environment') {
    if (isEnvironmentName(name)) return { kind, environment: name };
    throw new Invalid('baseline', 'names no environment; write environment:prod');
  }
  const meant = text.includes('/') || kind === 'oci' ? parseReference(text, 'baseline') : undefined;
  const wanted = meant?.digest ?? meant?.tag;
  if (meant === undefined || wanted === undefined) {
    throw new Invalid(
      'baseline',
      'may be base-branch, environment:<name>, base-image, or an image with its tag or digest',
    );
  }
  return { kind: 'reference', reference: meant, wanted };
}

/**
 * Finds what an image is compared with and analyses it as the image itself is: with the same database on both sides a vulnerability that
 * only the database learnt of is not taken for one that the change brings. There is a baseline, or a reason why there is none, never a silent one.
 */
export async function findBaseline(
  asked: Asked,
  request: BaselineRequest,
  context: RunContext,
): Promise<Baseline> {
  const kind = asked.kind === 'environment' ? `environment:${asked.environment}` : asked.kind;
  try {
    const found = await locate(asked, request, context);
    if (typeof found === 'string') return describeNone(kind, found);
    const { reference, store, image } = found;
    // An environment may well hold the same, and an older commit be built to the same bytes: a name alone does not tell that from a moved tag.
    if ((kind === 'reference' || kind === 'base-image') && isSame(image, request.image)) {
      return describeNone(kind, `${formatImage(reference, image.digest)} is the image itself`);
    }
    const has = image.platforms.map(({ platform }) => formatPlatform(platform));
    const shared = request.platforms.filter((platform) => has.includes(platform));
    const [analysed, earlier] = await Promise.all([
      request.analyse({ reference, store, subjects: image, platforms: shared }),
      readEarlier(found, request.trusted),
    ]);
    return { kind, image: formatImage(reference, image.digest), reason: '', analysed, earlier };
  } catch (error) {
    if (!(error instanceof Failure) || context.deadline.aborted) throw error;
    // A wrong input is one whatever is asked. Evidence that does not hold is no baseline: everything is judged then.
    if (error instanceof Invalid || (request.required && !(error instanceof Refused))) throw error;
    return describeNone(kind, error.message);
  }
}

function describeNone(kind: string, reason: string): Baseline {
  return { kind, image: '', reason, analysed: undefined, earlier: [] };
}

/** Whether one is the other, or a platform of it. */
function isSame(one: ImageSubjects, other: ImageSubjects): boolean {
  return one.all.some(({ digest }) => other.all.some((manifest) => manifest.digest === digest));
}

/** The image, or why there is none. */
function locate(asked: Asked, request: BaselineRequest, context: RunContext): Promise<Found | string> {
  switch (asked.kind) {
    case 'base-branch':
      return locateBaseBranch(asked.repository, request, context);
    case 'environment':
      return locateEnvironment(asked.environment, request, context);
    case 'base-image':
      return locateBase(request, context);
    case 'reference':
      return locateImage(asked.reference, asked.wanted, request.token, context);
  }
}

/** How many commits are asked for their image: a push of several commits builds the last one only. */
const COMMITS = 20;

async function locateBaseBranch(
  repository: Repository | undefined,
  { reference: own, trusted, token }: BaselineRequest,
  context: RunContext,
): Promise<Found | string> {
  const place = repository ?? (own.kind === 'registry' ? own.repository : undefined);
  if (place === undefined) {
    throw new Invalid(
      'baseline',
      'an image on disk has no older ones beside it; say where they are, as in base-branch:ghcr.io/octo/app',
    );
  }
  const reference: Reference = { kind: 'registry', repository: place };
  const store = openStore(reference, storeOptions(context, token));
  const github = await openGithub(token, context);
  let commits = 0;
  const unproven: string[] = [];
  for await (const commit of listBaseCommits(github, context, COMMITS)) {
    commits += 1;
    const tag = commitTag({ kind: 'commit', commit });
    const there = await store.resolve(tag);
    if (there === undefined) continue;
    const image = await listSubjects(store, there.digest);
    if (trusted === undefined || (await isProven({ reference, store, image }, commit, trusted))) {
      if (commits > 1) {
        context.log.info(`${store.place} has no image of the nearer commits; it is compared with ${tag}.`);
      }
      return { reference, store, image };
    }
    unproven.push(tag);
  }
  if (commits === 0) return 'the change has no commit in common with the branch that it goes to';
  const why =
    unproven.length === 0 ? '' : `; of ${unproven.join(', ')} no provenance that the policy trusts says so`;
  return `${store.place} has no image of the ${commits} commits that this change started from${why}`;
}

/** Whether a builder's provenance says that the image was built from this commit. */
async function isProven(found: Found, commit: string, trusted: Trusted): Promise<boolean> {
  const evidence = await readEvidence(found, trusted);
  return evidence.some(({ kind, signer, statement }) => {
    if (kind !== 'provenance') return false;
    const { data } = provenanceSchema.safeParse(statement.predicate);
    const materials = data?.buildDefinition.resolvedDependencies ?? [];
    // The certificate's word, where there is one, is worth more than the statement's.
    return (
      materials.some(({ digest }) => digest?.gitCommit === commit) &&
      (signer.key !== undefined || signer.commit === commit)
    );
  });
}

async function locateEnvironment(
  environment: string,
  { trusted, token }: BaselineRequest,
  context: RunContext,
): Promise<Found | string> {
  if (trusted === undefined) {
    throw new Invalid('policy', `is required: it says where ${environment} is and who may move it`);
  }
  const { policy, verifier } = trusted;
  const repository = parseRepository(findEnvironment(policy.file, environment).repository);
  const reference: Reference = { kind: 'registry', repository };
  const store = openStore(reference, storeOptions(context, token));
  const { current, pointer } = await readEnvironment(store, environment, await verifier, policy);
  if (current === undefined) return `nothing was promoted to ${environment} yet`;
  const { digest } = current.promotion;
  if (pointer !== digest) {
    context.log.warning(
      `${environment}'s tag names ${pointer ?? 'nothing'}, and its records ${digest}: the records count.`,
    );
  }
  return locateImage(reference, digest, token, context);
}

async function locateBase({ origin, token }: BaselineRequest, context: RunContext): Promise<Found | string> {
  const { base, fault } = await origin;
  if (base === undefined) {
    if (fault instanceof Failure) throw fault;
    return fault ?? 'it has no base image';
  }
  const { reference, image } = base;
  return { reference, image, store: openStore(reference, storeOptions(context, token)) };
}

async function locateImage(
  reference: Reference,
  wanted: string,
  token: string | undefined,
  context: RunContext,
): Promise<Found | string> {
  const store = openStore(reference, storeOptions(context, token));
  const there = await store.resolve(wanted);
  if (there === undefined) return `${formatPlace(reference)} holds no ${wanted}`;
  return { reference, store, image: await listSubjects(store, there.digest) };
}

async function readEvidence(
  { store, image }: Found,
  { policy, verifier }: Trusted,
): Promise<readonly Evidence[]> {
  return (await collectEvidence(store, image, await verifier, trustOf(policy.file))).evidence;
}

async function readEarlier(found: Found, trusted: Trusted | undefined): Promise<ScanResult[]> {
  if (trusted === undefined) return [];
  const evidence = await readEvidence(found, trusted);
  return evidence.flatMap(({ kind, statement, signedAt }) => {
    const scan = kind === 'scan' ? readScan(statement.predicate) : undefined;
    return scan === undefined || signedAt === undefined ? [] : [{ ...scan, scannedAt: signedAt }];
  });
}
