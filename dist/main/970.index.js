export const id = 970;
export const ids = [970];
export const modules = {

/***/ 75970:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   gate: () => (/* binding */ gate)
/* harmony export */ });
/* harmony import */ var _environment_tags_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(41753);
/* harmony import */ var _evaluator_rules_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(74789);
/* harmony import */ var _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(60889);
/* harmony import */ var _evidence_statement_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(51817);
/* harmony import */ var _github_policy_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(76952);
/* harmony import */ var _image_reference_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(39607);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(56339);
/* harmony import */ var _policy_file_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(533);
/* harmony import */ var _policy_rule_js__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(7975);
/* harmony import */ var _report_verdict_js__WEBPACK_IMPORTED_MODULE_9__ = __webpack_require__(88738);
/* harmony import */ var _sigstore_collect_js__WEBPACK_IMPORTED_MODULE_10__ = __webpack_require__(59797);
/* harmony import */ var _sigstore_signer_js__WEBPACK_IMPORTED_MODULE_11__ = __webpack_require__(84419);
/* harmony import */ var _store_hash_js__WEBPACK_IMPORTED_MODULE_12__ = __webpack_require__(54156);
/* harmony import */ var _store_open_js__WEBPACK_IMPORTED_MODULE_13__ = __webpack_require__(67494);
/* harmony import */ var _store_subjects_js__WEBPACK_IMPORTED_MODULE_14__ = __webpack_require__(94053);
/* harmony import */ var _judge_js__WEBPACK_IMPORTED_MODULE_15__ = __webpack_require__(8572);
/* harmony import */ var _predicates_js__WEBPACK_IMPORTED_MODULE_16__ = __webpack_require__(19439);

















/**
 * Judges an image for an environment. `enforce` signs the verdict beside the image, whichever way it went, and refuses a denied image;
 * `audit` only says what it would do; `preview` judges what a pull request has: local reports that nobody signed.
 */
async function gate(inputs, context) {
    const reference = (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .parseDigestReference */ .Dn)(inputs.image);
    const { environment, mode = 'enforce' } = inputs;
    if (!(0,_environment_tags_js__WEBPACK_IMPORTED_MODULE_0__/* .isEnvironmentName */ .tq)(environment)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Invalid */ .WO('environment', 'may hold up to 40 lower-case letters, digits and "-", as in prod');
    }
    const files = await (0,_predicates_js__WEBPACK_IMPORTED_MODULE_16__/* .readPredicateFiles */ .v)(inputs, context);
    const [file] = files;
    if (file !== undefined && mode !== 'preview') {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Invalid */ .WO(file.input, `goes with mode: preview; to ${mode}, only signed evidence counts`);
    }
    const store = (0,_store_open_js__WEBPACK_IMPORTED_MODULE_13__/* .openStore */ .C)(reference, (0,_store_open_js__WEBPACK_IMPORTED_MODULE_13__/* .storeOptions */ .S)(context, inputs['github-token']));
    if (mode === 'preview') {
        const image = await (0,_store_subjects_js__WEBPACK_IMPORTED_MODULE_14__/* .listSubjects */ .U)(store, reference.digest);
        const page = await previewVerdict(inputs, { store, image, claims: (0,_predicates_js__WEBPACK_IMPORTED_MODULE_16__/* .bindClaims */ .F)(files, image) }, context);
        return describe(reference, page, { mode, log: context.log });
    }
    // Asked for before anything is judged: a job that may not sign is told at once.
    const signer = mode === 'enforce' ? await (0,_sigstore_signer_js__WEBPACK_IMPORTED_MODULE_11__/* .openSigner */ .H)(inputs, context) : undefined;
    const policy = await (0,_github_policy_js__WEBPACK_IMPORTED_MODULE_4__/* .loadPolicy */ .t)(inputs.policy, inputs, context);
    (0,_policy_file_js__WEBPACK_IMPORTED_MODULE_7__/* .findEnvironment */ .jY)(policy.file, environment);
    const [image] = await Promise.all([(0,_store_subjects_js__WEBPACK_IMPORTED_MODULE_14__/* .listSubjects */ .U)(store, reference.digest), signer?.claims()]);
    const judgement = await (0,_judge_js__WEBPACK_IMPORTED_MODULE_15__/* .judgeImage */ .xQ)({ store, image, environment, policy, inputs }, context);
    for (const reason of judgement.verdict.reasons)
        context.log.info(`denied: ${reason}`);
    const vsa = signer && (await (0,_judge_js__WEBPACK_IMPORTED_MODULE_15__/* .publishVerdict */ .TP)(judgement, store, image, signer));
    return describe(reference, judgement, {
        mode,
        log: context.log,
        vsa: vsa && `${store.place}@${vsa.digest}`,
    });
}
function describe(reference, page, how) {
    const { verdict } = page;
    const denied = verdict.decision === 'deny';
    for (const warning of verdict.warnings)
        how.log.warning(warning);
    if (denied && how.mode !== 'enforce') {
        how.log.warning(`${how.mode}: this image would be denied:\n${verdict.reasons.join('\n')}`);
    }
    return {
        ...(denied && how.mode === 'enforce' && { outcome: 'refused', reasons: verdict.reasons }),
        outputs: {
            image: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .formatImage */ .vy)(reference, reference.digest),
            repository: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .formatPlace */ .dE)(reference),
            digest: reference.digest,
            decision: verdict.decision,
            reasons: JSON.stringify(verdict.reasons),
            vsa: how.vsa,
        },
        summary: (0,_report_verdict_js__WEBPACK_IMPORTED_MODULE_9__/* .summarizeVerdict */ .d)(page),
    };
}
/** Judges without effect: by the policy, or by the built-in rules when there is none. */
async function previewVerdict(inputs, about, context) {
    const { store, image, claims } = about;
    const policy = inputs.policy === undefined ? undefined : await (0,_github_policy_js__WEBPACK_IMPORTED_MODULE_4__/* .loadPolicy */ .t)(inputs.policy, inputs, context);
    const rules = policy?.file.rules ?? (0,_evaluator_rules_js__WEBPACK_IMPORTED_MODULE_1__/* .readBuiltInRules */ .x)();
    const wanted = policy && (0,_policy_file_js__WEBPACK_IMPORTED_MODULE_7__/* .findEnvironment */ .jY)(policy.file, inputs.environment);
    const trust = policy === undefined ? trustThisWorkflow(context) : (0,_policy_file_js__WEBPACK_IMPORTED_MODULE_7__/* .trustOf */ .An)(policy.file);
    const evidence = claims.length > 0
        ? takeAsEvidence(store, image, claims)
        : await (0,_sigstore_collect_js__WEBPACK_IMPORTED_MODULE_10__/* .collectEvidence */ .m)(store, image, await (0,_judge_js__WEBPACK_IMPORTED_MODULE_15__/* .openPolicyVerifier */ .$P)(policy, inputs, context), trust);
    // Nobody signs or attests on a pull request, so rules that only ask for that say nothing here.
    const asked = wanted?.rules ?? Object.keys(rules);
    const later = asked.filter((name) => {
        const rule = rules[name];
        return claims.length > 0 && rule !== undefined && (0,_policy_rule_js__WEBPACK_IMPORTED_MODULE_8__/* .needsOf */ .hN)(rule).some((need) => !NEEDS_OF_FILES.has(need));
    });
    const { verdict, facts } = await (0,_judge_js__WEBPACK_IMPORTED_MODULE_15__/* .judgeEvidence */ .Z0)({
        image: await (0,_judge_js__WEBPACK_IMPORTED_MODULE_15__/* .readJudgedImage */ .d_)(store, image),
        found: evidence,
        trust: claims.length > 0 ? trustThisWorkflow(context) : trust,
    }, {
        rules,
        environment: {
            ...wanted,
            name: inputs.environment,
            rules: asked.filter((name) => !later.includes(name)),
        },
    });
    const warnings = later.map((name) => `${name}: not judged in preview, it needs signed evidence`);
    return {
        verdict: { ...verdict, warnings: [...verdict.warnings, ...warnings] },
        facts,
        evidence,
        ...(wanted && { destination: wanted.repository }),
        ...(policy && { policy }),
        standing: 'unverified',
    };
}
const NEEDS_OF_FILES = new Set(['sbom', 'scan', 'test']);
/** Local files in the place of evidence: everybody's word counts, and the page says that it is unverified. */
function takeAsEvidence(store, image, claims) {
    const evidence = claims.flatMap(({ predicateType, predicate, subjects }) => {
        const kind = (0,_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .kindOfPredicate */ .dT)(predicateType);
        if (kind === undefined)
            return [];
        return [
            {
                kind,
                roles: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .ROLES_OF */ .a7[kind],
                subjects: subjects ?? image.all.map(({ digest }) => digest),
                source: (0,_store_hash_js__WEBPACK_IMPORTED_MODULE_12__/* .digestOf */ .o)(JSON.stringify(predicate)),
                statement: { _type: _evidence_statement_js__WEBPACK_IMPORTED_MODULE_3__/* .STATEMENT_TYPE */ .zG, subject: [], predicateType, predicate },
                signer: {},
                signedAt: undefined,
                logIndex: undefined,
            },
        ];
    });
    return { image: `${store.place}@${image.digest}`, digest: image.digest, evidence, rejected: [] };
}
/** Without a policy nobody is named, so this workflow stands in every role: good enough to preview, never to allow. */
function trustThisWorkflow({ workflowRef = 'no workflow' }) {
    const identity = { 'signer-workflow': workflowRef.split('@')[0] };
    return Object.fromEntries(_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .ROLES */ .gg.map((role) => [role, [identity]]));
}


/***/ }),

/***/ 19439:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   F: () => (/* binding */ bindClaims),
/* harmony export */   v: () => (/* binding */ readPredicateFiles)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(27597);
/* harmony import */ var _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(60889);
/* harmony import */ var _evidence_scan_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(41463);
/* harmony import */ var _image_platform_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(74851);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(56339);
/* harmony import */ var _store_json_js__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(8782);
/* harmony import */ var _workspace_workspace_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(55843);









/** The most a file may hold, in bytes: a statement of it must be readable again. */
const FILE_LIMIT = 15 * 1024 * 1024;
/** Kinds that other actions write, of what they themselves did. */
const RESERVED = ['signature', 'provenance', 'scan', 'verdict', 'promotion'];
const sbomSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .union */ .KCZ([
    zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({ bomFormat: zod__WEBPACK_IMPORTED_MODULE_7__/* .literal */ .euz('CycloneDX'), specVersion: zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP() }),
    zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({ spdxVersion: zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP().startsWith('SPDX-2.') }),
    zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({ '@context': zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP().startsWith('https://spdx.org/rdf/3.') }),
]);
/** in-toto attestation spec/predicates/test-result.md: the required fields. */
const testResultSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({
    result: zod__WEBPACK_IMPORTED_MODULE_7__/* ["enum"] */ .k5n(['PASSED', 'WARNED', 'FAILED']),
    configuration: zod__WEBPACK_IMPORTED_MODULE_7__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_7__/* .unknown */ .L5J()),
});
/** Reads every file the inputs name: `path` or `linux/amd64=path` a line. Throws `Invalid` naming the input. */
async function readPredicateFiles(inputs, context) {
    const { 'predicate-type': type, 'predicate-path': path } = inputs;
    if ((type === undefined) !== (path === undefined)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(type === undefined ? 'predicate-type' : 'predicate-path', 'is required with the other of the two');
    }
    if (type !== undefined && (!URL.canParse(type) || RESERVED.includes((0,_evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .kindOfPredicate */ .dT)(type)))) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO('predicate-type', `may be the URI of a type that no other input or action writes, not "${type}"`);
    }
    const files = await Promise.all([
        ...inputs.sbom.map((line) => readSbom(line, context)),
        ...inputs['scan-report'].map((line) => readScanReport(line, context)),
        ...inputs['test-results'].map((line) => readTestResults(line, context)),
    ]);
    if (type === undefined || path === undefined)
        return files;
    const predicate = parseJson(await readInput(path, 'predicate-path', context), 'predicate-path', path);
    return [...files, { input: 'predicate-path', path, predicateType: type, predicate, about: 'image' }];
}
/** What each file says, of which subject: a platform's file is never about the index above it. Throws `Invalid`. */
function bindClaims(files, image) {
    return files.map(({ input, path, predicateType, predicate, about }) => {
        if (about === 'image')
            return { predicateType, predicate };
        const digest = 'manifest' in about ? about.manifest : findPlatform(about.platform, image, input, path);
        if (!image.platforms.some(({ descriptor }) => descriptor.digest === digest)) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(input, `"${path}" is about ${digest}, which is no platform of ${image.digest}`);
        }
        return { predicateType, predicate, subjects: [digest] };
    });
}
function findPlatform(platform, image, input, path) {
    const names = image.platforms.map((one) => (0,_image_platform_js__WEBPACK_IMPORTED_MODULE_4__/* .formatPlatform */ .Bq)(one.platform));
    const fitting = image.platforms.filter((_, at) => platform === undefined || names[at] === platform);
    const [only, ...more] = fitting;
    if (only !== undefined && more.length === 0)
        return only.descriptor.digest;
    throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(input, platform === undefined
        ? `"${path}" does not say for which platform it is, and the image has ${names.join(', ')}`
        : `the image has ${fitting.length === 0 ? 'no' : 'more than one'} ${platform}; it has ${names.join(', ')}`, { hint: `Write one line a platform, as in ${names[0] ?? 'linux/amd64'}=${path}` });
}
async function readSbom(line, context) {
    const { platform, path } = splitLine(line);
    const predicate = (0,_store_json_js__WEBPACK_IMPORTED_MODULE_8__/* .readJson */ .V)(sbomSchema, await readInput(path, 'sbom', context));
    if (predicate === undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO('sbom', `"${path}" is neither CycloneDX nor SPDX in JSON`);
    }
    let predicateType = _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.spdx[0];
    if ('bomFormat' in predicate)
        predicateType = _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.cyclonedx[0];
    else if ('@context' in predicate)
        predicateType = _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.spdx[2];
    return { input: 'sbom', path, predicateType, predicate, about: { platform } };
}
async function readScanReport(line, context) {
    const { path } = splitLine(line);
    const scan = (0,_evidence_scan_js__WEBPACK_IMPORTED_MODULE_3__/* .readReport */ .tL)(await readInput(path, 'scan-report', context));
    return {
        input: 'scan-report',
        path,
        predicateType: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.scan[0],
        predicate: (0,_evidence_scan_js__WEBPACK_IMPORTED_MODULE_3__/* .buildScanPredicate */ .pT)(scan),
        about: { manifest: scan.manifest },
    };
}
async function readTestResults(line, context) {
    const { platform, path } = splitLine(line);
    const predicate = (0,_store_json_js__WEBPACK_IMPORTED_MODULE_8__/* .readJson */ .V)(testResultSchema, await readInput(path, 'test-results', context));
    if (predicate === undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO('test-results', `"${path}" is no test-result predicate of in-toto (result, configuration)`);
    }
    return {
        input: 'test-results',
        path,
        predicateType: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.test[0],
        predicate,
        about: { platform },
    };
}
function splitLine(line) {
    const match = /^([a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?)=(.+)$/.exec(line);
    return match?.[2] === undefined
        ? { platform: undefined, path: line }
        : { platform: match[1], path: match[2] };
}
/** Inputs name files of the workspace, or of the runner's temporary folder, where other steps leave their reports. */
async function readInput(path, input, context) {
    const inTemp = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.isAbsolute)(path) && !(0,node_path__WEBPACK_IMPORTED_MODULE_1__.relative)(context.temp, path).startsWith('..');
    const file = await (0,_workspace_workspace_js__WEBPACK_IMPORTED_MODULE_6__/* .resolveInside */ .L)(inTemp ? context.temp : context.workspace, path, input);
    try {
        const { size } = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.stat)(file);
        if (size > FILE_LIMIT)
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(input, `"${path}" has ${size} bytes; at most ${FILE_LIMIT} can be attested`);
        return await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(file, 'utf8');
    }
    catch (cause) {
        if (cause instanceof _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO)
            throw cause;
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(input, `"${path}" cannot be read (${cause.code})`, {
            cause,
        });
    }
}
function parseJson(text, input, path) {
    try {
        return JSON.parse(text);
    }
    catch (cause) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_5__/* .Invalid */ .WO(input, `"${path}" is no JSON`, { cause });
    }
}


/***/ })

};
