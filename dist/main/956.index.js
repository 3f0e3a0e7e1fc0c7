export const id = 956;
export const ids = [956];
export const modules = {

/***/ 24956:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  scan: () => (/* binding */ scan)
});

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./build/shared/evidence/scan.js
var evidence_scan = __webpack_require__(41463);
// EXTERNAL MODULE: ./build/shared/image/digest.js
var digest = __webpack_require__(93968);
// EXTERNAL MODULE: ./build/shared/image/platform.js
var platform = __webpack_require__(74851);
// EXTERNAL MODULE: ./build/shared/image/reference.js
var image_reference = __webpack_require__(39607);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/report/markdown.js
var markdown = __webpack_require__(15210);
;// CONCATENATED MODULE: ./build/shared/report/findings.js



/** How many rows a reader is shown; the report has all. */
const ROWS = 25;
/** The scan of an image as Markdown for the job summary: verdict first, then counts, then what to do about it. */
function formatFindings(image, scans, reasons) {
    const [first] = scans;
    const parts = [`### Hallmark scan: ${reasons.length > 0 ? 'refused' : 'passed'}`];
    if (reasons.length > 0) {
        const more = reasons.length > ROWS ? [`- and ${reasons.length - ROWS} more`] : [];
        const shown = reasons.slice(0, ROWS).map((reason) => `- ${(0,markdown/* escapeMarkdown */.FV)(reason)}`);
        parts.push([...shown, ...more].join('\n'));
    }
    parts.push(`${(0,markdown/* formatCode */.P_)(image)}\n\n${describeScan(first)}`);
    if (first && first.scanners.length > 0) {
        parts.push((0,markdown/* formatTable */.ku)(['', ...evidence_scan/* SEVERITIES */.oC.map((word) => word.toLowerCase())], scans.map((scan) => {
            const counts = (0,evidence_scan/* countSeverities */.ng)([scan]);
            return [(0,markdown/* formatCode */.P_)(scan.platform), ...evidence_scan/* SEVERITIES */.oC.map((word) => String(counts[word]))];
        })));
    }
    const secrets = unite(scans, (scan) => scan.secrets);
    if (secrets.length > 0)
        parts.push('#### Secrets', (0,markdown/* formatTable */.ku)(SECRET_HEAD, secrets.slice(0, ROWS).map(secretRow)));
    const findings = unite(scans, (scan) => scan.findings);
    if (findings.length > 0) {
        parts.push('#### Vulnerabilities', (0,markdown/* formatTable */.ku)(FINDING_HEAD, findings.slice(0, ROWS).map(findingRow)));
    }
    const hidden = Math.max(0, findings.length - ROWS) + Math.max(0, secrets.length - ROWS);
    if (hidden > 0)
        parts.push(`_${hidden} more in the report._`);
    return `${parts.join('\n\n')}\n`;
}
function describeScan(scan) {
    if (!scan)
        return '';
    const { database, scanners, version } = scan;
    const looked = scanners.length > 0 ? `looked for: ${scanners.join(', ')}` : 'packages only, nothing judged';
    const known = database
        ? `, database of ${(0,markdown/* escapeMarkdown */.FV)(database.updatedAt)} (${(0,markdown/* formatCode */.P_)((0,digest/* shortDigest */.VK)(database.digest))})`
        : '';
    return `Trivy ${(0,markdown/* escapeMarkdown */.FV)(version)}${known}; ${looked}.`;
}
/** What several platforms share is one row; the worst first, and of those the ones that can be fixed. */
function unite(scans, read) {
    const rows = new Map();
    for (const found of scans.flatMap(read)) {
        const key = JSON.stringify({ ...found, platform: '' });
        const row = rows.get(key) ?? { found, platforms: [] };
        if (!row.platforms.includes(found.platform))
            row.platforms.push(found.platform);
        rows.set(key, row);
    }
    return [...rows.values()].sort((a, b) => rank(a.found) - rank(b.found));
}
function rank(found) {
    const unfixed = 'fixed' in found && found.fixed === '' ? 1 : 0;
    return evidence_scan/* SEVERITIES */.oC.indexOf(found.severity) * 2 + unfixed;
}
const FINDING_HEAD = ['Severity', 'Vulnerability', 'Package', 'Installed', 'Fixed in', 'Where', 'Platforms'];
function findingRow({ found, platforms }) {
    return [
        found.severity.toLowerCase(),
        `${(0,markdown/* formatLink */.u3)(found.id, found.url)} ${(0,markdown/* escapeMarkdown */.FV)(found.title)}`,
        (0,markdown/* formatCode */.P_)(found.package),
        (0,markdown/* formatCode */.P_)(found.version),
        found.fixed === '' ? 'no fix' : (0,markdown/* formatCode */.P_)(found.fixed),
        (0,markdown/* formatCode */.P_)(found.target),
        platforms.map(markdown/* formatCode */.P_).join(', '),
    ];
}
const SECRET_HEAD = ['Severity', 'Secret', 'Where', 'Line', 'Platforms'];
function secretRow({ found, platforms }) {
    return [
        found.severity.toLowerCase(),
        (0,markdown/* escapeMarkdown */.FV)(`${found.title} (${found.rule})`),
        (0,markdown/* formatCode */.P_)(found.target),
        String(found.line),
        platforms.map(markdown/* formatCode */.P_).join(', '),
    ];
}

// EXTERNAL MODULE: ./build/shared/store/open.js + 8 modules
var store_open = __webpack_require__(67494);
// EXTERNAL MODULE: ./build/shared/store/parallel.js
var parallel = __webpack_require__(57959);
// EXTERNAL MODULE: ./build/shared/store/subjects.js
var subjects = __webpack_require__(94053);
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:stream/promises"
var external_node_stream_promises_ = __webpack_require__(46466);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/image/descriptor.js
var descriptor = __webpack_require__(5725);
// EXTERNAL MODULE: ./build/shared/store/hash.js
var hash = __webpack_require__(54156);
// EXTERNAL MODULE: ./build/shared/store/json.js
var json = __webpack_require__(8782);
;// CONCATENATED MODULE: ./build/shared/trivy/layout.js













/** Name of the layout, inside the folder that Trivy runs in; Trivy calls the image by it. */
const LAYOUT_FOLDER = 'image';
const TAR = 'application/vnd.oci.image.layer.v1.tar';
const GZIP = [descriptor/* MEDIA_TYPE */.Ap.layerGzip, 'application/vnd.docker.image.rootfs.diff.tar.gzip'];
/** Larger layers (bytes, compressed) stay compressed: the disk of a runner is small. */
const UNPACKED_LIMIT = 512 * 1024 * 1024;
const diffId = schemas/* custom */.IeY((value) => typeof value === 'string' && (0,digest/* isDigest */.Bc)(value));
const configSchema = schemas/* object */.Ikc({ rootfs: schemas/* object */.Ikc({ diff_ids: schemas/* array */.YOg(diffId) }) });
/**
 * Writes one platform's image as the OCI layout `<folder>/image`, so that Trivy needs no registry and no credentials,
 * and sees the very bytes that the digest names: every hash is checked on the way. Layers are stored unpacked and held against the
 * config's diff IDs (image-spec 1.1, config.md): unpacking is what most of Trivy's time goes into, and here it is done while they come in.
 */
async function writeLayout(store, { manifest, descriptor }, folder) {
    const layout = (0,external_node_path_.join)(folder, LAYOUT_FOLDER);
    const config = await store.readBlob(manifest.config);
    const diffIds = (0,json/* readJson */.V)(configSchema, config)?.rootfs.diff_ids;
    if (diffIds?.length !== manifest.layers.length) {
        throw new outcome/* Refused */.Lw(`${store.place}@${descriptor.digest} is no image: its config does not name its layers`);
    }
    const unpacked = new Map();
    const layers = await (0,parallel/* mapParallel */.E)([...manifest.layers.entries()], 4, async ([index, layer]) => {
        const id = diffIds[index];
        const part = (0,external_node_path_.join)(folder, `layer-${index}`);
        if (id === undefined || !GZIP.includes(layer.mediaType) || layer.size > UNPACKED_LIMIT) {
            await (0,external_node_stream_promises_.pipeline)(await store.getBlob(layer), (0,external_node_fs_.createWriteStream)(part));
            await placeBlob(layout, layer.digest, part);
            return layer;
        }
        const size = await unpackLayer(store, layer, id, part);
        await placeBlob(layout, id, part);
        unpacked.set(id, layer.digest);
        return { mediaType: TAR, digest: id, size };
    });
    await writeBlob(layout, manifest.config.digest, config);
    const changed = Buffer.from(JSON.stringify({ ...manifest, layers }));
    const entry = { mediaType: descriptor.mediaType, digest: (0,hash/* digestOf */.o)(changed), size: changed.length };
    await writeBlob(layout, entry.digest, changed);
    await (0,promises_.writeFile)((0,external_node_path_.join)(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    await (0,promises_.writeFile)((0,external_node_path_.join)(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return unpacked;
}
/** Unpacks a layer into `file` and returns its size. `Refused` when it is not what the config says, `Unavailable` when it cannot be unpacked. */
async function unpackLayer(store, layer, id, file) {
    const hash = (0,external_node_crypto_.createHash)((0,digest/* digestAlgorithm */.g4)(id));
    let size = 0;
    try {
        await (0,external_node_stream_promises_.pipeline)(await store.getBlob(layer), (0,external_node_zlib_.createGunzip)({ chunkSize: 1024 * 1024, highWaterMark: 8 * 1024 * 1024 }), async function* (source) {
            for await (const chunk of source) {
                size += chunk.length;
                hash.update(chunk);
                yield chunk;
            }
        }, (0,external_node_fs_.createWriteStream)(file, { highWaterMark: 4 * 1024 * 1024 }));
    }
    catch (cause) {
        if (cause instanceof outcome/* Failure */.HR)
            throw cause;
        // Bytes that are no gzip may be other bytes than the digest names: reading them to the end tells.
        await (0,external_node_stream_promises_.finished)((await store.getBlob(layer)).resume());
        throw new outcome/* Unavailable */.$P(`${store.place}: the layer ${layer.digest} could not be unpacked`, { cause });
    }
    const found = `${(0,digest/* digestAlgorithm */.g4)(id)}:${hash.digest('hex')}`;
    if (found === id)
        return size;
    throw new outcome/* Refused */.Lw(`${store.place}: the layer ${layer.digest} unpacks to ${found}, and the image's config says ${id}`);
}
async function placeBlob(layout, digest, file) {
    const path = blobPath(layout, digest);
    await (0,promises_.mkdir)((0,external_node_path_.dirname)(path), { recursive: true });
    await (0,promises_.rename)(file, path);
}
async function writeBlob(layout, digest, content) {
    const path = blobPath(layout, digest);
    await (0,promises_.mkdir)((0,external_node_path_.dirname)(path), { recursive: true });
    await (0,promises_.writeFile)(path, content);
}
function blobPath(layout, digest) {
    return (0,external_node_path_.join)(layout, 'blobs', ...digest.split(':'));
}

// EXTERNAL MODULE: ./build/shared/process/run.js
var run = __webpack_require__(72347);
;// CONCATENATED MODULE: ./build/shared/trivy/run.js


/**
 * Runs Trivy to its end in `folder`. It gets an environment of its own, because it reads TRIVY_* variables, and files such as trivy.yaml,
 * .trivyignore and trivy-secret.yaml from where it stands: `folder` holds nothing but what this suite put there.
 * Any end but exit code 0 is `Unavailable`: a verdict is never read from Trivy's exit code.
 */
async function runTrivy(trivy, args, { folder, deadline }) {
    const env = { HOME: folder, TMPDIR: folder, PATH: '/usr/bin:/bin' };
    const result = await (0,run/* runProcess */.R)(trivy, args, { env, cwd: folder, deadline });
    if (result.code === 0)
        return result;
    const how = result.signal === null ? `ended with code ${result.code}` : `was killed by ${result.signal}`;
    const lines = result.stderr.trim().split(/\r?\n/);
    const said = lines.findLast((line) => /\b(?:FATAL|ERROR)\b/.test(line)) ?? lines.at(-1) ?? '';
    throw new outcome/* Unavailable */.$P(`Trivy ${how}${said && `: ${said.replaceAll('\t', ' ').slice(0, 1000)}`}`, {
        hint: /no space left on device/i.test(result.stderr)
            ? 'The disk is full. Nothing was judged; free some space and run it again.'
            : 'Nothing was judged; a retry is safe.',
    });
}

;// CONCATENATED MODULE: ./build/shared/trivy/analyse.js





/** What a report can be turned into, by Trivy's names. */
const FORMATS = ['sarif', 'cyclonedx', 'spdx-json'];
/**
 * Analyses the one image of the OCI layout `<folder>/image` and returns Trivy's JSON report as it wrote it: every package and every finding,
 * nothing filtered. `cache` holds the database. Vulnerabilities are always matched (against an empty database when they are not asked for),
 * because Trivy lists Java archives only then.
 */
async function analyseImage(trivy, options) {
    const { folder, cache, scanners, deadline } = options;
    const args = [
        ...['image', '--input', LAYOUT_FOLDER, '--output', 'trivy.json', '--format', 'json', '--list-all-pkgs'],
        ...['--scanners', [...new Set(['vuln', ...scanners])].join(',')],
        // A secret in the image's environment or history is as public as one in a file.
        ...(scanners.includes('secret') ? ['--image-config-scanners', 'secret'] : []),
        ...['--cache-dir', cache, '--cache-backend', 'memory', '--skip-db-update'],
        ...['--skip-version-check', '--disable-telemetry', '--no-progress'],
        // The step's deadline holds; Trivy's own default is five minutes.
        ...['--timeout', '24h'],
    ];
    await runTrivy(trivy, args, { folder, deadline });
    return (0,promises_.readFile)((0,external_node_path_.join)(folder, 'trivy.json'), 'utf8').catch((cause) => {
        throw new outcome/* Unavailable */.$P('Trivy ended well and wrote no report', { cause });
    });
}
/** Turns a report into another format, without a second analysis. Both paths are absolute; `folder` is where Trivy runs. */
async function convertReport(trivy, format, paths, options) {
    await runTrivy(trivy, ['convert', '--quiet', '--format', format, '--output', paths.output, paths.report], options);
}

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/iso.js
var iso = __webpack_require__(64377);
// EXTERNAL MODULE: ./node_modules/tar-stream/index.js
var tar_stream = __webpack_require__(56118);
;// CONCATENATED MODULE: ./build/shared/trivy/archive.js






/**
 * Writes the members `wanted` of a gzipped tar into `folder` and passes over its other files. A link, a device or a member that would
 * leave the folder is `Refused`, whoever made the archive; one that is damaged, or lacks a wanted member, is `Unavailable`.
 */
async function unpackArchive(source, folder, wanted, what) {
    const members = (0,tar_stream.extract)();
    const [unpacked, unzipped] = await Promise.allSettled([
        writeMembers(members, folder, wanted, what),
        (0,external_node_stream_promises_.pipeline)(source, (0,external_node_zlib_.createGunzip)(), members),
    ]);
    const failures = [unzipped, unpacked].flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    // Each end breaks the other: the one that was thrown on purpose is the cause.
    const failure = failures.find((reason) => reason instanceof outcome/* Failure */.HR) ?? failures[0];
    if (failure instanceof outcome/* Failure */.HR)
        throw failure;
    if (failure)
        throw new outcome/* Unavailable */.$P(`${what} could not be unpacked`, { cause: failure });
}
async function writeMembers(members, folder, wanted, what) {
    const missing = new Set(wanted);
    for await (const member of members) {
        const { name, type } = member.header;
        if (name.startsWith('/') || name.split(/[/\\]/).includes('..')) {
            throw new outcome/* Refused */.Lw(`${what} has the member "${name}", which leaves its folder`);
        }
        if (type !== 'file' && type !== 'directory') {
            throw new outcome/* Refused */.Lw(`${what} has the member "${name}", which is a ${type}`);
        }
        if (type === 'file' && missing.delete(name)) {
            await (0,external_node_stream_promises_.pipeline)(member, (0,external_node_fs_.createWriteStream)((0,external_node_path_.join)(folder, name), { mode: 0o755, flags: 'wx' }));
        }
        else {
            member.resume();
        }
    }
    if (missing.size > 0)
        throw new outcome/* Unavailable */.$P(`${what} lacks ${[...missing].join(' and ')}`);
}

;// CONCATENATED MODULE: ./build/shared/trivy/database.js










/** The schema of Trivy's database that is read; also its tag (trivy-db pkg/db/db.go). */
const SCHEMA_VERSION = 2;
const LAYER = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip';
const MEMBERS = ['trivy.db', 'metadata.json'];
const metadataSchema = schemas/* object */.Ikc({ Version: schemas/* literal */.euz(SCHEMA_VERSION), UpdatedAt: iso/* datetime */.w$() });
/**
 * Puts Trivy's vulnerability database into `cache` (Trivy's --cache-dir), from the first of `repositories` that can be reached.
 * Fetched here rather than by Trivy: so its digest is known and checked, and an outage is told apart from a finding.
 */
async function fetchDatabase(repositories, cache, options) {
    const failures = [];
    for (const text of repositories) {
        const reference = (0,image_reference/* parseReference */.F2)(text, 'db-repository');
        if (reference.kind !== 'registry')
            throw new outcome/* Invalid */.WO('db-repository', 'must be in a registry');
        const tag = reference.digest ?? reference.tag ?? String(SCHEMA_VERSION);
        try {
            const store = (0,store_open/* openStore */.C)(reference, options);
            const repository = (0,image_reference/* formatRepository */.Sh)(reference.repository);
            return { repository, ...(await fetchFrom(store, tag, (0,external_node_path_.join)(cache, 'db'))) };
        }
        catch (error) {
            if (!(error instanceof outcome/* Unavailable */.$P) || options.deadline.aborted)
                throw error;
            failures.push(error.message);
        }
    }
    throw new outcome/* Unavailable */.$P(`Trivy's vulnerability database could not be fetched: ${failures.join('; ')}`, {
        hint: 'Nothing was judged; a retry is safe. "db-repository" takes a mirror of your own.',
    });
}
async function fetchFrom(store, tag, folder) {
    const stored = await store.getManifest(tag);
    const manifest = stored && (0,json/* readJson */.V)(descriptor/* manifestSchema */.rc, stored.bytes);
    const layer = manifest?.layers.find(({ mediaType }) => mediaType === LAYER);
    if (!stored || !layer)
        throw new outcome/* Unavailable */.$P(`${store.place} holds no database of Trivy at ${tag}`);
    // What an earlier repository left half written.
    await (0,promises_.rm)(folder, { recursive: true, force: true });
    await (0,promises_.mkdir)(folder, { recursive: true });
    await unpackArchive(await store.getBlob(layer), folder, MEMBERS, "Trivy's database");
    const text = await (0,promises_.readFile)((0,external_node_path_.join)(folder, 'metadata.json'), 'utf8').catch(() => '');
    const metadata = (0,json/* readJson */.V)(metadataSchema, text);
    if (!metadata)
        throw new outcome/* Unavailable */.$P(`${store.place}: the database is not of schema ${SCHEMA_VERSION}`);
    return { digest: stored.descriptor.digest, updatedAt: metadata.UpdatedAt };
}
// A bbolt file without buckets, as test/tools/trivy-db makes it from "[]", deflated.
const EMPTY = 'eNrt2iEOwkAQAMDjCo6kp5EIDJo/IDB9Rp/Q99Twgrp+hD/0D4T0TlCHIU0zY/Y22TPrdrMhzPY5Tq/jFD+PNOdV+FbqDjnGHK/jszkPfRsAAACA1dn9OP/HRX35X9+75nR7XHQUAAAA1qfM80krAAAAYLOqxR4AAAAA2J5yx5/yJb89AAAAAAAAAAAAAAAAAAAAAPzfG53HC5s=';
/** Puts a database that knows of no vulnerability into `cache`, for listing packages alone. */
async function writeEmptyDatabase(cache) {
    const folder = (0,external_node_path_.join)(cache, 'db');
    await (0,promises_.mkdir)(folder, { recursive: true });
    await (0,promises_.writeFile)((0,external_node_path_.join)(folder, 'trivy.db'), (0,external_node_zlib_.inflateSync)(Buffer.from(EMPTY, 'base64')));
    await (0,promises_.writeFile)((0,external_node_path_.join)(folder, 'metadata.json'), JSON.stringify({ Version: SCHEMA_VERSION }));
}

// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
;// CONCATENATED MODULE: ./build/shared/trivy/download.js






/**
 * The `trivy` program of a release, unpacked into `folder`. The archive is kept under `cache` and hashed again at each use;
 * wrong bytes are `Refused`, an address that does not answer within `patience` ms is `Unavailable`.
 */
async function installRelease(archive, folder, options) {
    const cached = options.cache && (0,external_node_path_.join)(options.cache, archive.name);
    const kept = cached && (await (0,promises_.readFile)(cached).catch(() => undefined));
    if (kept && download_hash(kept) === archive.sha256)
        return unpackTrivy(kept, folder);
    const bytes = await downloadArchive(archive, options);
    if (cached) {
        await (0,promises_.mkdir)((0,external_node_path_.dirname)(cached), { recursive: true });
        await (0,promises_.writeFile)(`${cached}.${process.pid}`, bytes);
        await (0,promises_.rename)(`${cached}.${process.pid}`, cached);
    }
    return unpackTrivy(bytes, folder);
}
async function downloadArchive({ url, sha256 }, { deadline, patience = 20_000 }) {
    const unanswered = new AbortController();
    const timer = setTimeout(() => unanswered.abort(new Error(`no answer within ${patience} ms`)), patience);
    let bytes;
    try {
        const response = await fetch(url, { signal: AbortSignal.any([deadline, unanswered.signal]) });
        clearTimeout(timer);
        if (!response.ok)
            throw new Error(`HTTP ${response.status}`);
        bytes = Buffer.from(await response.arrayBuffer());
    }
    catch (cause) {
        throw new outcome/* Unavailable */.$P(`Trivy could not be downloaded from ${url}`, {
            cause,
            hint: 'Put Trivy on PATH or name it in "trivy-path". Nothing was written; a retry is safe.',
        });
    }
    finally {
        clearTimeout(timer);
    }
    const found = download_hash(bytes);
    if (found !== sha256)
        throw new outcome/* Refused */.Lw(`${url} has sha256 ${found}, not the pinned ${sha256}`);
    return bytes;
}
function download_hash(bytes) {
    return (0,external_node_crypto_.createHash)('sha256').update(bytes).digest('hex');
}
async function unpackTrivy(archive, folder) {
    await unpackArchive(external_node_stream_.Readable.from([archive]), folder, ['trivy'], "Trivy's archive");
    return (0,external_node_path_.join)(folder, 'trivy');
}

;// CONCATENATED MODULE: ./build/shared/trivy/release.js

/** The version of Trivy that is installed unless a caller brings another. */
const TRIVY_VERSION = '0.72.0';
// Trivy's release is trusted by these hashes and by nothing else: 0.69.4 came out of the project's own
// release automation, so a signature of the release would not have helped (CVE-2026-33634).
const ARCHIVES = {
    'linux-x64': ['Linux-64bit', 'bbb64b9695866ce4a7a8f5c9592002c5961cab378577fa3f8a040df362b9b2ea'],
    'linux-arm64': ['Linux-ARM64', '2ca2c023109c2db6b2b77366b6717291452d4531167377d95c79547f0c8e3467'],
    'darwin-x64': ['macOS-64bit', 'ee5e60df8a98e5b89fd74a6d86f9e5c7e9a266a35002cb1e43291698b3bfee08'],
    'darwin-arm64': ['macOS-ARM64', '88f208680dc05da2b459e19b4f5aa2b4dc7c2117892ba4aab2ae63baba330016'],
};
const MALICIOUS = ['0.69.4', '0.69.5', '0.69.6'];
/** The pinned release for a machine (`process.platform`, `process.arch`), or undefined when there is none. */
function releaseArchive(platform, architecture) {
    const found = ARCHIVES[`${platform}-${architecture}`];
    if (!found)
        return undefined;
    const [system, sha256] = found;
    const name = `trivy_${TRIVY_VERSION}_${system}.tar.gz`;
    const url = `https://github.com/aquasecurity/trivy/releases/download/v${TRIVY_VERSION}/${name}`;
    return { name, url, sha256 };
}
/** Throws `Refused` for a version that is known to be an attack, wherever it came from. */
function refuseMalicious(version) {
    if (!MALICIOUS.includes(version))
        return;
    throw new outcome/* Refused */.Lw(`Trivy ${version} is a malicious release (CVE-2026-33634) and is never run`, {
        hint: `Use ${TRIVY_VERSION}, and treat every credential that a job with ${version} could reach as stolen.`,
    });
}

;// CONCATENATED MODULE: ./build/shared/trivy/find.js







/**
 * The absolute path of the Trivy to run: `trivy-path`, else one on PATH of the wanted version, else the pinned release from the tool cache
 * or by download. `folder` is empty and the caller's to remove. A version other than the pinned one must be brought; a malicious one is `Refused`.
 */
async function findTrivy(choice, context, folder) {
    const wanted = choice['trivy-version'] ?? TRIVY_VERSION;
    const { deadline } = context;
    refuseMalicious(wanted);
    const given = choice['trivy-path'];
    if (given !== undefined) {
        const path = (0,external_node_path_.resolve)(context.workspace, given);
        if (!(await isProgram(path)))
            throw new outcome/* Invalid */.WO('trivy-path', `there is no program at "${given}"`);
        const version = await readVersion(path, folder, deadline);
        if (version === wanted)
            return path;
        throw new outcome/* Invalid */.WO('trivy-path', `is Trivy ${version}, and ${wanted} is wanted`, {
            hint: `Set "trivy-version: ${version}" if it is meant.`,
        });
    }
    if (wanted !== TRIVY_VERSION) {
        throw new outcome/* Invalid */.WO('trivy-version', `only ${TRIVY_VERSION} can be installed: its sha256 is known`, {
            hint: 'Install another version yourself, by its sha256, and name it in "trivy-path".',
        });
    }
    for (const entry of context.path.split(external_node_path_.delimiter)) {
        const path = (0,external_node_path_.join)(entry, 'trivy');
        if (!(0,external_node_path_.isAbsolute)(entry) || !(await isProgram(path)))
            continue;
        const version = await readVersion(path, folder, deadline);
        if (version === wanted)
            return path;
        context.log.info(`${path} is Trivy ${version}, not ${wanted}: passed over`);
    }
    const archive = releaseArchive(process.platform, process.arch);
    if (!archive) {
        throw new outcome/* Unavailable */.$P(`Trivy has no pinned release for ${process.platform} on ${process.arch}`, {
            hint: 'Install it yourself and name it in "trivy-path".',
        });
    }
    const cache = context.toolCache && (0,external_node_path_.join)(context.toolCache, 'hallmark', 'trivy');
    return installRelease(archive, folder, { cache, deadline });
}
async function isProgram(path) {
    return (0,promises_.access)(path, external_node_fs_.constants.X_OK).then(() => true, () => false);
}
async function readVersion(path, folder, deadline) {
    const { stdout } = await runTrivy(path, ['--version'], { folder, deadline });
    const version = /^Version: v?(\S+)/m.exec(stdout.toString())?.[1];
    if (version === undefined)
        throw new outcome/* Unavailable */.$P(`${path} does not say which version of Trivy it is`);
    refuseMalicious(version);
    return version;
}

;// CONCATENATED MODULE: ./build/shared/trivy/report.js



const report_layer = schemas/* object */.Ikc({ Size: schemas/* number */.aig(), Digest: schemas/* string */.YjP(), DiffID: schemas/* string */.YjP() }).partial();
/*
 * What of Trivy's report is written on. Where a secret may stand only the fields named here stay:
 * Trivy masks what it matched, but the lines beside it, the environment and the commands of the image's history come along as they are.
 */
const writtenSchema = schemas/* looseObject */._H3({
    Metadata: schemas/* looseObject */._H3({
        ImageConfig: schemas/* object */.Ikc({
            architecture: schemas/* string */.YjP(),
            created: schemas/* string */.YjP(),
            os: schemas/* string */.YjP(),
            rootfs: schemas/* unknown */.L5J(),
            config: schemas/* object */.Ikc({ Labels: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP()).optional() }),
        })
            .partial()
            .optional(),
        Layers: schemas/* array */.YOg(report_layer).optional(),
    }),
    Results: schemas/* array */.YOg(schemas/* looseObject */._H3({
        Secrets: schemas/* array */.YOg(schemas/* object */.Ikc({
            RuleID: schemas/* string */.YjP(),
            Category: schemas/* string */.YjP().optional(),
            Severity: schemas/* string */.YjP().optional(),
            Title: schemas/* string */.YjP().optional(),
            StartLine: schemas/* number */.aig().optional(),
            EndLine: schemas/* number */.aig().optional(),
            Layer: report_layer.optional(),
        }))
            .optional(),
    }))
        .optional(),
});
/**
 * Turns what Trivy wrote into the report that scan hands out: without secrets, named after the image instead of the folder it was read from,
 * and with `scope` beside it. `Refused` when Trivy looked at another image than the one with `config`, `Unavailable` when it is no whole report.
 */
function buildReport(written, scope, image) {
    let json;
    try {
        json = JSON.parse(nameLayers(written, image.layers));
    }
    catch (cause) {
        throw new outcome/* Unavailable */.$P("Trivy's report is no JSON, or was cut off", { cause });
    }
    const report = parse(evidence_scan/* trivyReportSchema */.ez, json);
    const { Metadata, ...rest } = parse(writtenSchema, json);
    if (report.Metadata.ImageID !== image.config) {
        throw new outcome/* Refused */.Lw(`Trivy scanned the image ${report.Metadata.ImageID}, not ${image.config} of ${image.name}`);
    }
    const text = JSON.stringify({
        ...rest,
        ArtifactName: image.name,
        // The package URL of the SBOM comes from here; a layout has none.
        Metadata: { ...Metadata, ...(image.inRegistry && { RepoDigests: [image.name] }) },
        Hallmark: scope,
    });
    const packages = report.Results.reduce((sum, { Packages }) => sum + Packages.length, 0);
    return { text, scan: (0,evidence_scan/* normalizeReport */.ur)(report, scope), packages };
}
/** Layers that were unpacked for Trivy get the names back that the image's manifest has for them. */
function nameLayers(written, layers) {
    return written.replace(/("Digest":\s*")([^"]+)(?=")/g, (whole, before, digest) => {
        const named = layers.get(digest);
        return named === undefined ? whole : before + named;
    });
}
function parse(schema, json) {
    const parsed = schema.safeParse(json);
    if (parsed.success)
        return parsed.data;
    const [first] = parsed.error.issues;
    throw new outcome/* Unavailable */.$P(`Trivy's report is not understood: ${first?.path.join('.')}: ${first?.message}`);
}

;// CONCATENATED MODULE: ./build/shared/verbs/scan.js

















const FILES = {
    report: 'trivy.json',
    sarif: 'trivy.sarif',
    cyclonedx: 'sbom.cdx.json',
    'spdx-json': 'sbom.spdx.json',
};
/** Scans every platform of an image once, writes every report from that one analysis, and refuses by `fail-on` alone. */
async function scan(inputs, context) {
    const options = (0,store_open/* storeOptions */.S)(context, inputs['github-token']);
    const reference = (0,image_reference/* parseReference */.F2)(inputs.image);
    const wanted = reference.digest ?? reference.tag;
    if (wanted === undefined)
        throw new outcome/* Invalid */.WO('image', 'names no digest and no tag');
    const store = (0,store_open/* openStore */.C)(reference, options);
    const image = await (0,subjects/* listSubjects */.U)(store, wanted);
    await (0,promises_.mkdir)(context.temp, { recursive: true });
    const work = await (0,promises_.mkdtemp)((0,external_node_path_.join)(context.temp, 'hallmark-trivy-'));
    const reports = await (0,promises_.mkdtemp)((0,external_node_path_.join)(context.temp, 'hallmark-scan-'));
    try {
        const targets = choosePlatforms(image.platforms, inputs.platforms).map((target, index) => {
            const kept = `${target.platform.replaceAll('/', '-')}-${(0,digest/* shortDigest */.VK)(target.manifest.descriptor.digest)}`;
            return { ...target, folder: (0,external_node_path_.join)(work, String(index)), reports: (0,external_node_path_.join)(reports, kept) };
        });
        const cache = (0,external_node_path_.join)(work, 'cache');
        const program = (0,external_node_path_.join)(work, 'program');
        await (0,promises_.mkdir)(program);
        const preparing = [
            (0,parallel/* mapParallel */.E)(targets, 2, async (target) => {
                await (0,promises_.mkdir)(target.folder);
                return { ...target, layers: await writeLayout(store, target.manifest, target.folder) };
            }),
            prepareDatabase(inputs, cache, options),
            findTrivy(inputs, context, program),
        ];
        // To the end of each, so that nothing still writes when the folder is removed.
        await Promise.allSettled(preparing);
        const [prepared, database, trivy] = await Promise.all(preparing);
        const scans = await (0,parallel/* mapParallel */.E)(prepared, (0,external_node_os_.availableParallelism)(), (target) => scanPlatform(target, { trivy, cache, database, reference, inputs, context }));
        const reasons = judge(scans, inputs['fail-on']);
        const name = (0,image_reference/* formatImage */.vy)(reference, image.digest);
        const pathsOf = (file) => image.all.length === 1
            ? (0,external_node_path_.join)(targets[0]?.reports ?? '', FILES[file])
            : targets.map((target) => `${target.platform}=${(0,external_node_path_.join)(target.reports, FILES[file])}`).join('\n');
        return {
            outcome: reasons.length > 0 ? 'refused' : 'passed',
            reasons,
            summary: formatFindings(name, scans, reasons),
            outputs: {
                image: name,
                repository: (0,image_reference/* formatPlace */.dE)(reference),
                digest: image.digest,
                report: pathsOf('report'),
                sarif: pathsOf('sarif'),
                'sbom-cyclonedx': pathsOf('cyclonedx'),
                'sbom-spdx': pathsOf('spdx-json'),
                'db-updated-at': database?.updatedAt,
                ...(inputs.scanners.length > 0 && outputCounts(scans)),
            },
        };
    }
    catch (error) {
        await (0,promises_.rm)(reports, { recursive: true, force: true });
        throw error;
    }
    finally {
        await (0,promises_.rm)(work, { recursive: true, force: true });
    }
}
/** The platform manifests to scan, by platform. A wanted one that the image does not have is `Invalid`. */
function choosePlatforms(platforms, wanted) {
    const found = platforms.map((manifest) => ({
        platform: (0,platform/* formatPlatform */.Bq)(manifest.platform) || 'unknown/unknown',
        manifest,
    }));
    for (const { platform } of found) {
        if (!/^[a-z0-9_.-]+(?:\/[a-z0-9_.-]+){1,2}$/i.test(platform)) {
            throw new outcome/* Refused */.Lw(`the image names a platform that is none: "${platform}"`);
        }
    }
    if (found.length === 0)
        throw new outcome/* Refused */.Lw('the image has no platform that could run, so there is nothing to scan');
    if (wanted.length === 0)
        return found;
    const names = wanted.map((text) => (0,platform/* formatPlatform */.Bq)((0,platform/* parsePlatform */.FL)(text)));
    const missing = names.filter((name) => !found.some(({ platform }) => platform === name));
    if (missing.length > 0) {
        const has = found.map(({ platform }) => platform).join(', ');
        throw new outcome/* Invalid */.WO('platforms', `the image has no ${missing.join(', ')}; it has ${has}`);
    }
    return found.filter(({ platform }) => names.includes(platform));
}
async function prepareDatabase(inputs, cache, options) {
    if (!inputs.scanners.includes('vuln')) {
        await writeEmptyDatabase(cache);
        return undefined;
    }
    const database = await fetchDatabase(inputs['db-repository'], cache, options);
    const age = (Date.now() - Date.parse(database.updatedAt)) / 1000;
    const limit = inputs['db-max-age'];
    if (limit !== undefined && age > limit) {
        throw new outcome/* Unavailable */.$P(`the vulnerability database of ${database.updatedAt} is ${Math.round(age / 3600)} hours old, older than db-max-age`, {
            hint: 'Nothing was judged. Try again when it has been updated, or name a fresher mirror in "db-repository".',
        });
    }
    return database;
}
async function scanPlatform({ platform, manifest, folder, reports, layers }, run) {
    const { trivy, cache, database, reference, context } = run;
    const { deadline, log } = context;
    const scanners = [...run.inputs.scanners];
    const startedAt = new Date().toISOString();
    // A cache for each, around one database: where there are Java archives Trivy writes their index into it.
    const own = `${folder}-cache`;
    await (0,promises_.mkdir)(own);
    await (0,promises_.symlink)((0,external_node_path_.join)(cache, 'db'), (0,external_node_path_.join)(own, 'db'));
    const written = await analyseImage(trivy, { folder, cache: own, scanners, deadline });
    const { text, scan, packages } = buildReport(written, {
        manifest: manifest.descriptor.digest,
        platform,
        scanners,
        startedAt,
        scannedAt: new Date().toISOString(),
        ...(database && { database }),
    }, {
        name: (0,image_reference/* formatImage */.vy)(reference, manifest.descriptor.digest),
        config: manifest.manifest.config.digest,
        inRegistry: reference.kind === 'registry',
        layers,
    });
    if (packages === 0) {
        log.warning(`Trivy found no packages in ${platform}: it knows of no vulnerability because it knows of no package`);
    }
    await (0,promises_.mkdir)(reports);
    const report = (0,external_node_path_.join)(reports, FILES.report);
    await (0,promises_.writeFile)(report, text);
    await (0,parallel/* mapParallel */.E)(FORMATS, FORMATS.length, (format) => convertReport(trivy, format, { report, output: (0,external_node_path_.join)(reports, FILES[format]) }, { folder, deadline }));
    return scan;
}
/** Everything found that `fail-on` names: the severities from the lowest of the four upwards, and `UNKNOWN` when it is listed itself. */
function judge(scans, failOn) {
    const lowest = Math.max(-1, ...failOn.filter((word) => word !== 'UNKNOWN').map((word) => evidence_scan/* SEVERITIES */.oC.indexOf(word)));
    const fails = (severity) => severity === 'UNKNOWN' ? failOn.includes('UNKNOWN') : evidence_scan/* SEVERITIES */.oC.indexOf(severity) <= lowest;
    const found = scans.flatMap((scan) => [
        ...scan.findings
            .filter(({ severity }) => fails(severity))
            .map(({ severity, id, package: name, version, fixed, target }) => {
            const fix = fixed === '' ? 'no fix yet' : `fixed in ${fixed}`;
            return { severity, reason: `${severity}: ${id} in ${name} ${version} (${fix}), ${target}` };
        }),
        ...scan.secrets
            .filter(({ severity }) => fails(severity))
            .map(({ severity, title, target, line }) => ({
            severity,
            reason: `${severity}: secret (${title}) in ${target}, line ${line}`,
        })),
    ]);
    found.sort((a, b) => evidence_scan/* SEVERITIES */.oC.indexOf(a.severity) - evidence_scan/* SEVERITIES */.oC.indexOf(b.severity));
    return [...new Set(found.map(({ reason }) => reason))];
}
function outputCounts(scans) {
    const counts = Object.entries((0,evidence_scan/* countSeverities */.ng)(scans));
    return Object.fromEntries(counts.map(([severity, count]) => [severity.toLowerCase(), count]));
}


/***/ })

};
