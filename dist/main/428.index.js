export const id = 428;
export const ids = [428];
export const modules = {

/***/ 32832:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   FN: () => (/* binding */ serverOf),
/* harmony export */   Un: () => (/* binding */ formatSigner),
/* harmony export */   oX: () => (/* binding */ GITHUB_ISSUER)
/* harmony export */ });
/** The issuer of OIDC tokens for workflows on github.com. */
const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';
/**
 * The GitHub server whose workflows an issuer speaks for: `https://github.com`, `https://<tenant>.ghe.com` or `https://<GHES host>`
 * (docs.github.com, "OpenID Connect reference"). Taken from the issuer, because that is what the certificate authority checked.
 */
function serverOf(issuer) {
    const tenant = /^https:\/\/token\.actions\.([a-z0-9-]+\.ghe\.com)(?:\/|$)/.exec(issuer)?.[1];
    if (tenant !== undefined)
        return `https://${tenant}`;
    const enterprise = /^(https:\/\/[^/]+)\/_services\/token$/.exec(issuer)?.[1];
    return enterprise ?? 'https://github.com';
}
/** One line that names a signer to a person: the workflow with its ref, or the key. */
function formatSigner(signer) {
    if (signer.key !== undefined)
        return `key sha256:${signer.key}`;
    return signer.subject ?? 'nobody';
}


/***/ }),

/***/ 60889:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Cs: () => (/* binding */ PREDICATE_TYPES),
/* harmony export */   Gv: () => (/* binding */ SCAN_EXTENSION),
/* harmony export */   a7: () => (/* binding */ ROLES_OF),
/* harmony export */   dT: () => (/* binding */ kindOfPredicate),
/* harmony export */   gg: () => (/* binding */ ROLES),
/* harmony export */   lS: () => (/* binding */ VERIFIER_BY_KEY),
/* harmony export */   w9: () => (/* binding */ VERDICT_EXTENSION)
/* harmony export */ });
/** The predicate types this suite writes or reads, by what they are evidence of. Newest first: the first is what we write. */
const PREDICATE_TYPES = {
    signature: ['https://sigstore.dev/cosign/sign/v1'],
    provenance: ['https://slsa.dev/provenance/v1'],
    cyclonedx: ['https://cyclonedx.org/bom', 'https://cyclonedx.org/bom/v1.4'],
    // Without a version, as `cosign verify-attestation --type spdxjson` asks for it; the document names its own.
    spdx: ['https://spdx.dev/Document', 'https://spdx.dev/Document/v2.3', 'https://spdx.dev/Document/v3'],
    scan: [
        'https://in-toto.io/attestation/vulns/v0.2',
        'https://in-toto.io/attestation/vulns/v0.1',
        'https://cosign.sigstore.dev/attestation/vuln/v1',
    ],
    test: ['https://in-toto.io/attestation/test-result/v0.1'],
    vex: ['https://openvex.dev/ns', 'https://openvex.dev/ns/v0.2.0'],
    verdict: ['https://slsa.dev/verification_summary/v1'],
    promotion: ['https://hallmark-actions.github.io/promotion/v1'],
};
/** Who may say what (design.md, "Trust"). */
const ROLES = ['builder', 'scanner', 'tester', 'vex', 'gate', 'promoter'];
/** The roles whose statements of a kind count; anybody else's do not exist. */
const ROLES_OF = {
    signature: ['builder'],
    provenance: ['builder'],
    cyclonedx: ['builder', 'scanner'],
    spdx: ['builder', 'scanner'],
    scan: ['scanner'],
    test: ['tester'],
    vex: ['vex'],
    verdict: ['gate'],
    promotion: ['promoter'],
};
/** The kind of a predicate type, or undefined for one that no rule reads. */
function kindOfPredicate(predicateType) {
    for (const [kind, types] of Object.entries(PREDICATE_TYPES)) {
        if (types.includes(predicateType))
            return kind;
    }
    return undefined;
}
/** Our extension field in a vulns predicate: what the type itself has no place for (in-toto spec/v1, "Parsing rules": extension fields are named by URI). */
const SCAN_EXTENSION = 'https://hallmark-actions.github.io/scan/v1';
/** Our extension field in a verification summary: what the gate observed, by value. */
const VERDICT_EXTENSION = 'https://hallmark-actions.github.io/verdict/v1';
/** The verifier in a summary that a key signed: no workflow vouches for it, the key does. */
const VERIFIER_BY_KEY = 'https://hallmark-actions.github.io/gate';


/***/ }),

/***/ 51817:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   KD: () => (/* binding */ STATEMENT_MEDIA_TYPE),
/* harmony export */   t: () => (/* binding */ statementSchema),
/* harmony export */   zG: () => (/* binding */ STATEMENT_TYPE)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(27597);

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const STATEMENT_MEDIA_TYPE = 'application/vnd.in-toto+json';
/** in-toto attestation framework, spec/v1/statement.md; v0.1 (cosign) has the same shape. */
const statementSchema = zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
    _type: zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n([STATEMENT_TYPE, 'https://in-toto.io/Statement/v0.1']),
    subject: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
        name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
        digest: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()),
    }))
        .min(1)
        .max(1024),
    predicateType: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().min(1),
    predicate: zod__WEBPACK_IMPORTED_MODULE_0__/* .unknown */ .L5J(),
});


/***/ }),

/***/ 52654:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   CW: () => (/* binding */ TRUSTED_TRIGGERS),
/* harmony export */   Cb: () => (/* binding */ identityRuleSchema),
/* harmony export */   QH: () => (/* binding */ explainMismatch),
/* harmony export */   R7: () => (/* binding */ rolesOf)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(27597);
/* harmony import */ var _identity_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(32832);
/* harmony import */ var _predicate_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(60889);



/** Events that run a protected branch's own code; pull_request_target and the like run with the same ref but on others' behalf. */
const TRUSTED_TRIGGERS = ['push', 'release', 'workflow_dispatch', 'schedule'];
const value = zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1);
const values = zod__WEBPACK_IMPORTED_MODULE_1__/* .union */ .KCZ([value.transform((one) => [one]), zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(value).min(1)]);
/**
 * An identity that a role is given to, as policies and the verify action write it. Every field that is given must match,
 * exactly unless it is written `glob:` (in which `*` stays within one path segment and `**` does not). Strict: an unknown field is an error.
 */
const identityRuleSchema = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    /** The workflow that signed, `owner/repo/.github/workflows/x.yml`, any ref unless `@ref` is written (certificate .9 and SAN). */
    'signer-workflow': value.optional(),
    /** `owner/repo` of the workflow that signed. */
    'signer-repo': value.optional(),
    /** The workflow that was triggered, `owner/repo/.github/workflows/x.yml` (.18). */
    workflow: value.optional(),
    /** Refs of the source, any of them (.14); also of the signing workflow where that lies in the source's own repository. */
    ref: values.optional(),
    /** Events, any of them (.20); `TRUSTED_TRIGGERS` when absent. */
    trigger: values.optional(),
    /** OIDC issuer (.8); GitHub's when absent. */
    issuer: value.optional(),
    /** `github-hosted` or `self-hosted` (.11). */
    'runner-environment': value.optional(),
    /** The source repository's number, which outlives renames (.15). */
    'repository-id': zod__WEBPACK_IMPORTED_MODULE_1__/* .union */ .KCZ([value.regex(/^\d+$/), zod__WEBPACK_IMPORTED_MODULE_1__/* .int */ .Whr().positive().transform(String)]).optional(),
    /** The source repository, `owner/repo` (.12). */
    repository: value.optional(),
    /** A public key, by the sha256 fingerprint of its SPKI DER: `sha256:<64 hex>`. Says everything by itself. */
    key: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
        .regex(/^sha256:[0-9a-f]{64}$/, 'may be sha256:<64 hex>, the fingerprint of a public key')
        .optional(),
})
    .refine((rule) => rule['signer-workflow'] !== undefined || rule['signer-repo'] !== undefined || rule.key !== undefined, 'names nobody: give signer-workflow, signer-repo or key');
/** Why a signer is not the one a rule names, every reason; undefined when it is. */
function explainMismatch(rule, signer) {
    const reasons = rule.key === undefined ? compareCertificate(rule, signer) : compareKey(rule.key, signer);
    return reasons.length === 0 ? undefined : reasons.join('; ');
}
/** The roles whose rules a signer meets. */
function rolesOf(trust, signer) {
    return _predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .ROLES */ .gg.filter((role) => trust[role]?.some((rule) => explainMismatch(rule, signer) === undefined));
}
function compareKey(key, signer) {
    if (signer.key === undefined)
        return ['was signed with a certificate, not with the key'];
    return `sha256:${signer.key}` === key ? [] : [`was signed with key sha256:${signer.key}, not ${key}`];
}
function compareCertificate(rule, signer) {
    if (signer.key !== undefined)
        return ['was signed with a key, not by a workflow'];
    const server = `${(0,_identity_js__WEBPACK_IMPORTED_MODULE_2__/* .serverOf */ .FN)(rule.issuer ?? _identity_js__WEBPACK_IMPORTED_MODULE_2__/* .GITHUB_ISSUER */ .oX)}/`;
    const path = (uri) => uri?.startsWith(server) ? uri.slice(server.length) : undefined;
    const [signerPath, signerRef] = splitRef(path(signer.signerWorkflow));
    const [workflowPath] = splitRef(path(signer.workflow));
    const signerRepository = repositoryOf(signerPath);
    const wanted = rule['signer-workflow'];
    const [wantedPath, wantedRef] = splitRef(wanted);
    const reasons = [
        compare('issuer', [rule.issuer ?? _identity_js__WEBPACK_IMPORTED_MODULE_2__/* .GITHUB_ISSUER */ .oX], signer.issuer),
        // Fulcio writes the signing workflow into both; where they differ the certificate is not one of GitHub's.
        signer.signerWorkflow && compare('certificate subject', [signer.signerWorkflow], signer.subject),
        wanted && compare('signer-workflow', [wantedPath ?? ''], signerPath),
        wantedRef && compare('ref of the signer-workflow', [globAlike(wanted, wantedRef)], signerRef),
        rule['signer-repo'] && compare('signer-repo', [rule['signer-repo']], signerRepository),
        rule.workflow && compare('workflow', [rule.workflow], workflowPath),
        rule.ref && compare('ref', rule.ref, signer.ref),
        rule.ref &&
            wantedRef === undefined &&
            signerRepository !== undefined &&
            signerRepository === path(signer.repository) &&
            compare('ref of the signer-workflow', rule.ref, signerRef),
        compare('trigger', rule.trigger ?? TRUSTED_TRIGGERS, signer.trigger),
        rule['runner-environment'] &&
            compare('runner-environment', [rule['runner-environment']], signer.runnerEnvironment),
        rule['repository-id'] && compare('repository-id', [rule['repository-id']], signer.repositoryId),
        rule.repository && compare('repository', [rule.repository], path(signer.repository)),
    ];
    return reasons.filter((reason) => typeof reason === 'string' && reason !== '');
}
function compare(field, wanted, found) {
    if (found !== undefined && found !== '' && wanted.some((one) => matches(one, found)))
        return undefined;
    return `${field} is ${found ? `"${found}"` : 'not in the certificate'}, not ${wanted.map((one) => `"${one}"`).join(' or ')}`;
}
function matches(wanted, found) {
    if (!wanted.startsWith('glob:'))
        return wanted === found;
    const pattern = wanted
        .slice('glob:'.length)
        .split(/(\*+)/)
        .map((part) => {
        if (part === '*')
            return '[^/]*';
        return /^\*+$/.test(part) ? '.*' : part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    })
        .join('');
    return new RegExp(`^${pattern}$`, 's').test(found);
}
/** `path@ref` in two; a ref may hold no `@` of GitHub's own, so the last one parts them. */
function splitRef(text) {
    if (text === undefined)
        return [undefined, undefined];
    const at = text.lastIndexOf('@');
    return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
/** `glob:` stands before the whole of a signer-workflow and so holds for its ref too. */
function globAlike(whole, ref) {
    return whole?.startsWith('glob:') ? `glob:${ref}` : ref;
}
function repositoryOf(workflowPath) {
    return /^([^/]+\/[^/]+)\//.exec(workflowPath ?? '')?.[1];
}


/***/ }),

/***/ 93968:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Bc: () => (/* binding */ isDigest),
/* harmony export */   VK: () => (/* binding */ shortDigest),
/* harmony export */   g4: () => (/* binding */ digestAlgorithm),
/* harmony export */   m: () => (/* binding */ parseDigest),
/* harmony export */   sU: () => (/* binding */ digestHex)
/* harmony export */ });
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(56339);

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** True when `text` is a whole, lower-case sha256 or sha512 digest. */
function isDigest(text) {
    return pattern.test(text);
}
/**
 * Checks a digest. Throws `Invalid` naming `input` when the algorithm is unknown, the length is wrong or a character is not lower-case hex.
 */
function parseDigest(text, input = 'digest') {
    if (isDigest(text))
        return text;
    const [algorithm, hex = ''] = text.split(':', 2);
    const wanted = algorithm === 'sha512' ? 128 : 64;
    const known = algorithm === 'sha256' || algorithm === 'sha512';
    throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, known && /^[0-9a-f]*$/.test(hex)
        ? `a ${algorithm} digest has ${wanted} hex digits, this one has ${hex.length}`
        : 'a digest is "sha256:" and 64 lower-case hex digits, or "sha512:" and 128');
}
/** The hex part of a digest. */
function digestHex(digest) {
    return digest.slice(digest.indexOf(':') + 1);
}
/** The algorithm of a digest: `sha256` or `sha512`. */
function digestAlgorithm(digest) {
    return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
/** The first twelve hex digits: what people see. Never compared, never resolved. */
function shortDigest(digest) {
    return digestHex(digest).slice(0, 12);
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

/***/ 5612:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $k: () => (/* binding */ readPrivateKey),
/* harmony export */   RR: () => (/* binding */ readPublicKey),
/* harmony export */   ax: () => (/* binding */ fingerprintOf)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77598);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(51455);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(56339);
/* harmony import */ var _workspace_workspace_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(55843);




/** The private key in the environment variable that the input `key` names: PKCS#8 PEM. Throws `Invalid`, never with any of the value. */
function readPrivateKey(variable, context) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', 'takes the NAME of an environment variable, not a key', {
            hint: 'Put the secret into the environment of the step, as SIGNING_KEY say, and write key: SIGNING_KEY.',
        });
    }
    const pem = context.readNamedVariable(variable);
    if (pem === undefined)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `names the environment variable ${variable}, which is not set`);
    if (/-----BEGIN ENCRYPTED/.test(pem)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `${variable} holds an encrypted key; only an unencrypted PKCS#8 key is read`, {
            hint: 'A secret store keeps it encrypted already: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
        });
    }
    let key;
    try {
        key = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createPrivateKey)(pem);
    }
    catch {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `${variable} holds no private key in PKCS#8 PEM`);
    }
    return checkAlgorithm(key);
}
/** The public key in a PEM file of the workspace. Throws `Invalid` naming `key`. */
async function readPublicKey(path, context) {
    const file = await (0,_workspace_workspace_js__WEBPACK_IMPORTED_MODULE_3__/* .resolveInside */ .L)(context.workspace, path, 'key');
    const pem = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.readFile)(file, 'utf8').catch((cause) => {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `"${path}" cannot be read (${cause.code})`, { cause });
    });
    // createPublicKey would take a private key too and pass over what it is.
    if (!pem.includes('-----BEGIN PUBLIC KEY-----'))
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `"${path}" holds no public key in PEM`);
    let key;
    try {
        key = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createPublicKey)(pem);
    }
    catch (cause) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', `"${path}" holds no public key in PEM`, { cause });
    }
    return checkAlgorithm(key);
}
/** sha256 of the public key's SPKI DER, in hex: how identity rules name a key. */
function fingerprintOf(key) {
    const spki = (key.type === 'private' ? (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createPublicKey)(key) : key).export({ format: 'der', type: 'spki' });
    return (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHash)('sha256').update(spki).digest('hex');
}
/** The keys that cosign signs and verifies with in the same way as we do. */
function checkAlgorithm(key) {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    const fits = (type === 'ec' && details?.namedCurve === 'prime256v1') ||
        type === 'ed25519' ||
        (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048);
    if (!fits)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO('key', 'may be ECDSA P-256, Ed25519, or RSA of 2048 bits and more');
    return key;
}


/***/ }),

/***/ 36592:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   S: () => (/* binding */ REQUEST),
/* harmony export */   g: () => (/* binding */ reach)
/* harmony export */ });
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(56339);

/** How the Sigstore libraries ask a service: each try lasts 20 s at most, tries two to four follow after 0.5, 1 and 2 s. */
const REQUEST = { timeout: 20_000, retry: { retries: 3, minTimeout: 500, factor: 2 } };
/** Waits for a service no longer than the step's deadline. Whatever goes wrong is `Unavailable` with `message`. */
async function reach(message, deadline, work) {
    let stop = () => undefined;
    const late = new Promise((_, reject) => {
        stop = () => reject(deadline.reason);
        if (deadline.aborted)
            stop();
        else
            deadline.addEventListener('abort', stop, { once: true });
    });
    try {
        return await Promise.race([work, late]);
    }
    catch (cause) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Unavailable */ .$P(message, { cause });
    }
    finally {
        deadline.removeEventListener('abort', stop);
    }
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

/***/ 29428:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   verify: () => (/* binding */ verify)
/* harmony export */ });
/* harmony import */ var _evidence_identity_js__WEBPACK_IMPORTED_MODULE_10__ = __webpack_require__(32832);
/* harmony import */ var _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(60889);
/* harmony import */ var _evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(52654);
/* harmony import */ var _image_reference_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(39607);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(56339);
/* harmony import */ var _report_markdown_js__WEBPACK_IMPORTED_MODULE_9__ = __webpack_require__(15210);
/* harmony import */ var _sigstore_collect_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(59797);
/* harmony import */ var _sigstore_key_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(5612);
/* harmony import */ var _sigstore_verifier_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(12946);
/* harmony import */ var _store_open_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(67494);
/* harmony import */ var _store_subjects_js__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(94053);











/** Kinds that are made a platform at a time: an index has them when every one of its platforms has. */
const BY_PLATFORM = ['cyclonedx', 'spdx', 'scan', 'test'];
/**
 * Verifies that an image carries what is asked for, from the one who is asked for: signature, log, certificate's identity,
 * the subject's digest and the predicate type, all of them. What others attached beside it does not matter.
 */
async function verify(inputs, context) {
    const reference = (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_2__/* .parseReference */ .F2)(inputs.image);
    const at = reference.digest ?? reference.tag;
    if (at === undefined)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('image', 'needs a digest or a tag, as in registry/repo@sha256:…');
    const wanted = inputs['predicate-types'].map(readWanted);
    if (wanted.length === 0)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('predicate-types', 'is empty, so nothing would be verified');
    const rule = await readRule(inputs, context);
    const store = (0,_store_open_js__WEBPACK_IMPORTED_MODULE_7__/* .openStore */ .C)(reference, (0,_store_open_js__WEBPACK_IMPORTED_MODULE_7__/* .storeOptions */ .S)(context, inputs['github-token']));
    const [image, verifier] = await Promise.all([(0,_store_subjects_js__WEBPACK_IMPORTED_MODULE_8__/* .listSubjects */ .U)(store, at), (0,_sigstore_verifier_js__WEBPACK_IMPORTED_MODULE_6__/* .openVerifier */ .bg)(inputs, context)]);
    const { statements, rejected } = await (0,_sigstore_collect_js__WEBPACK_IMPORTED_MODULE_4__/* .collectStatements */ .Z)(store, image, verifier);
    const valid = [];
    for (const found of statements) {
        const { source, signer, statement } = found;
        const reason = (0,_evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__/* .explainMismatch */ .QH)(rule, signer);
        if (reason === undefined)
            valid.push(found);
        else
            rejected.push({ source, signer, predicateType: statement.predicateType, reason });
    }
    const reasons = wanted.flatMap((one) => explainMissing(one, image, valid, rejected));
    const result = {
        outputs: {
            image: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_2__/* .formatImage */ .vy)(reference, image.digest),
            repository: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_2__/* .formatPlace */ .dE)(reference),
            digest: image.digest,
            evidence: JSON.stringify({ valid: valid.map(describe), rejected }),
        },
        summary: summarize((0,_image_reference_js__WEBPACK_IMPORTED_MODULE_2__/* .formatImage */ .vy)(reference, image.digest), reasons, valid),
    };
    return reasons.length === 0 ? result : { ...result, outcome: 'refused', reasons };
}
function readWanted(name) {
    if (Object.hasOwn(_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .PREDICATE_TYPES */ .Cs, name))
        return { name, types: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .PREDICATE_TYPES */ .Cs[name] };
    if (URL.canParse(name))
        return { name, types: [name] };
    throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('predicate-types', `may be ${Object.keys(_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .PREDICATE_TYPES */ .Cs).join(', ')} or a predicate type's URI, not "${name}"`);
}
/** The one identity that counts. */
async function readRule(inputs, context) {
    const given = {
        'signer-workflow': inputs['signer-workflow'],
        'signer-repo': inputs['signer-repo'],
        workflow: inputs.workflow,
        ref: inputs.ref.length > 0 ? inputs.ref : undefined,
        trigger: inputs.trigger.length > 0 ? inputs.trigger : undefined,
        issuer: inputs.issuer,
        'runner-environment': inputs['runner-environment'],
        'repository-id': inputs['repository-id'],
    };
    if (inputs.key !== undefined) {
        const beside = Object.entries(given).find(([, value]) => value !== undefined);
        if (beside !== undefined)
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO(beside[0], 'is of a certificate; a key has no such thing');
        return { key: `sha256:${(0,_sigstore_key_js__WEBPACK_IMPORTED_MODULE_5__/* .fingerprintOf */ .ax)(await (0,_sigstore_key_js__WEBPACK_IMPORTED_MODULE_5__/* .readPublicKey */ .RR)(inputs.key, context))}` };
    }
    const parsed = _evidence_trust_js__WEBPACK_IMPORTED_MODULE_1__/* .identityRuleSchema */ .Cb.safeParse(given);
    if (parsed.success)
        return parsed.data;
    const [issue] = parsed.error.issues;
    const field = String(issue?.path[0] ?? 'signer-workflow');
    throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO(field, issue?.message ?? 'is not valid', {
        hint: 'A signature by just anybody proves nothing: say whose it must be.',
    });
}
/** Why what is wanted was not found, or nothing. */
function explainMissing({ name, types }, image, valid, rejected) {
    const named = new Set(valid
        .filter(({ statement }) => types.includes(statement.predicateType))
        .flatMap(({ subjects }) => subjects));
    if (named.has(image.digest))
        return [];
    const byPlatform = BY_PLATFORM.includes((0,_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_0__/* .kindOfPredicate */ .dT)(types[0] ?? ''));
    const missing = byPlatform
        ? image.platforms.map(({ descriptor }) => descriptor.digest).filter((digest) => !named.has(digest))
        : [image.digest];
    if (missing.length === 0)
        return [];
    const near = rejected.filter(({ predicateType }) => predicateType === undefined || types.includes(predicateType));
    const why = near.map(({ source, reason }) => `${source}: ${reason}`);
    return [
        `no valid ${name} for ${missing.join(', ')}`,
        ...(why.length > 0
            ? why.map((reason) => `${name}: ${reason}`)
            : [`${name}: nothing of this type is attached`]),
    ];
}
function describe({ statement, signer, signedAt, logIndex, subjects, source }) {
    return { predicateType: statement.predicateType, signer, signedAt, logIndex, subjects, source };
}
function summarize(image, reasons, valid) {
    const rows = valid.map(({ statement, signer, signedAt, subjects }) => [
        (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_9__/* .formatCode */ .P_)(statement.predicateType),
        (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_9__/* .formatCode */ .P_)((0,_evidence_identity_js__WEBPACK_IMPORTED_MODULE_10__/* .formatSigner */ .Un)(signer)),
        signedAt ?? 'not proven',
        String(subjects.length),
    ]);
    return [
        `### Hallmark verify: ${reasons.length === 0 ? 'passed' : 'refused'}`,
        (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_9__/* .formatCode */ .P_)(image),
        ...(reasons.length > 0 ? [reasons.map((reason) => `- ${(0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_9__/* .escapeMarkdown */ .FV)(reason)}`).join('\n')] : []),
        ...(rows.length > 0 ? [(0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_9__/* .formatTable */ .ku)(['Valid evidence', 'Signed by', 'At', 'Subjects'], rows)] : []),
    ].join('\n\n');
}


/***/ })

};
