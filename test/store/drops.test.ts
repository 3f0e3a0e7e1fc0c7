import { describe, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { attachReferrers } from '../../shared/store/attach.ts';
import { copyImage } from '../../shared/store/copy.ts';
import { mapParallel } from '../../shared/store/parallel.ts';
import type { Store } from '../../shared/store/store.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import type { Fault, SeenRequest } from '../servers/registry.ts';
import { copyAndTag, digests, open, pushManifest, pushPlatform, serveRegistry } from './fixtures.ts';
import { makeReferrer } from './referrer.ts';

/** Copies of one image with evidence, each between repositories of its own, so that each meets a fault of its own. */
async function prepare(options: { referrers: boolean; within: boolean }) {
  const plans = new Map<string, { fault: Fault; at: number; times: number; seen: SeenRequest[] }>();
  const onRequest = (request: SeenRequest): Fault | undefined => {
    const plan = plans.get(/\/(?:from|to)-(\d+)\//.exec(request.path)?.[1] ?? '');
    const place = plan?.seen.push(request) ?? 0;
    return plan && place > plan.at && place <= plan.at + plan.times ? plan.fault : undefined;
  };
  const here = await serveRegistry({ referrers: options.referrers, onRequest });
  const there = options.within ? here : await serveRegistry({ referrers: options.referrers, onRequest });
  const source = open('oci:source');
  const child = await pushPlatform(source, 'amd64');
  const image = await pushManifest(source, {
    mediaType: MEDIA_TYPE.index,
    manifests: [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }],
  });
  const evidence = await attachReferrers(source, [makeReferrer(image, 'signature')]);

  /** A copy that meets `fault` at its request `at` and those after it, `times` in all; `again` is another run of it. */
  const run = async (name: number, fault: Fault, at: number, times: number) => {
    const origin = open(`${here.host}/octo/from-${name}`);
    await copyImage(source, origin, image.digest, { referrers: true });
    const seen: SeenRequest[] = [];
    const copy = async (): Promise<Store> => {
      const to = open(`${there.host}/octo/to-${name}`);
      await copyAndTag(open(`${here.host}/octo/from-${name}`), to, image.digest, {
        referrers: true,
        check: true,
      });
      return to;
    };
    plans.set(String(name), { fault, at, times, seen });
    const first = copy();
    await first.catch(() => undefined);
    plans.delete(String(name));
    return { first, seen, again: copy, to: open(`${there.host}/octo/to-${name}`) };
  };
  const expectWhole = async (to: Store): Promise<void> => {
    expect((await to.resolve('v1'))?.digest).toBe(image.digest);
    const subjects = (await listSubjects(to, 'v1')).all;
    const listed = await Promise.all(subjects.map(({ digest }) => to.listReferrers(digest)));
    expect(digests(listed.flat())).toEqual(digests(evidence));
  };
  const { seen } = await run(0, 'drop', 0, 0);

  return { run, expectWhole, requests: seen.length };
}

// Dropped before anything was done, or cut off when all was done but not said.
const ways = [
  { name: 'within a registry', referrers: true, within: true, fault: 'drop' },
  { name: 'within a registry without the referrers API', referrers: false, within: true, fault: 'cut' },
  { name: 'to another registry', referrers: true, within: false, fault: 'cut' },
  { name: 'to another one, both without the API', referrers: false, within: false, fault: 'drop' },
] as const;

describe('a copy whose connection is dropped, at each request in turn', { timeout: 120_000 }, () => {
  it.each(ways)('comes through: $name ($fault)', async (way) => {
    const { run, expectWhole, requests } = await prepare(way);
    const cases = Array.from({ length: requests }, (_, at) => at);
    await mapParallel(cases, 24, async (at) => {
      const { first, to } = await run(at + 1, way.fault, at, 1);
      await first;
      await expectWhole(to);
    });
  });
});

describe('a copy that is stopped, at each request in turn', { timeout: 120_000 }, () => {
  it.each(ways)('is unavailable, tags nothing, and is completed by the next: $name', async (way) => {
    const { run, expectWhole, requests } = await prepare(way);
    const cases = Array.from({ length: requests }, (_, at) => at);
    const ends = await mapParallel(cases, 12, async (at) => {
      const { first, again, to } = await run(at + 1, { status: 403 }, at, Infinity);
      const end = await first.then(
        () => 'done',
        (error) => error.outcome,
      );
      // The tag is written last: it never names what is not all there.
      if ((await to.resolve('v1')) !== undefined) await expectWhole(to);
      await expectWhole(await again());
      return end;
    });
    expect(new Set(ends)).toEqual(new Set(['unavailable']));
  });
});
