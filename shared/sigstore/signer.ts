import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import type { WorkflowClaims } from '../evidence/provenance.ts';
import { STATEMENT_MEDIA_TYPE, type Statement } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import { MEDIA_TYPE } from '../image/descriptor.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import { chooseInstance, type Instance, type SigningInputs } from './instance.ts';
import { readPrivateKey } from './key.ts';
import {
  type Envelope,
  encodeDer,
  type LogEntry,
  logEnvelope,
  logHash,
  requestCertificate,
  requestTimestamp,
} from './services.ts';
import { type IdToken, readIdToken } from './token.ts';

/** Signs statements as Sigstore bundles v0.3. */
export interface StatementSigner {
  /** What the workflow's OIDC token says of this run; undefined when a key signs. */
  claims(): Promise<WorkflowClaims | undefined>;
  /** The public half of the key that signs; undefined when a certificate does. */
  readonly publicKey: KeyObject | undefined;
  /** Starts what signing will wait for, token and certificate, while the caller still gathers what to say. Nothing is signed by it. */
  prepare(): void;
  /**
   * One bundle a statement, in their order, as JSON: all under one ephemeral key and one certificate (also those of a later call, while it
   * is fresh), logged and timestamped at the same time.
   * A service that does not answer is `Unavailable`, and then there is no bundle at all. With `log: false` a timestamp alone says when.
   */
  sign(statements: readonly Statement[], options?: { readonly log?: boolean }): Promise<Buffer[]>;
}

/** A token that ends sooner than this many seconds from now is fetched anew before signing: a build may have run since. */
const TOKEN_MARGIN = 30;
/** A certificate lasts ten minutes; one that is older than this many seconds is not used for another signature. */
const CERTIFICATE_AGE = 300;

/** The signer that the inputs ask for. Nothing is fetched before it is used; a key is read at once. */
export async function openSigner(inputs: SigningInputs, context: RunContext): Promise<StatementSigner> {
  if (inputs.key !== undefined) {
    if ([inputs.sigstore, inputs['fulcio-url'], inputs['signing-config']].some((one) => one !== undefined)) {
      throw new Invalid(
        'key',
        'signs without a certificate: leave sigstore, fulcio-url and signing-config out',
      );
    }
    const key = readPrivateKey(inputs.key, context);
    const witnesses = { rekorUrl: inputs['rekor-url'], tsaUrl: inputs['tsa-url'] };
    return {
      claims: async () => undefined,
      publicKey: createPublicKey(key),
      prepare: () => undefined,
      sign: (statements, options) => signAll(statements, { key }, choose(witnesses, options), context),
    };
  }

  const configured = await readConfigured(inputs, context);
  // Inputs that contradict each other are said now; the repository's visibility comes with the token.
  if (!configured) chooseInstance(inputs, { visibility: undefined, serverUrl: context.serverUrl });
  const now = (): number => Date.now() / 1000;
  const requestToken = async (): Promise<IdToken> => readIdToken(await context.getIdToken('sigstore'), now());
  let current: Promise<IdToken> | undefined;
  const fetchToken = async (): Promise<IdToken> => {
    current ??= requestToken();
    if ((await current).expires < now() + TOKEN_MARGIN) current = requestToken();
    return current;
  };
  const openSession = async (): Promise<Session> => {
    const token = await fetchToken();
    const { repository_visibility: visibility } = token.claims;
    const instance = configured ?? chooseInstance(inputs, { visibility, serverUrl: context.serverUrl });
    return { instance, holder: await certify(token, instance, context) };
  };
  let session: { since: number; opening: Promise<Session> } | undefined;
  const getSession = (): Promise<Session> => {
    if (session === undefined || session.since < now() - CERTIFICATE_AGE) {
      session = { since: now(), opening: openSession() };
    }
    return session.opening;
  };
  return {
    claims: async () => (await fetchToken()).claims,
    publicKey: undefined,
    // Whoever signs hears of the failure.
    prepare: () => void getSession().catch(() => undefined),
    sign: async (statements, options) => {
      const { holder, instance } = await getSession();
      return signAll(statements, holder, choose(instance, options), context);
    },
  };
}

/** The instance of a signing configuration, which goes alone. */
async function readConfigured(inputs: SigningInputs, context: RunContext): Promise<Instance | undefined> {
  const path = inputs['signing-config'];
  if (path === undefined) return undefined;
  for (const input of ['fulcio-url', 'rekor-url', 'tsa-url'] as const) {
    if (inputs[input] !== undefined) throw new Invalid(input, 'stands in the signing-config already');
  }
  if (inputs.sigstore !== undefined && inputs.sigstore !== 'custom')
    throw new Invalid('signing-config', `goes with sigstore: custom, not with ${inputs.sigstore}`);
  const { readSigningConfig } = await import('./config.ts');
  return readSigningConfig(path, context);
}

/** Who signs: a key, and the certificate (PEM) that says whose it is. */
interface Holder {
  readonly key: KeyObject;
  readonly certificate?: string;
}

/** What one certificate signs with. */
interface Session {
  readonly instance: Instance;
  readonly holder: Holder;
}

/** A fresh key that lives in memory only, and Fulcio's certificate for it. */
async function certify(token: IdToken, { fulcioUrl }: Instance, context: RunContext): Promise<Holder> {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const proof = signWith(key, Buffer.from(token.claims.sub));
  const certificate = await reach(
    `Fulcio at ${fulcioUrl} gave no certificate; nothing was attached`,
    requestCertificate(fulcioUrl, token, publicPem(key), proof, context),
  );
  return { key, certificate };
}

/** A service's answer. Whatever goes wrong is `Unavailable` with `message`, and the rest in its cause. */
function reach<T>(message: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new Unavailable(message, { cause });
  });
}

function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'pem', type: 'spki' }) as string;
}

function signWith(key: KeyObject, data: Buffer): Buffer {
  return signBytes(key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256', data, key);
}

/** The services that say when something was signed. */
type Witnesses = Partial<Pick<Instance, 'rekorUrl' | 'rekorVersion' | 'tsaUrl'>>;

/** Without the log only where an authority proves the time in its place. */
function choose(witnesses: Witnesses, { log = true }: { readonly log?: boolean } = {}): Witnesses {
  if (log) return witnesses;
  const { tsaUrl } = witnesses;
  if (tsaUrl !== undefined) return { tsaUrl };
  throw new Unavailable('without the transparency log there is no timestamp authority to prove the time', {
    hint: 'Name one in "tsa-url".',
  });
}

function signAll(
  statements: readonly Statement[],
  holder: Holder,
  witnesses: Witnesses,
  context: RunContext,
): Promise<Buffer[]> {
  return Promise.all(statements.map((statement) => signOne(statement, holder, witnesses, context)));
}

/** One statement in a bundle v0.3 (sigstore_bundle.proto) as JSON, logged and timestamped at the same time. */
async function signOne(
  statement: Statement,
  { key, certificate }: Holder,
  { rekorUrl, rekorVersion, tsaUrl }: Witnesses,
  context: RunContext,
): Promise<Buffer> {
  const payload = Buffer.from(JSON.stringify(statement));
  // DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md).
  const head = `DSSEv1 ${Buffer.byteLength(STATEMENT_MEDIA_TYPE)} ${STATEMENT_MEDIA_TYPE} ${payload.length} `;
  const signed = Buffer.concat([Buffer.from(head), payload]);
  const signature = signWith(key, signed);
  // No key id: cosign refuses a bundle whose envelope has one.
  const envelope: Envelope = {
    payload: payload.toString('base64'),
    payloadType: STATEMENT_MEDIA_TYPE,
    signatures: [{ sig: signature.toString('base64') }],
  };
  const log = async (url: string): Promise<LogEntry> => {
    if (rekorVersion !== 2 || certificate === undefined)
      return logEnvelope(url, envelope, certificate ?? publicPem(key), context);
    const digest = createHash('sha256').update(signed).digest();
    return logHash(url, { digest, signature, certificate }, context);
  };
  const [entry, timestamp] = await Promise.all([
    rekorUrl === undefined
      ? undefined
      : reach(`the transparency log at ${rekorUrl} took no entry; nothing was attached`, log(rekorUrl)),
    tsaUrl === undefined
      ? undefined
      : reach(
          `the timestamp authority at ${tsaUrl} gave no timestamp; nothing was attached`,
          requestTimestamp(tsaUrl, signature, context),
        ),
  ]);
  const bundle = {
    mediaType: MEDIA_TYPE.bundle,
    verificationMaterial: {
      ...(certificate === undefined
        ? { publicKey: {} }
        : { certificate: { rawBytes: encodeDer(certificate) } }),
      tlogEntries: entry && [entry],
      timestampVerificationData: timestamp
        ? { rfc3161Timestamps: [{ signedTimestamp: timestamp.toString('base64') }] }
        : {},
    },
    dsseEnvelope: envelope,
  };
  return Buffer.from(JSON.stringify(bundle));
}
