import { type Descriptor, MEDIA_TYPE } from '../../shared/image/descriptor.ts';
import type { Referrer } from '../../shared/store/attach.ts';

/** A piece of evidence as attest makes it; `name` tells one from another. */
export function makeReferrer(subject: Descriptor, name: string): Referrer {
  return {
    subject,
    artifactType: MEDIA_TYPE.bundle,
    blob: Buffer.from(JSON.stringify({ name })),
    blobMediaType: MEDIA_TYPE.bundle,
    annotations: { 'dev.sigstore.bundle.predicateType': name },
  };
}
