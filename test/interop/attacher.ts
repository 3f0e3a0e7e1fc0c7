// One of several processes that attest one image at once: ten statements, each attached by itself.
import { parseDigestReference } from '../../shared/image/reference.ts';
import { publishStatements } from '../../shared/sigstore/publish.ts';
import { openSigner } from '../../shared/sigstore/signer.ts';
import { openStore, storeOptions } from '../../shared/store/open.ts';
import { listSubjects } from '../../shared/store/subjects.ts';
import type { LocalSigstore } from '../servers/sigstore.ts';
import { runContext } from '../sigstore/context.ts';

/** What the test hands over as JSON, in the first argument. */
export interface Attachment {
  readonly image: string;
  readonly predicateType: string;
  readonly numbers: readonly number[];
  readonly sigstore: Pick<LocalSigstore, 'fulcioUrl' | 'rekorUrl' | 'requestToken'> & {
    readonly token: string;
  };
}

const { image, predicateType, numbers, sigstore }: Attachment = JSON.parse(process.argv[2] ?? '');
const reference = parseDigestReference(image);
const context = runContext(
  { ...sigstore, tokenUrl: () => sigstore.token } as unknown as LocalSigstore,
  {},
  { deadline: AbortSignal.timeout(200_000) },
);
const inputs = { 'fulcio-url': sigstore.fulcioUrl, 'rekor-url': sigstore.rekorUrl };
await Promise.all(
  numbers.map(async (number) => {
    // A store and a signer of its own, as ten steps would have.
    const store = openStore(reference, storeOptions(context));
    const [signer, subjects] = await Promise.all([
      openSigner(inputs, context),
      listSubjects(store, reference.digest),
    ]);
    await publishStatements(store, subjects, signer, [{ predicateType, predicate: { number } }]);
  }),
);
