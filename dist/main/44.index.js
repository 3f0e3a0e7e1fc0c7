export const id = 44;
export const ids = [44];
export const modules = {

/***/ 41463:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   CY: () => (/* binding */ readScan),
/* harmony export */   KR: () => (/* binding */ SCANNERS),
/* harmony export */   ez: () => (/* binding */ trivyReportSchema),
/* harmony export */   ng: () => (/* binding */ countSeverities),
/* harmony export */   oC: () => (/* binding */ SEVERITIES),
/* harmony export */   pT: () => (/* binding */ buildScanPredicate),
/* harmony export */   tL: () => (/* binding */ readReport),
/* harmony export */   ur: () => (/* binding */ normalizeReport)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(27597);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(64377);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(93968);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(56339);
/* harmony import */ var _predicate_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(60889);




/** From the worst to the least known. */
const SEVERITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN'];
/** What a scan may look for. A policy that asks for secrets must not be answered by a scan that did not look for them. */
const SCANNERS = ['vuln', 'secret', 'license'];
/** Anything that is no severity we know counts as `UNKNOWN`, never as harmless. */
const severity = zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP()
    .optional()
    .transform((word) => SEVERITIES.find((known) => known === word?.toUpperCase()) ?? 'UNKNOWN');
const digest = zod__WEBPACK_IMPORTED_MODULE_3__/* .custom */ .IeY((value) => typeof value === 'string' && (0,_image_digest_js__WEBPACK_IMPORTED_MODULE_0__/* .isDigest */ .Bc)(value), 'is no digest');
const time = zod__WEBPACK_IMPORTED_MODULE_4__/* .datetime */ .w$({ offset: true });
const name = zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP().default('');
const findingFields = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    package: name,
    version: name,
    /** The versions that fix it, as the advisory lists them; '' when there is none. */
    fixed: name,
    title: name,
    url: name,
    /** The file or package database it was found in. */
    target: name,
    /** The highest CVSS 3 or 4 base score any source gives. */
    cvss: zod__WEBPACK_IMPORTED_MODULE_3__/* .number */ .aig().optional(),
});
const secretFields = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    rule: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(),
    category: name,
    severity,
    title: name,
    target: name,
    line: zod__WEBPACK_IMPORTED_MODULE_3__/* .number */ .aig().int(),
});
const databaseFields = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    /** `host/path:tag`, as `db-repository` named it. */
    repository: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(),
    /** Manifest digest of the database's OCI artifact. */
    digest,
    updatedAt: time,
});
const scopeFields = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    /** The platform manifest that was scanned: the subject. */
    manifest: digest,
    /** `linux/amd64` */
    platform: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(),
    scanners: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* ["enum"] */ .k5n(SCANNERS)),
    startedAt: time,
    scannedAt: time,
    /** Undefined when vulnerabilities were not looked for. */
    database: databaseFields.optional(),
});
const score = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({ V3Score: zod__WEBPACK_IMPORTED_MODULE_3__/* .number */ .aig().optional(), V40Score: zod__WEBPACK_IMPORTED_MODULE_3__/* .number */ .aig().optional() });
/** Trivy's JSON report, schema version 2 (trivy pkg/types/report.go); lists that are empty are left out by Trivy, unknown fields are ignored. */
const trivyReportSchema = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    SchemaVersion: zod__WEBPACK_IMPORTED_MODULE_3__/* .literal */ .euz(2),
    Trivy: zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({ Version: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP() }),
    ArtifactType: zod__WEBPACK_IMPORTED_MODULE_3__/* .literal */ .euz('container_image'),
    Metadata: zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({ ImageID: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP() }),
    Results: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
        Target: name,
        Packages: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .unknown */ .L5J()).default([]),
        Vulnerabilities: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
            VulnerabilityID: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP().min(1),
            PkgName: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP().min(1),
            PkgPath: name,
            InstalledVersion: name,
            FixedVersion: name,
            Severity: severity,
            Title: name,
            PrimaryURL: name,
            CVSS: zod__WEBPACK_IMPORTED_MODULE_3__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(), score).default({}),
        }))
            .default([]),
        Secrets: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
            RuleID: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP().min(1),
            Category: name,
            Severity: severity,
            Title: name,
            StartLine: zod__WEBPACK_IMPORTED_MODULE_3__/* .number */ .aig().int().default(0),
        }))
            .default([]),
    }))
        .default([]),
});
/** The report that scan writes: Trivy's, and under `Hallmark` what Trivy does not say of itself. */
const reportSchema = trivyReportSchema.extend({ Hallmark: scopeFields });
/** Reads the text of a report that scan wrote. Throws `Invalid` naming `input` for anything else, also a bare Trivy report: it does not say which database it used. */
function readReport(text, input = 'scan-report') {
    let json;
    try {
        json = JSON.parse(text);
    }
    catch (cause) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Invalid */ .WO(input, 'is no JSON, or was cut off', { cause });
    }
    const parsed = reportSchema.safeParse(json);
    if (!parsed.success) {
        const [first] = parsed.error.issues;
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Invalid */ .WO(input, `is no report of the scan action: ${first?.path.join('.')}: ${first?.message}`, {
            hint: 'Pass the "report" output of scan. A report of Trivy alone names neither the image\'s digest nor the database.',
        });
    }
    return normalizeReport(parsed.data, parsed.data.Hallmark);
}
/** One platform's findings out of Trivy's report. */
function normalizeReport(report, scope) {
    const { platform } = scope;
    const findings = report.Results.flatMap(({ Target, Vulnerabilities }) => Vulnerabilities.map((found) => {
        const scores = Object.values(found.CVSS).flatMap(({ V3Score, V40Score }) => [
            V3Score ?? 0,
            V40Score ?? 0,
        ]);
        const cvss = Math.max(0, ...scores);
        return {
            id: found.VulnerabilityID,
            package: found.PkgName,
            version: found.InstalledVersion,
            fixed: found.FixedVersion,
            severity: found.Severity,
            title: found.Title,
            url: found.PrimaryURL,
            target: found.PkgPath || Target,
            platform,
            ...(cvss > 0 && { cvss }),
        };
    }));
    const secrets = report.Results.flatMap(({ Target, Secrets }) => Secrets.map((found) => ({
        rule: found.RuleID,
        category: found.Category,
        severity: found.Severity,
        title: found.Title,
        target: Target,
        line: found.StartLine,
        platform,
    })));
    return { ...scope, version: report.Trivy.Version, findings, secrets, complete: isComplete(scope) };
}
function isComplete({ scanners, database }) {
    return scanners.includes('vuln') && scanners.includes('secret') && database !== undefined;
}
const predicateSchema = zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
    scanner: zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
        version: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(),
        result: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({
            id: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(),
            severity: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_3__/* .object */ .Ikc({ method: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP(), score: zod__WEBPACK_IMPORTED_MODULE_3__/* .string */ .YjP() })),
            annotations: zod__WEBPACK_IMPORTED_MODULE_3__/* .tuple */ .PVZ([findingFields]),
        })),
    }),
    [_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .SCAN_EXTENSION */ .Gv]: scopeFields.extend({ secrets: zod__WEBPACK_IMPORTED_MODULE_3__/* .array */ .YOg(secretFields) }),
});
/**
 * The predicate `https://in-toto.io/attestation/vulns/v0.2` of one platform's scan, unfiltered; its subject is `scan.manifest`.
 * What the type has no place for stands in each result's annotations and under SCAN_EXTENSION.
 * Throws `Invalid` for a scan that did not look for vulnerabilities: an empty result would say that there are none.
 */
function buildScanPredicate(scan, input = 'scan-report') {
    const { database, findings, secrets, version, manifest, platform, scanners, startedAt, scannedAt } = scan;
    if (!scanners.includes('vuln') || database === undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Invalid */ .WO(input, 'is of a scan that did not look for vulnerabilities; scan with "vuln" in scanners');
    }
    return {
        scanner: {
            uri: `pkg:github/aquasecurity/trivy@v${version}`,
            version,
            db: {
                uri: `oci://${database.repository}@${database.digest}`,
                version: database.digest,
                lastUpdate: database.updatedAt,
            },
            result: findings.map(({ id, severity: word, platform: _, ...rest }) => ({
                id,
                severity: [
                    { method: 'trivy', score: word },
                    ...(rest.cvss === undefined ? [] : [{ method: 'cvss_score', score: String(rest.cvss) }]),
                ],
                annotations: [rest],
            })),
        },
        metadata: { scanStartedOn: startedAt, scanFinishedOn: scannedAt },
        [_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .SCAN_EXTENSION */ .Gv]: {
            manifest,
            platform,
            scanners,
            startedAt,
            scannedAt,
            database,
            secrets: secrets.map(({ platform: _, ...rest }) => rest),
        },
    };
}
/**
 * Reads such a predicate back. Undefined for any other shape (another scanner's, an older version of the type):
 * a policy then treats the scan as missing.
 */
function readScan(predicate) {
    const parsed = predicateSchema.safeParse(predicate);
    if (!parsed.success)
        return undefined;
    const { scanner, [_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .SCAN_EXTENSION */ .Gv]: extension } = parsed.data;
    const { secrets, ...scope } = extension;
    const { platform } = scope;
    return {
        ...scope,
        version: scanner.version,
        findings: scanner.result.map(({ id, severity: scores, annotations: [rest] }) => ({
            ...rest,
            id,
            severity: severity.parse(scores.find(({ method }) => method === 'trivy')?.score),
            platform,
        })),
        secrets: secrets.map((secret) => ({ ...secret, platform })),
        complete: isComplete(scope),
    };
}
/** How many findings and secrets there are of each severity. What several platforms share counts once. */
function countSeverities(scans) {
    const counts = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 };
    const seen = new Set();
    for (const found of scans.flatMap((scan) => [...scan.findings, ...scan.secrets])) {
        const key = JSON.stringify({ ...found, platform: '' });
        if (!seen.has(key))
            counts[found.severity] += 1;
        seen.add(key);
    }
    return counts;
}


/***/ }),

/***/ 62044:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   attest: () => (/* binding */ attest)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_13__ = __webpack_require__(27597);
/* harmony import */ var _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(60889);
/* harmony import */ var _evidence_provenance_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(28413);
/* harmony import */ var _evidence_trust_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(52654);
/* harmony import */ var _image_reference_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(39607);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(56339);
/* harmony import */ var _report_markdown_js__WEBPACK_IMPORTED_MODULE_12__ = __webpack_require__(15210);
/* harmony import */ var _sigstore_publish_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(91656);
/* harmony import */ var _sigstore_signer_js__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(84419);
/* harmony import */ var _store_json_js__WEBPACK_IMPORTED_MODULE_14__ = __webpack_require__(8782);
/* harmony import */ var _store_open_js__WEBPACK_IMPORTED_MODULE_9__ = __webpack_require__(67494);
/* harmony import */ var _store_subjects_js__WEBPACK_IMPORTED_MODULE_10__ = __webpack_require__(94053);
/* harmony import */ var _predicates_js__WEBPACK_IMPORTED_MODULE_11__ = __webpack_require__(19439);















/**
 * Says of an image what this run knows of it: every statement of a call under one certificate, attached in one update.
 * Files are read and checked before anything is asked of anybody; nothing is attached unless everything was signed.
 */
async function attest(inputs, context) {
    const reference = (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .parseDigestReference */ .Dn)(inputs.image);
    const files = await (0,_predicates_js__WEBPACK_IMPORTED_MODULE_11__/* .readPredicateFiles */ .v)(inputs, context);
    if (!inputs.signature && !inputs.provenance && files.length === 0) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Invalid */ .WO('signature', 'or provenance, sbom, scan-report, test-results or predicate-path must say what to attest');
    }
    const signer = await (0,_sigstore_signer_js__WEBPACK_IMPORTED_MODULE_8__/* .openSigner */ .H)(inputs, context);
    const store = (0,_store_open_js__WEBPACK_IMPORTED_MODULE_9__/* .openStore */ .C)(reference, (0,_store_open_js__WEBPACK_IMPORTED_MODULE_9__/* .storeOptions */ .S)(context, inputs['github-token']));
    const reading = (0,_store_subjects_js__WEBPACK_IMPORTED_MODULE_10__/* .listSubjects */ .U)(store, reference.digest);
    signer.prepare();
    const [image, workflow] = await Promise.all([reading, signer.claims()]);
    const claims = await buildClaims(inputs, files, { store, image, workflow });
    const published = await (0,_sigstore_publish_js__WEBPACK_IMPORTED_MODULE_7__/* .publishStatements */ .a)(store, image, signer, claims);
    const folder = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdtemp)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(context.temp, 'hallmark-attest-'));
    const bundlePath = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, 'bundles.jsonl');
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)(bundlePath, published.map(({ bundle }) => `${bundle}\n`).join(''));
    const attestations = published.flatMap(({ predicateType, descriptors }) => descriptors.map(({ digest }) => ({ predicateType, digest })));
    const rows = published.map(({ predicateType, descriptors }) => [
        (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_12__/* .formatCode */ .P_)(predicateType),
        String(descriptors.length),
    ]);
    return {
        outputs: {
            image: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .formatImage */ .vy)(reference, image.digest),
            repository: (0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .formatPlace */ .dE)(reference),
            digest: image.digest,
            'bundle-path': bundlePath,
            attestations: JSON.stringify(attestations),
        },
        summary: [
            '### Hallmark attest',
            (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_12__/* .formatCode */ .P_)((0,_image_reference_js__WEBPACK_IMPORTED_MODULE_5__/* .formatImage */ .vy)(reference, image.digest)),
            (0,_report_markdown_js__WEBPACK_IMPORTED_MODULE_12__/* .formatTable */ .ku)(['Statement', 'Attached to'], rows),
        ].join('\n\n'),
    };
}
async function buildClaims(inputs, files, about) {
    const claims = [];
    if (inputs.signature)
        claims.push({ predicateType: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.signature[0], predicate: {} });
    if (inputs.provenance) {
        if (about.workflow === undefined) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Invalid */ .WO('provenance', "is made from the workflow's OIDC token, and a key has none");
        }
        await checkBuiltHere(about.store, about.image, about.workflow);
        claims.push({
            predicateType: _evidence_predicate_js__WEBPACK_IMPORTED_MODULE_2__/* .PREDICATE_TYPES */ .Cs.provenance[0],
            predicate: (0,_evidence_provenance_js__WEBPACK_IMPORTED_MODULE_3__/* .buildProvenance */ .Sw)(about.workflow),
        });
    }
    return [...claims, ...(0,_predicates_js__WEBPACK_IMPORTED_MODULE_11__/* .bindClaims */ .F)(files, about.image)];
}
const configSchema = zod__WEBPACK_IMPORTED_MODULE_13__/* .object */ .Ikc({
    config: zod__WEBPACK_IMPORTED_MODULE_13__/* .object */ .Ikc({ Labels: zod__WEBPACK_IMPORTED_MODULE_13__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_13__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_13__/* .string */ .YjP()).nullish() }).nullish(),
});
const REVISION = 'org.opencontainers.image.revision';
/**
 * Provenance says "built by this run". This step cannot have seen that, so it refuses where it can see the contrary: a run on
 * somebody else's behalf, or an image whose label names another commit.
 */
async function checkBuiltHere(store, image, workflow) {
    if (!_evidence_trust_js__WEBPACK_IMPORTED_MODULE_4__/* .TRUSTED_TRIGGERS */ .CW.includes(workflow.event_name)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Invalid */ .WO('provenance', `is claimed only on ${_evidence_trust_js__WEBPACK_IMPORTED_MODULE_4__/* .TRUSTED_TRIGGERS */ .CW.join(', ')}, not on ${workflow.event_name}`);
    }
    const reasons = await Promise.all(image.platforms.map(async ({ manifest, descriptor }) => {
        const config = (0,_store_json_js__WEBPACK_IMPORTED_MODULE_14__/* .readJson */ .V)(configSchema, await store.readBlob(manifest.config));
        const revision = config?.config?.Labels?.[REVISION];
        return revision === undefined || revision === workflow.sha
            ? []
            : `${descriptor.digest} was built from ${revision} by its label ${REVISION}, and this run is of ${workflow.sha}`;
    }));
    const found = reasons.flat();
    if (found.length > 0)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_6__/* .Refused */ .Lw(found);
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


/***/ }),

/***/ 64377:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   p6: () => (/* binding */ date),
/* harmony export */   w$: () => (/* binding */ datetime)
/* harmony export */ });
/* unused harmony exports time, duration */
/* harmony import */ var _core_index_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(43759);
/* harmony import */ var _schemas_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(27597);



function datetime(params) {
    return _core_index_js__WEBPACK_IMPORTED_MODULE_0__/* ._isoDateTime */ .G1(_schemas_js__WEBPACK_IMPORTED_MODULE_1__/* .ZodISODateTime */ .You, params);
}
function date(params) {
    return _core_index_js__WEBPACK_IMPORTED_MODULE_0__/* ._isoDate */ .db(_schemas_js__WEBPACK_IMPORTED_MODULE_1__/* .ZodISODate */ .Brp, params);
}
function time(params) {
    return core._isoTime(ZodISOTime, params);
}
function duration(params) {
    return core._isoDuration(ZodISODuration, params);
}


/***/ })

};
