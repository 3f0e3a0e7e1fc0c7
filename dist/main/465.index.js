export const id = 465;
export const ids = [465];
export const modules = {

/***/ 41753:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   ES: () => (/* binding */ pointerTag),
/* harmony export */   fS: () => (/* binding */ parseRecordTag),
/* harmony export */   tq: () => (/* binding */ isEnvironmentName),
/* harmony export */   yg: () => (/* binding */ recordTag)
/* harmony export */ });
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(93968);

/** True when `text` may name an environment (design.md, "The policy"). */
function isEnvironmentName(text) {
    return /^[a-z0-9-]{1,40}$/.test(text);
}
/** `env-prod`: the tag that points at what an environment holds now. A convenience; the records decide. */
function pointerTag(environment) {
    return `env-${environment}`;
}
/** `env-prod.000042-<digest12>`: the tag of one promotion. It keeps the image from being collected and is written once. */
function recordTag(environment, sequence, digest) {
    return `${pointerTag(environment)}.${String(sequence).padStart(6, '0')}-${(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_0__/* .shortDigest */ .VK)(digest)}`;
}
/** The sequence and the short digest that a promotion's tag of this environment names, or undefined for any other tag. */
function parseRecordTag(environment, tag) {
    const prefix = `${pointerTag(environment)}.`;
    if (!tag.startsWith(prefix))
        return undefined;
    const match = /^(\d{6})-([0-9a-f]{12})$/.exec(tag.slice(prefix.length));
    return match?.[1] && match[2] ? { sequence: Number(match[1]), shortDigest: match[2] } : undefined;
}


/***/ }),

/***/ 74789:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   x: () => (/* binding */ readBuiltInRules)
/* harmony export */ });
/* harmony import */ var node_fs__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(73024);
/* harmony import */ var _policy_file_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(533);


/** The rules that are shipped: shared/policy/rules.yaml, which the bundle carries as it is. */
function readBuiltInRules() {
    return (0,_policy_file_js__WEBPACK_IMPORTED_MODULE_1__/* .readRules */ .Kc)((0,node_fs__WEBPACK_IMPORTED_MODULE_0__.readFileSync)(__webpack_require__.ab + "rules.yaml", 'utf8'), 'rules.yaml');
}


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

/***/ 76952:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  t: () => (/* binding */ loadPolicy)
});

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/evaluator/rules.js
var rules = __webpack_require__(74789);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/policy/file.js + 1 modules
var policy_file = __webpack_require__(533);
// EXTERNAL MODULE: ./build/shared/store/hash.js
var hash = __webpack_require__(54156);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/errors.js
var errors = __webpack_require__(961);
;// CONCATENATED MODULE: ./build/shared/github/api.js


/** The longest that one request may take with all its retries, in milliseconds. */
const REQUEST_LIMIT = 150_000;
/** Rate limits that end later than this many seconds from now are not waited for; GitHub asks for a minute most of the time. */
const LONGEST_WAIT = 65;
const failureSchema = schemas/* object */.Ikc({
    status: schemas/* number */.aig(),
    message: schemas/* string */.YjP().default(''),
    response: schemas/* object */.Ikc({ headers: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J()).default({}) }).optional(),
});
/** Opens GitHub's API for a token. Throws `Invalid` when there is none. */
async function openGithub(token, context) {
    if (token === undefined) {
        throw new outcome/* Invalid */.WO('github-token', 'is required to read a policy from GitHub');
    }
    context.log.mask(token);
    const [{ getOctokit }, { retry }, { throttling }] = await Promise.all([
        __webpack_require__.e(/* import() */ 758).then(__webpack_require__.bind(__webpack_require__, 11758)),
        Promise.all(/* import() */[__webpack_require__.e(251), __webpack_require__.e(735)]).then(__webpack_require__.bind(__webpack_require__, 49735)),
        Promise.all(/* import() */[__webpack_require__.e(251), __webpack_require__.e(856)]).then(__webpack_require__.bind(__webpack_require__, 86856)),
    ]);
    const waitFor = (seconds, _options, _octokit, tries) => tries < 2 && seconds <= LONGEST_WAIT;
    const octokit = getOctokit(token, {
        baseUrl: context.apiUrl,
        log: { debug: () => { }, info: () => { }, warn: () => { }, error: () => { } },
        // A limit is the throttling plugin's, which waits as long as GitHub says.
        retry: { retryAfterBaseValue: 250, doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
        throttle: { onRateLimit: waitFor, onSecondaryRateLimit: waitFor },
    }, retry, throttling);
    return {
        get: async (route, parameters, schema) => {
            const signal = AbortSignal.any([context.deadline, AbortSignal.timeout(REQUEST_LIMIT)]);
            // The plugins wait without looking at the signal.
            const late = new Promise((_, reject) => {
                signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            });
            const what = `${context.apiUrl}: ${route.replace(/\{(\w+)\}/g, (_, name) => parameters[name] ?? '')}`;
            try {
                signal.throwIfAborted();
                const { data } = await Promise.race([
                    octokit.request(route, { ...parameters, request: { signal } }),
                    late,
                ]);
                return schema.parse(data);
            }
            catch (error) {
                const { success, data: failure } = failureSchema.safeParse(error);
                if (success && failure.status === 404)
                    return undefined;
                throw explain(what, error, success ? failure : undefined);
            }
        },
    };
}
function explain(what, cause, failure) {
    if (cause instanceof errors/* ZodError */.G) {
        return new outcome/* Unavailable */.$P(`${what} answered something else than GitHub's API does`, { cause });
    }
    const headers = failure?.response?.headers ?? {};
    const limited = headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0';
    if (failure?.status === 401) {
        return new outcome/* Invalid */.WO('github-token', `was not accepted (${what} answered 401)`, { cause });
    }
    if (failure?.status === 403 && !limited) {
        return new outcome/* Invalid */.WO('github-token', `may not read this (${what} answered 403)`, {
            cause,
            hint: 'Add to the job:\n  permissions:\n    contents: read',
        });
    }
    return new outcome/* Unavailable */.$P(`${what} gave no answer`, {
        cause,
        hint: limited ? 'GitHub limits this token for now; run the job again later.' : undefined,
    });
}

;// CONCATENATED MODULE: ./build/shared/github/policy.js






const repositorySchema = schemas/* object */.Ikc({ default_branch: schemas/* string */.YjP().min(1) });
const branchSchema = schemas/* object */.Ikc({
    protected: schemas/* boolean */.zMY(),
    commit: schemas/* object */.Ikc({ sha: schemas/* string */.YjP().regex(/^[0-9a-f]{40}$/) }),
});
const rulesSchema = schemas/* array */.YOg(schemas/* object */.Ikc({ type: schemas/* string */.YjP() }));
const comparisonSchema = schemas/* object */.Ikc({ status: schemas/* enum */.k5n(['ahead', 'behind', 'diverged', 'identical']) });
// Over 1 MB GitHub says encoding "none" and sends nothing.
const contentSchema = schemas/* object */.Ikc({ type: schemas/* string */.YjP(), encoding: schemas/* string */.YjP(), content: schemas/* string */.YjP() });
/**
 * Reads a policy through GitHub's API, never from the workspace: `owner/repo/path@<commit>`, or a path in this repository at the head of
 * its default branch. The branch must be protected and must reach the commit, otherwise `Refused`; a file that is missing or wrong is `Invalid`.
 */
async function loadPolicy(reference, inputs, context) {
    if (reference === undefined) {
        throw new outcome/* Refused */.Lw('there is no policy, and without one nothing is allowed', {
            hint: 'Write one to the default branch and name it in the "policy" input, as in .github/hallmark.yml',
        });
    }
    const place = parsePolicyReference(reference, context.repository);
    const github = await openGithub(inputs['github-token'], context);
    const commit = await resolveProtectedCommit(github, place);
    const bytes = await readFile(github, place, place.path, commit);
    const uri = `${place.owner}/${place.repo}/${place.path}@${commit}`;
    const file = (0,policy_file/* readPolicy */.T4)(bytes.toString(), `${place.owner}/${place.repo}/${place.path}`, (0,rules/* readBuiltInRules */.x)());
    const root = file['trusted-root'];
    const trustedRoot = root === undefined ? undefined : (await readFile(github, place, root, commit)).toString();
    return { file, bytes, digest: (0,hash/* digestOf */.o)(bytes), uri, trustedRoot };
}
function parsePolicyReference(text, repository) {
    const at = text.lastIndexOf('@');
    const whole = at < 0 ? `${repository ?? ''}/${text}` : text.slice(0, at);
    const commit = at < 0 ? undefined : text.slice(at + 1);
    const [owner = '', repo = '', ...folders] = whole.split('/');
    const path = folders.join('/');
    const plain = folders.every((part) => part !== '' && part !== '.' && part !== '..');
    if (at < 0 && repository === undefined) {
        throw new outcome/* Invalid */.WO('policy', 'is a path in this repository, and GITHUB_REPOSITORY does not say which that is');
    }
    if (![owner, repo].every((name) => /^(?!\.\.?$)[\w.-]+$/.test(name)) || path === '' || !plain) {
        throw new outcome/* Invalid */.WO('policy', `"${text}" is no place of a policy; write a path in this repository, or owner/repo/path@<commit>`);
    }
    if (commit === undefined)
        return { owner, repo, path };
    if (!/^[0-9a-f]{40}$/.test(commit)) {
        throw new outcome/* Invalid */.WO('policy', `"${commit}" is no commit: write its 40 hex digits, a branch or tag can move`);
    }
    return { owner, repo, path, commit };
}
/** The commit to read at: the head of the protected default branch, or the one asked for when that branch reaches it. */
async function resolveProtectedCommit(github, place) {
    const { owner, repo } = place;
    const name = `${owner}/${repo}`;
    const repository = await github.get('GET /repos/{owner}/{repo}', { owner, repo }, repositorySchema);
    if (repository === undefined) {
        throw new outcome/* Invalid */.WO('policy', `there is no repository ${name}, or the token may not see it`, {
            hint: 'A private repository elsewhere needs a github-token that may read its contents.',
        });
    }
    const branch = repository.default_branch;
    const head = await github.get('GET /repos/{owner}/{repo}/branches/{branch}', { owner, repo, branch }, branchSchema);
    if (head === undefined)
        throw new outcome/* Invalid */.WO('policy', `${name} has no branch ${branch}`);
    if (!head.protected) {
        const rules = await github.get('GET /repos/{owner}/{repo}/rules/branches/{branch}', { owner, repo, branch }, rulesSchema);
        if (rules === undefined || rules.length === 0) {
            throw new outcome/* Refused */.Lw(`the policy's branch ${branch} of ${name} is not protected, so anyone who can push may change the policy`, {
                hint: `Protect ${branch}: Settings → Rules → Rulesets → require a pull request before merging.`,
            });
        }
    }
    if (place.commit === undefined || place.commit === head.commit.sha)
        return head.commit.sha;
    const comparison = await github.get('GET /repos/{owner}/{repo}/compare/{basehead}', { owner, repo, basehead: `${head.commit.sha}...${place.commit}` }, comparisonSchema);
    if (comparison?.status !== 'behind' && comparison?.status !== 'identical') {
        throw new outcome/* Refused */.Lw(`the policy's commit ${place.commit} is not reachable from ${branch} of ${name}: fork commits answer to a SHA too`, { hint: `Name a commit of ${branch}.` });
    }
    return place.commit;
}
async function readFile(github, place, path, commit) {
    const { owner, repo } = place;
    const content = await github.get('GET /repos/{owner}/{repo}/contents/{path}', { owner, repo, path, ref: commit }, schemas/* union */.KCZ([contentSchema, schemas/* array */.YOg(schemas/* unknown */.L5J())]));
    const name = `${owner}/${repo}/${path}`;
    if (content === undefined) {
        throw new outcome/* Invalid */.WO('policy', `there is no ${name} at commit ${commit}`, {
            hint: 'A policy is read from the default branch, not from the workspace or a pull request: merge it first.',
        });
    }
    if (Array.isArray(content) || content.type !== 'file')
        throw new outcome/* Invalid */.WO('policy', `${name} is no file`);
    if (content.encoding !== 'base64')
        throw new outcome/* Invalid */.WO('policy', `${name} is larger than 1 MB`);
    return Buffer.from(content.content, 'base64');
}


/***/ }),

/***/ 533:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  jY: () => (/* binding */ findEnvironment),
  T4: () => (/* binding */ readPolicy),
  Kc: () => (/* binding */ readRules),
  An: () => (/* binding */ trustOf)
});

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/evidence/predicate.js
var predicate = __webpack_require__(60889);
// EXTERNAL MODULE: ./build/shared/evidence/trust.js
var trust = __webpack_require__(52654);
// EXTERNAL MODULE: ./build/shared/image/reference.js
var reference = __webpack_require__(39607);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./node_modules/yaml/dist/index.js
var dist = __webpack_require__(38815);
;// CONCATENATED MODULE: ./build/shared/policy/document.js


/** The most characters of one file. */
const MAX_LENGTH = 256 * 1024;
const MAX_FAULTS = 20;
/**
 * Reads a YAML file that people write through a schema, then through `check`, which looks for what a schema cannot see.
 * Throws `Invalid` with every fault: file, line, column, and the line itself with a mark below. No aliases, no tags, no double keys.
 */
function readDocument(text, file, schema, check = () => []) {
    if (text.length > MAX_LENGTH)
        throw new outcome/* Invalid */.WO('policy', `${file} is longer than ${MAX_LENGTH} characters`);
    const source = parseSource(text, file);
    const parsed = schema.safeParse(source.value, { error: explainIssue });
    const faults = parsed.success ? check(parsed.data) : parsed.error.issues.flatMap(faultsOf);
    if (parsed.success && faults.length === 0)
        return parsed.data;
    const places = faults.map((fault) => describe(text, file, source.locate(fault), fault.message));
    throw invalid(file, places);
}
function invalid(file, places) {
    const shown = places.slice(0, MAX_FAULTS);
    if (places.length > shown.length)
        shown.push(`… and ${places.length - shown.length} more`);
    return new outcome/* Invalid */.WO('policy', `${file} is not valid\n${shown.join('\n')}`);
}
function parseSource(text, file) {
    try {
        // A file nested so deep that the parser runs out of stack throws as well.
        const lines = new dist/* LineCounter */.HN();
        const document = (0,dist/* parseDocument */.Tp)(text, { lineCounter: lines, prettyErrors: false, strict: true });
        const places = [...document.errors, ...document.warnings].map(({ pos, message }) => describe(text, file, pos[0], message));
        const refuse = (node, message) => {
            places.push(describe(text, file, startOf(node) ?? 0, message));
        };
        (0,dist/* visit */.YR)(document, {
            Alias: (_, node) => refuse(node, 'aliases are not allowed: write the value out'),
            Pair: (_, { key }) => {
                // A schema never sees this one: JavaScript's objects take it for their prototype.
                if ((0,dist/* isScalar */.jn)(key) && key.value === '__proto__')
                    refuse(key, 'unknown key "__proto__"');
            },
        });
        if (places.length > 0)
            throw invalid(file, places);
        const root = document.contents;
        return {
            value: document.toJS(),
            locate: (fault) => locate(text, (0,dist/* isNode */.Ll)(root) ? root : undefined, fault),
        };
    }
    catch (cause) {
        if (cause instanceof outcome/* Invalid */.WO)
            throw cause;
        throw new outcome/* Invalid */.WO('policy', `${file} cannot be read as YAML`, { cause });
    }
}
const WORDS = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
};
/** The library's own issues in words; those of a schema's refinements have theirs. */
function explainIssue(issue) {
    if (issue.input === undefined && issue.code.startsWith('invalid_'))
        return 'is missing';
    if (issue.code === 'invalid_type')
        return `is to be ${WORDS[issue.expected] ?? issue.expected}`;
    if (issue.code === 'invalid_value')
        return `may be ${issue.values.map(String).join(', ')}`;
    if (issue.code === 'too_small')
        return `is less than ${issue.minimum}`;
    if (issue.code === 'too_big')
        return `is more than ${issue.maximum}`;
    return undefined;
}
/** A fault for each thing that a schema's issue is about: unknown keys one by one, at the key. */
function faultsOf(issue) {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((name) => ({ path: [...path, name], key: true, message: `unknown key "${name}"` }));
    }
    if (issue.code === 'invalid_key') {
        return [{ path, key: true, message: issue.issues[0]?.message ?? 'is no name' }];
    }
    const offset = issue.code === 'custom' ? issue.params?.offset : undefined;
    // A union that does not explain itself is explained by its first alternative.
    const mute = issue.code === 'invalid_union' && issue.message === 'Invalid input';
    const message = (mute ? issue.errors.flat()[0]?.message : undefined) ?? issue.message;
    const name = path.findLast((step) => typeof step === 'string');
    return [
        {
            path,
            message: name === undefined ? message : `"${name}" ${message}`,
            ...(offset !== undefined && { offset }),
        },
    ];
}
/** The character at fault: of the value, of its key, or of the nearest thing around it that is there. */
function locate(text, root, fault) {
    let node = root;
    let start = root?.range?.[0] ?? 0;
    for (const [depth, step] of fault.path.entries()) {
        const next = childOf(node, step);
        if (next === undefined)
            return start;
        const atKey = fault.key === true && depth === fault.path.length - 1;
        node = next.value;
        start = (atKey ? next.key : undefined) ?? startOf(next.value) ?? next.key ?? start;
    }
    if (fault.offset === undefined || !(0,dist/* isScalar */.jn)(node) || typeof node.value !== 'string')
        return start;
    // Only where the text stands in the file as it is (no escapes, no folding) does an offset point to its character.
    const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
    const begin = start + (quoted ? 1 : 0);
    return text.startsWith(node.value, begin) ? begin + fault.offset : start;
}
function childOf(node, step) {
    if ((0,dist/* isMap */.jh)(node)) {
        const pair = node.items.find(({ key }) => (0,dist/* isScalar */.jn)(key) && String(key.value) === String(step));
        const key = startOf(pair?.key);
        return (0,dist/* isPair */.tO)(pair) ? { value: pair.value, ...(key !== undefined && { key }) } : undefined;
    }
    const items = node?.items;
    const value = Array.isArray(items) ? items[Number(step)] : undefined;
    return value === undefined ? undefined : { value };
}
function startOf(node) {
    return (0,dist/* isNode */.Ll)(node) ? (node.range?.[0] ?? undefined) : undefined;
}
/** `file:line:column: message`, the line, and a mark below the character. */
function describe(text, file, offset, message) {
    const before = text.slice(0, offset).split('\n');
    const line = before.length;
    const column = (before.at(-1) ?? '').length;
    const whole = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
    // A long line is shown around the fault.
    const from = Math.max(0, column - 100);
    const shown = whole.slice(from, from + 160).replaceAll('\t', ' ');
    return `${file}:${line}:${column + 1}: ${message}\n  ${shown}\n  ${' '.repeat(column - from)}^`;
}

// EXTERNAL MODULE: ./build/shared/policy/rule.js + 2 modules
var rule = __webpack_require__(7975);
;// CONCATENATED MODULE: ./build/shared/policy/file.js







const repository = schemas/* string */.YjP().superRefine((text, context) => {
    try {
        (0,reference/* parseRepository */.SU)(text);
    }
    catch (error) {
        if (!(error instanceof outcome/* Failure */.HR))
            throw error;
        context.addIssue({ code: 'custom', message: error.message.replace(/^repository: /, '') });
    }
});
const environmentSchema = schemas/* strictObject */.rej({
    /** Where its images are: `ghcr.io/octo/app`. */
    repository,
    /** The environment that an image must have passed through before. */
    after: rule/* nameSchema */.Jq.optional(),
    /** How long it must have been there. */
    soak: schemas/* string */.YjP()
        .regex(/^\d{1,6}[smhd]$/, 'is no time; write it as 90s, 10m, 2h or 7d')
        .optional(),
    /** How many people must approve. */
    approvals: schemas/* int */.Whr().min(1).max(100).optional(),
    /** Names of rules. All of them count. */
    rules: schemas/* array */.YOg(schemas/* string */.YjP()).min(1, 'names no rule, so everything would pass'),
});
const NO_ID = "is to be the repository's number, as in 123456789";
const repositoryId = schemas/* union */.KCZ([schemas/* int */.Whr().positive(NO_ID), schemas/* string */.YjP().regex(/^[1-9]\d*$/, NO_ID)], {
    error: ({ input }) => (input === undefined ? 'is missing' : NO_ID),
});
/** The file of design.md, "The policy". Strict all through: an unknown key is an error. */
const policySchema = schemas/* strictObject */.rej({
    version: schemas/* literal */.euz(1),
    /** The source repository's number: required of every certificate (.15) unless a role's identity names another. */
    'repository-id': repositoryId.transform(String),
    trust: schemas/* partialRecord */.jgl(schemas/* enum */.k5n(predicate/* ROLES */.gg), schemas/* array */.YOg(trust/* identityRuleSchema */.Cb).min(1)),
    /** A trusted root in the policy's own repository, read at the same commit. */
    'trusted-root': schemas/* string */.YjP().min(1).optional(),
    environments: schemas/* record */.g1P(rule/* nameSchema */.Jq, environmentSchema)
        .refine((all) => Object.keys(all).length > 0, 'names no environment'),
    rules: schemas/* record */.g1P(rule/* nameSchema */.Jq, rule/* ruleSchema */.AZ).default({}),
});
const rulesSchema = schemas/* strictObject */.rej({ rules: schemas/* record */.g1P(rule/* nameSchema */.Jq, rule/* ruleSchema */.AZ) });
/** Reads the shipped file of built-in rules. */
function readRules(text, file) {
    return readDocument(text, file, rulesSchema).rules;
}
/**
 * Reads a policy. A rule of its own goes before the built-in one of the same name; `rules` of the result holds both.
 * Throws `Invalid` with every fault, each with file, line and column.
 */
function readPolicy(text, file, builtIn) {
    const policy = readDocument(text, file, policySchema, (value) => [
        ...findUnknownRules(value, builtIn),
        ...findBrokenOrder(value),
    ]);
    return { ...policy, rules: { ...builtIn, ...policy.rules } };
}
/** One environment of a policy. Throws `Invalid` naming `environment` when the policy has none of that name. */
function findEnvironment(policy, name) {
    const environment = Object.hasOwn(policy.environments, name) ? policy.environments[name] : undefined;
    if (environment !== undefined)
        return environment;
    throw new outcome/* Invalid */.WO('environment', `the policy has no "${name}"; it has ${Object.keys(policy.environments).join(', ')}`);
}
/** The policy's trust, with its repository required wherever an identity does not name one itself. */
function trustOf(policy) {
    const entries = Object.entries(policy.trust).map(([role, identities]) => [
        role,
        identities.map((identity) => identity.key === undefined && identity['repository-id'] === undefined
            ? { ...identity, 'repository-id': policy['repository-id'] }
            : identity),
    ]);
    return Object.fromEntries(entries);
}
function findUnknownRules(policy, builtIn) {
    const known = [...new Set([...Object.keys(policy.rules), ...Object.keys(builtIn)])];
    return Object.entries(policy.environments).flatMap(([name, { rules }]) => rules.flatMap((rule, at) => known.includes(rule)
        ? []
        : [
            {
                path: ['environments', name, 'rules', at],
                message: `there is no rule "${rule}"; there are ${known.join(', ')}`,
            },
        ]));
}
function findBrokenOrder(policy) {
    const { environments } = policy;
    return Object.entries(environments).flatMap(([name, { after }]) => {
        if (after === undefined)
            return [];
        const path = ['environments', name, 'after'];
        if (!Object.hasOwn(environments, after)) {
            return [{ path, message: `there is no environment "${after}"` }];
        }
        const passed = [name];
        for (let at = after; at !== undefined; at = environments[at]?.after) {
            passed.push(at);
            if (at === name)
                return [{ path, message: `goes in a circle: ${passed.join(' after ')}` }];
            if (passed.length > Object.keys(environments).length + 1)
                break;
        }
        return [];
    });
}


/***/ }),

/***/ 7975:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  Qo: () => (/* binding */ NEEDS),
  Jq: () => (/* binding */ nameSchema),
  hN: () => (/* binding */ needsOf),
  AZ: () => (/* binding */ ruleSchema),
  ht: () => (/* binding */ variablesOf)
});

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/iso.js
var iso = __webpack_require__(64377);
// EXTERNAL MODULE: ./node_modules/zod/v4/core/core.js
var core = __webpack_require__(88532);
// EXTERNAL MODULE: ./node_modules/@marcbachmann/cel-js/lib/index.js + 13 modules
var lib = __webpack_require__(47337);
;// CONCATENATED MODULE: ./build/shared/policy/variables.js
/** Types of objects, by field. In the order in which they build on each other. */
const variables_TYPES = {
    Image: { digest: 'string', size: 'int', platforms: 'list<string>' },
    Config: {
        platform: 'string',
        user: 'string',
        entrypoint: 'list<string>',
        cmd: 'list<string>',
        labels: 'map<string, string>',
        ports: 'list<string>',
    },
    Provenance: {
        builder: 'string',
        buildType: 'string',
        repository: 'string',
        commit: 'string',
        ref: 'string',
        workflow: 'string',
        trigger: 'string',
        runner: 'string',
    },
    Package: { name: 'string', version: 'string', purl: 'string', platform: 'string' },
    Sbom: { packages: 'list<Package>' },
    Vulnerability: {
        id: 'string',
        package: 'string',
        version: 'string',
        fixed: 'string',
        severity: 'string',
        title: 'string',
        url: 'string',
        platform: 'string',
        target: 'string',
        cvss: 'double',
    },
    Secret: {
        rule: 'string',
        category: 'string',
        severity: 'string',
        title: 'string',
        target: 'string',
        line: 'int',
        platform: 'string',
    },
    Scan: {
        scannedAt: 'google.protobuf.Timestamp',
        databaseUpdatedAt: 'google.protobuf.Timestamp',
    },
    Tests: { passed: 'bool' },
    Approval: { by: 'string', at: 'google.protobuf.Timestamp' },
};
const variables_VARIABLES = {
    image: {
        type: 'Image',
        description: 'What the digest itself holds; `size` is the largest platform: compressed layers and config, in bytes.',
    },
    config: { type: 'list<Config>', description: 'The image configuration of each platform.' },
    provenance: {
        type: 'Provenance',
        description: 'How the image was built, from the newest provenance of a builder.',
        need: 'provenance',
    },
    sbom: { type: 'Sbom', description: 'The packages in the image, over all platforms.', need: 'sbom' },
    vulnerabilities: {
        type: 'list<Vulnerability>',
        description: 'What the newest scan of each platform found. `fixed` is empty when there is no fix; `cvss` may be missing: test with has().',
        need: 'scan',
    },
    secrets: {
        type: 'list<Secret>',
        description: 'Secrets that the newest scan of each platform found.',
        need: 'scan',
    },
    scan: {
        type: 'Scan',
        description: 'When the image was scanned, and how old the database was: the oldest over all platforms.',
        need: 'scan',
    },
    tests: {
        type: 'Tests',
        description: 'Whether the newest test results of every platform say PASSED.',
        need: 'test',
    },
    approvals: {
        type: 'list<Approval>',
        description: 'Who approved this digest for this environment.',
    },
    now: { type: 'google.protobuf.Timestamp', description: 'The time at which the gate judges.' },
};

;// CONCATENATED MODULE: ./build/shared/policy/expression.js


/** What is wrong with an expression, and where: `offset` counts characters from its start. */
class ExpressionError extends Error {
    offset;
    constructor(message, offset) {
        super(message);
        this.offset = offset;
    }
}
/** The most characters of one expression. */
const MAX_LENGTH = 4096;
// Everything here ends in time that grows with its input. `matches` is left out on purpose:
// the library backs it with a backtracking regular expression.
const FUNCTIONS = new Set(('has size exists exists_one all map filter contains startsWith endsWith lowerAscii upperAscii trim ' +
    'indexOf lastIndexOf substring split join int double string timestamp duration ' +
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds').split(' '));
// One class a type: the library knows an object's type by its constructor.
const classes = new Map(Object.keys(variables_TYPES).map((name) => [
    name,
    class {
        constructor(fields) {
            Object.assign(this, fields);
        }
    },
]));
const language = new lib/* Environment */.OH({ limits: { maxAstNodes: 1000, maxDepth: 32 } });
for (const [name, ctor] of classes)
    language.registerType(name, { ctor, fields: variables_TYPES[name] ?? {} });
for (const [name, { type }] of Object.entries(variables_VARIABLES))
    language.registerVariable(name, type);
/*
 * CEL lets && and || answer when one side fails, and exists() and all() when one element does (cel-spec, "Logical Operators").
 * For a gate an error is never an answer, so both sides and every element are evaluated, and any error is the result:
 *   a && b → allTrue([a, b])     list.all(x, p)    → allTrue(list.map(x, p))
 *   a || b → anyTrue([a, b])     list.exists(x, p) → anyTrue(list.map(x, p))
 * One thing decides whether what follows is evaluated at all: has(), the test for a field that may be missing.
 */
const strictLanguage = language
    .clone({ limits: { maxAstNodes: 10_000, maxDepth: 500 } })
    .registerFunction('allTrue(list): bool', (values) => asBooleans(values).every(Boolean))
    .registerFunction('anyTrue(list): bool', (values) => asBooleans(values).some(Boolean));
function asBooleans(values) {
    if (values.every((value) => typeof value === 'boolean'))
        return values;
    throw new Error('a condition is neither true nor false');
}
/** Reads an expression. Throws `ExpressionError` when it does not parse, has a wrong type, or uses what is not in the language. */
function readExpression(source) {
    if (source.length > MAX_LENGTH)
        throw new ExpressionError(`is longer than ${MAX_LENGTH} characters`, MAX_LENGTH);
    const parsed = parse(source);
    const found = { variables: new Set() };
    const strict = makeStrict(parsed.ast, found);
    const { valid, type, error } = parsed.check();
    if (!valid)
        throw asExpressionError(error);
    if (type !== 'bool')
        throw new ExpressionError(`is a ${type}, where true or false is wanted`, 0);
    const examples = listExamples(parsed.ast);
    return { source, strict, variables: [...found.variables], ...(examples !== undefined && { examples }) };
}
/** Gives plain facts the types of their variables. */
function typeFacts(facts) {
    const given = Object.entries(VARIABLES).filter(([name]) => facts[name] !== undefined);
    return Object.fromEntries(given.map(([name, { type }]) => [name, giveType(type, facts[name])]));
}
/** Evaluates the strict form over the facts. Throws whatever went wrong anywhere in it; the result is true or false, never anything else. */
function evaluateExpression(strict, facts) {
    const value = strictLanguage.evaluate(strict, facts);
    if (typeof value !== 'boolean')
        throw new Error('the result is neither true nor false');
    return value;
}
/** What made an `exists` true, each in a few words: at most `limit`, then how many more. */
function evaluateExamples(examples, facts, limit) {
    const found = strictLanguage.evaluate(examples, facts);
    if (!Array.isArray(found))
        return [];
    const told = found.slice(0, limit).map(describeItem);
    return found.length > limit ? [...told, `and ${found.length - limit} more`] : told;
}
function describeItem(item) {
    if (typeof item !== 'object' || item === null)
        return String(item);
    const fields = item;
    const told = ['id', 'rule', 'name', 'package', 'version', 'user', 'target', 'platform'];
    const words = told.flatMap((name) => (fields[name] ? [String(fields[name])] : [])).join(' ');
    return words.length > 200 ? `${words.slice(0, 200)}…` : words;
}
/** Plain data as the library's typed objects: lists and objects by `TYPES`, everything else as it is. */
function giveType(type, value) {
    const [, element] = /^list<(.+)>$/.exec(type) ?? [];
    if (element !== undefined && Array.isArray(value))
        return value.map((item) => giveType(element, item));
    const fields = TYPES[type];
    const Typed = classes.get(type);
    if (fields === undefined || Typed === undefined || typeof value !== 'object' || value === null)
        return value;
    return new Typed(Object.fromEntries(Object.entries(value).map(([name, field]) => [name, giveType(fields[name] ?? '', field)])));
}
function parse(source) {
    try {
        return language.parse(source);
    }
    catch (error) {
        throw asExpressionError(error);
    }
}
function asExpressionError(error) {
    if (error instanceof lib/* ParseError */.mB || error instanceof lib/* TypeError */.hg) {
        return new ExpressionError(error.summary, error.range?.start ?? 0);
    }
    return new ExpressionError(error instanceof Error ? error.message : String(error), 0);
}
function makeStrict(node, found) {
    const rewrite = (child) => makeStrict(child, found);
    switch (node.op) {
        case 'value':
            return node.input.slice(node.start, node.end);
        case 'id':
            if (Object.hasOwn(variables_VARIABLES, node.args))
                found.variables.add(node.args);
            return node.args;
        case '.':
            return `(${rewrite(node.args[0])}).${node.args[1]}`;
        case '[]':
            return `(${rewrite(node.args[0])})[${rewrite(node.args[1])}]`;
        case 'list':
            return `[${node.args.map(rewrite).join(', ')}]`;
        case 'map':
            return `{${node.args.map(([key, value]) => `${rewrite(key)}: ${rewrite(value)}`).join(', ')}}`;
        case '!_':
            return `(!${rewrite(node.args)})`;
        case '-_':
            return `(-${rewrite(node.args)})`;
        case '?:':
            return `(${rewrite(node.args[0])} ? ${rewrite(node.args[1])} : ${rewrite(node.args[2])})`;
        case '&&':
        case '||':
            return joinConditions(node.op, collectOperands(node.op, node), rewrite);
        case 'call':
        case 'rcall':
            return rewriteCall(node, rewrite);
        case '.?':
        case '[?]':
            throw new ExpressionError('optional fields are not in the language; test with has()', node.start);
        default:
            return `(${rewrite(node.args[0])} ${node.op} ${rewrite(node.args[1])})`;
    }
}
function rewriteCall(node, rewrite) {
    const name = node.args[0];
    if (!FUNCTIONS.has(name)) {
        throw new ExpressionError(name === 'matches'
            ? 'matches() is not in the language, because a regular expression can take for ever; use ==, in, startsWith, endsWith or contains'
            : `${name}() is not in the language`, node.pos);
    }
    if (node.op === 'call') {
        // Its argument is a chain of fields that is looked at, not evaluated.
        if (name === 'has') {
            node.args[1].forEach(rewrite);
            return node.input.slice(node.start, node.end);
        }
        return `${name}(${node.args[1].map(rewrite).join(', ')})`;
    }
    const receiver = rewrite(node.args[1]);
    const list = node.args[2].map(rewrite).join(', ');
    if (name === 'all')
        return `allTrue((${receiver}).map(${list}))`;
    if (name === 'exists')
        return `anyTrue((${receiver}).map(${list}))`;
    return `(${receiver}).${name}(${list})`;
}
function collectOperands(op, node) {
    if (node.op !== op)
        return [node];
    return [...collectOperands(op, node.args[0]), ...collectOperands(op, node.args[1])];
}
function joinConditions(op, operands, rewrite) {
    const guard = operands.findIndex(isPresenceTest);
    const strict = operands.map(rewrite);
    if (guard >= 0 && guard < operands.length - 1) {
        const rest = joinConditions(op, operands.slice(guard + 1), rewrite);
        const guarded = op === '&&' ? `${strict[guard]} ? ${rest} : false` : `${strict[guard]} ? true : ${rest}`;
        strict.splice(guard, strict.length, `(${guarded})`);
    }
    return `${op === '&&' ? 'allTrue' : 'anyTrue'}([${strict.join(', ')}])`;
}
function isPresenceTest(node) {
    if (node.op === '!_')
        return isPresenceTest(node.args);
    return node.op === 'call' && node.args[0] === 'has';
}
function listExamples(node) {
    if (node.op !== 'rcall' || node.args[0] !== 'exists')
        return undefined;
    const rewrite = (child) => makeStrict(child, { variables: new Set() });
    const [, receiver, args] = node.args;
    return `(${rewrite(receiver)}).filter(${args.map(rewrite).join(', ')})`;
}

;// CONCATENATED MODULE: ./build/shared/policy/rule.js



/** Evidence that a rule can need. */
const NEEDS = ['signature', 'provenance', 'sbom', 'scan', 'test', 'vex'];
/** Names of rules and environments. */
const nameSchema = schemas/* string */.YjP()
    .regex(/^[a-z0-9-]{1,40}$/, 'is no name: a name is 1 to 40 lower-case letters, digits and "-"');
/** A calendar day, as the moment it begins in UTC. */
const day = iso/* date */.p6('is no date; write it as 2027-01-31')
    .transform((text) => new Date(`${text}T00:00:00Z`));
/** An expression, read and type-checked; the issue carries `offset`, the character at fault. */
const expression = schemas/* string */.YjP().transform((source, context) => {
    try {
        return readExpression(source);
    }
    catch (error) {
        if (!(error instanceof ExpressionError))
            throw error;
        context.addIssue({
            code: 'custom',
            message: `is no expression: ${error.message}`,
            params: { offset: error.offset },
        });
        return core/* NEVER */.tm;
    }
});
/** One rule: what it needs, and when it says no. Strict: an unknown key is an error. */
const ruleSchema = schemas/* strictObject */.rej({
    /** What is true of an image that passes, for people. */
    title: schemas/* string */.YjP().min(1).max(200),
    /** Evidence that must be there for every platform before the rule is evaluated. */
    needs: schemas/* array */.YOg(schemas/* enum */.k5n(NEEDS)).default([]),
    /** CEL: true denies. */
    deny: expression.optional(),
    /** CEL: true warns, and never denies. */
    warn: expression.optional(),
    /** Until this day what would deny only warns, and what would warn passes. */
    from: day.optional(),
})
    .refine((rule) => rule.deny === undefined || rule.warn === undefined, 'has both "deny" and "warn": write two rules')
    .refine((rule) => rule.deny !== undefined || rule.warn !== undefined || rule.needs.length > 0, 'asks for nothing: give "deny", "warn" or "needs"');
/** Everything a rule needs: what it says, and what the variables it names are made of. */
function needsOf(rule) {
    const implied = variablesOf(rule).map((name) => variables_VARIABLES[name]?.need);
    return NEEDS.filter((need) => rule.needs.includes(need) || implied.includes(need));
}
/** The variables a rule names. */
function variablesOf(rule) {
    return (rule.deny ?? rule.warn)?.variables ?? [];
}


/***/ }),

/***/ 88738:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   d: () => (/* binding */ summarizeVerdict)
/* harmony export */ });
/* harmony import */ var _evidence_identity_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(32832);
/* harmony import */ var _evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(41463);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(93968);
/* harmony import */ var _markdown_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(15210);




/** The most rows of one table; a summary over 1 MB is not shown at all. */
const ROWS = 100;
const MARKS = {
    passed: '✅ passed',
    warned: '⚠️ warned',
    denied: '⛔ denied',
};
/** The page a reviewer reads: the verdict first, then every reason, the counts, and the evidence with who signed it. Markdown; foreign text in it is escaped. */
function summarizeVerdict(page) {
    const { verdict, evidence, destination, policy, standing } = page;
    const allowed = verdict.decision === 'allow';
    const where = (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)(verdict.environment);
    const title = `${allowed ? '✅ Allowed' : '⛔ Denied'} for ${where}${standing === undefined ? '' : ` (${standing})`}`;
    const facts = [
        ['Image', (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)(evidence.image)],
        ...(destination === undefined ? [] : [['Destination', (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)(destination)]]),
        [
            'Policy',
            policy === undefined
                ? 'none: the built-in rules'
                : `${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)(policy.uri)} (${(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .shortDigest */ .VK)(policy.digest)})`,
        ],
        ['Found', describeCounts(page.facts)],
        ['Judged', (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(verdict.judgedAt)],
    ];
    return [
        `## ${title}`,
        ...(standing === undefined
            ? []
            : [
                '**Unverified:** a preview is advice, nothing is allowed by it. What it reads from files, nobody has signed.',
            ]),
        listReasons('Reasons', verdict.reasons),
        listReasons('Warnings', verdict.warnings),
        (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatTable */ .ku)(['', ''], facts),
        '### Rules',
        (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatTable */ .ku)(['Rule', 'Result', 'Why'], verdict.rules.map(({ name, title: what, outcome, reasons }) => [
            `${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)(name)} ${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(what)}`,
            MARKS[outcome],
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(reasons.join('; ')),
        ])),
        fold(`Evidence that counted: ${evidence.evidence.length}`, ['Evidence', 'Signed by', 'When', 'Run', 'Source'], evidence.evidence.map(({ kind, roles, signer, signedAt, source }) => [
            `${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(kind)} (${roles.map(_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV).join(', ')})`,
            describeSigner(signer),
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(signedAt ?? 'not known'),
            describeRun(signer),
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)((0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .shortDigest */ .VK)(source)),
        ])),
        fold(`Found, and does not count: ${evidence.rejected.length}`, ['Type', 'Signed by', 'Why not', 'Source'], evidence.rejected.map(({ predicateType, signer, reason, source }) => [
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(predicateType ?? 'not known'),
            signer === undefined ? '' : describeSigner(signer),
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(reason),
            (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)((0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .shortDigest */ .VK)(source)),
        ])),
    ]
        .filter((part) => part !== '')
        .join('\n\n');
}
function listReasons(title, reasons) {
    if (reasons.length === 0)
        return '';
    return [`### ${title}: ${reasons.length}`, ...reasons.map((reason) => `- ${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(reason)}`)].join('\n');
}
/** How many vulnerabilities of each severity, and secrets; what several platforms share counts once. */
function describeCounts({ vulnerabilities, secrets, image }) {
    const platforms = `${image.platforms.length} platform${image.platforms.length === 1 ? '' : 's'} (${image.platforms.map(_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV).join(', ')})`;
    if (vulnerabilities === undefined || secrets === undefined)
        return `${platforms}; no complete scan`;
    const unique = new Map(vulnerabilities.map((found) => [
        JSON.stringify([found.id, found.package, found.version]),
        found.severity,
    ]));
    const counts = _evidence_scan_js__WEBPACK_IMPORTED_MODULE_0__/* .SEVERITIES */ .oC.map((severity) => {
        const count = [...unique.values()].filter((found) => found === severity).length;
        return `${count} ${severity.toLowerCase()}`;
    });
    return `${platforms}; vulnerabilities: ${counts.join(', ')}; secrets: ${secrets.length}`;
}
function describeSigner(signer) {
    return (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatCode */ .P_)((0,_evidence_identity_js__WEBPACK_IMPORTED_MODULE_3__/* .formatSigner */ .Un)(signer).replace(/^https:\/\/github\.com\//, ''));
}
function describeRun({ run }) {
    return run === undefined ? '' : (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatLink */ .u3)(run.split('/runs/')[1] ?? 'run', run);
}
function fold(title, head, rows) {
    if (rows.length === 0)
        return '';
    const shown = rows.slice(0, ROWS);
    const more = rows.length > shown.length ? [`… and ${rows.length - shown.length} more`] : [];
    return [
        `<details><summary>${(0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .escapeMarkdown */ .FV)(title)}</summary>`,
        (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .formatTable */ .ku)(head, shown),
        ...more,
        '</details>',
    ].join('\n\n');
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

/***/ 8572:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  Z0: () => (/* binding */ judgeEvidence),
  xQ: () => (/* binding */ judgeImage),
  $P: () => (/* binding */ openPolicyVerifier),
  TP: () => (/* binding */ publishVerdict),
  d_: () => (/* binding */ readJudgedImage)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:worker_threads"
var external_node_worker_threads_ = __webpack_require__(75919);
;// CONCATENATED MODULE: ./build/shared/evaluator/evaluator.js

const LIMITS = { time: 5000, memory: 64 };
/** Evaluates in a worker thread that ends with its limits: what has no answer by then is an error, and so denies. */
function createEvaluator(limits = LIMITS) {
    return (expressions, facts) => new Promise((resolve) => {
        const answers = [];
        const worker = new external_node_worker_threads_.Worker(locateWorker(), {
            workerData: { expressions, facts },
            env: {},
            execArgv: [],
            resourceLimits: {
                maxOldGenerationSizeMb: limits.memory,
                maxYoungGenerationSizeMb: 16,
                stackSizeMb: 4,
            },
        });
        const finish = (error) => {
            clearTimeout(timer);
            // The promise of termination says nothing that is not known; no answer that comes now counts.
            void worker.terminate();
            resolve(expressions.map((_, at) => answers[at] ?? { error }));
        };
        const timer = setTimeout(() => finish(`it took longer than ${limits.time / 1000} s`), limits.time);
        worker.on('message', (answer) => {
            answers.push(answer);
            if (answers.length === expressions.length)
                finish('');
        });
        worker.on('error', (error) => finish(error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? `it took more than ${limits.memory} MiB of memory`
            : `its evaluation failed: ${error.message}`));
        worker.on('exit', () => finish('its evaluation ended too early'));
    });
}
/** The sources run as they are; a bundle has the worker's own bundle beside it (scripts/build.ts). */
function locateWorker() {
    const here = new URL(import.meta.url);
    const file = here.pathname.endsWith('.ts') ? 'worker.ts' : '../evaluator/index.js';
    return new URL(file, here);
}

// EXTERNAL MODULE: ./build/shared/evidence/identity.js
var identity = __webpack_require__(32832);
// EXTERNAL MODULE: ./build/shared/evidence/predicate.js
var evidence_predicate = __webpack_require__(60889);
// EXTERNAL MODULE: ./build/shared/image/digest.js
var image_digest = __webpack_require__(93968);
;// CONCATENATED MODULE: ./build/shared/evidence/verdict.js


/** The level of a PASSED summary. Not one of SLSA's own: a policy's rules may ask for more or less than those. */
const PASSED_LEVEL = 'HALLMARK_POLICY_PASSED';
/** The predicate `https://slsa.dev/verification_summary/v1`; a FAILED one has the level FAILED, as the specification wants it. */
function buildVerdict(claim) {
    return {
        verifier: { id: claim.verifier },
        timeVerified: claim.judgedAt,
        resourceUri: claim.resource,
        policy: { uri: claim.policy.uri, digest: digestSet(claim.policy.digest) },
        inputAttestations: claim.inputs.map(({ uri, digest }) => ({ uri, digest: digestSet(digest) })),
        verificationResult: claim.passed ? 'PASSED' : 'FAILED',
        verifiedLevels: [claim.passed ? PASSED_LEVEL : 'FAILED'],
        slsaVersion: '1.0',
        [evidence_predicate/* VERDICT_EXTENSION */.w9]: claim.observed,
    };
}
function digestSet(digest) {
    return { [(0,image_digest/* digestAlgorithm */.g4)(digest)]: (0,image_digest/* digestHex */.sU)(digest) };
}

// EXTERNAL MODULE: ./build/shared/github/policy.js + 1 modules
var github_policy = __webpack_require__(76952);
// EXTERNAL MODULE: ./build/shared/image/ambiguity.js
var ambiguity = __webpack_require__(10803);
// EXTERNAL MODULE: ./build/shared/image/platform.js
var image_platform = __webpack_require__(74851);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/evidence/scan.js
var evidence_scan = __webpack_require__(41463);
// EXTERNAL MODULE: ./build/shared/evidence/provenance.js
var provenance = __webpack_require__(28413);
;// CONCATENATED MODULE: ./build/shared/policy/reading.js



const cyclonedxSchema = schemas/* object */.Ikc({
    components: schemas/* array */.YOg(schemas/* object */.Ikc({ name: schemas/* string */.YjP(), version: schemas/* string */.YjP().default(''), purl: schemas/* string */.YjP().default('') })),
});
const spdxSchema = schemas/* object */.Ikc({
    packages: schemas/* array */.YOg(schemas/* object */.Ikc({
        name: schemas/* string */.YjP(),
        versionInfo: schemas/* string */.YjP().default(''),
        externalRefs: schemas/* array */.YOg(schemas/* object */.Ikc({ referenceType: schemas/* string */.YjP(), referenceLocator: schemas/* string */.YjP() }))
            .default([]),
    })),
});
const testSchema = schemas/* object */.Ikc({ result: schemas/* enum */.k5n(['PASSED', 'WARNED', 'FAILED']) });
/** One platform's scan. */
function readPlatformScan(found, platform) {
    const scan = (0,evidence_scan/* readScan */.CY)(found.statement.predicate);
    if (scan === undefined)
        return { fault: 'is in a form that this gate cannot read' };
    if (scan.manifest !== platform.digest)
        return { fault: `is about another image, ${scan.manifest}` };
    if (!scan.complete)
        return { fault: 'did not look for both vulnerabilities and secrets' };
    // The scanner's own clock is believed only where it makes the scan older than its signature.
    const { signedAt } = found;
    const older = signedAt !== undefined && Date.parse(signedAt) < Date.parse(scan.scannedAt);
    return { value: older ? { ...scan, scannedAt: signedAt } : scan };
}
/** The packages that a CycloneDX or SPDX 2 document lists. */
function readPackages(found, platform) {
    const { predicate } = found.statement;
    const of = (name, version, purl) => ({
        name,
        version,
        purl,
        platform: platform.name,
    });
    if (found.kind === 'cyclonedx') {
        const parsed = cyclonedxSchema.safeParse(predicate);
        if (!parsed.success)
            return { fault: 'is no CycloneDX document with components' };
        return { value: parsed.data.components.map(({ name, version, purl }) => of(name, version, purl)) };
    }
    const parsed = spdxSchema.safeParse(predicate);
    if (!parsed.success)
        return { fault: 'is no SPDX 2 document with packages' };
    return {
        value: parsed.data.packages.map(({ name, versionInfo, externalRefs }) => {
            const purl = externalRefs.find(({ referenceType }) => referenceType === 'purl');
            return of(name, versionInfo, purl?.referenceLocator ?? '');
        }),
    };
}
/** Whether a test result says that everything passed. */
function readTest(found) {
    const parsed = testSchema.safeParse(found.statement.predicate);
    return parsed.success ? { value: parsed.data.result === 'PASSED' } : { fault: 'is no in-toto test result' };
}
/** How an image was built: the certificate's word where it has one, otherwise the predicate's; where both speak they must agree. */
function readProvenance({ statement, signer }) {
    const parsed = provenance/* provenanceSchema */.j9.safeParse(statement.predicate);
    if (!parsed.success)
        return { fault: 'the provenance is no SLSA provenance v1' };
    const { buildDefinition, runDetails } = parsed.data;
    const source = buildDefinition.resolvedDependencies?.find(({ digest }) => digest?.gitCommit !== undefined);
    const commit = source?.digest?.gitCommit;
    // What the certificate says is proven; the predicate is the builder's word, and has to agree.
    if (signer.commit !== undefined && commit !== undefined && signer.commit !== commit) {
        return { fault: `the provenance names commit ${commit}, its certificate ${signer.commit}` };
    }
    const [, repository = '', ref = ''] = /^git\+(https:\/\/[^@]+)@(.+)$/.exec(source?.uri ?? '') ?? [];
    if (signer.repository !== undefined && repository !== '' && signer.repository !== repository) {
        return { fault: `the provenance names ${repository}, its certificate ${signer.repository}` };
    }
    const { signerWorkflow } = signer;
    if (signerWorkflow !== undefined && signerWorkflow !== runDetails.builder.id) {
        return {
            fault: `the provenance names the builder ${runDetails.builder.id}, its certificate ${signerWorkflow}`,
        };
    }
    return {
        value: {
            builder: runDetails.builder.id,
            buildType: buildDefinition.buildType,
            repository: signer.repository ?? repository,
            commit: signer.commit ?? commit ?? '',
            ref: signer.ref ?? ref,
            workflow: signer.workflow ?? '',
            trigger: signer.trigger ?? '',
            runner: signer.runnerEnvironment ?? '',
        },
    };
}

// EXTERNAL MODULE: ./build/shared/policy/rule.js + 2 modules
var policy_rule = __webpack_require__(7975);
;// CONCATENATED MODULE: ./build/shared/policy/facts.js






/** How many pieces of evidence that do not count are told with one reason. */
const MAX_DISCOUNTED = 3;
const imageConfigSchema = schemas/* object */.Ikc({
    config: schemas/* object */.Ikc({
        User: schemas/* string */.YjP().default(''),
        Entrypoint: schemas/* array */.YOg(schemas/* string */.YjP()).nullish(),
        Cmd: schemas/* array */.YOg(schemas/* string */.YjP()).nullish(),
        Labels: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP()).nullish(),
        ExposedPorts: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J()).nullish(),
    })
        .nullish(),
});
const KINDS = {
    signature: ['signature'],
    provenance: ['provenance'],
    sbom: ['cyclonedx', 'spdx'],
    scan: ['scan'],
    test: ['test'],
    vex: ['vex'],
};
/**
 * Makes the facts that rules see out of verified evidence, and says what is missing. Evidence must be there for what the digest names
 * and for every platform: a scan or bill of materials of one platform says nothing of another.
 */
function gatherFacts(image, known, trust, now) {
    const { evidence } = known;
    const missing = new Map();
    const complain = (need, reason) => {
        missing.set(need, [...(missing.get(need) ?? []), reason]);
    };
    for (const need of policy_rule/* NEEDS */.Qo) {
        for (const reason of explainGaps(need, image, known, trust))
            complain(need, reason);
    }
    const readEach = (need, read) => image.platforms.flatMap((platform) => newestOf(evidence, KINDS[need], platform.digest).flatMap((found) => {
        const reading = read(found, platform);
        if ('value' in reading)
            return [reading.value];
        complain(need, `the ${need} evidence of ${platform.name} ${reading.fault}`);
        return [];
    }));
    const provenance = findProvenance(image, evidence);
    if (provenance !== undefined && 'fault' in provenance)
        complain('provenance', provenance.fault);
    const packages = readEach('sbom', readPackages).flat();
    const scans = readEach('scan', readPlatformScan);
    const tests = readEach('test', readTest);
    const facts = {
        image: {
            digest: image.digest,
            size: BigInt(Math.max(0, ...image.platforms.map(({ size }) => size))),
            platforms: image.platforms.map(({ name }) => name),
        },
        config: image.platforms.map(describeConfig),
        ...(!missing.has('provenance') &&
            provenance &&
            'value' in provenance && { provenance: provenance.value }),
        ...(!missing.has('sbom') && { sbom: { packages } }),
        ...(!missing.has('scan') && describeScans(scans)),
        ...(!missing.has('test') && { tests: { passed: tests.every(Boolean) } }),
        now,
    };
    return { facts, missing };
}
/** What of a need is missing; what is there of it and does not count is told with its reason, so that nobody looks for the wrong fault. */
function explainGaps(need, image, { evidence, rejected }, trust) {
    if (image.platforms.length === 0)
        return ['the image has no platform that could run'];
    const kinds = KINDS[need];
    const roles = [...new Set(kinds.flatMap((kind) => evidence_predicate/* ROLES_OF */.a7[kind]))];
    if (!roles.some((role) => (trust[role] ?? []).length > 0)) {
        return [`there can be no ${need} evidence: the policy trusts nobody as ${roles.join(' or ')}`];
    }
    // The signature and the provenance are of the whole; the rest is of each platform by itself.
    const wholeToo = need === 'signature' || need === 'provenance';
    const places = new Map(wholeToo ? [[image.digest, 'the index']] : []);
    for (const { digest, name } of image.platforms)
        places.set(digest, name);
    const gaps = [...places].flatMap(([digest, name]) => evidence.some((found) => kinds.includes(found.kind) && found.subjects.includes(digest))
        ? []
        : [`there is no ${need} evidence for ${name} from the role ${roles.join(' or ')}`]);
    const discounted = rejected.filter(({ predicateType }) => {
        const kind = (0,evidence_predicate/* kindOfPredicate */.dT)(predicateType ?? '');
        return kind !== undefined && kinds.includes(kind);
    });
    const told = discounted
        .slice(0, MAX_DISCOUNTED)
        .map(({ source, reason }) => `; ${(0,image_digest/* shortDigest */.VK)(source)} does not count: ${reason}`);
    return gaps.map((gap, at) => (at === 0 ? `${gap}${told.join('')}` : gap));
}
/**
 * The newest evidence of a subject, by the time a log or timestamp authority gives. Evidence without such a time may be the newest,
 * so it counts too; where two kinds serve, the first kind that is there.
 */
function newestOf(evidence, kinds, subject) {
    const about = evidence.filter((found) => found.subjects.includes(subject));
    const kind = kinds.find((one) => about.some((found) => found.kind === one));
    const dated = about.filter((one) => one.kind === kind).map((found) => ({ found, time: timeOf(found) }));
    const newest = Math.max(...dated.flatMap(({ time }) => time ?? []));
    return dated.filter(({ time }) => time === undefined || time === newest).map(({ found }) => found);
}
/**
 * When a statement was made, in milliseconds, if anything proves it. A certificate lives for minutes, so a proven time is that of signing.
 * A key lives on: anybody can have its old signature stamped and logged anew, which proves only that it is not younger. There the
 * signed word of a scan decides, which nobody but the scanner can change; other kinds say nothing of their time.
 */
function timeOf({ kind, signer, signedAt, statement }) {
    if (signedAt === undefined)
        return undefined;
    const proven = Date.parse(signedAt);
    if (signer.key === undefined)
        return proven;
    const scan = kind === 'scan' ? (0,evidence_scan/* readScan */.CY)(statement.predicate) : undefined;
    return scan && Math.min(proven, Date.parse(scan.scannedAt));
}
function describeScans(scans) {
    const oldest = (times) => new Date(Math.min(...times.map(Date.parse)));
    return {
        vulnerabilities: scans.flatMap(({ findings }) => findings),
        secrets: scans.flatMap(({ secrets }) => secrets.map((secret) => ({ ...secret, line: BigInt(secret.line) }))),
        scan: {
            scannedAt: oldest(scans.map(({ scannedAt }) => scannedAt)),
            databaseUpdatedAt: oldest(scans.map(({ database }) => database?.updatedAt ?? '')),
        },
    };
}
/** The newest provenance that one statement gives of the whole image; undefined when there is none at all. */
function findProvenance(image, evidence) {
    const subjects = [image.digest, ...image.platforms.map(({ digest }) => digest)];
    const about = evidence.filter((found) => found.kind === 'provenance');
    if (about.length === 0)
        return undefined;
    const whole = about.filter((found) => subjects.every((digest) => found.subjects.includes(digest)));
    const readings = newestOf(whole, ['provenance'], image.digest).map(readProvenance);
    const first = readings[0];
    if (first === undefined)
        return { fault: 'no single provenance covers the index and every platform' };
    const differs = readings.some((reading) => JSON.stringify(reading) !== JSON.stringify(first));
    return differs
        ? { fault: 'there are several provenances, they differ, and nothing says which is the newest' }
        : first;
}
function describeConfig({ name, config: { config } }) {
    return {
        platform: name,
        user: config?.User ?? '',
        entrypoint: config?.Entrypoint ?? [],
        cmd: config?.Cmd ?? [],
        labels: config?.Labels ?? {},
        ports: Object.keys(config?.ExposedPorts ?? {}),
    };
}

// EXTERNAL MODULE: ./build/shared/policy/file.js + 1 modules
var file = __webpack_require__(533);
;// CONCATENATED MODULE: ./build/shared/policy/judge.js

/** Parts of an environment that are read but not built yet: until then they deny. */
const NOT_BUILT = ['after', 'soak', 'approvals'];
/**
 * Judges gathered facts by every rule of one environment. A rule whose evidence is missing or incomplete is not evaluated and denies,
 * and so does one that cannot be evaluated.
 */
async function judgeFacts(known, environment, { facts, missing }, evaluate) {
    const judged = [...new Set(environment.rules)].map((name) => {
        const rule = known[name];
        const gaps = rule === undefined ? ['there is no such rule'] : judge_explainGaps(rule, missing);
        return { name, rule, gaps, expression: gaps.length > 0 ? undefined : (rule?.deny ?? rule?.warn) };
    });
    const expressions = judged.flatMap(({ expression }) => expression ?? []);
    const evaluated = expressions.length === 0 ? [] : await evaluate(expressions, facts);
    const rules = judged.map(({ name, rule, gaps, expression }) => {
        const reasons = expression === undefined ? gaps : explainAnswer(evaluated[expressions.indexOf(expression)]);
        const outcome = outcomeOf(rule, reasons, facts.now);
        return { name, title: rule?.title ?? name, outcome, reasons: outcome === 'passed' ? [] : reasons };
    });
    const tell = (outcome) => rules
        .filter((result) => result.outcome === outcome)
        .flatMap(({ name, title, reasons }) => reasons.map((reason) => `${name} (${title}): ${reason}`));
    const reasons = [
        ...NOT_BUILT.filter((part) => environment[part] !== undefined).map((part) => `${environment.name} asks for "${part}", which is not implemented yet, so it denies`),
        // A rule over each platform is true of none: nothing was looked at.
        ...(facts.image.platforms.length === 0 ? ['the image has no platform that could run'] : []),
        ...(rules.length === 0 ? [`${environment.name} has no rules, so nothing was judged`] : []),
        ...tell('denied'),
    ];
    return {
        decision: reasons.length === 0 ? 'allow' : 'deny',
        environment: environment.name,
        reasons,
        warnings: tell('warned'),
        rules,
        judgedAt: facts.now.toISOString(),
    };
}
function judge_explainGaps(rule, missing) {
    const gaps = (0,policy_rule/* needsOf */.hN)(rule).flatMap((need) => missing.get(need) ?? []);
    return (0,policy_rule/* variablesOf */.ht)(rule).includes('approvals')
        ? [...gaps, 'it asks for "approvals", which is not implemented yet, so it denies']
        : gaps;
}
function explainAnswer(answer) {
    if (answer === undefined)
        return ['it was not evaluated'];
    if ('error' in answer)
        return [`it could not be evaluated, so it counts against the image: ${answer.error}`];
    if (answer.value === false)
        return [];
    const { examples = [] } = answer;
    return [examples.length === 0 ? 'this is not so' : examples.join('; ')];
}
function outcomeOf(rule, reasons, now) {
    if (reasons.length === 0)
        return 'passed';
    const inForce = rule?.from === undefined || rule.from <= now;
    if (rule?.warn !== undefined)
        return inForce ? 'warned' : 'passed';
    return inForce ? 'denied' : 'warned';
}

// EXTERNAL MODULE: ./build/shared/sigstore/collect.js
var collect = __webpack_require__(59797);
// EXTERNAL MODULE: ./build/shared/sigstore/key.js
var sigstore_key = __webpack_require__(5612);
// EXTERNAL MODULE: ./build/shared/sigstore/publish.js
var publish = __webpack_require__(91656);
// EXTERNAL MODULE: ./build/shared/sigstore/root.js
var root = __webpack_require__(73311);
// EXTERNAL MODULE: ./build/shared/sigstore/verifier.js + 1 modules
var verifier = __webpack_require__(12946);
// EXTERNAL MODULE: ./build/shared/store/json.js
var json = __webpack_require__(8782);
;// CONCATENATED MODULE: ./build/shared/verbs/judge.js


















/**
 * Verifies what is known of an image and judges it by the policy of one environment. Throws when there is no answer:
 * no policy or no protected one (`Refused`), a faulty one (`Invalid`), something that could not be reached (`Unavailable`).
 */
async function judgeImage(request, context) {
    const { store, image, environment, inputs } = request;
    const policy = typeof request.policy === 'object' ? request.policy : await (0,github_policy/* loadPolicy */.t)(request.policy, inputs, context);
    const wanted = (0,file/* findEnvironment */.jY)(policy.file, environment);
    const verifier = request.verifier ?? (await openPolicyVerifier(policy, inputs, context));
    const trust = (0,file/* trustOf */.An)(policy.file);
    const [evidence, judged] = await Promise.all([
        (0,collect/* collectEvidence */.m)(store, image, verifier, trust),
        readJudgedImage(store, image),
    ]);
    const { verdict, facts } = await judgeEvidence({ image: judged, found: evidence, trust }, { rules: policy.file.rules, environment: { name: environment, ...wanted } });
    const { decision } = verdict;
    return { decision, verdict, facts, policy, destination: wanted.repository, evidence, verifier };
}
/** Judges evidence that is there already by the rules of one environment. */
async function judgeEvidence(known, by) {
    const gathered = gatherFacts(known.image, known.found, known.trust, new Date());
    const verdict = await judgeFacts(by.rules, by.environment, gathered, createEvaluator());
    return { verdict, facts: gathered.facts };
}
/**
 * The verifier for a policy: by the policy's own trusted root where it has one, otherwise by the inputs'. The input `key` names a private key
 * here, since whoever judges also signs; its public half verifies what the same key signed.
 */
async function openPolicyVerifier(policy, inputs, context) {
    const key = inputs.key === undefined ? undefined : (0,external_node_crypto_.createPublicKey)((0,sigstore_key/* readPrivateKey */.$k)(inputs.key, context));
    if (policy?.trustedRoot !== undefined) {
        try {
            return await (0,verifier/* createVerifier */.$A)({ key, root: (0,root/* parseTrustedRoot */.t)(policy.trustedRoot) });
        }
        catch (cause) {
            throw new outcome/* Invalid */.WO('policy', `"${policy.file['trusted-root']}" is no Sigstore trusted root`, { cause });
        }
    }
    const byKeyAlone = key !== undefined && inputs.sigstore === undefined && inputs['trusted-root'] === undefined;
    return (0,verifier/* createVerifier */.$A)({ key, root: byKeyAlone ? undefined : await (0,root/* loadTrustedRoot */.K)(inputs, context) });
}
/** Reads what the digest itself holds: each platform's config and size. */
async function readJudgedImage(store, image) {
    const platforms = await Promise.all(image.platforms.map(async ({ platform, descriptor, manifest }) => {
        const bytes = await store.readBlob(manifest.config);
        const config = (0,json/* readJson */.V)(imageConfigSchema, bytes);
        if (config === undefined) {
            throw new outcome/* Refused */.Lw(`${store.place}@${descriptor.digest} has no image configuration that can be read`);
        }
        const ambiguous = (0,ambiguity/* findAmbiguousKey */.B)(bytes.toString());
        if (ambiguous !== undefined) {
            throw new outcome/* Refused */.Lw(`the configuration of ${store.place}@${descriptor.digest} has the key "${ambiguous}", which not every reader takes for the same`);
        }
        const size = [manifest.config, ...manifest.layers].reduce((sum, part) => sum + part.size, 0);
        return { name: (0,image_platform/* formatPlatform */.Bq)(platform), digest: descriptor.digest, size, config };
    }));
    return { digest: image.digest, platforms };
}
/** Signs a judgement, whichever way it went, as a verification summary (SLSA VSA v1) and attaches it to the image. */
async function publishVerdict(judgement, store, image, signer) {
    const { verdict, policy, evidence, destination, verifier } = judgement;
    const claims = await signer.claims();
    const predicate = buildVerdict({
        verifier: claims === undefined ? evidence_predicate/* VERIFIER_BY_KEY */.lS : `${(0,identity/* serverOf */.FN)(claims.iss)}/${claims.job_workflow_ref}`,
        resource: `${destination}@${image.digest}`,
        policy: { uri: `${policy.uri}#${verdict.environment}`, digest: policy.digest },
        passed: verdict.decision === 'allow',
        judgedAt: verdict.judgedAt,
        inputs: evidence.evidence.map(({ source }) => ({ uri: `${store.place}@${source}`, digest: source })),
        observed: {
            now: verdict.judgedAt,
            ...(verifier.rootDigest !== undefined && { trustedRoot: verifier.rootDigest }),
            rules: verdict.rules,
            reasons: verdict.reasons,
            warnings: verdict.warnings,
        },
    });
    const [published] = await (0,publish/* publishStatements */.a)(store, image, signer, [
        { predicateType: evidence_predicate/* PREDICATE_TYPES */.Cs.verdict[0], predicate },
    ]);
    const [descriptor] = published?.descriptors ?? [];
    if (descriptor === undefined)
        throw new outcome/* Refused */.Lw(`${store.place} took the verdict, and does not have it`);
    return descriptor;
}


/***/ })

};
