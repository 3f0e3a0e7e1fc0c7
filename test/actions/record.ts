import { openPlainStore } from '../../scripts/demo/tamper.ts';
import { type Promotion, promotionSchema } from '../../shared/evidence/promotion.ts';
import { parseDigestReference } from '../../shared/image/reference.ts';

/** The record that the output `record` names, as anybody reads it. */
export async function readRecord(record: string): Promise<Promotion> {
  const reference = parseDigestReference(record);
  const store = openPlainStore(reference);
  const manifest = JSON.parse((await store.getManifest(reference.digest))?.bytes.toString() ?? '');
  const bundle = JSON.parse((await store.readBlob(manifest.layers[0])).toString());
  return promotionSchema.parse(
    JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()).predicate,
  );
}
