export const id = 731;
export const ids = [731];
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

/***/ 28413:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Sw: () => (/* binding */ buildProvenance),
/* harmony export */   j9: () => (/* binding */ provenanceSchema),
/* harmony export */   k0: () => (/* binding */ workflowClaimsSchema)
/* harmony export */ });
/* unused harmony export WORKFLOW_BUILD_TYPE */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(27597);
/* harmony import */ var _identity_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(32832);


/** The claims of a workflow's OIDC token that evidence is made of (docs.github.com, "OpenID Connect reference"). Numbers come as strings. */
const workflowClaimsSchema = zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
    iss: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    sub: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    event_name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    job_workflow_ref: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    ref: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    repository: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    repository_id: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    repository_owner_id: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    repository_visibility: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    run_attempt: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    run_id: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    runner_environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    sha: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    workflow_ref: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
});
/** What GitHub's provenance says was run (actions.github.io/buildtypes/workflow/v1). */
const WORKFLOW_BUILD_TYPE = 'https://actions.github.io/buildtypes/workflow/v1';
const material = zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
    uri: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    digest: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()).optional(),
    name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
});
/** SLSA provenance v1 (slsa.dev/spec/v1.0/provenance), any build type: parameters are read by whoever knows theirs. */
const provenanceSchema = zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
    buildDefinition: zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
        buildType: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
        externalParameters: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .unknown */ .L5J()),
        internalParameters: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .unknown */ .L5J()).optional(),
        resolvedDependencies: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(material).optional(),
    }),
    runDetails: zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
        builder: zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({ id: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP() }),
        metadata: zod__WEBPACK_IMPORTED_MODULE_0__/* .object */ .Ikc({
            invocationId: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
            startedOn: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
            finishedOn: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
        })
            .optional(),
    }),
});
/**
 * The provenance of what this run built, from the token's claims alone. The source comes first among the dependencies;
 * `resolvedDependencies` adds materials by digest, `buildStartedAt` is ISO 8601.
 */
function buildProvenance(claims, extra = {}) {
    const server = (0,_identity_js__WEBPACK_IMPORTED_MODULE_1__/* .serverOf */ .FN)(claims.iss);
    const workflow = claims.workflow_ref.replace(`${claims.repository}/`, '');
    const at = workflow.indexOf('@');
    return {
        buildDefinition: {
            buildType: WORKFLOW_BUILD_TYPE,
            externalParameters: {
                workflow: {
                    ref: workflow.slice(at + 1),
                    repository: `${server}/${claims.repository}`,
                    path: workflow.slice(0, at),
                },
            },
            internalParameters: {
                github: {
                    event_name: claims.event_name,
                    repository_id: claims.repository_id,
                    repository_owner_id: claims.repository_owner_id,
                    runner_environment: claims.runner_environment,
                },
            },
            resolvedDependencies: [
                { uri: `git+${server}/${claims.repository}@${claims.ref}`, digest: { gitCommit: claims.sha } },
                ...(extra.resolvedDependencies ?? []),
            ],
        },
        runDetails: {
            builder: { id: `${server}/${claims.job_workflow_ref}` },
            metadata: {
                invocationId: `${server}/${claims.repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
                ...(extra.buildStartedAt !== undefined && { startedOn: extra.buildStartedAt }),
            },
        },
    };
}


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

/***/ 91656:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   a: () => (/* binding */ publishStatements)
/* harmony export */ });
/* harmony import */ var _evidence_statement_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51817);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(5725);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(93968);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(56339);
/* harmony import */ var _store_attach_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(32157);





/** The most a statement may be, in bytes, so that a bundle of it can be logged, stored and read again. */
const STATEMENT_LIMIT = 16 * 1024 * 1024;
/**
 * Signs all claims under one certificate and attaches them in one update. Nothing is attached unless everything was signed;
 * the registry's refusal to be written to is found out while the signing services are asked. `check` sees every bundle before
 * anything is attached: what it throws leaves nothing behind.
 */
async function publishStatements(store, image, signer, claims, check) {
    const statements = claims.map((claim) => buildStatement(store, image, claim));
    const [bundles] = await Promise.all([signer.sign(statements), (0,_store_attach_js__WEBPACK_IMPORTED_MODULE_4__/* .prepareReferrers */ .Ef)(store, claims.length)]);
    for (const bundle of bundles)
        await check?.(bundle);
    const created = new Date().toISOString();
    const referrers = claims.flatMap(({ predicateType, subjects }, at) => image.all
        .filter(({ digest }) => subjects === undefined || subjects.includes(digest))
        .map((subject) => ({
        subject,
        artifactType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.bundle,
        blob: bundles[at] ?? Buffer.alloc(0),
        blobMediaType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.bundle,
        // What cosign writes and lists by; nobody who verifies may rely on it.
        annotations: {
            'dev.sigstore.bundle.content': 'dsse-envelope',
            'dev.sigstore.bundle.predicateType': predicateType,
            'org.opencontainers.image.created': created,
        },
        claim: at,
    })));
    const descriptors = await (0,_store_attach_js__WEBPACK_IMPORTED_MODULE_4__/* .attachReferrers */ .oj)(store, referrers);
    return claims.map(({ predicateType }, at) => ({
        predicateType,
        descriptors: descriptors.filter((_, index) => referrers[index]?.claim === at),
        bundle: bundles[at] ?? Buffer.alloc(0),
    }));
}
function buildStatement(store, image, claim) {
    const { predicateType, predicate, subjects = image.all.map(({ digest }) => digest) } = claim;
    for (const digest of subjects) {
        if (!image.all.some((subject) => subject.digest === digest)) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('image', `${digest} is not part of ${store.place}@${image.digest}`);
        }
    }
    if (subjects.length === 0)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('image', `nothing of it is named by ${predicateType}`);
    const statement = {
        _type: _evidence_statement_js__WEBPACK_IMPORTED_MODULE_0__/* .STATEMENT_TYPE */ .zG,
        subject: subjects.map((digest) => ({
            // A folder on this machine means nothing to a reader.
            ...(store.host !== undefined && { name: store.place }),
            digest: { [(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_2__/* .digestAlgorithm */ .g4)(digest)]: (0,_image_digest_js__WEBPACK_IMPORTED_MODULE_2__/* .digestHex */ .sU)(digest) },
        })),
        predicateType,
        predicate,
    };
    const size = Buffer.byteLength(JSON.stringify(statement));
    if (size > STATEMENT_LIMIT) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('predicate', `${predicateType} is ${size} bytes; at most ${STATEMENT_LIMIT} can be attested`);
    }
    return statement;
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

/***/ 84419:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  H: () => (/* binding */ openSigner)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: ./build/shared/evidence/statement.js
var evidence_statement = __webpack_require__(51817);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
;// CONCATENATED MODULE: ./build/shared/sigstore/instance.js

const PUBLIC = {
    name: 'public',
    fulcioUrl: 'https://fulcio.sigstore.dev',
    rekorUrl: 'https://rekor.sigstore.dev',
};
/**
 * The instance that signs for a run: the one asked for, otherwise public Sigstore for a public repository and GitHub's own for any other,
 * because public Sigstore publishes the repository's name and workflow for ever. Throws `Invalid` when the inputs contradict each other.
 */
function chooseInstance(inputs, repository) {
    const { 'fulcio-url': fulcioUrl, 'rekor-url': rekorUrl, 'tsa-url': tsaUrl } = inputs;
    const host = new URL(repository.serverUrl).hostname;
    const byVisibility = repository.visibility === 'public' && host === 'github.com' ? 'public' : 'github';
    const name = inputs.sigstore ?? (fulcioUrl === undefined ? byVisibility : 'custom');
    if (name === 'custom') {
        if (fulcioUrl === undefined)
            throw new outcome/* Invalid */.WO('fulcio-url', 'is required for a Sigstore instance of your own');
        if (rekorUrl === undefined && tsaUrl === undefined) {
            throw new outcome/* Invalid */.WO('rekor-url', 'or tsa-url is required: without log and timestamp a certificate of ten minutes proves nothing');
        }
        return { name, fulcioUrl, rekorUrl, tsaUrl };
    }
    for (const input of ['fulcio-url', 'rekor-url', 'tsa-url']) {
        if (inputs[input] !== undefined)
            throw new outcome/* Invalid */.WO(input, `goes with sigstore: custom, not with ${name}`);
    }
    if (name === 'public')
        return PUBLIC;
    // GitHub's own instance timestamps instead of logging; a GHE.com tenant has one below its own host.
    return host === 'github.com'
        ? { name, fulcioUrl: 'https://fulcio.githubapp.com', tsaUrl: 'https://timestamp.githubapp.com' }
        : { name, fulcioUrl: `https://fulcio.${host}`, tsaUrl: `https://timestamp.${host}` };
}

// EXTERNAL MODULE: ./build/shared/sigstore/key.js
var sigstore_key = __webpack_require__(5612);
// EXTERNAL MODULE: ./build/shared/sigstore/reach.js
var reach = __webpack_require__(36592);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/evidence/provenance.js
var provenance = __webpack_require__(28413);
;// CONCATENATED MODULE: ./build/shared/sigstore/token.js



/** How far two clocks may be apart, in seconds. */
const SKEW = 60;
const times = schemas/* object */.Ikc({
    exp: schemas/* number */.aig(),
    nbf: schemas/* number */.aig().optional(),
    iat: schemas/* number */.aig().optional(),
});
/**
 * Reads a workflow's OIDC token. Its signature is Fulcio's to check; its times are checked here, so that a run whose clock or
 * token is wrong hears so before anything is signed. `now` is in seconds. Throws `Invalid` naming `id-token`.
 */
function readIdToken(jwt, now) {
    let payload;
    try {
        payload = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
    }
    catch {
        throw new outcome/* Invalid */.WO('id-token', 'is no JSON Web Token');
    }
    const parsed = provenance/* workflowClaimsSchema */.k0.and(times).safeParse(payload);
    if (!parsed.success) {
        const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
        throw new outcome/* Invalid */.WO('id-token', `is no token of a GitHub workflow; wrong or missing: ${missing}`);
    }
    const { exp, nbf, iat } = parsed.data;
    const hint = "Run the job again; if it stays so, look at the runner's clock.";
    if (exp + SKEW < now)
        throw new outcome/* Invalid */.WO('id-token', `expired at ${isoTime(exp)}`, { hint });
    const start = Math.max(nbf ?? 0, iat ?? 0);
    if (start - SKEW > now)
        throw new outcome/* Invalid */.WO('id-token', `is valid only from ${isoTime(start)} on`, { hint });
    return { jwt, claims: provenance/* workflowClaimsSchema */.k0.parse(payload), expires: exp };
}
function isoTime(seconds) {
    return new Date(seconds * 1000).toISOString();
}

;// CONCATENATED MODULE: ./build/shared/sigstore/signer.js







/** A token that ends sooner than this many seconds from now is fetched anew before signing: a build may have run since. */
const TOKEN_MARGIN = 30;
/** A certificate lasts ten minutes; one that is older than this many seconds is not used for another signature. */
const CERTIFICATE_AGE = 300;
/** The signer that the inputs ask for. Nothing is fetched before it is used; a key is read at once. */
async function openSigner(inputs, context) {
    if (inputs.key !== undefined) {
        if (inputs.sigstore !== undefined || inputs['fulcio-url'] !== undefined) {
            throw new outcome/* Invalid */.WO('key', 'signs without a certificate: leave sigstore and fulcio-url out');
        }
        const key = (0,sigstore_key/* readPrivateKey */.$k)(inputs.key, context);
        const services = { rekorUrl: inputs['rekor-url'], tsaUrl: inputs['tsa-url'] };
        return {
            claims: async () => undefined,
            prepare: () => undefined,
            sign: async (statements) => signAll(statements, keySigner(key), await openWitnesses(services, context)),
        };
    }
    // Inputs that contradict each other are said now; the repository's visibility comes with the token.
    chooseInstance(inputs, { visibility: undefined, serverUrl: context.serverUrl });
    const now = () => Date.now() / 1000;
    const requestToken = async () => readIdToken(await context.getIdToken('sigstore'), now());
    let current;
    const fetchToken = async () => {
        current ??= requestToken();
        if ((await current).expires < now() + TOKEN_MARGIN)
            current = requestToken();
        return current;
    };
    const openSession = async () => {
        const asked = fetchToken();
        // The library loads while the token is on its way.
        const [token] = await Promise.all([asked, Promise.all(/* import() */[__webpack_require__.e(654), __webpack_require__.e(88), __webpack_require__.e(463), __webpack_require__.e(335), __webpack_require__.e(179)]).then(__webpack_require__.t.bind(__webpack_require__, 15179, 19))]);
        const instance = chooseInstance(inputs, {
            visibility: token.claims.repository_visibility,
            serverUrl: context.serverUrl,
        });
        return { instance, signer: await certify(token, instance, context) };
    };
    let session;
    const getSession = () => {
        if (session === undefined || session.since < now() - CERTIFICATE_AGE) {
            session = { since: now(), opening: openSession() };
        }
        return session.opening;
    };
    return {
        claims: async () => (await fetchToken()).claims,
        // Whoever signs hears of the failure.
        prepare: () => void getSession().catch(() => undefined),
        sign: async (statements) => {
            const { signer, instance } = await getSession();
            return signAll(statements, signer, await openWitnesses(instance, context));
        },
    };
}
/** A fresh key that lives in memory only, and Fulcio's certificate for it. */
async function certify(token, instance, context) {
    const { FulcioSigner } = await Promise.all(/* import() */[__webpack_require__.e(654), __webpack_require__.e(88), __webpack_require__.e(463), __webpack_require__.e(335), __webpack_require__.e(179)]).then(__webpack_require__.t.bind(__webpack_require__, 15179, 19));
    const { privateKey } = (0,external_node_crypto_.generateKeyPairSync)('ec', { namedCurve: 'P-256' });
    const fulcio = new FulcioSigner({
        fulcioBaseURL: instance.fulcioUrl,
        identityProvider: { getToken: async () => token.jwt },
        keyHolder: keySigner(privateKey),
        ...reach/* REQUEST */.S,
    });
    // FulcioSigner asks for a certificate at every signature; the one of this throw-away signature serves for all.
    const { key } = await (0,reach/* reach */.g)(`Fulcio at ${instance.fulcioUrl} gave no certificate; nothing was attached`, context.deadline, fulcio.sign(Buffer.alloc(0)));
    return { sign: async (data) => ({ signature: signWith(privateKey, data), key }) };
}
/** The key's own signer. It gives no hint: cosign refuses a bundle whose envelope has a key id. */
function keySigner(key) {
    const publicKey = (0,external_node_crypto_.createPublicKey)(key).export({ format: 'pem', type: 'spki' });
    return {
        sign: async (data) => ({ signature: signWith(key, data), key: { $case: 'publicKey', publicKey } }),
    };
}
function signWith(key, data) {
    return (0,external_node_crypto_.sign)(key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256', data, key);
}
async function openWitnesses({ rekorUrl, tsaUrl }, context) {
    const { RekorWitness, TSAWitness } = await Promise.all(/* import() */[__webpack_require__.e(654), __webpack_require__.e(88), __webpack_require__.e(463), __webpack_require__.e(335), __webpack_require__.e(179)]).then(__webpack_require__.t.bind(__webpack_require__, 15179, 19));
    const witnesses = [];
    const add = (witness, message) => {
        witnesses.push({
            testify: (content, publicKey) => (0,reach/* reach */.g)(`${message}; nothing was attached`, context.deadline, witness.testify(content, publicKey)),
        });
    };
    if (rekorUrl !== undefined) {
        const rekor = new RekorWitness({ rekorBaseURL: rekorUrl, ...reach/* REQUEST */.S });
        add(rekor, `the transparency log at ${rekorUrl} took no entry`);
    }
    if (tsaUrl !== undefined) {
        const tsa = new TSAWitness({ tsaBaseURL: tsaUrl, ...reach/* REQUEST */.S });
        add(tsa, `the timestamp authority at ${tsaUrl} gave no timestamp`);
    }
    return witnesses;
}
async function signAll(statements, signer, witnesses) {
    const [{ DSSEBundleBuilder }, { bundleToJSON }] = await Promise.all([
        Promise.all(/* import() */[__webpack_require__.e(654), __webpack_require__.e(88), __webpack_require__.e(463), __webpack_require__.e(335), __webpack_require__.e(179)]).then(__webpack_require__.t.bind(__webpack_require__, 15179, 19)),
        Promise.all(/* import() */[__webpack_require__.e(654), __webpack_require__.e(40)]).then(__webpack_require__.t.bind(__webpack_require__, 61040, 19)),
    ]);
    const builder = new DSSEBundleBuilder({ signer, witnesses });
    return Promise.all(statements.map(async (statement) => {
        const data = Buffer.from(JSON.stringify(statement));
        const bundle = await builder.create({ data, type: evidence_statement/* STATEMENT_MEDIA_TYPE */.KD });
        return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
    }));
}


/***/ }),

/***/ 32157:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Ef: () => (/* binding */ prepareReferrers),
/* harmony export */   oj: () => (/* binding */ attachReferrers),
/* harmony export */   zA: () => (/* binding */ pushReferrers)
/* harmony export */ });
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(5725);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(56339);
/* harmony import */ var _hash_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(54156);
/* harmony import */ var _parallel_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(57959);
/* harmony import */ var _referrers_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(25006);
/* harmony import */ var _store_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(62039);







const EMPTY = { mediaType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.empty, digest: (0,_hash_js__WEBPACK_IMPORTED_MODULE_3__/* .digestOf */ .o)(_store_js__WEBPACK_IMPORTED_MODULE_5__/* .EMPTY_BLOB */ .u), size: _store_js__WEBPACK_IMPORTED_MODULE_5__/* .EMPTY_BLOB */ .u.length };
/** Gets ready to attach `count` referrers: what `attachReferrers` would find missing (login, permission) is found now. */
async function prepareReferrers(store, count) {
    await Promise.all([store.prepareUploads(count), store.putBlob(EMPTY, () => _store_js__WEBPACK_IMPORTED_MODULE_5__/* .EMPTY_BLOB */ .u)]);
}
/**
 * Stores evidence beside its subjects, all of it at once: blobs, then manifests, then (only where the registry did not list
 * them by itself) the fallback index. What is attached already is left as it is. Returns the manifests' descriptors, in order.
 */
async function attachReferrers(store, referrers) {
    const blobs = new Map(referrers.map(({ blob }) => {
        const content = { digest: (0,_hash_js__WEBPACK_IMPORTED_MODULE_3__/* .digestOf */ .o)(blob), size: blob.length };
        return [content.digest, { content, blob }];
    }));
    const empty = { content: EMPTY, blob: _store_js__WEBPACK_IMPORTED_MODULE_5__/* .EMPTY_BLOB */ .u };
    await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)([...blobs.values(), empty], 16, ({ content, blob }) => store.putBlob(content, () => blob));
    const manifests = referrers.map(buildManifest);
    await pushReferrers(store, manifests);
    return manifests.map(({ descriptor }) => descriptor);
}
function buildManifest(referrer) {
    const { subject, artifactType, blob, blobMediaType, annotations } = referrer;
    const manifest = {
        schemaVersion: 2,
        mediaType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.manifest,
        artifactType,
        config: EMPTY,
        layers: [{ mediaType: blobMediaType, digest: (0,_hash_js__WEBPACK_IMPORTED_MODULE_3__/* .digestOf */ .o)(blob), size: blob.length }],
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
        annotations,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    return {
        subject: subject.digest,
        bytes,
        descriptor: {
            mediaType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.manifest,
            digest: (0,_hash_js__WEBPACK_IMPORTED_MODULE_3__/* .digestOf */ .o)(bytes),
            size: bytes.length,
            artifactType,
            annotations,
        },
    };
}
/** Pushes referrers' manifests under tags of their own, then lists them in the fallback index where the registry has no referrers API. */
async function pushReferrers(store, manifests) {
    const subjects = [...Map.groupBy(manifests, ({ subject }) => subject)];
    await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(subjects, 8, async ([subject, referrers]) => {
        // Read while the manifests are sent: whether it is needed shows only by their answers.
        const fallback = store.getManifest((0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .fallbackTag */ .fH)(subject));
        fallback.catch(() => undefined);
        const indexed = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(referrers, 16, (referrer) => pushReferrer(store, referrer));
        const missing = referrers.filter((_, position) => !indexed[position]);
        if (missing.length > 0) {
            const added = missing.map(({ descriptor }) => descriptor);
            await healFallback(store, subject, added, await fallback);
        }
    });
}
async function pushReferrer(store, { subject, descriptor, bytes }) {
    const tag = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .ownTag */ .Zc)(subject, descriptor.digest);
    try {
        return (await store.putManifest(bytes, descriptor.mediaType, tag)).indexed;
    }
    catch (error) {
        // Where tags are immutable, writing the same again is an error too.
        const before = await store.resolve(tag).catch(() => undefined);
        if (before?.digest !== descriptor.digest)
            throw error;
        return (await store.listReferrers(subject)).some(({ digest }) => digest === descriptor.digest);
    }
}
/** How often a writer tries to get the fallback index whole while others write it too. */
const ROUNDS = 10;
/**
 * Makes the fallback index list everything that is known: what it held, what is `added`, and what own tags tell of. Registries
 * know no compare-and-swap, so after each write all is read again. Own tags are pushed before the first write of the index: whoever
 * writes it last therefore sees all of them afterwards, and nobody's referrer stays lost.
 */
async function healFallback(store, subject, added, before) {
    const tag = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .fallbackTag */ .fH)(subject);
    let stored = before;
    let wanted = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .uniteReferrers */ .Oj)(subject, readIndex(stored, subject), added);
    for (let round = 0; round < ROUNDS; round += 1) {
        if (wanted.length > readIndex(stored, subject).length)
            await writeIndex(store, tag, wanted);
        const [after, tags] = await Promise.all([store.getManifest(tag), store.listTags()]);
        // GitLab answers with the subject under this tag, whatever is pushed; own tags have to do there.
        if (after?.descriptor.digest === subject)
            return;
        stored = after;
        const known = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .uniteReferrers */ .Oj)(subject, readIndex(stored, subject), wanted);
        const own = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .findOwnTags */ .Tg)(subject, tags, known);
        const found = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(own, 16, async (name) => (await store.resolve(name)) ?? []);
        wanted = (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .uniteReferrers */ .Oj)(subject, known, found.flat());
        if (wanted.length === readIndex(stored, subject).length)
            return;
        // Writers that collide again and again part when each waits for a while of its own.
        await (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(Math.random() * 50 * (round + 1));
    }
    throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Unavailable */ .$P(`${store.place}: the fallback index ${tag} kept changing`, {
        hint: 'The evidence is stored under tags of its own; attach again so that other tools find it too.',
    });
}
function readIndex(stored, subject) {
    return (stored && (0,_referrers_js__WEBPACK_IMPORTED_MODULE_4__/* .readReferrers */ .tV)(stored.bytes, subject)) ?? [];
}
async function writeIndex(store, tag, manifests) {
    const index = { schemaVersion: 2, mediaType: _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.index, manifests };
    try {
        await store.putManifest(Buffer.from(JSON.stringify(index)), _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .MEDIA_TYPE */ .Ap.index, tag);
    }
    catch (cause) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Unavailable */ .$P(`${store.place}: the fallback index ${tag} could not be written`, {
            cause,
            hint: 'The registry has no referrers API. If its tags are immutable, exclude "sha256-*" from that.',
        });
    }
}


/***/ })

};
