import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import type { Signer, Witness } from '@sigstore/sign';
import type { WorkflowClaims } from '../evidence/provenance.ts';
import { STATEMENT_MEDIA_TYPE, type Statement } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import { Invalid } from '../outcome/outcome.ts';
import { readSigningConfig } from './config.ts';
import { chooseInstance, type Instance, type SigningInputs } from './instance.ts';
import { readPrivateKey } from './key.ts';
import { reach, SIGNING_REQUEST } from './reach.ts';
import { type IdToken, readIdToken } from './token.ts';

export type { WorkflowClaims } from '../evidence/provenance.ts';
export type { SigningInputs } from './instance.ts';

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
   * A service that does not answer is `Unavailable`, and then there is no bundle at all.
   */
  sign(statements: readonly Statement[]): Promise<Buffer[]>;
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
    const services = { rekorUrl: inputs['rekor-url'], tsaUrl: inputs['tsa-url'] };
    return {
      claims: async () => undefined,
      publicKey: createPublicKey(key),
      prepare: () => undefined,
      sign: async (statements) => signAll(statements, keySigner(key), await openWitnesses(services, context)),
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
    const asked = fetchToken();
    // The library loads while the token is on its way.
    const [token] = await Promise.all([asked, import('@sigstore/sign')]);
    const { repository_visibility: visibility } = token.claims;
    const instance = configured ?? chooseInstance(inputs, { visibility, serverUrl: context.serverUrl });
    return { instance, signer: await certify(token, instance, context) };
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
    sign: async (statements) => {
      const { signer, instance } = await getSession();
      return signAll(statements, signer, await openWitnesses(instance, context));
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
  return readSigningConfig(path, context);
}

/** What one certificate signs with. */
interface Session {
  readonly instance: Instance;
  readonly signer: Signer;
}

/** A fresh key that lives in memory only, and Fulcio's certificate for it. */
async function certify(token: IdToken, instance: Instance, context: RunContext): Promise<Signer> {
  const { FulcioSigner } = await import('@sigstore/sign');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fulcio = new FulcioSigner({
    fulcioBaseURL: instance.fulcioUrl,
    identityProvider: { getToken: async () => token.jwt },
    keyHolder: keySigner(privateKey),
    ...SIGNING_REQUEST,
  });
  // FulcioSigner asks for a certificate at every signature; the one of this throw-away signature serves for all.
  const { key } = await reach(
    `Fulcio at ${instance.fulcioUrl} gave no certificate; nothing was attached`,
    context.deadline,
    fulcio.sign(Buffer.alloc(0)),
  );
  return { sign: async (data) => ({ signature: signWith(privateKey, data), key }) };
}

/** The key's own signer. It gives no hint: cosign refuses a bundle whose envelope has a key id. */
function keySigner(key: KeyObject): Signer {
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }) as string;
  return {
    sign: async (data) => ({ signature: signWith(key, data), key: { $case: 'publicKey', publicKey } }),
  };
}

function signWith(key: KeyObject, data: Buffer): Buffer {
  return signBytes(key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256', data, key);
}

async function openWitnesses(
  { rekorUrl, rekorVersion, tsaUrl }: Pick<Instance, 'rekorUrl' | 'rekorVersion' | 'tsaUrl'>,
  context: RunContext,
): Promise<Witness[]> {
  const { RekorWitness, TSAWitness } = await import('@sigstore/sign');
  const witnesses: Witness[] = [];
  const add = (witness: Witness, message: string): void => {
    witnesses.push({
      testify: (content, publicKey) =>
        reach(`${message}; nothing was attached`, context.deadline, witness.testify(content, publicKey)),
    });
  };
  if (rekorUrl !== undefined) {
    const rekor = new RekorWitness({
      rekorBaseURL: rekorUrl,
      ...SIGNING_REQUEST,
      ...(rekorVersion && { majorApiVersion: rekorVersion }),
    });
    add(rekorVersion === 2 ? byHash(rekor) : rekor, `the transparency log at ${rekorUrl} took no entry`);
  }
  if (tsaUrl !== undefined) {
    const tsa = new TSAWitness({ tsaBaseURL: tsaUrl, ...SIGNING_REQUEST });
    add(tsa, `the timestamp authority at ${tsaUrl} gave no timestamp`);
  }
  return witnesses;
}

/** Rekor v2 takes no envelopes, only the hash of what was signed: DSSE's pre-authentication encoding (rekor-tiles, api/proto/rekor/v2). */
function byHash(rekor: Witness): Witness {
  return {
    testify: async (content, publicKey) => {
      const { HashAlgorithm } = await import('@sigstore/protobuf-specs');
      if (content.$case !== 'dsseEnvelope') return rekor.testify(content, publicKey);
      const { payloadType, payload, signatures } = content.dsseEnvelope;
      const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
      const digest = createHash('sha256').update(head).update(payload).digest();
      const messageSignature = {
        messageDigest: { algorithm: HashAlgorithm.SHA2_256, digest },
        signature: signatures[0]?.sig ?? Buffer.alloc(0),
      };
      return rekor.testify({ $case: 'messageSignature', messageSignature }, publicKey);
    },
  };
}

async function signAll(
  statements: readonly Statement[],
  signer: Signer,
  witnesses: Witness[],
): Promise<Buffer[]> {
  const [{ DSSEBundleBuilder }, { bundleToJSON }] = await Promise.all([
    import('@sigstore/sign'),
    import('@sigstore/bundle'),
  ]);
  const builder = new DSSEBundleBuilder({ signer, witnesses });
  return Promise.all(
    statements.map(async (statement) => {
      const data = Buffer.from(JSON.stringify(statement));
      const bundle = await builder.create({ data, type: STATEMENT_MEDIA_TYPE });
      return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
    }),
  );
}
