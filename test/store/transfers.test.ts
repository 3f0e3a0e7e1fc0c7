import { expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import { digestOf } from '../../shared/store/hash.ts';
import type { Written } from '../../shared/store/store.ts';
import { Transfers } from '../../shared/store/transfers.ts';
import { open } from './fixtures.ts';

/** Blobs that arrive, or fail to, when the test says so. */
function prepare(count: number) {
  const blobs = Array.from({ length: count }, (_, n) => {
    const bytes = Buffer.from(`blob ${n}`);
    return { mediaType: MEDIA_TYPE.layerGzip, digest: digestOf(bytes), size: bytes.length };
  });
  const begun: PromiseWithResolvers<Written>[] = [];
  const to = open('oci:to');
  to.putBlob = () => {
    const one = Promise.withResolvers<Written>();
    begun.push(one);
    return one.promise;
  };
  const transfers = new Transfers(open('oci:from'), to);
  transfers.begin(blobs, Promise.resolve(false));
  return { blobs, begun, transfers };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('moves each blob once, and twenty at a time', async () => {
  const { blobs, begun, transfers } = prepare(25);
  transfers.begin(blobs, Promise.resolve(false));
  await settled();
  expect(begun).toHaveLength(20);
  for (let at = 0; at < 25; at += 1) {
    begun[at]?.resolve('sent');
    await settled();
  }
  expect(begun).toHaveLength(25);
  expect(await transfers.all()).toEqual(blobs.map((blob) => ({ blob, written: 'sent' })));
});

it.each(['by a blob', 'from outside'])(
  'begins none after a failure %s, and waits for those under way',
  async (where) => {
    const { blobs, begun, transfers } = prepare(25);
    await settled();
    const failure = new Error('the disk is full');
    if (where === 'by a blob') begun[0]?.reject(failure);
    let over = false;
    const stopping = transfers.stop(failure).then(() => {
      over = true;
    });
    await settled();
    for (const one of begun.slice(1)) {
      expect(over).toBe(false);
      one.resolve('sent');
      await settled();
    }
    begun[0]?.resolve('sent');
    await stopping;
    expect(begun).toHaveLength(20);
    await expect(transfers.all()).rejects.toBe(failure);
    await expect(transfers.arrival(blobs.slice(1, 20))).resolves.toBeUndefined();
    await expect(transfers.arrival(blobs.slice(20))).rejects.toBe(failure);
  },
);
