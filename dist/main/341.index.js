export const id = 341;
export const ids = [341];
export const modules = {

/***/ 28331:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   G: () => (/* binding */ findEngine),
/* harmony export */   Q: () => (/* binding */ buildxEnvironment)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(56339);
/* harmony import */ var _process_run_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(72347);




/** Where buildx finds its engine, proxies and logins; nothing else of the step's environment reaches it. */
const VARIABLES = [
    ...[
        'DOCKER_HOST',
        'DOCKER_CONTEXT',
        'DOCKER_TLS',
        'DOCKER_TLS_VERIFY',
        'DOCKER_CERT_PATH',
        'DOCKER_API_VERSION',
    ],
    ...['BUILDX_BUILDER', 'BUILDX_CONFIG', 'SSH_AUTH_SOCK', 'TMPDIR'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
/** GitHub's cache service, for `type=gha` alone: its token can write the repository's caches. */
const GITHUB_CACHE = [
    'ACTIONS_RUNTIME_TOKEN',
    'ACTIONS_RESULTS_URL',
    'ACTIONS_CACHE_URL',
    'ACTIONS_CACHE_SERVICE_V2',
];
/** The whole environment of a buildx process. */
function buildxEnvironment(context, { githubCache = false } = {}) {
    const environment = { PATH: context.path };
    if (context.home !== undefined)
        environment.HOME = context.home;
    if (context.dockerConfig !== undefined)
        environment.DOCKER_CONFIG = context.dockerConfig;
    for (const name of githubCache ? [...VARIABLES, ...GITHUB_CACHE] : VARIABLES) {
        const value = context.readNamedVariable(name);
        if (value !== undefined)
            environment[name] = value;
    }
    return environment;
}
/** Finds `docker buildx`, or `buildx` by itself, and starts its builder. What is missing is an answer, not an error. */
async function findEngine(context) {
    for (const { command, prefix } of [
        { command: 'docker', prefix: ['buildx'] },
        { command: 'buildx', prefix: [] },
    ]) {
        const run = (...args) => tryBuildx(command, [...prefix, ...args], context);
        if ((await run('version'))?.code !== 0)
            continue;
        const inspected = await run('inspect', '--bootstrap');
        const facts = inspected?.stdout.toString('utf8') ?? '';
        const driver = /^Driver:[ \t]*(\S+)/m.exec(facts)?.[1];
        if (inspected?.code !== 0 || driver === undefined || !/^Status:[ \t]*running/m.test(facts)) {
            const reason = /^Error:\s*(.*)$/m.exec(facts)?.[1] ?? inspected?.stderr.trim().split('\n').at(-1);
            return { reason: `its builder does not run: ${reason || 'no reason given'}` };
        }
        // Docker's own builder writes layouts only with the containerd image store; nothing but a build tells.
        if (driver === 'docker' && !(await writesLayouts(run, context))) {
            return { reason: 'the "docker" driver of this engine writes no OCI layouts' };
        }
        return { command, prefix, driver };
    }
    return { reason: 'neither "docker buildx" nor "buildx" answers on PATH' };
}
async function tryBuildx(command, args, context) {
    try {
        return await (0,_process_run_js__WEBPACK_IMPORTED_MODULE_3__/* .runProcess */ .R)(command, args, { env: buildxEnvironment(context), deadline: context.deadline });
    }
    catch (error) {
        if (!(error instanceof _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Unavailable */ .$P) || context.deadline.aborted)
            throw error;
        return undefined;
    }
}
async function writesLayouts(run, context) {
    const folder = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdtemp)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(context.temp, 'hallmark-engine-'));
    try {
        await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, 'Dockerfile'), 'FROM scratch\nLABEL probe=true\n');
        const output = `type=oci,"dest=${(0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, 'probe.tar')}"`;
        const probe = await run('build', '--provenance=false', '--output', output, folder);
        return probe?.code === 0;
    }
    finally {
        await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.rm)(folder, { recursive: true, force: true });
    }
}


/***/ }),

/***/ 59797:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Z: () => (/* binding */ collectStatements),
/* harmony export */   m: () => (/* binding */ collectEvidence)
/* harmony export */ });
/* harmony import */ var _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(60889);
/* harmony import */ var _evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(52654);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(5725);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(93968);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(56339);
/* harmony import */ var _store_json_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(8782);
/* harmony import */ var _store_parallel_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(57959);
/* harmony import */ var _store_store_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(62039);








const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle';
/**
 * Everything that is known of an image, read once: each statement with the roles its signer holds, and what does not count with the reason.
 * Frozen, so that what was judged is what is copied. More referrers than `REFERRER_CAP` is `Unavailable`, never "missing".
 */
async function collectEvidence(store, image, verifier, trust) {
    const { statements, rejected } = await collectStatements(store, image, verifier);
    const evidence = [];
    for (const found of statements) {
        const granted = grantRoles(found, trust);
        if (typeof granted === 'string')
            rejected.push(reject(found, granted));
        else
            evidence.push({ ...found, ...granted });
    }
    return deepFreeze({
        image: `${store.place}@${image.digest}`,
        digest: image.digest,
        evidence,
        rejected,
    });
}
/** The verified statements about an image, in a fixed order, and what else was found beside it. Says nothing of who is trusted. */
async function collectStatements(store, image, verifier) {
    const rejected = [];
    const carriers = await findCarriers(store, image, rejected);
    const bytes = carriers.reduce((sum, { bundle }) => sum + bundle.size, 0);
    if (bytes > _store_store_js__WEBPACK_IMPORTED_MODULE_5__/* .REFERRER_CAP */ .H.bytes) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Unavailable */ .$P(`the bundles beside ${store.place}@${image.digest} are ${bytes} bytes; at most ${_store_store_js__WEBPACK_IMPORTED_MODULE_5__/* .REFERRER_CAP */ .H.bytes} are read`, { hint: 'Delete referrers that are no longer needed.' });
    }
    const read = await (0,_store_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(carriers, 32, async ({ source, bundle }) => {
        try {
            return { source, verified: await verifier.verify(await store.readBlob(bundle)) };
        }
        catch (error) {
            if (!(error instanceof _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Refused */ .Lw))
                throw error;
            return { source, reason: error.message };
        }
    });
    const statements = [];
    for (const { source, verified, reason } of read) {
        if (verified === undefined) {
            rejected.push({ source, predicateType: undefined, signer: undefined, reason });
            continue;
        }
        const subjects = namedSubjects(verified.statement, image);
        const found = { ...verified, source, subjects };
        if (subjects.length > 0)
            statements.push(found);
        else
            rejected.push(reject(found, 'it is about another image: no digest in it is of this one'));
    }
    return { statements, rejected };
}
/** The bundles attached to any subject of the image. One that is attached to several is read once, from the first. */
async function findCarriers(store, image, rejected) {
    const lists = await Promise.all(image.all.map(async (subject) => {
        const referrers = await store.listReferrers(subject.digest);
        return referrers
            .toSorted((a, b) => a.digest.localeCompare(b.digest))
            .map((referrer) => ({ subject: subject.digest, referrer }));
    }));
    const listed = lists.flat();
    if (listed.length > _store_store_js__WEBPACK_IMPORTED_MODULE_5__/* .REFERRER_CAP */ .H.count) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Unavailable */ .$P(`${store.place}@${image.digest} has ${listed.length} referrers; at most ${_store_store_js__WEBPACK_IMPORTED_MODULE_5__/* .REFERRER_CAP */ .H.count} are read`, { hint: 'Delete referrers that are no longer needed.' });
    }
    const read = await (0,_store_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(listed, 32, async ({ subject, referrer }) => ({
        source: referrer.digest,
        bundle: await readCarrier(store, subject, referrer),
    }));
    // By size too: a manifest that lies about it must not hide the one that does not.
    const carriers = new Map();
    for (const { source, bundle } of read) {
        if (typeof bundle === 'string') {
            rejected.push({ source, predicateType: undefined, signer: undefined, reason: bundle });
        }
        else {
            const key = `${bundle.digest} ${bundle.size}`;
            if (!carriers.has(key))
                carriers.set(key, { source, bundle });
        }
    }
    return [...carriers.values()];
}
/** The descriptor of the bundle that a referrer carries, or why it carries none. What an index says of it (type, annotations) is not used. */
async function readCarrier(store, subject, referrer) {
    const stored = await store.getManifest(referrer.digest);
    if (stored === undefined)
        return 'it is listed, but not stored';
    const manifest = (0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_2__/* .isManifestType */ .Q3)(stored.descriptor.mediaType)
        ? (0,_store_json_js__WEBPACK_IMPORTED_MODULE_7__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_2__/* .manifestSchema */ .rc, stored.bytes)
        : undefined;
    if (manifest === undefined)
        return 'it is no image manifest';
    if (manifest.subject?.digest !== subject) {
        return `it is listed for ${subject}, but its own subject is ${manifest.subject?.digest ?? 'missing'}`;
    }
    const [layer, ...more] = manifest.layers;
    if (!layer?.mediaType.startsWith(BUNDLE_TYPE))
        return 'it holds no Sigstore bundle';
    if (more.length > 0)
        return 'it holds more than one layer, so it is not said which is the bundle';
    return layer;
}
function namedSubjects(statement, image) {
    return image.all
        .map(({ digest }) => digest)
        .filter((digest) => statement.subject.some((subject) => subject.digest[(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_3__/* .digestAlgorithm */ .g4)(digest)] === (0,_image_digest_js__WEBPACK_IMPORTED_MODULE_3__/* .digestHex */ .sU)(digest)));
}
/** The kind of a statement with the roles that may say it and that its signer holds, or why it does not count. */
function grantRoles(found, trust) {
    const kind = (0,_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .kindOfPredicate */ .dT)(found.statement.predicateType);
    if (kind === undefined)
        return 'no rule reads this type';
    const roles = (0,_evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__/* .rolesOf */ .R7)(trust, found.signer).filter((role) => _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .ROLES_OF */ .a7[kind].includes(role));
    if (roles.length > 0)
        return { kind, roles };
    const reasons = _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .ROLES_OF */ .a7[kind].flatMap((role) => (trust[role] ?? []).map((rule) => `not ${role}: ${(0,_evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__/* .explainMismatch */ .QH)(rule, found.signer)}`));
    return reasons.length > 0
        ? reasons.join('; ')
        : `nobody is trusted as ${_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .ROLES_OF */ .a7[kind].join(' or ')}, who alone may say this`;
}
function reject(found, reason) {
    return {
        source: found.source,
        predicateType: found.statement.predicateType,
        signer: found.signer,
        reason,
    };
}
function deepFreeze(value) {
    if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
        Object.freeze(value);
        Object.values(value).forEach(deepFreeze);
    }
    return value;
}


/***/ }),

/***/ 73311:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   K: () => (/* binding */ loadTrustedRoot),
/* harmony export */   t: () => (/* binding */ parseTrustedRoot)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var _sigstore_protobuf_specs__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(19654);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(27597);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(961);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(56339);
/* harmony import */ var _store_hash_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(54156);
/* harmony import */ var _workspace_workspace_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(55843);
/* harmony import */ var _reach_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(36592);








/** Where GitHub publishes the root of its own instance; its first TUF root lies beside this file, as gh carries it. */
const GITHUB_MIRROR = 'https://tuf-repo.github.com';
const schema = zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({
    mediaType: zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP().startsWith('application/vnd.dev.sigstore.trustedroot'),
});
const eventSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({ repository: zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({ private: zod__WEBPACK_IMPORTED_MODULE_7__/* .boolean */ .zMY() }) });
/**
 * The root to verify by: the file that is given, otherwise the one that the instance publishes by TUF, with its signatures, expiry and
 * version checked from an anchor that this suite carries. Throws `Invalid` for a file that is no root or out of date.
 */
async function loadTrustedRoot(inputs, context) {
    const path = inputs['trusted-root'];
    if (path !== undefined)
        return readRootFile(path, context);
    const named = inputs.sigstore ?? (inputs['fulcio-url'] === undefined ? undefined : 'custom');
    if (named === 'custom') {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('trusted-root', 'is required to verify what a Sigstore instance of your own signed');
    }
    const host = new URL(context.serverUrl).hostname;
    if (host !== 'github.com' && named !== 'public') {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('trusted-root', `is required on ${host}`, {
            hint: `gh attestation trusted-root --hostname ${host} prints it.`,
        });
    }
    const event = eventSchema.safeParse(context.event);
    const isPrivate = event.success && event.data.repository.private;
    return fetchRoot(named ?? (isPrivate ? 'github' : 'public'), context);
}
/** Reads a TrustedRoot's JSON. Throws an `Error` that says what is wrong with it. */
function parseTrustedRoot(text) {
    const root = _sigstore_protobuf_specs__WEBPACK_IMPORTED_MODULE_2__.TrustedRoot.fromJSON(schema.parse(JSON.parse(text)));
    // @sigstore/verify would take a log without a start as one that was always trusted.
    for (const log of [...root.tlogs, ...root.ctlogs]) {
        if (log.publicKey?.validFor?.start === undefined) {
            throw new Error(`the key of the log ${log.baseUrl} does not say since when it is valid`);
        }
    }
    if (root.certificateAuthorities.length === 0)
        throw new Error('it names no certificate authority');
    return { root, digest: (0,_store_hash_js__WEBPACK_IMPORTED_MODULE_4__/* .digestOf */ .o)(JSON.stringify(_sigstore_protobuf_specs__WEBPACK_IMPORTED_MODULE_2__.TrustedRoot.toJSON(root))) };
}
async function readRootFile(path, context) {
    const file = await (0,_workspace_workspace_js__WEBPACK_IMPORTED_MODULE_5__/* .resolveInside */ .L)(context.workspace, path, 'trusted-root');
    const text = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(file, 'utf8').catch((cause) => {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('trusted-root', `"${path}" cannot be read (${cause.code})`, { cause });
    });
    let loaded;
    try {
        loaded = parseTrustedRoot(text);
    }
    catch (cause) {
        const why = cause instanceof zod__WEBPACK_IMPORTED_MODULE_8__/* .ZodError */ .G ? 'its mediaType is not that of a trusted root' : String(cause);
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('trusted-root', `"${path}" is no Sigstore trusted root: ${why}`, { cause });
    }
    const now = new Date();
    const current = loaded.root.certificateAuthorities.some((ca) => (ca.validFor?.end ?? now) >= now);
    if (!current) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('trusted-root', `"${path}" is out of date: none of its certificate authorities is valid any more`);
    }
    return loaded;
}
async function fetchRoot(name, context) {
    const { getTrustedRoot, DEFAULT_MIRROR_URL } = await Promise.all(/* import() */[__webpack_require__.e(335), __webpack_require__.e(694)]).then(__webpack_require__.t.bind(__webpack_require__, 84423, 19));
    const mirrorURL = name === 'public' ? DEFAULT_MIRROR_URL : GITHUB_MIRROR;
    // A folder of our own: what another step left in a shared cache must not become the anchor.
    const folder = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdtemp)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(context.temp, 'hallmark-tuf-'));
    try {
        const rootPath = name === 'public' ? undefined : await writeGithubAnchor(folder);
        const options = { mirrorURL, cachePath: (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, 'cache'), forceCache: false, ..._reach_js__WEBPACK_IMPORTED_MODULE_6__/* .REQUEST */ .S };
        const root = await (0,_reach_js__WEBPACK_IMPORTED_MODULE_6__/* .reach */ .g)(`the trust root at ${mirrorURL} could not be fetched`, context.deadline, getTrustedRoot({ ...options, ...(rootPath !== undefined && { rootPath }) }).catch((error) => {
            if (isExpired(error))
                return error;
            throw error;
        }));
        if (root instanceof Error) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`the trust root at ${mirrorURL} has expired, so it proves nothing`, { cause: root });
        }
        return parseTrustedRoot(JSON.stringify(_sigstore_protobuf_specs__WEBPACK_IMPORTED_MODULE_2__.TrustedRoot.toJSON(root)));
    }
    finally {
        await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.rm)(folder, { recursive: true, force: true });
    }
}
async function writeGithubAnchor(folder) {
    const { default: anchor } = await __webpack_require__.e(/* import() */ 706).then(__webpack_require__.t.bind(__webpack_require__, 74706, 17));
    const path = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, 'root.json');
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)(path, JSON.stringify(anchor));
    return path;
}
function isExpired(error) {
    for (let at = error; at instanceof Error; at = at.cause) {
        if (at.constructor.name === 'ExpiredMetadataError')
            return true;
    }
    return false;
}


/***/ }),

/***/ 12946:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  $A: () => (/* binding */ createVerifier),
  bg: () => (/* binding */ openVerifier)
});

// UNUSED EXPORTS: createSignatureVerifier

// EXTERNAL MODULE: ./build/shared/evidence/statement.js
var statement = __webpack_require__(51817);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
;// CONCATENATED MODULE: ./build/shared/sigstore/certificate.js
/** Fulcio's arc of extensions (fulcio docs/oid-info.md). */
const FULCIO = '1.3.6.1.4.1.57264.1.';
/**
 * Who a verified certificate speaks for. Extensions .1 to .6 are deprecated raw bytes, of which only the issuer is read, and only where .8 is absent;
 * from .8 on they are DER UTF8Strings. An extension that stands twice or is not such a string makes the whole certificate unreadable.
 */
function readSigner(identity) {
    const raw = new Map();
    for (const { oid, value } of identity?.oids ?? []) {
        const id = oid?.id.join('.') ?? '';
        if (!id.startsWith(FULCIO))
            continue;
        if (raw.has(id))
            throw new Error(`its certificate has the extension ${id} twice`);
        raw.set(id, Buffer.from(value));
    }
    const text = (number) => {
        const value = raw.get(`${FULCIO}${number}`);
        return value === undefined ? undefined : readUtf8String(value);
    };
    return {
        subject: identity?.subjectAlternativeName,
        issuer: text(8) ?? raw.get(`${FULCIO}1`)?.toString(),
        signerWorkflow: text(9),
        signerDigest: text(10),
        runnerEnvironment: text(11),
        repository: text(12),
        commit: text(13),
        ref: text(14),
        repositoryId: text(15),
        owner: text(16),
        ownerId: text(17),
        workflow: text(18),
        trigger: text(20),
        run: text(21),
        visibility: text(22),
        environment: text(23),
    };
}
/** X.690: tag 0x0c, then the length in one byte or, from 128 on, in as many as the first one says. */
function readUtf8String(der) {
    const first = der[1] ?? 0;
    const lengthBytes = first < 0x80 ? 0 : first - 0x80;
    const start = 2 + lengthBytes;
    let length = first;
    if (first >= 0x80)
        length = lengthBytes === 1 || lengthBytes === 2 ? der.readUIntBE(2, lengthBytes) : -1;
    if (der[0] !== 0x0c || der.length !== start + length) {
        throw new Error('its certificate has an extension that is no UTF8String');
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(der.subarray(start));
}

// EXTERNAL MODULE: ./build/shared/sigstore/key.js
var sigstore_key = __webpack_require__(5612);
// EXTERNAL MODULE: ./build/shared/sigstore/root.js
var root = __webpack_require__(73311);
;// CONCATENATED MODULE: ./build/shared/sigstore/verifier.js





/**
 * The verifier that the inputs ask for. A key needs no trust root: it is loaded beside one only when asked for,
 * and without it log entries of key-signed bundles are not looked at.
 */
async function openVerifier(inputs, context) {
    const key = inputs.key === undefined ? undefined : await (0,sigstore_key/* readPublicKey */.RR)(inputs.key, context);
    const wantsRoot = key === undefined || inputs.sigstore !== undefined || inputs['trusted-root'] !== undefined;
    return createVerifier({ key, root: wantsRoot ? await (0,root/* loadTrustedRoot */.K)(inputs, context) : undefined });
}
/** A verifier from what is loaded already. */
async function createVerifier(trusted) {
    const { bundleFromJSON } = await __webpack_require__.e(/* import() */ 659).then(__webpack_require__.t.bind(__webpack_require__, 61040, 19));
    const verifySignature = await createSignatureVerifier(trusted);
    return {
        rootDigest: trusted.root?.digest,
        verify: async (bytes) => {
            try {
                const bundle = bundleFromJSON(JSON.parse(bytes.toString()));
                const statement = readStatement(bundle);
                return { statement, ...verifySignature(bundle) };
            }
            catch (cause) {
                // The libraries throw errors of many kinds on hostile input: whatever it was, the bundle did not verify.
                const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
                throw new outcome/* Refused */.Lw(`the bundle does not verify: ${why}`, { cause });
            }
        },
    };
}
/** Checks everything of a bundle but what its payload says. `artifact` is what a message signature is over. Throws errors of any kind. */
async function createSignatureVerifier(trusted) {
    const { toSignedEntity, toTrustMaterial, Verifier: VerifierClass } = await Promise.all(/* import() */[__webpack_require__.e(463), __webpack_require__.e(187)]).then(__webpack_require__.t.bind(__webpack_require__, 54187, 19));
    const { key, root: { root } = {} } = trusted;
    const material = toTrustMaterial(root ?? { mediaType: '', tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }, () => {
        if (key === undefined)
            throw new Error('it was signed with a key, and no key was given to verify with');
        return { publicKey: key, validFor: () => true };
    });
    // GitHub's own instance keeps no log: there a timestamp authority says when, and no log vouches for certificates.
    const logs = material.tlogs.length > 0 ? 1 : 0;
    const byCertificate = new VerifierClass(material, {
        tlogThreshold: logs,
        ctlogThreshold: logs,
        timestampThreshold: 1,
    });
    const byKey = new VerifierClass(material, {
        tlogThreshold: 0,
        ctlogThreshold: 0,
        timestampThreshold: 0,
    });
    return (bundle, artifact) => {
        const entity = toSignedEntity(bundle, artifact);
        if (entity.key.$case === 'public-key') {
            const seen = root === undefined ? { ...entity, tlogEntries: [], timestamps: [] } : entity;
            const { key: signedBy } = byKey.verify(seen);
            return { signer: { key: (0,sigstore_key/* fingerprintOf */.ax)(signedBy) }, ...timesOf(seen) };
        }
        if (root === undefined)
            throw new Error('it was signed with a certificate, and only a key was given to verify with');
        const { identity } = byCertificate.verify(entity);
        const signer = readSigner(identity);
        return { signer, ...timesOf(entity) };
    };
}
/** The earliest proven time and the log's index. Called after verification only: until then both are the signer's own word. */
function timesOf(entity) {
    const times = entity.timestamps.flatMap((stamp) => {
        if (stamp.$case === 'timestamp-authority')
            return [stamp.timestamp.signingTime.getTime()];
        // Without the log's signed promise the integrated time is nobody's word.
        return stamp.tlogEntry.inclusionPromise ? [Number(stamp.tlogEntry.integratedTime) * 1000] : [];
    });
    return {
        signedAt: times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString(),
        logIndex: entity.tlogEntries[0]?.logIndex,
    };
}
function readStatement(bundle) {
    if (bundle.content.$case !== 'dsseEnvelope')
        throw new Error('it signs bytes, not a statement');
    const { payloadType, payload } = bundle.content.dsseEnvelope;
    if (payloadType !== statement/* STATEMENT_MEDIA_TYPE */.KD)
        throw new Error(`its payload is ${payloadType}, not an in-toto statement`);
    const parsed = statement/* statementSchema */.t.safeParse(JSON.parse(payload.toString()));
    if (!parsed.success)
        throw new Error('its payload is no in-toto statement');
    return parsed.data;
}


/***/ }),

/***/ 36193:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   L: () => (/* binding */ copyImage)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(27597);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(5725);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(56339);
/* harmony import */ var _attach_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(32157);
/* harmony import */ var _json_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(8782);
/* harmony import */ var _parallel_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(57959);
/* harmony import */ var _subjects_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(94053);







/** How many blobs move at once. Between two repositories of one registry each may hold two of its connections. */
const TRANSFERS = 20;
const REQUESTS = 16;
/**
 * Copies an image with everything below it, from any store to any store, byte for byte: every manifest (BuildKit's attestations too),
 * every blob but those that are fetched elsewhere (nondistributable), and with `referrers` all that refers to any of its manifests,
 * and to those in turn. Children are written before parents, evidence before the image. What the destination holds is not sent again.
 */
async function copyImage(from, to, digest, options = {}) {
    await to.prepareUploads(0);
    const route = { from, to, withReferrers: options.referrers ?? false };
    const there = to.resolve(digest).then((found) => found !== undefined);
    const root = await readNode(route, digest, from.getManifest(digest), there);
    if (!root)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place} holds no ${digest}`);
    const nodes = listNodes(root);
    const { sent, mounted } = await copyBlobs(from, to, nodes);
    const written = new Map();
    const [platforms, evidence] = await Promise.all([
        writeNodes(to, root.children, written),
        writeReferrers(to, nodes, written),
    ]);
    const whole = await writeRoot(to, root, options.tag);
    return { copied: sent + platforms + evidence + whole, mounted };
}
/** Reads a manifest, all below it and (at the same time, because its digest is enough for that) its referrers. */
async function readNode(route, digest, reading, there) {
    const [below, referrers, present] = await Promise.all([
        reading.then((stored) => stored && readBelow(route, stored)),
        route.withReferrers ? readReferrers(route, digest, there) : [],
        there,
    ]);
    return below && { ...below, referrers, present };
}
async function readBelow(route, stored) {
    const { from, to } = route;
    const { descriptor, bytes } = stored;
    if (!(0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .isIndexType */ .$U)(descriptor.mediaType)) {
        const manifest = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .manifestSchema */ .rc, bytes);
        if (!manifest)
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place}@${descriptor.digest} is no manifest that can be copied`);
        return { stored, children: [], blobs: [manifest.config, ...manifest.layers.filter(isDistributable)] };
    }
    const index = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .indexSchema */ .me, bytes);
    if (!index)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place}@${descriptor.digest} is no index that can be copied`);
    const entries = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
    const children = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)(entries, REQUESTS, async (child) => {
        const there = to.resolve(child.digest).then((found) => found !== undefined);
        return (await readNode(route, child.digest, (0,_subjects_js__WEBPACK_IMPORTED_MODULE_3__/* .getChild */ .h)(from, descriptor.digest, child), there)) ?? [];
    });
    return { stored, children: children.flat(), blobs: [] };
}
async function readReferrers(route, subject, there) {
    const { from, to } = route;
    // Where the subject is not, nothing is listed. What is listed may still be gone.
    const listedThere = there.then(async (found) => (found ? await to.listReferrers(subject) : []));
    const isThere = async (digest) => (await listedThere).some((one) => one.digest === digest) && (await to.resolve(digest)) !== undefined;
    const read = from.listReferrers(subject).then((listed) => (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)(listed, REQUESTS, async ({ digest }) => {
        const reading = readReferrer(from, digest, subject);
        return (await readNode(route, digest, reading, isThere(digest))) ?? [];
    }));
    const [nodes] = await Promise.all([read, listedThere]);
    return nodes.flat();
}
const subjectSchema = zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ subject: zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ digest: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP() }) });
/** Lists are hints: what is gone, or refers to something else, is undefined. */
async function readReferrer(from, digest, subject) {
    const stored = await from.getManifest(digest);
    return stored && (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(subjectSchema, stored.bytes)?.subject.digest === subject ? stored : undefined;
}
/** Layers that an image leaves where they are (image-spec 1.1, "Non-Distributable Layers"; Docker's foreign layers). */
function isDistributable({ mediaType }) {
    return !mediaType.includes('.nondistributable.') && !mediaType.includes('.rootfs.foreign.');
}
function listNodes(node) {
    return [node, ...node.children.flatMap(listNodes), ...node.referrers.flatMap(listNodes)];
}
async function copyBlobs(from, to, nodes) {
    const wanted = new Map();
    for (const { blobs, present } of nodes) {
        for (const blob of blobs) {
            wanted.set(blob.digest, { blob, present: present || (wanted.get(blob.digest)?.present ?? false) });
        }
    }
    const results = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)([...wanted.values()], TRANSFERS, async ({ blob, present }) => {
        // A registry that has the manifest should have its blobs; clean-ups have been seen to break that.
        if (present && (await to.hasBlob(blob.digest)))
            return 'present';
        return to.putBlob(blob, () => from.getBlob(blob), from);
    });
    return {
        sent: results.filter((result) => result === 'sent').length,
        mounted: results.filter((result) => result === 'mounted').length,
    };
}
/** Writes manifests, each after its children and once. Resolves to how many were sent. */
async function writeNodes(to, nodes, written) {
    const counts = nodes.map((node) => {
        const { digest } = node.stored.descriptor;
        const begun = written.get(digest);
        if (begun)
            return begun.then(() => 0);
        const writing = writeNodes(to, node.children, written).then(async (below) => below + (await writeManifest(to, node)));
        written.set(digest, writing);
        return writing;
    });
    return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}
async function writeManifest(to, { stored, present }) {
    if (present)
        return 0;
    const { digest, mediaType } = stored.descriptor;
    await to.putManifest(stored.bytes, mediaType, digest);
    return 1;
}
async function writeReferrers(to, nodes, written) {
    const missing = nodes.flatMap(({ stored, referrers }) => referrers.filter(({ present }) => !present).map((node) => ({ subject: stored.descriptor.digest, node })));
    const below = await writeNodes(to, missing.flatMap(({ node }) => node.children), written);
    await (0,_attach_js__WEBPACK_IMPORTED_MODULE_2__/* .pushReferrers */ .zA)(to, missing.map(({ subject, node: { stored } }) => ({
        subject,
        bytes: stored.bytes,
        descriptor: describeReferrer(stored),
    })));
    return below + missing.length;
}
const referrerSchema = zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({
    artifactType: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP().optional(),
    config: zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ mediaType: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP() }).optional(),
    annotations: zod__WEBPACK_IMPORTED_MODULE_6__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP()).optional(),
});
/** The descriptor as referrers lists carry it: artifactType (the config's type where there is none) and annotations are the manifest's own. */
function describeReferrer({ descriptor, bytes }) {
    const { artifactType, config, annotations } = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(referrerSchema, bytes) ?? {};
    const type = artifactType ?? config?.mediaType;
    return { ...descriptor, ...(type && { artifactType: type }), ...(annotations && { annotations }) };
}
async function writeRoot(to, root, tag) {
    const { digest, mediaType } = root.stored.descriptor;
    if (tag === undefined)
        return writeManifest(to, root);
    if ((await to.resolve(tag))?.digest === digest)
        return 0;
    await to.putManifest(root.stored.bytes, mediaType, tag);
    return 1;
}


/***/ }),

/***/ 49341:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  build: () => (/* binding */ build)
});

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/evidence/trust.js
var trust = __webpack_require__(52654);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/process/run.js
var run = __webpack_require__(72347);
;// CONCATENATED MODULE: ./build/shared/builders/commit.js




/** Reads the checkout that `folder` lies in. Without one there is no commit to build: `Invalid` naming `context`. */
async function readCheckout(folder, context) {
    const git = async (...args) => {
        const result = await (0,run/* runProcess */.R)('git', 
        // The checkout may belong to another user (container jobs), and its own configuration may name programs: none is started.
        ['-C', folder, '-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', ...args], {
            env: {
                PATH: context.path,
                LC_ALL: 'C',
                GIT_OPTIONAL_LOCKS: '0',
                ...(context.home !== undefined && { HOME: context.home }),
            },
            deadline: context.deadline,
        });
        if (result.code === 0)
            return result.stdout.toString('utf8');
        const reason = result.stderr.trim().split('\n')[0] ?? '';
        throw new outcome/* Invalid */.WO('context', `the commit it is of cannot be read (${reason})`, {
            hint: 'An image is named by its commit: check the repository out with actions/checkout before this step.',
        });
    };
    const [head = '', time = ''] = (await git('log', '-1', '--no-show-signature', '--format=%H %ct'))
        .trim()
        .split(' ');
    if (!/^[0-9a-f]{40}$/.test(head)) {
        throw new outcome/* Invalid */.WO('context', 'its commit has no SHA-1 name of 40 hex digits, which tags and provenance are made of');
    }
    const status = (await git('status', '--porcelain=v1', '-z', '--no-renames'))
        .split('\0')
        .filter((row) => row !== '');
    const paths = (wanted) => status.filter((row) => row.startsWith('??') === wanted).map((row) => row.slice(3));
    return { head, time: Number(time), changed: paths(false), untracked: paths(true) };
}
const sha = schemas/* string */.YjP().regex(/^[0-9a-f]{40}$/);
const pullRequestEvent = schemas/* object */.Ikc({
    pull_request: schemas/* object */.Ikc({ number: schemas/* number */.aig().int().positive(), head: schemas/* object */.Ikc({ sha }) }),
});
/**
 * Says which commit this run builds. A trusted trigger (or a person's own machine, outside of any run) names the commit itself,
 * and then the checkout must be that commit, unchanged: anything else in the image would be a lie. A pull request's image is
 * named by the number and the head, never by the merge commit that GitHub made up. `Invalid` when the checkout is another commit.
 */
async function readRunCommit(folder, context) {
    const checkout = await readCheckout(folder, context);
    const { eventName } = context;
    if (checkout.untracked.length > 0) {
        context.log.info(`Files that git does not track and that the image may hold: ${listSome(checkout.untracked)}`);
    }
    if (eventName === 'pull_request' || eventName === 'pull_request_target') {
        return { checkout, name: namePullRequest(checkout, context), triggers: [eventName] };
    }
    if (eventName !== undefined && !trust/* TRUSTED_TRIGGERS */.CW.includes(eventName)) {
        return { checkout, name: undefined, triggers: [eventName] };
    }
    if (context.sha !== undefined && context.sha !== checkout.head) {
        throw new outcome/* Invalid */.WO('context', `the checkout is at ${checkout.head}, but this run is for ${context.sha}`, {
            hint: 'Check out the run’s own commit: actions/checkout without "ref", and no commits made by earlier steps.',
        });
    }
    if (checkout.changed.length > 0) {
        throw new outcome/* Invalid */.WO('context', `tracked files differ from the commit: ${listSome(checkout.changed)}`, {
            hint: 'An image named sha-<commit> holds that commit. Commit the change, or write generated files to paths that git ignores.',
        });
    }
    return { checkout, name: { kind: 'commit', commit: checkout.head }, triggers: trust/* TRUSTED_TRIGGERS */.CW };
}
function namePullRequest(checkout, context) {
    const event = pullRequestEvent.safeParse(context.event);
    if (!event.success) {
        throw new outcome/* Invalid */.WO('event', `the ${context.eventName} event names no pull request with a head commit`);
    }
    const { number, head } = event.data.pull_request;
    // On pull_request GITHUB_SHA is the merge of head and base; on pull_request_target it is the base alone, which is not the pull request.
    const expected = context.eventName === 'pull_request' ? [head.sha, context.sha] : [head.sha];
    if (!expected.includes(checkout.head)) {
        throw new outcome/* Invalid */.WO('context', `the checkout is at ${checkout.head}, not at pull request #${number} (${head.sha})`, {
            hint: 'Check out the pull request’s head or its merge commit.',
        });
    }
    return { kind: 'pull-request', number, head: head.sha };
}
function listSome(paths) {
    const rest = paths.length - 5;
    return `${paths.slice(0, 5).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

// EXTERNAL MODULE: ./build/shared/image/platform.js
var image_platform = __webpack_require__(74851);
// EXTERNAL MODULE: ./build/shared/image/reference.js
var reference = __webpack_require__(39607);
// EXTERNAL MODULE: ./build/shared/store/open.js + 8 modules
var store_open = __webpack_require__(67494);
// EXTERNAL MODULE: ./build/shared/store/subjects.js
var subjects = __webpack_require__(94053);
// EXTERNAL MODULE: ./build/shared/workspace/workspace.js
var workspace = __webpack_require__(55843);
// EXTERNAL MODULE: ./build/shared/builders/engine.js
var builders_engine = __webpack_require__(28331);
;// CONCATENATED MODULE: ./build/shared/builders/choose.js



/** Checks that the inputs are enough for some builder, asking no engine. Throws `Invalid` naming what the caller has to add. */
async function checkChoice(choice) {
    const { builder, fileName, fileNamed, layersConfigured } = choice;
    if (builder === 'layers') {
        if (layersConfigured)
            return;
        throw new outcome/* Invalid */.WO('files', 'or base is required by the layers builder: what to put where, source:/target, one a line');
    }
    if ((await isFile(choice.file)) || (builder === 'auto' && layersConfigured && !fileNamed))
        return;
    throw new outcome/* Invalid */.WO('file', `there is no Dockerfile at ${fileName}`, {
        hint: 'Name the Dockerfile with "file", or give "base" and "files" to assemble the image from layers without one.',
    });
}
/**
 * `auto` takes buildkit when there is a Dockerfile and an engine, otherwise layers when it is configured.
 * Throws `Unavailable` when only the engine is missing. The choice has been checked by `checkChoice`.
 */
async function chooseBuilder(choice, context) {
    const { builder, fileName, layersConfigured } = choice;
    if (builder === 'layers')
        return { name: 'layers', why: 'it was asked for' };
    if (!(await isFile(choice.file))) {
        return { name: 'layers', why: `base or files is given and there is no ${fileName}` };
    }
    const engine = await (0,builders_engine/* findEngine */.G)(context);
    if (!('reason' in engine)) {
        const found = `there is a ${fileName} and an engine (driver ${engine.driver})`;
        return { name: 'buildkit', engine, why: builder === 'buildkit' ? 'it was asked for' : found };
    }
    if (builder === 'auto' && layersConfigured) {
        return {
            name: 'layers',
            why: `base or files is given and no engine can build ${fileName}: ${engine.reason}`,
        };
    }
    throw new outcome/* Unavailable */.$P(`no engine can build ${fileName}: ${engine.reason}`, {
        hint: 'Add docker/setup-buildx-action before this step, or give "base" and "files" to assemble the image without an engine.',
    });
}
async function isFile(path) {
    const facts = await (0,promises_.stat)(path).catch(() => undefined);
    return facts?.isFile() ?? false;
}

;// CONCATENATED MODULE: ./build/shared/builders/layout.js









/** Reads what to build. Throws `Invalid` for a context or Dockerfile that is missing or outside of the workspace, a base without digest, an unknown platform. */
async function readRecipe(inputs, context) {
    const folder = await (0,workspace/* resolveInside */.L)(context.workspace, inputs.context ?? '.', 'context');
    if (!(await (0,promises_.stat)(folder).catch(() => undefined))?.isDirectory()) {
        throw new outcome/* Invalid */.WO('context', `"${inputs.context ?? '.'}" is no folder in the workspace`);
    }
    checkFit(inputs);
    const platforms = inputs.platforms.map((text) => (0,image_platform/* parsePlatform */.FL)(text));
    const { base = 'scratch' } = inputs;
    const fileName = inputs.file ?? (0,external_node_path_.join)(inputs.context ?? '.', 'Dockerfile');
    const choice = {
        builder: inputs.builder ?? 'auto',
        file: await (0,workspace/* resolveInside */.L)(context.workspace, fileName, 'file'),
        fileName,
        fileNamed: inputs.file !== undefined,
        layersConfigured: base !== 'scratch' || inputs.files.length > 0,
    };
    await checkChoice(choice);
    return {
        folder,
        choice,
        platforms,
        base: base === 'scratch' ? undefined : (0,reference/* parseDigestReference */.Dn)(base, 'base'),
        inputs,
    };
}
const LAYERS_ONLY = ['base', 'files', 'entrypoint', 'env', 'user'];
const BUILDKIT_ONLY = ['target', 'build-args', 'secrets', 'cache-from', 'cache-to'];
/** No input is passed over in silence: a `user` that nobody reads would leave an image running as root. */
function checkFit(inputs) {
    const isGiven = (name) => {
        const value = inputs[name];
        return value !== undefined && value.length > 0;
    };
    const { builder } = inputs;
    const assembles = builder === 'layers' || (builder !== 'buildkit' && (isGiven('base') || isGiven('files')));
    const misfit = builder === 'layers' ? BUILDKIT_ONLY.find(isGiven) : assembles ? undefined : LAYERS_ONLY.find(isGiven);
    if (misfit === undefined)
        return;
    throw new outcome/* Invalid */.WO(misfit, builder === 'layers'
        ? 'goes with the buildkit builder; layers would pass over it'
        : 'goes with the layers builder, and with base or files; buildkit would pass over it');
}
/** Chooses a builder, says why, and builds the recipe below `temp`. */
async function buildLayout(recipe, facts, context) {
    const { folder, choice, platforms, inputs } = recipe;
    const chosen = await chooseBuilder(choice, context);
    context.log.info(`Builder: ${chosen.name}, because ${chosen.why}`);
    const layout = (0,external_node_path_.join)(facts.temp, 'layout');
    await (0,promises_.mkdir)(layout);
    const request = { ...facts, folder, layout, platforms };
    let built;
    if (chosen.name === 'buildkit') {
        const { buildWithBuildkit } = await __webpack_require__.e(/* import() */ 925).then(__webpack_require__.bind(__webpack_require__, 36925));
        const buildkit = {
            engine: chosen.engine,
            file: choice.file,
            target: inputs.target,
            buildArgs: inputs['build-args'],
            secrets: inputs.secrets,
            cacheFrom: inputs['cache-from'],
            cacheTo: inputs['cache-to'],
            rewriteTimestamps: inputs.reproducible !== false,
        };
        built = await buildWithBuildkit({ ...request, ...buildkit }, context);
    }
    else {
        const { buildLayers } = await Promise.all(/* import() */[__webpack_require__.e(118), __webpack_require__.e(338)]).then(__webpack_require__.bind(__webpack_require__, 43338));
        const { files, entrypoint, env, user } = inputs;
        const base = await openBase(recipe, context);
        built = await buildLayers({ ...request, base, files, entrypoint, env, user }, context);
    }
    const store = (0,store_open/* openStore */.C)({ kind: 'layout', folder: layout }, { ...(0,store_open/* storeOptions */.S)(context), workspace: layout });
    return { ...built, layout: store, builder: chosen.name };
}
async function openBase({ base, inputs }, context) {
    if (base === undefined)
        return undefined;
    const store = (0,store_open/* openStore */.C)(base, (0,store_open/* storeOptions */.S)(context, inputs['github-token']));
    return { store, image: await (0,subjects/* listSubjects */.U)(store, base.digest) };
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: ./build/shared/evidence/identity.js
var identity = __webpack_require__(32832);
// EXTERNAL MODULE: ./build/shared/evidence/predicate.js
var evidence_predicate = __webpack_require__(60889);
// EXTERNAL MODULE: ./build/shared/evidence/provenance.js
var evidence_provenance = __webpack_require__(28413);
// EXTERNAL MODULE: ./build/shared/sigstore/collect.js
var collect = __webpack_require__(59797);
// EXTERNAL MODULE: ./build/shared/sigstore/key.js
var key = __webpack_require__(5612);
// EXTERNAL MODULE: ./build/shared/sigstore/publish.js
var publish = __webpack_require__(91656);
// EXTERNAL MODULE: ./build/shared/sigstore/signer.js + 2 modules
var sigstore_signer = __webpack_require__(84419);
// EXTERNAL MODULE: ./build/shared/sigstore/verifier.js + 1 modules
var sigstore_verifier = __webpack_require__(12946);
;// CONCATENATED MODULE: ./build/shared/builders/proof.js










/**
 * Gets ready to sign provenance and to recognise it. Everything that can be missing (the permission to sign, the trust root)
 * is found out here, before anything is built. The token's commit must be the one that is built: `Invalid` otherwise.
 */
async function openProver(inputs, run, context) {
    const signer = await (0,sigstore_signer/* openSigner */.H)(inputs, context);
    const { key: keyName } = inputs;
    const verifying = keyName === undefined ? (0,sigstore_verifier/* openVerifier */.bg)(inputs, context) : openKeyVerifier(keyName, context);
    const [claims, verifier] = await Promise.all([signer.claims(), verifying]);
    const said = claims ?? readClaims(context);
    if (said.sha !== run.checkout.head) {
        throw new outcome/* Invalid */.WO('provenance', `this run can only speak for ${said.sha}, but ${run.checkout.head} is checked out`, {
            hint: 'Check out the run’s own commit, or build without provenance (provenance: false).',
        });
    }
    const rule = keyName === undefined
        ? {
            issuer: said.iss,
            'signer-workflow': said.job_workflow_ref.slice(0, said.job_workflow_ref.lastIndexOf('@')),
            'repository-id': said.repository_id,
            trigger: [...run.triggers],
        }
        : { key: `sha256:${(0,key/* fingerprintOf */.ax)((0,key/* readPrivateKey */.$k)(keyName, context))}` };
    return { signer, verifier, claims: said, rule };
}
function openKeyVerifier(name, context) {
    return (0,sigstore_verifier/* createVerifier */.$A)({ key: (0,external_node_crypto_.createPublicKey)((0,key/* readPrivateKey */.$k)(name, context)) });
}
/** Signs the provenance of an image for index and platform manifests, and attaches it. */
async function publishProvenance({ signer, claims }, store, image, materials) {
    const resolvedDependencies = materials.map(({ uri, digest }) => ({ uri, digest: { ...digest } }));
    const predicate = (0,evidence_provenance/* buildProvenance */.Sw)(claims, { resolvedDependencies });
    await (0,publish/* publishStatements */.a)(store, image, signer, [
        { predicateType: evidence_predicate/* PREDICATE_TYPES */.Cs.provenance[0], predicate },
    ]);
}
/**
 * Checks that the image carries provenance for this commit by this builder, over every one of its manifests.
 * `Refused` with what was found instead.
 */
async function requireProvenance(prover, store, image) {
    const { evidence, rejected } = await (0,collect/* collectEvidence */.m)(store, image, prover.verifier, {
        builder: [prover.rule],
    });
    const provenance = evidence.filter(({ kind }) => kind === 'provenance');
    const reasons = provenance.map((one) => explainOther(one, prover.claims, image));
    if (reasons.includes(undefined))
        return;
    throw new outcome/* Refused */.Lw([
        `${store.place}@${image.digest} carries no provenance for commit ${prover.claims.sha} by this workflow`,
        ...reasons.filter((reason) => reason !== undefined),
        ...rejected.slice(0, 5).map(({ source, reason }) => `${source}: ${reason}`),
    ]);
}
/** Why a builder's provenance is not the one of this commit and image; undefined when it is. */
function explainOther(found, claims, image) {
    const provenance = evidence_provenance/* provenanceSchema */.j9.safeParse(found.statement.predicate);
    if (!provenance.success)
        return `${found.source}: it is no SLSA provenance v1`;
    const source = `git+${(0,identity/* serverOf */.FN)(claims.iss)}/${claims.repository}@`;
    const commits = (provenance.data.buildDefinition.resolvedDependencies ?? [])
        .filter(({ uri }) => uri?.startsWith(source))
        .map(({ digest }) => digest?.gitCommit);
    if (!commits.includes(claims.sha))
        return `${found.source}: it is about ${commits.join(', ') || 'no'} commit of ${claims.repository}`;
    // The certificate's word, where there is one, is worth more than the statement's.
    const { key, commit } = found.signer;
    if (key === undefined && commit !== claims.sha)
        return `${found.source}: it was signed by a run for ${commit}`;
    const uncovered = image.all.filter(({ digest }) => !found.subjects.includes(digest));
    return uncovered.length === 0
        ? undefined
        : `${found.source}: it leaves out ${uncovered.map(({ digest }) => digest).join(', ')}`;
}
/** With a key there is no token to vouch for the run; the holder of the key does, with what the runner says of it. */
function readClaims(context) {
    const { serverUrl, workflowRef } = context;
    const claims = evidence_provenance/* workflowClaimsSchema */.k0.safeParse({
        iss: serverUrl === 'https://github.com' ? identity/* GITHUB_ISSUER */.oX : `${serverUrl}/_services/token`,
        sub: '',
        event_name: context.eventName,
        job_workflow_ref: workflowRef,
        ref: context.ref,
        repository: context.repository,
        repository_id: context.repositoryId,
        repository_owner_id: context.repositoryOwnerId,
        run_attempt: context.runAttempt,
        run_id: context.runId,
        runner_environment: context.runnerEnvironment,
        sha: context.sha,
        workflow_ref: workflowRef,
    });
    if (claims.success)
        return claims.data;
    const missing = claims.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new outcome/* Invalid */.WO('provenance', `says which run built the image, and this is no whole run of a workflow: ${missing} missing`, {
        hint: 'Outside of GitHub Actions build with provenance: false.',
    });
}

// EXTERNAL MODULE: ./node_modules/semver/index.js
var semver = __webpack_require__(62088);
;// CONCATENATED MODULE: ./build/shared/image/tags.js



/** `sha-<40 hex>`, or `pr-<number>-<40 hex of the pull request's head>`: the tag that build alone gives. */
function commitTag(name) {
    return name.kind === 'commit' ? `sha-${name.commit}` : `pr-${name.number}-${name.head}`;
}
/**
 * The version that a git tag names: `refs/tags/v1.2.3` and `refs/tags/1.2.3-rc.1` give `1.2.3` and `1.2.3-rc.1` (semver.org 2.0.0).
 * Undefined for any other ref. Build metadata is `Invalid`: `+` may not stand in an image's tag, and without it two releases would share one.
 */
function versionOf(ref) {
    const name = /^refs\/tags\/v?(\d.*)$/.exec(ref ?? '')?.[1];
    const version = name === undefined ? null : (0,semver.parse)(name);
    if (version === null || name === undefined)
        return undefined;
    if (version.build.length > 0) {
        throw new outcome/* Invalid */.WO('ref', `the git tag's version "${name}" carries build metadata, which an image's tag cannot hold`, { hint: `Tag the release as ${version.version}, or as a pre-release such as ${version.version}-1.` });
    }
    return version.version;
}
/** The branch of `refs/heads/…`, undefined for any other ref. */
function branchOf(ref) {
    return /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];
}
const reserved = [
    [/^(?:sha|pr)-/i, 'is given by build alone, to the commit that it built'],
    [/^env-/i, 'belongs to an environment; promote writes it'],
    [/^sha(?:256|512)-/i, 'belongs to the evidence beside an image'],
];
// `1`, `v1`, `1.2`, `1.2-alpine`, `1.x`; not `1.2.3`, nor a date such as 2026-11-21 or 20261121.
const partialVersion = /^v?\d{1,4}(?:\.\d{1,4})?(?:[-_.][a-z].*)?$/i;
function explainRefusal(tag, branch) {
    if (!(0,reference/* isTag */.dz)(tag))
        return 'is no tag; a tag is up to 128 letters, digits, ".", "_" and "-"';
    const owner = reserved.find(([pattern]) => pattern.test(tag));
    if (owner)
        return owner[1];
    if (tag === branch?.replaceAll('/', '-'))
        return "is a branch's name: the next commit would take it";
    if (!/\d/.test(tag))
        return 'is floating: nothing in it keeps the next build from taking it';
    if (partialVersion.test(tag))
        return 'is floating: an incomplete version, which the next release would take';
    return undefined;
}
/**
 * Checks the tags that a caller asks for and returns them without repetitions. `ref` is the run's, to know its branch.
 * Throws `Invalid` naming `input` with the reason for every tag that is not allowed.
 */
function checkTags(tags, ref, input = 'tags') {
    const branch = branchOf(ref);
    const reasons = tags.flatMap((tag) => {
        const reason = explainRefusal(tag, branch);
        return reason === undefined ? [] : [`"${tag}" ${reason}`];
    });
    if (reasons.length > 0) {
        throw new outcome/* Invalid */.WO(input, reasons.join('; '), {
            hint: 'A tag names one image for ever: use a whole version (1.2.3), a date (2026-11-21) or a build number (build-42).',
        });
    }
    return [...new Set(tags)];
}

// EXTERNAL MODULE: ./build/shared/report/markdown.js
var markdown = __webpack_require__(15210);
// EXTERNAL MODULE: ./build/shared/store/copy.js
var copy = __webpack_require__(36193);
;// CONCATENATED MODULE: ./build/shared/verbs/build.js














/** One commit, one image: reuses it when it is there and proven, otherwise builds, pushes by digest, proves and only then tags. */
async function build(inputs, context) {
    const plan = await readPlan(inputs, context);
    const { destination } = plan;
    if (destination === undefined)
        return buildToDisk(plan, context);
    const store = (0,store_open/* openStore */.C)(destination, (0,store_open/* storeOptions */.S)(context, inputs['github-token']));
    const prover = inputs.provenance === false ? undefined : await openProver(inputs, plan.run, context);
    const existing = prover && (await findBuilt(plan, store, prover, context));
    if (existing) {
        await tagImage(store, existing, plan.tags);
        return describeResult(plan, destination, existing, { reused: true });
    }
    return withTemporaryFolder(context, async (temp) => {
        const built = await buildPlan(plan, temp, context);
        await requireFreeTags(store, plan.tags, built.digest);
        const { copied, mounted } = await (0,copy/* copyImage */.L)(built.layout, store, built.digest);
        context.log.info(`Pushed ${store.place}@${built.digest}: ${copied} objects sent, ${mounted} mounted`);
        const image = await (0,subjects/* listSubjects */.U)(store, built.digest);
        if (prover) {
            await publishProvenance(prover, store, image, built.materials);
            // What the next run will ask of this image is asked now, before a tag vouches for it.
            await requireProvenance(prover, store, image);
        }
        await tagImage(store, image, plan.tags);
        return describeResult(plan, destination, image, {
            reused: false,
            builder: built.builder,
        });
    });
}
async function readPlan(inputs, context) {
    const destination = readDestination(inputs);
    const extra = checkTags(inputs.tags, context.ref);
    const recipe = await readRecipe(inputs, context);
    const run = await readRunCommit(recipe.folder, context);
    if (run.name === undefined && destination !== undefined) {
        throw new outcome/* Invalid */.WO('push', `an image built on ${context.eventName} has no commit that it could be named by`, {
            hint: 'Set push: false, or build on push, release, workflow_dispatch, schedule or pull_request.',
        });
    }
    const trusted = run.name?.kind === 'commit';
    const version = trusted ? versionOf(context.ref) : undefined;
    if (!trusted && extra.length > 0) {
        context.log.notice(`Left out on ${context.eventName}: the tags ${extra.join(', ')}, which only trusted triggers may give.`);
    }
    const named = [...(version === undefined ? [] : [version]), ...(trusted ? extra : [])];
    const tags = [...new Set([...(run.name ? [commitTag(run.name)] : []), ...named])];
    const origin = describeOrigin(run, version, context);
    return {
        recipe,
        run,
        tags,
        version,
        destination,
        labels: { ...origin, ...Object.fromEntries(inputs.labels) },
        annotations: { ...origin, ...Object.fromEntries(inputs.annotations) },
    };
}
function readDestination(inputs) {
    if (inputs.repository === undefined) {
        if (inputs.push === false)
            return undefined;
        throw new outcome/* Invalid */.WO('repository', 'is required to push, as in ghcr.io/octo/app; or set push: false');
    }
    const repository = (0,reference/* parseRepository */.SU)(inputs.repository);
    return inputs.push === false ? undefined : { kind: 'registry', repository };
}
/**
 * The image that the commit's tag already names, when its provenance says that this workflow built it from this commit.
 * A tag that names anything else is `Refused`: it would have to be moved.
 */
async function findBuilt(plan, store, prover, context) {
    const [tag] = plan.tags;
    const there = tag === undefined ? undefined : await store.resolve(tag);
    if (there === undefined)
        return undefined;
    try {
        const image = await (0,subjects/* listSubjects */.U)(store, there.digest);
        await requireProvenance(prover, store, image);
        context.log.info(`Reused ${store.place}@${image.digest}: ${tag} exists and its provenance verifies`);
        return image;
    }
    catch (error) {
        if (!(error instanceof outcome/* Refused */.Lw))
            throw error;
        throw new outcome/* Refused */.Lw([
            `${store.place}:${tag} exists already, and nothing proves that it is this commit's image`,
            ...error.reasons,
        ], {
            cause: error,
            hint: 'Nothing was built or written. Find out who pushed the tag, then delete it.',
        });
    }
}
/** OCI's own keys (image-spec, annotations.md) for where an image comes from. */
function describeOrigin({ checkout: { head, time } }, version, { repository, serverUrl }) {
    const prefix = 'org.opencontainers.image';
    return {
        [`${prefix}.created`]: new Date(time * 1000).toISOString().replace('.000Z', 'Z'),
        [`${prefix}.revision`]: head,
        ...(repository !== undefined && { [`${prefix}.source`]: `${serverUrl}/${repository}` }),
        ...(version !== undefined && { [`${prefix}.version`]: version }),
    };
}
/** Refuses before anything is written when a tag names another image: a tag names one image for ever. */
async function requireFreeTags(store, tags, digest) {
    const found = await Promise.all(tags.map(async (tag) => ({ tag, there: await store.resolve(tag) })));
    const reasons = found.flatMap(({ tag, there }) => there === undefined || there.digest === digest
        ? []
        : [`${store.place}:${tag} exists already and names ${there.digest}, not ${digest}`]);
    if (reasons.length > 0) {
        throw new outcome/* Refused */.Lw(reasons, { hint: 'Tags are never moved: give the new image another one.' });
    }
}
/** Builds into a temporary folder. */
function buildPlan({ recipe, run, labels, annotations }, temp, context) {
    return buildLayout(recipe, { created: run.checkout.time, labels, annotations, temp }, context);
}
/** Writes the tags, the commit's first, so that a run that breaks off is found and reused by the next; then reads each back. */
async function tagImage(store, { digest, root }, tags) {
    await requireFreeTags(store, tags, digest);
    for (const tag of tags) {
        if ((await store.resolve(tag))?.digest !== digest)
            await store.putManifest(root.bytes, root.descriptor.mediaType, tag);
        const there = (await store.resolve(tag))?.digest;
        if (there !== digest) {
            throw new outcome/* Refused */.Lw(`${store.place}:${tag} was written for ${digest} and now names ${there ?? 'nothing'}: another run tags the same`);
        }
    }
}
async function buildToDisk(plan, context) {
    return withTemporaryFolder(context, async (temp) => {
        const built = await buildPlan(plan, temp, context);
        const folder = await makeLayoutFolder(context, built.digest);
        const store = (0,store_open/* openStore */.C)({ kind: 'layout', folder }, (0,store_open/* storeOptions */.S)(context));
        await (0,copy/* copyImage */.L)(built.layout, store, built.digest);
        const image = await (0,subjects/* listSubjects */.U)(store, built.digest);
        return describeResult(plan, { kind: 'layout', folder }, image, { reused: false, builder: built.builder });
    });
}
/** A place in the workspace, where the next steps may read, that neither git nor the layers builder takes for a part of the repository. */
async function makeLayoutFolder(context, digest) {
    const ignore = await (0,workspace/* resolveInside */.L)(context.workspace, '.hallmark/.gitignore', 'context');
    await (0,promises_.mkdir)((0,external_node_path_.join)(ignore, '..'), { recursive: true });
    await (0,promises_.writeFile)(ignore, '*\n', { flag: 'wx' }).catch((cause) => {
        if (cause.code !== 'EEXIST')
            throw cause;
    });
    return `.hallmark/image-${digest.slice(digest.indexOf(':') + 1).slice(0, 12)}`;
}
async function withTemporaryFolder(context, work) {
    await (0,promises_.mkdir)(context.temp, { recursive: true });
    const folder = await (0,promises_.mkdtemp)((0,external_node_path_.join)(context.temp, 'hallmark-build-'));
    try {
        return await work(folder);
    }
    finally {
        await (0,promises_.rm)(folder, { recursive: true, force: true });
    }
}
function describeResult(plan, place, image, { reused, builder }) {
    const platforms = image.platforms.map(({ platform, descriptor, manifest }) => ({
        platform: (0,image_platform/* formatPlatform */.Bq)(platform),
        digest: descriptor.digest,
        config: manifest.config.digest,
    }));
    const { head, time } = plan.run.checkout;
    const name = (0,reference/* formatImage */.vy)(place, image.digest);
    const facts = [
        ['Image', (0,markdown/* formatCode */.P_)(name)],
        ['Commit', (0,markdown/* formatCode */.P_)(head)],
        ['Tags', plan.tags.map(markdown/* formatCode */.P_).join(', ') || 'none'],
        ['Platforms', platforms.map(({ platform }) => (0,markdown/* formatCode */.P_)(platform)).join(', ')],
        ['Builder', reused ? 'none: it was built before, and its provenance verifies' : (builder ?? '')],
    ];
    return {
        outputs: {
            image: name,
            repository: (0,reference/* formatPlace */.dE)(place),
            digest: image.digest,
            tags: plan.tags.join('\n'),
            version: plan.version,
            reused,
            metadata: JSON.stringify({
                builder,
                commit: head,
                created: new Date(time * 1000).toISOString(),
                platforms,
            }),
        },
        summary: `### Hallmark build: ${reused ? 'reused' : 'built'}\n\n${(0,markdown/* formatTable */.ku)(['', ''], facts)}\n`,
    };
}


/***/ })

};
