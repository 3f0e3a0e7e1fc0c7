export const id = 28;
export const ids = [28];
export const modules = {

/***/ 7028:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   action: () => (/* binding */ action)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(88532);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(27597);
/* harmony import */ var _shared_evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(41463);
/* harmony import */ var _shared_step_action_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(87537);
/* harmony import */ var _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(69114);




/** A list whose entries are some words, in any case. */
function wordsOf(words) {
    return _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .list */ .p_.transform((entries, context) => entries.map((entry) => {
        const found = words.find((word) => word.toLowerCase() === entry.toLowerCase());
        if (found !== undefined)
            return found;
        const known = words.map((word) => word.toLowerCase()).join(', ');
        context.addIssue({ code: 'custom', message: `may list ${known}, not "${entry}"` });
        return zod__WEBPACK_IMPORTED_MODULE_2__/* .NEVER */ .tm;
    }));
}
const scanners = wordsOf([..._shared_evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__/* .SCANNERS */ .KR, 'none']).transform((words, context) => {
    const asked = words.filter((word) => word !== 'none');
    if (asked.length === words.length && words.length > 0)
        return asked;
    if (asked.length === 0 && words.length > 0)
        return [];
    context.addIssue({ code: 'custom', message: `may list ${_shared_evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__/* .SCANNERS */ .KR.join(', ')}, or be none` });
    return zod__WEBPACK_IMPORTED_MODULE_2__/* .NEVER */ .tm;
});
const failOn = wordsOf(_shared_evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__/* .SEVERITIES */ .oC);
const action = (0,_shared_step_action_js__WEBPACK_IMPORTED_MODULE_3__/* .defineAction */ .Q)({
    inputs: zod__WEBPACK_IMPORTED_MODULE_4__/* .object */ .Ikc({
        image: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .requiredText */ .$4,
        platforms: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .list */ .p_,
        scanners,
        'fail-on': failOn,
        'db-repository': _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .list */ .p_,
        'db-max-age': _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .duration */ .p0,
        'trivy-version': _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq,
        'trivy-path': _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq,
        ..._shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .registryInputs */ .P4,
        ..._shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_1__/* .commonInputs */ .j$,
    })
        .superRefine((inputs, context) => {
        if (inputs['fail-on'].length > 0 && inputs.scanners.length === 0) {
            context.addIssue({
                code: 'custom',
                path: ['fail-on'],
                message: 'judges nothing when "scanners" is none',
            });
        }
        if (inputs.scanners.includes('vuln') && inputs['db-repository'].length === 0) {
            context.addIssue({ code: 'custom', path: ['db-repository'], message: 'is required and was empty' });
        }
    }),
    outputs: [
        'report',
        'sarif',
        'sbom-cyclonedx',
        'sbom-spdx',
        ..._shared_evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__/* .SEVERITIES */ .oC.map((severity) => severity.toLowerCase()),
        'db-updated-at',
    ],
    run: async (inputs, context) => {
        const { scan } = await Promise.all(/* import() */[__webpack_require__.e(752), __webpack_require__.e(118), __webpack_require__.e(129), __webpack_require__.e(956)]).then(__webpack_require__.bind(__webpack_require__, 24956));
        return scan(inputs, context);
    },
});


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

/***/ 87537:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Q: () => (/* binding */ defineAction),
/* harmony export */   h: () => (/* binding */ COMMON_OUTPUTS)
/* harmony export */ });
/** Declares an action; gives `run` the types of its inputs. */
function defineAction(action) {
    return action;
}
/** The outputs that every action has. */
const COMMON_OUTPUTS = ['image', 'repository', 'digest', 'outcome'];


/***/ }),

/***/ 69114:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $4: () => (/* binding */ requiredText),
/* harmony export */   AS: () => (/* binding */ pairs),
/* harmony export */   Jt: () => (/* binding */ flag),
/* harmony export */   Mn: () => (/* binding */ lines),
/* harmony export */   P4: () => (/* binding */ registryInputs),
/* harmony export */   Qq: () => (/* binding */ text),
/* harmony export */   hY: () => (/* binding */ signingInputs),
/* harmony export */   j$: () => (/* binding */ commonInputs),
/* harmony export */   p0: () => (/* binding */ duration),
/* harmony export */   p_: () => (/* binding */ list),
/* harmony export */   yL: () => (/* binding */ oneOf)
/* harmony export */ });
/* unused harmony export url */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(27597);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(88532);

/*
 * The shapes of inputs. A runner gives every input as a string, an absent one as "":
 * each piece here turns "" into undefined. Defaults stand in action.yml alone.
 */
const given = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().transform((text) => (text.trim() === '' ? undefined : text.trim()));
/** Free text, trimmed; undefined when empty. */
const text = given;
/** Text that must be given. */
const requiredText = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
    .transform((value) => value.trim())
    .refine((value) => value !== '', 'is required and was empty');
/** `true` or `false` (YAML 1.2 core schema, as @actions/core reads them); undefined when empty. */
const flag = given.transform((value, context) => {
    if (value === undefined)
        return undefined;
    if (/^(?:true|True|TRUE)$/.test(value))
        return true;
    if (/^(?:false|False|FALSE)$/.test(value))
        return false;
    context.addIssue({ code: 'custom', message: `may be true or false, not "${value}"` });
    return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
});
/** One of a few words; undefined when empty. */
function oneOf(words) {
    return given.transform((value, context) => {
        if (value === undefined || words.includes(value))
            return value;
        context.addIssue({ code: 'custom', message: `may be ${words.join(', ')}, not "${value}"` });
        return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
    });
}
/** One entry a line; empty lines and lines starting with # are passed over. */
const lines = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().transform((value) => value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#')));
/** Entries separated by commas or line ends. */
const list = lines.transform((entries) => entries
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''));
/** `KEY=value`, one a line. The value may hold anything but a line end. */
const pairs = lines.transform((entries, context) => {
    const result = [];
    for (const entry of entries) {
        const equals = entry.indexOf('=');
        if (equals <= 0) {
            context.addIssue({ code: 'custom', message: 'takes KEY=value, one a line' });
            return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
        }
        result.push([entry.slice(0, equals), entry.slice(equals + 1)]);
    }
    return result;
});
const units = { s: 1, m: 60, h: 3600, d: 86_400 };
/** `90s`, `10m`, `2h` or `7d`, as whole seconds; undefined when empty. */
const duration = given.transform((value, context) => {
    if (value === undefined)
        return undefined;
    const match = /^(\d{1,6})([smhd])$/.exec(value);
    if (match?.[1] && match[2])
        return Number(match[1]) * units[match[2]];
    context.addIssue({ code: 'custom', message: `may be a time like 90s, 10m, 2h or 7d, not "${value}"` });
    return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
});
/** An http or https URL; plain http only for loopback. Undefined when empty. */
const url = given.transform((value, context) => {
    if (value === undefined)
        return undefined;
    if (URL.canParse(value)) {
        const parsed = new URL(value);
        const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(parsed.hostname);
        if (parsed.protocol === 'https:' || (parsed.protocol === 'http:' && loopback)) {
            return value.replace(/\/+$/, '');
        }
    }
    context.addIssue({ code: 'custom', message: 'may be an https URL (http only for loopback)' });
    return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
});
/** What every action takes. */
const commonInputs = { timeout: duration };
/** What an action that talks to a registry or GitHub's API takes. */
const registryInputs = { 'github-token': text };
/** How statements are signed, and by which root they are verified (design.md, "attest"). */
const signingInputs = {
    sigstore: oneOf(['public', 'github', 'custom']),
    'fulcio-url': url,
    'rekor-url': url,
    'tsa-url': url,
    'trusted-root': text,
    key: text,
};


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
