export const id = 129;
export const ids = [129];
export const modules = {

/***/ 10803:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   B: () => (/* binding */ findAmbiguousKey)
/* harmony export */ });
/*
 * A digest fixes bytes, not what a reader makes of them. RFC 8259, section 4, leaves open which of two equal keys counts, and the runtimes
 * and scanners (Go's encoding/json) take `Manifests` for `manifests`, the last one winning: what was judged would not be what runs.
 */
/** Fields that decide what runs (image-spec 1.1: manifest.md, image-index.md, descriptor.md, config.md). */
const FIELDS = new Map(('schemaVersion mediaType artifactType config layers manifests subject annotations digest size urls data platform ' +
    'architecture os os.version os.features variant rootfs diff_ids User Entrypoint Cmd Env WorkingDir Labels ExposedPorts Volumes')
    .split(' ')
    .map((name) => [fold(name), name]));
/** Objects whose keys are free text, in which two spellings are two keys. */
const FREE = new Set(['annotations', 'Labels', 'ExposedPorts', 'Volumes']);
/** Case folded as Go does it: also the long s and the Kelvin sign are letters of ASCII. */
function fold(key) {
    return key.toUpperCase().toLowerCase();
}
/**
 * A key of a manifest, index or image configuration that another reader may take for something else: it stands twice in one object,
 * or is a field's name in other letters. Undefined when there is none. `text` must be JSON.
 */
function findAmbiguousKey(text) {
    const open = [];
    let last = '';
    let key = '';
    for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[{}:]/g)) {
        const within = open.at(-1);
        if (token === '{' || token === '}') {
            if (token === '}')
                open.pop();
            else
                open.push({ keys: new Set(), free: within?.free === true || FREE.has(key) });
            // What follows in a list is not the value of a key that stood in the entry before.
            key = '';
        }
        else if (token !== ':')
            last = token;
        else if (within !== undefined) {
            key = JSON.parse(last);
            const folded = fold(key);
            const known = within.free ? undefined : FIELDS.get(folded);
            const name = within.free ? key : folded;
            if (within.keys.has(name) || (known !== undefined && known !== key))
                return key;
            within.keys.add(name);
        }
    }
    return undefined;
}


/***/ }),

/***/ 5725:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $U: () => (/* binding */ isIndexType),
/* harmony export */   Ap: () => (/* binding */ MEDIA_TYPE),
/* harmony export */   Q3: () => (/* binding */ isManifestType),
/* harmony export */   TM: () => (/* binding */ descriptorSchema),
/* harmony export */   me: () => (/* binding */ indexSchema),
/* harmony export */   rc: () => (/* binding */ manifestSchema)
/* harmony export */ });
/* unused harmony export platformSchema */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(27597);
/* harmony import */ var _digest_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(93968);


const MEDIA_TYPE = {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
    empty: 'application/vnd.oci.empty.v1+json',
    dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
    dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
    dockerConfig: 'application/vnd.docker.container.image.v1+json',
    bundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
};
const digest = zod__WEBPACK_IMPORTED_MODULE_1__/* .custom */ .IeY((value) => typeof value === 'string' && (0,_digest_js__WEBPACK_IMPORTED_MODULE_0__/* .isDigest */ .Bc)(value), 'is no digest');
const annotations = zod__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP());
const platformSchema = zod__WEBPACK_IMPORTED_MODULE_1__/* .object */ .Ikc({
    architecture: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP(),
    os: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP(),
    variant: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    'os.version': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    'os.features': zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()).optional(),
});
/** OCI image-spec 1.1, descriptor.md. Unknown keys are ignored; sizes are bytes. */
const descriptorSchema = zod__WEBPACK_IMPORTED_MODULE_1__/* .object */ .Ikc({
    mediaType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1),
    digest,
    size: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().nonnegative(),
    annotations: annotations.optional(),
    artifactType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    platform: platformSchema.optional(),
    urls: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()).optional(),
});
/** OCI image-spec 1.1, manifest.md; Docker's schema 2 has the same shape. */
const manifestSchema = zod__WEBPACK_IMPORTED_MODULE_1__/* .object */ .Ikc({
    schemaVersion: zod__WEBPACK_IMPORTED_MODULE_1__/* .literal */ .euz(2),
    mediaType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    artifactType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    config: descriptorSchema,
    layers: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(descriptorSchema),
    subject: descriptorSchema.optional(),
    annotations: annotations.optional(),
});
/** OCI image-spec 1.1, image-index.md; Docker's manifest list has the same shape. */
const indexSchema = zod__WEBPACK_IMPORTED_MODULE_1__/* .object */ .Ikc({
    schemaVersion: zod__WEBPACK_IMPORTED_MODULE_1__/* .literal */ .euz(2),
    mediaType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    artifactType: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional(),
    manifests: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(descriptorSchema),
    subject: descriptorSchema.optional(),
    annotations: annotations.optional(),
});
/** True for the media types of an image index or Docker manifest list. */
function isIndexType(mediaType) {
    return mediaType === MEDIA_TYPE.index || mediaType === MEDIA_TYPE.dockerIndex;
}
/** True for the media types of an image manifest. */
function isManifestType(mediaType) {
    return mediaType === MEDIA_TYPE.manifest || mediaType === MEDIA_TYPE.dockerManifest;
}


/***/ }),

/***/ 74851:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Bq: () => (/* binding */ formatPlatform),
/* harmony export */   FL: () => (/* binding */ parsePlatform),
/* harmony export */   iU: () => (/* binding */ isRunnable)
/* harmony export */ });
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(56339);

/** `os/architecture[/variant]`, as docker writes it. */
function formatPlatform(platform) {
    return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}
/** Reads `linux/amd64` or `linux/arm/v7`. Throws `Invalid` naming `input`. */
function parsePlatform(text, input = 'platforms') {
    const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
    if (!match?.[1] || !match[2]) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, `"${text}" is no platform; write os/architecture, as in linux/amd64`);
    }
    return { os: match[1], architecture: match[2], ...(match[3] && { variant: match[3] }) };
}
/** BuildKit's attestation manifests carry the platform `unknown/unknown`; they hold no image that could run. */
function isRunnable(platform) {
    return !(platform?.os === 'unknown' && platform.architecture === 'unknown');
}


/***/ }),

/***/ 39607:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Dn: () => (/* binding */ parseDigestReference),
/* harmony export */   F2: () => (/* binding */ parseReference),
/* harmony export */   SU: () => (/* binding */ parseRepository),
/* harmony export */   Sh: () => (/* binding */ formatRepository),
/* harmony export */   dE: () => (/* binding */ formatPlace),
/* harmony export */   dz: () => (/* binding */ isTag),
/* harmony export */   vy: () => (/* binding */ formatImage)
/* harmony export */ });
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(56339);
/* harmony import */ var _digest_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(93968);


// distribution-spec 1.1, "Pulling manifests": <name> and <reference>.
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const registryPattern = /^(?:localhost|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?=:)|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
/** True when `text` may be a tag (distribution-spec 1.1). */
function isTag(text) {
    return tagPattern.test(text);
}
/** Reads `registry/path`. Throws `Invalid` naming `input`; a registry is never assumed, so `octo/app` is refused. */
function parseRepository(text, input = 'repository') {
    const slash = text.indexOf('/');
    const registry = slash < 0 ? '' : text.slice(0, slash);
    const path = slash < 0 ? text : text.slice(slash + 1);
    if (!registryPattern.test(registry)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'names no registry; write it in full, as in ghcr.io/octo/app or localhost:5000/app');
    }
    if (path.includes('@') || path.includes(':')) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'takes a repository without tag or digest, as in ghcr.io/octo/app');
    }
    if (!pathPattern.test(path) || path.length > 255) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'is no repository name; it may hold lower-case letters, digits, ".", "_", "-" and "/", as in ghcr.io/octo/app');
    }
    return { registry: registry.toLowerCase(), path };
}
/** `registry/path` of a repository. */
function formatRepository(repository) {
    return `${repository.registry}/${repository.path}`;
}
/**
 * Reads `registry/repo[:tag][@digest]` or `oci:<folder>[@digest]`. Throws `Invalid` naming `input`.
 * The folder of a layout is returned as written; who opens it keeps it inside the workspace.
 */
function parseReference(text, input = 'image') {
    const at = text.lastIndexOf('@');
    const digest = at < 0 ? undefined : (0,_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .parseDigest */ .m)(text.slice(at + 1), input);
    const name = at < 0 ? text : text.slice(0, at);
    if (name.startsWith('oci:')) {
        const folder = name.slice('oci:'.length);
        if (folder === '' || folder.includes('\0')) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'names no folder; write oci:<folder>@sha256:…');
        }
        return { kind: 'layout', folder, ...(digest && { digest }) };
    }
    const colon = name.lastIndexOf(':');
    const tagged = colon > name.lastIndexOf('/') && name.includes('/');
    const tag = tagged ? name.slice(colon + 1) : undefined;
    if (tag !== undefined && !isTag(tag)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'has a tag that is none; a tag is up to 128 letters, digits, ".", "_" and "-"');
    }
    const repository = parseRepository(tagged ? name.slice(0, colon) : name, input);
    return { kind: 'registry', repository, ...(digest && { digest }), ...(tag !== undefined && { tag }) };
}
/** Reads a reference that must carry a digest. A tag alone is `Invalid`: a tag can move, a digest cannot. */
function parseDigestReference(text, input = 'image') {
    const reference = parseReference(text, input);
    if (reference.digest === undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_0__/* .Invalid */ .WO(input, 'needs a digest, because a tag can move: write registry/repo@sha256:… (the "image" output of build is one)');
    }
    return { ...reference, digest: reference.digest };
}
/** The place without tag or digest: `registry/path` or `oci:<folder>`. */
function formatPlace(reference) {
    return reference.kind === 'layout' ? `oci:${reference.folder}` : formatRepository(reference.repository);
}
/** `place@digest`: the one string that passes between steps as `image`. The tag is dropped. */
function formatImage(place, digest) {
    return `${formatPlace(place)}@${digest}`;
}


/***/ }),

/***/ 72347:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   R: () => (/* binding */ runProcess)
/* harmony export */ });
/* harmony import */ var node_child_process__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(31421);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(56339);


/**
 * Runs a program without a shell to its end. A program that cannot be started, runs past the deadline or prints too much
 * is `Unavailable`; a non-zero exit code is for the caller to read.
 */
function runProcess(command, args, options) {
    const { env, cwd, input, deadline, onLine, maxOutput = 64 * 1024 * 1024 } = options;
    return new Promise((resolve, reject) => {
        if (deadline.aborted) {
            reject(new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Unavailable */ .$P(`${command} was not started: no time is left`, { cause: deadline.reason }));
            return;
        }
        // A group of its own, so that what it starts ends with it.
        const child = (0,node_child_process__WEBPACK_IMPORTED_MODULE_0__.spawn)(command, args, { env, cwd, detached: process.platform !== 'win32', stdio: 'pipe' });
        const chunks = [];
        let size = 0;
        let tail = '';
        let partial = '';
        let failure;
        const stop = (reason) => {
            failure ??= reason;
            if (child.pid === undefined)
                return;
            try {
                process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
            }
            catch {
                // It has ended already.
            }
        };
        const onAbort = () => stop(new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Unavailable */ .$P(`${command} did not end in time`, { cause: deadline.reason }));
        deadline.addEventListener('abort', onAbort, { once: true });
        child.stdout.on('data', (chunk) => {
            size += chunk.length;
            if (size > maxOutput)
                stop(new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Unavailable */ .$P(`${command} printed more than ${maxOutput} bytes`));
            else
                chunks.push(chunk);
        });
        child.stderr.setEncoding('utf8').on('data', (text) => {
            tail = (tail + text).slice(-65_536);
            if (!onLine)
                return;
            const rows = (partial + text).split(/\r?\n/);
            partial = rows.pop() ?? '';
            for (const row of rows)
                onLine(row);
        });
        // A child that does not read its input closes the pipe; its exit code tells.
        child.stdin.on('error', () => undefined);
        child.stdin.end(input);
        child.on('error', (cause) => {
            failure ??= new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Unavailable */ .$P(`${command} could not be started`, { cause });
        });
        child.on('close', (code, signal) => {
            deadline.removeEventListener('abort', onAbort);
            if (onLine && partial !== '')
                onLine(partial);
            if (failure)
                reject(failure);
            else
                resolve({ code, signal, stdout: Buffer.concat(chunks), stderr: tail });
        });
    });
}


/***/ }),

/***/ 15210:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   FV: () => (/* binding */ escapeMarkdown),
/* harmony export */   P_: () => (/* binding */ formatCode),
/* harmony export */   ku: () => (/* binding */ formatTable),
/* harmony export */   u3: () => (/* binding */ formatLink)
/* harmony export */ });
/*
 * Foreign text in GitHub-flavoured Markdown. Names of packages, titles of findings, messages of commits and labels of images
 * are data: whatever they hold, they stay text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const invisible = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;
/** Text that renders as itself: no markup, HTML, mention, autolink or line end comes out of it. */
function escapeMarkdown(text) {
    return (text
        .replace(invisible, ' ')
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replace(/[\\`*_[\]|~$]/g, '\\$&')
        // These begin a heading, a list or a rule where they come first, and nothing elsewhere.
        .replace(/^\s*([-+=#])/, '\\$1')
        .replace(/^\s*(\d+)([.)])(?=\s|$)/, '$1\\$2')
        // GitHub looks for mentions, references and addresses in the rendered text, where an escape is gone: only a character between ends the match.
        .replace(/@(?=\w)/g, '@&#8203;')
        .replace(/#(?=\d)/g, '#&#8203;')
        .replace(/:\/\//g, '&#58;//')
        .replace(/\bwww\./gi, 'www&#46;'));
}
/** Text as inline code, whatever backticks it holds; for table cells the pipe is escaped too. */
function formatCode(text) {
    const plain = text.replace(invisible, ' ');
    const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
    const fence = '`'.repeat(longest + 1);
    const pad = /^`|`$|^ .* $/.test(plain) ? ' ' : '';
    return `${fence}${pad}${plain.replaceAll('|', '\\|')}${pad}${fence}`;
}
/** A link whose address is http or https; anything else becomes its text alone. */
function formatLink(label, address) {
    if (!URL.canParse(address))
        return escapeMarkdown(label);
    const parsed = new URL(address);
    if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
        return escapeMarkdown(label);
    return `[${escapeMarkdown(label)}](<${parsed.href.replaceAll('<', '%3C').replaceAll('>', '%3E')}>)`;
}
/** A table; cells are Markdown already. */
function formatTable(head, rows) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}


/***/ }),

/***/ 54156:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   o: () => (/* binding */ digestOf)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77598);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(93968);


/** The sha256 (or sha512) digest of some bytes. */
function digestOf(bytes, algorithm = 'sha256') {
    return (0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .parseDigest */ .m)(`${algorithm}:${(0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHash)(algorithm).update(bytes).digest('hex')}`);
}


/***/ }),

/***/ 8782:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ readJson)
/* harmony export */ });
/** Foreign JSON read through a schema, or undefined when it is no JSON or has another shape. */
function readJson(schema, bytes) {
    let value;
    try {
        value = JSON.parse(bytes.toString());
    }
    catch {
        return undefined;
    }
    return schema.safeParse(value).data;
}


/***/ }),

/***/ 67494:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  C: () => (/* binding */ openStore),
  S: () => (/* binding */ storeOptions)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
// EXTERNAL MODULE: external "node:stream/promises"
var external_node_stream_promises_ = __webpack_require__(46466);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/image/descriptor.js
var descriptor = __webpack_require__(5725);
// EXTERNAL MODULE: ./build/shared/image/digest.js
var image_digest = __webpack_require__(93968);
// EXTERNAL MODULE: ./build/shared/image/reference.js
var reference = __webpack_require__(39607);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/workspace/workspace.js
var workspace = __webpack_require__(55843);
// EXTERNAL MODULE: ./build/shared/store/hash.js
var hash = __webpack_require__(54156);
// EXTERNAL MODULE: ./build/shared/store/json.js
var json = __webpack_require__(8782);
;// CONCATENATED MODULE: ./build/shared/store/checked.js








/** The most bytes of one manifest (distribution-spec 1.1 asks registries to take 4 MiB; some take more). */
const MANIFEST_LIMIT = 8 * 1024 * 1024;
/**
 * A stream of `source` that fails at its end with `Refused` when size or hash are not those of `content`.
 * `explain` turns an error of the source into the failure to show.
 */
function checkStream(content, source, place, explain) {
    const checked = external_node_stream_.Readable.from(hashStream(content, source, place, explain), { objectMode: false });
    // A generator that nobody began to read closes nothing by itself.
    return checked.once('close', () => source.destroy());
}
async function* hashStream(content, source, place, explain) {
    const hash = (0,external_node_crypto_.createHash)((0,image_digest/* digestAlgorithm */.g4)(content.digest));
    let size = 0;
    try {
        for await (const chunk of source) {
            size += chunk.length;
            if (size > content.size)
                break;
            hash.update(chunk);
            yield chunk;
        }
    }
    catch (error) {
        throw explain(error);
    }
    if (size !== content.size || hash.digest('hex') !== (0,image_digest/* digestHex */.sU)(content.digest))
        throw refuseBytes(content, place);
}
/** The same for bytes in memory. */
function checkBytes(content, bytes, place) {
    const digest = (0,hash/* digestOf */.o)(bytes, (0,image_digest/* digestAlgorithm */.g4)(content.digest));
    if (bytes.length !== content.size || digest !== content.digest)
        throw refuseBytes(content, place);
    return bytes;
}
/** What is said of content that something names and that is not there. */
function refuseMissing(digest, place) {
    return new outcome/* Refused */.Lw(`${place} is incomplete: ${digest} is named there but not stored`);
}
/** `limit` bytes are enough for `content`, or it is `Unavailable`. */
function checkSize(content, limit, place) {
    if (content.size <= limit)
        return;
    throw new outcome/* Unavailable */.$P(`${place}@${content.digest} has ${content.size} bytes, more than the ${limit} allowed`);
}
const shapeSchema = schemas/* object */.Ikc({
    mediaType: schemas/* string */.YjP().optional(),
    manifests: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional(),
    layers: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional(),
});
/**
 * A manifest from its bytes. Its media type is the one it states itself, because that is under the digest; `hint`
 * (a Content-Type, a descriptor) serves only when it states none. What is no image manifest or index is `Refused`.
 */
function describeManifest(bytes, wanted, hint, place) {
    const digest = (0,hash/* digestOf */.o)(bytes, (0,image_digest/* isDigest */.Bc)(wanted) ? (0,image_digest/* digestAlgorithm */.g4)(wanted) : 'sha256');
    if ((0,image_digest/* isDigest */.Bc)(wanted) && digest !== wanted)
        throw refuseBytes({ digest: wanted, size: bytes.length }, place);
    const shape = (0,json/* readJson */.V)(shapeSchema, bytes) ?? {};
    const implied = shape.manifests ? descriptor/* MEDIA_TYPE */.Ap.index : descriptor/* MEDIA_TYPE */.Ap.manifest;
    const hinted = hint !== undefined && ((0,descriptor/* isIndexType */.$U)(hint) || (0,descriptor/* isManifestType */.Q3)(hint)) ? hint : implied;
    const mediaType = shape.mediaType ?? hinted;
    const isIndex = shape.manifests !== undefined && shape.layers === undefined && (0,descriptor/* isIndexType */.$U)(mediaType);
    const isManifest = shape.layers !== undefined && shape.manifests === undefined && (0,descriptor/* isManifestType */.Q3)(mediaType);
    if (!isIndex && !isManifest)
        throw new outcome/* Refused */.Lw(`${place}@${digest} is no image manifest and no index`);
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}
function refuseBytes(content, place) {
    return new outcome/* Refused */.Lw(`${place} holds other bytes than ${content.digest} names`, {
        hint: 'What is stored there was damaged or replaced. Nothing of it was used.',
    });
}

// EXTERNAL MODULE: ./build/shared/store/parallel.js
var parallel = __webpack_require__(57959);
// EXTERNAL MODULE: ./build/shared/store/referrers.js
var referrers = __webpack_require__(25006);
;// CONCATENATED MODULE: ./build/shared/store/layout.js

















const NAME = 'org.opencontainers.image.ref.name';
const layoutSchema = schemas/* object */.Ikc({ imageLayoutVersion: schemas/* literal */.euz('1.0.0') });
// Loose, because index.json is written back: what other tools put into it stays.
const looseIndexSchema = descriptor/* indexSchema */.me.extend({ manifests: schemas/* array */.YOg(descriptor/* descriptorSchema */.TM.loose()) }).loose();
/**
 * An OCI layout folder (image-spec 1.1, image-layout.md), made by the first write. Tags are `org.opencontainers.image.ref.name` in index.json.
 * Files are replaced whole (written beside, then renamed); two processes must not write one layout at the same time.
 */
class LayoutStore {
    place;
    host = undefined;
    #folder;
    #workspace;
    /** The end of the last change of index.json; the next one waits for it. */
    #changed = Promise.resolve();
    constructor(folder, workspace) {
        this.place = `oci:${folder}`;
        this.#folder = folder;
        this.#workspace = workspace;
    }
    async resolve(reference) {
        return (await this.getManifest(reference))?.descriptor;
    }
    async getManifest(reference) {
        const { manifests } = await this.#readIndex();
        const entry = manifests.find(({ digest, annotations }) => (0,image_digest/* isDigest */.Bc)(reference) ? digest === reference : annotations?.[NAME] === reference);
        const digest = (0,image_digest/* isDigest */.Bc)(reference) ? reference : entry?.digest;
        const bytes = digest && (await this.#readFile(blobPath(digest), MANIFEST_LIMIT));
        if (!bytes) {
            if (entry)
                throw refuseMissing(entry.digest, this.place);
            return undefined;
        }
        return describeManifest(bytes, digest, entry?.mediaType, this.place);
    }
    async putManifest(bytes, mediaType, reference) {
        const digest = (0,hash/* digestOf */.o)(bytes, reference?.startsWith('sha512:') ? 'sha512' : 'sha256');
        const tag = reference !== undefined && !(0,image_digest/* isDigest */.Bc)(reference) ? reference : undefined;
        await this.#write(blobPath(digest), external_node_stream_.Readable.from([bytes]));
        await this.#changeIndex((index) => {
            const children = new Set((0,json/* readJson */.V)(descriptor/* indexSchema */.me, bytes)?.manifests.map((child) => child.digest));
            const kept = index.manifests.filter((entry) => {
                const name = entry.annotations?.[NAME];
                if (entry.digest === digest)
                    return name !== undefined && name !== tag;
                // Reached through the index from now on, so no longer an entry of its own.
                return name === undefined ? !children.has(entry.digest) : name !== tag;
            });
            const { artifactType, subject } = (0,json/* readJson */.V)(descriptor/* manifestSchema */.rc, bytes) ?? {};
            const named = kept.some((entry) => entry.digest === digest);
            if (named && tag === undefined)
                return index;
            const entry = {
                mediaType,
                digest,
                size: bytes.length,
                ...(subject && artifactType && { artifactType }),
                ...(tag !== undefined && { annotations: { [NAME]: tag } }),
            };
            return { ...index, manifests: [...kept, entry] };
        });
        return { digest, indexed: true };
    }
    hasBlob(digest) {
        return this.#hasFile(blobPath(digest));
    }
    async getBlob(descriptor) {
        const file = await this.#open(blobPath(descriptor.digest));
        if (!file)
            throw refuseMissing(descriptor.digest, this.place);
        return checkStream(descriptor, file.createReadStream(), this.place, this.#explain);
    }
    async readBlob(descriptor, limit = 32 * 1024 * 1024) {
        checkSize(descriptor, limit, this.place);
        const bytes = await this.#readFile(blobPath(descriptor.digest), limit);
        if (!bytes)
            throw refuseMissing(descriptor.digest, this.place);
        return checkBytes(descriptor, bytes, this.place);
    }
    async putBlob(descriptor, open) {
        if (await this.hasBlob(descriptor.digest))
            return 'present';
        const content = await open();
        const source = Buffer.isBuffer(content) ? external_node_stream_.Readable.from([content]) : content;
        await this.#write(blobPath(descriptor.digest), checkStream(descriptor, source, this.place, this.#explain));
        return 'sent';
    }
    async prepareUploads() {
        await this.#changeIndex((index) => index);
    }
    async listTags() {
        const { manifests } = await this.#readIndex();
        return manifests.flatMap(({ annotations }) => annotations?.[NAME] ?? []).filter(reference/* isTag */.dz);
    }
    async listReferrers(subject) {
        const { manifests } = await this.#readIndex();
        const entries = await (0,parallel/* mapParallel */.E)(manifests, 16, async ({ digest }) => {
            const stored = await this.getManifest(digest);
            const { subject: named, artifactType, annotations, } = (stored && (0,json/* readJson */.V)(looseManifest, stored.bytes)) ?? {};
            if (!stored || named?.digest !== subject)
                return [];
            return {
                ...stored.descriptor,
                ...(artifactType && { artifactType }),
                ...(annotations && { annotations }),
            };
        });
        const fallback = await this.getManifest((0,referrers/* fallbackTag */.fH)(subject));
        return (0,referrers/* uniteReferrers */.Oj)(subject, entries.flat(), (fallback && (0,referrers/* readReferrers */.tV)(fallback.bytes, subject)) ?? []);
    }
    async #readIndex() {
        const [layout, bytes] = await Promise.all([
            this.#readFile('oci-layout', MANIFEST_LIMIT),
            this.#readFile('index.json', MANIFEST_LIMIT),
        ]);
        if (!layout && !bytes) {
            throw new outcome/* Invalid */.WO('image', `there is no OCI layout in ${this.#folder}`, {
                hint: 'A layout is a folder with the files "oci-layout" and "index.json", as build writes it.',
            });
        }
        const index = bytes && (0,json/* readJson */.V)(looseIndexSchema, bytes);
        if (!index || !(0,json/* readJson */.V)(layoutSchema, layout ?? '')) {
            throw new outcome/* Invalid */.WO('image', `${this.#folder} is a damaged OCI layout: "oci-layout" or "index.json" is not as it should be`);
        }
        return index;
    }
    #changeIndex(change) {
        const next = this.#changed.then(async () => {
            const exists = (await this.#hasFile('oci-layout')) || (await this.#hasFile('index.json'));
            const before = exists
                ? await this.#readIndex()
                : { schemaVersion: 2, mediaType: descriptor/* MEDIA_TYPE */.Ap.index, manifests: [] };
            const after = change(before);
            if (!exists)
                await this.#write('oci-layout', external_node_stream_.Readable.from([Buffer.from('{"imageLayoutVersion":"1.0.0"}')]));
            if (!exists || after !== before)
                await this.#write('index.json', external_node_stream_.Readable.from([Buffer.from(JSON.stringify(after))]));
        });
        this.#changed = next.catch(() => undefined);
        return next;
    }
    /** The path of a file of the layout; a link that leads out of the layout, or the layout out of the workspace, is `Invalid`. */
    async #locate(path) {
        const folder = await (0,workspace/* resolveInside */.L)(this.#workspace, this.#folder, 'image');
        if (!(await (0,promises_.stat)(folder).catch(() => undefined)))
            return (0,external_node_path_.join)(folder, path);
        return (0,workspace/* resolveInside */.L)(folder, path, 'image');
    }
    async #open(path) {
        // Not blocking, so that a pipe in a file's place does not stop the step.
        const flags = external_node_fs_.constants.O_RDONLY | external_node_fs_.constants.O_NOFOLLOW | external_node_fs_.constants.O_NONBLOCK;
        const file = await (0,promises_.open)(await this.#locate(path), flags).catch((error) => {
            if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
                return undefined;
            throw this.#explain(error);
        });
        if (!file || (await file.stat()).isFile())
            return file;
        await file.close();
        throw new outcome/* Invalid */.WO('image', `${path} in ${this.place} is no file`);
    }
    async #hasFile(path) {
        const file = await this.#open(path);
        await file?.close();
        return file !== undefined;
    }
    async #readFile(path, limit) {
        const file = await this.#open(path);
        if (!file)
            return undefined;
        try {
            const { size } = await file.stat();
            if (size > limit)
                throw new outcome/* Unavailable */.$P(`${this.place}: ${path} has more than ${limit} bytes`);
            return await file.readFile();
        }
        finally {
            await file.close();
        }
    }
    async #write(path, source) {
        const file = await this.#locate(path);
        const temporary = `${file}.${(0,external_node_crypto_.randomUUID)()}`;
        try {
            await (0,promises_.mkdir)((0,external_node_path_.dirname)(file), { recursive: true });
            await (0,external_node_stream_promises_.pipeline)(source, (0,external_node_fs_.createWriteStream)(temporary, { flags: 'wx' }));
            await (0,promises_.rename)(temporary, file);
        }
        catch (error) {
            await (0,promises_.rm)(temporary, { force: true });
            throw this.#explain(error);
        }
    }
    /** An error of the file system in this suite's words; failures of others are left as they are. */
    #explain = (error) => {
        if (error instanceof outcome/* Failure */.HR)
            return error;
        const { code = 'failed' } = error;
        return new outcome/* Unavailable */.$P(`${this.place} cannot be read or written (${code})`, { cause: error });
    };
}
// Index manifests may have a subject too (image-spec 1.1).
const looseManifest = schemas/* union */.KCZ([descriptor/* manifestSchema */.rc, descriptor/* indexSchema */.me]);
function blobPath(digest) {
    return `blobs/${(0,image_digest/* digestAlgorithm */.g4)(digest)}/${(0,image_digest/* digestHex */.sU)(digest)}`;
}

// EXTERNAL MODULE: ./build/shared/process/run.js
var run = __webpack_require__(72347);
;// CONCATENATED MODULE: ./build/shared/store/credentials.js






const authSchema = schemas/* object */.Ikc({
    auth: schemas/* string */.YjP().optional(),
    username: schemas/* string */.YjP().optional(),
    password: schemas/* string */.YjP().optional(),
    identitytoken: schemas/* string */.YjP().optional(),
});
const configSchema = schemas/* object */.Ikc({
    auths: schemas/* record */.g1P(schemas/* string */.YjP(), authSchema).optional(),
    credHelpers: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP()).optional(),
    credsStore: schemas/* string */.YjP().optional(),
});
const helperSchema = schemas/* object */.Ikc({ Username: schemas/* string */.YjP(), Secret: schemas/* string */.YjP() });
/**
 * The login for `host`: Docker's config file as docker/login-action leaves it (helper, store, then `auths`), then `githubToken` for ghcr.io.
 * Undefined when there is none. A config file that cannot be read is `Invalid`.
 */
async function findCredentials(host, options) {
    const folder = options.dockerConfig ?? (options.home && (0,external_node_path_.join)(options.home, '.docker'));
    const config = folder ? await readConfig((0,external_node_path_.join)(folder, 'config.json')) : {};
    const helper = findHost(config.credHelpers, host) ?? config.credsStore;
    const found = (helper ? await askHelper(helper, host, options) : undefined) ?? readAuth(findHost(config.auths, host));
    if (found)
        return found;
    if (host !== 'ghcr.io' || !options.githubToken)
        return undefined;
    return {
        source: 'github-token',
        // ghcr.io looks at the token alone; the name may be anything but empty.
        basic: { username: 'x-access-token', password: options.githubToken },
    };
}
async function readConfig(file) {
    try {
        return configSchema.parse(JSON.parse(await (0,promises_.readFile)(file, 'utf8')));
    }
    catch (cause) {
        if (cause.code === 'ENOENT')
            return {};
        // The cause is left out: a parser's message quotes the file, and the file holds passwords.
        throw new outcome/* Invalid */.WO('DOCKER_CONFIG', `${file} is no Docker config file`, {
            hint: 'Write it with docker/login-action or "docker login".',
        });
    }
}
/** Docker writes Docker Hub's login under this address; the registry itself answers elsewhere. */
const dockerHub = 'https://index.docker.io/v1/';
/** Keys are hosts, or (older files) addresses such as `https://host/v2/`. */
function findHost(entries, host) {
    if (!entries)
        return undefined;
    if (host === 'docker.io')
        return entries[dockerHub] ?? entries['docker.io'];
    const bare = (key) => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    return entries[host] ?? Object.entries(entries).find(([key]) => bare(key) === host)?.[1];
}
function readAuth(auth) {
    const source = "Docker's config file";
    if (auth?.identitytoken)
        return { source, identityToken: auth.identitytoken };
    const decoded = Buffer.from(auth?.auth ?? '', 'base64').toString();
    const colon = decoded.indexOf(':');
    const username = auth?.username ?? decoded.slice(0, Math.max(colon, 0));
    const password = auth?.password ?? decoded.slice(colon + 1);
    return username && password ? { source, basic: { username, password } } : undefined;
}
/** Docker's credential helper protocol: the host on standard input, JSON on standard output. */
async function askHelper(name, host, options) {
    if (!/^[\w.-]+$/.test(name)) {
        throw new outcome/* Invalid */.WO('DOCKER_CONFIG', `names a credential helper that is no program name`);
    }
    const program = `docker-credential-${name}`;
    const result = await (0,run/* runProcess */.R)(program, ['get'], {
        env: {
            PATH: options.path,
            ...(options.home && { HOME: options.home }),
            ...(options.dockerConfig && { DOCKER_CONFIG: options.dockerConfig }),
        },
        input: host === 'docker.io' ? dockerHub : host,
        deadline: options.deadline,
        maxOutput: 1024 * 1024,
    });
    const printed = result.stdout.toString();
    if (result.code !== 0) {
        // The protocol knows no exit code for "none"; every helper prints this sentence.
        if (/credentials not found/i.test(printed))
            return undefined;
        throw new outcome/* Unavailable */.$P(`${program} gave no login for ${host} (exit code ${result.code})`);
    }
    const answer = (0,json/* readJson */.V)(helperSchema, printed);
    if (!answer)
        throw new outcome/* Unavailable */.$P(`${program} did not answer as a credential helper does`);
    const { Username: username, Secret: secret } = answer;
    if (username === '' || secret === '')
        return undefined;
    return username === '<token>'
        ? { source: program, identityToken: secret }
        : { source: program, basic: { username, password: secret } };
}

// EXTERNAL MODULE: external "node:timers/promises"
var external_node_timers_promises_ = __webpack_require__(58500);
// EXTERNAL MODULE: ./node_modules/undici/index.js
var undici = __webpack_require__(46752);
;// CONCATENATED MODULE: ./build/shared/store/transport.js




/** How long a peer may be silent, in milliseconds: before its headers, and between two pieces of a body. */
const SILENCE = 30_000;
/** Tries for what may pass by itself: dropped connections, silence, 5xx. */
const TRIES = 4;
/** The first pause between two tries, in milliseconds; each further one is twice as long. */
const PAUSE = 500;
/** The longest a timer can run, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;
// One pool for the process. A transfer between two repositories of one registry holds two connections, so there are
// more than twice as many as `copyImage` moves at once.
const agent = new undici/* Agent */.g6({
    allowH2: false,
    connections: 48,
    connect: { timeout: 15_000 },
    headersTimeout: SILENCE,
    bodyTimeout: SILENCE,
});
/** What may pass by itself: `retryTransient` tries again, anyone else sees `Unavailable`. */
class Transient extends outcome/* Unavailable */.$P {
    /** Milliseconds that the peer asked to wait (429 with Retry-After). */
    pause;
    constructor(message, options = {}) {
        super(message, options);
        this.pause = options.pause;
    }
}
/** Sends one request and waits for its headers. Dropped connections and silence are `Transient`, the step's deadline is `Unavailable`. */
async function sendOnce(call, deadline) {
    const what = `${call.method} ${call.url.host}${call.url.pathname}`;
    const stalled = new AbortController();
    const streamed = call.body !== undefined && !Buffer.isBuffer(call.body);
    try {
        const response = await (0,undici/* request */.Em)(call.url, {
            dispatcher: agent,
            method: call.method,
            headers: call.headers,
            body: streamed
                ? external_node_stream_.Readable.from(watchStream(call.body, stalled), { objectMode: false })
                : call.body,
            signal: streamed ? AbortSignal.any([deadline, stalled.signal]) : deadline,
        });
        const { statusCode: status, body } = response;
        return { status, headers: joinHeaders(response.headers), body, url: call.url, what };
    }
    catch (error) {
        throw explainDrop(error, what, deadline);
    }
}
/** Reads a body to its end. More than `limit` bytes is `Unavailable`. */
async function readBody(response, limit, deadline) {
    const chunks = [];
    let size = 0;
    try {
        for await (const chunk of response.body) {
            size += chunk.length;
            if (size > limit)
                throw new outcome/* Unavailable */.$P(`${response.what}: more than ${limit} bytes`);
            chunks.push(chunk);
        }
    }
    catch (error) {
        throw explainDrop(error, response.what, deadline);
    }
    return Buffer.concat(chunks, size);
}
/** What a status means that may pass by itself: busy, overloaded, or down for a moment. */
function explainTransient({ status, headers, what }, said = '') {
    if (![408, 429, 500, 502, 503, 504].includes(status))
        return undefined;
    const pause = status === 429 ? readRetryAfter(headers['retry-after']) : undefined;
    return new Transient(`${what}: status ${status}${said}`, { pause });
}
/** Milliseconds of a Retry-After header, at least a second: seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(value) {
    if (value === undefined)
        return undefined;
    const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
    return Number.isNaN(milliseconds) ? undefined : Math.max(1000, milliseconds);
}
/** Frees the connection of a response whose body is of no interest; one that is long is cut off. */
function dropBody({ body }) {
    body.dump({ limit: 64 * 1024 }).catch(() => undefined);
}
/** The failure behind an error of the connection: one of ours as it is, otherwise the deadline, otherwise `Transient`. */
function explainDrop(error, what, deadline) {
    if (error instanceof outcome/* Failure */.HR)
        return error;
    if (deadline.aborted)
        return new outcome/* Unavailable */.$P(`${what}: the step's time ended while waiting`, { cause: error });
    const cause = error;
    return new Transient(`${what}: ${cause.code ?? cause.message ?? 'failed'}`, { cause: error });
}
/**
 * Runs `work` until it does not fail with `Transient`: four tries with growing, jittered pauses.
 * A pause the peer asked for (429 with Retry-After) is waited for and is no try. Ends with `Unavailable`.
 */
async function retryTransient(deadline, work) {
    for (let tries = 1;;) {
        try {
            return await work();
        }
        catch (error) {
            if (!(error instanceof Transient))
                throw error;
            if (error.pause === undefined && tries >= TRIES) {
                throw new outcome/* Unavailable */.$P(`${error.message} (${tries} tries)`, { cause: error });
            }
            const pause = error.pause ?? PAUSE * 2 ** (tries - 1) * (0.5 + Math.random());
            if (error.pause === undefined)
                tries += 1;
            await (0,external_node_timers_promises_.setTimeout)(Math.min(pause, LONGEST_WAIT), undefined, { signal: deadline }).catch(() => {
                throw new outcome/* Unavailable */.$P(`${error.message}; the step's time ended before another try`, { cause: error });
            });
        }
    }
}
async function* watchStream(source, stalled) {
    const timer = setTimeout(() => stalled.abort(new Transient('the registry stopped reading')), SILENCE);
    try {
        for await (const chunk of source) {
            yield chunk;
            timer.refresh();
        }
    }
    finally {
        clearTimeout(timer);
    }
}
function joinHeaders(headers) {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));
}
/** True for the hosts that may be spoken to without TLS: localhost, 127.0.0.0/8 and [::1]. */
function isLoopback({ hostname }) {
    return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

;// CONCATENATED MODULE: ./build/shared/store/login.js





const tokenSchema = schemas/* object */.Ikc({
    token: schemas/* string */.YjP().optional(),
    access_token: schemas/* string */.YjP().optional(),
    expires_in: schemas/* number */.aig().optional(),
});
/**
 * The login to one registry (distribution's "Token Authentication Specification", and Basic). Nothing is asked for
 * before the registry's first challenge; each scope's token is asked for once, also by concurrent requests.
 */
class Login {
    #registry;
    #origin;
    #options;
    #tokens = new Map();
    #credentials;
    #challenge;
    constructor(registry, origin, options) {
        this.#registry = registry;
        this.#origin = origin;
        this.#options = options;
    }
    /** The Authorization header for `scope`, or undefined while the registry has not asked for one. */
    async authorize(scope) {
        if (!this.#challenge)
            return undefined;
        const known = this.#tokens.get(scope);
        if (known && (await known).expires > Date.now())
            return (await known).header;
        return (await this.#request(scope, known, this.#challenge)).header;
    }
    /** The header to try after a 401 that came in spite of `sent`, or undefined when there is nothing more to try. */
    async answer(challenges, scope, sent) {
        const challenge = readChallenge(challenges);
        if (!challenge)
            return undefined;
        this.#challenge = challenge;
        const known = this.#tokens.get(scope);
        const current = known && (await known).header;
        if (current !== undefined && current !== sent)
            return current;
        // Basic has nothing fresher than what was just rejected.
        if (challenge.scheme === 'basic' && (sent !== undefined || !(await this.credentials())?.basic)) {
            return undefined;
        }
        return (await this.#request(scope, known, challenge)).header;
    }
    /** The login in use, read once; for messages too. */
    credentials() {
        this.#credentials ??= findCredentials(this.#registry, this.#options);
        return this.#credentials;
    }
    /** Asks for a token in place of `stale`, unless someone else has begun to. */
    #request(scope, stale, challenge) {
        const current = this.#tokens.get(scope);
        if (current && current !== stale)
            return current;
        const asked = this.#fetchToken(scope, challenge);
        this.#tokens.set(scope, asked);
        asked.catch(() => {
            if (this.#tokens.get(scope) === asked)
                this.#tokens.delete(scope);
        });
        return asked;
    }
    async #fetchToken(scope, challenge) {
        const credentials = await this.credentials();
        if (challenge.scheme === 'basic') {
            return { header: credentials?.basic ? formatBasic(credentials.basic) : '', expires: Infinity };
        }
        const { deadline, log } = this.#options;
        const call = this.#tokenRequest(scope, challenge, credentials);
        const body = await retryTransient(deadline, async () => {
            const response = await sendOnce(call, deadline);
            const bytes = await readBody(response, 1024 * 1024, deadline);
            if (response.status === 200)
                return bytes;
            const transient = explainTransient(response);
            if (transient)
                throw transient;
            throw new outcome/* Unavailable */.$P(`${call.url.host} gave no token for ${this.#registry} (status ${response.status})`, {
                hint: credentials
                    ? `It did not accept the login from ${credentials.source}.`
                    : `There is no login for ${this.#registry}; put docker/login-action before this step.`,
            });
        });
        const answer = (0,json/* readJson */.V)(tokenSchema, body);
        const token = answer?.token ?? answer?.access_token;
        if (!token)
            throw new outcome/* Unavailable */.$P(`${call.url.host} answered without a token`);
        log.mask(token);
        // "For compatibility with older clients, a token should never be returned with less than 60 seconds to live."
        const seconds = Math.max(60, answer?.expires_in ?? 60);
        return { header: `Bearer ${token}`, expires: Date.now() + (seconds - 10) * 1000 };
    }
    #tokenRequest(scope, challenge, credentials) {
        const url = new URL(challenge.realm, this.#origin);
        // The login goes to whom the registry names, but never in the clear, and never to this machine on a remote registry's word.
        if (url.protocol !== 'https:' && !(isLoopback(url) && isLoopback(this.#origin))) {
            throw new outcome/* Unavailable */.$P(`${this.#registry} asks to log in at ${url.origin}, which is not https; nothing was sent`);
        }
        const scopes = [...new Set([...scope.split(' '), ...(challenge.scope?.split(' ') ?? [])])];
        if (credentials?.identityToken) {
            const form = new URLSearchParams({
                grant_type: 'refresh_token',
                refresh_token: credentials.identityToken,
                service: challenge.service ?? '',
                scope: scopes.join(' '),
                client_id: 'hallmark',
            });
            const headers = { 'content-type': 'application/x-www-form-urlencoded' };
            return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
        }
        if (challenge.service)
            url.searchParams.set('service', challenge.service);
        for (const one of scopes)
            url.searchParams.append('scope', one);
        const headers = {};
        if (credentials?.basic)
            headers['authorization'] = formatBasic(credentials.basic);
        return { method: 'GET', url, headers };
    }
}
/** The first Bearer challenge of a WWW-Authenticate header, else the first Basic one (RFC 9110, 11.6.1). */
function readChallenge(header) {
    const bearer = /(?:^|,\s*)bearer\s+((?:[\w-]+\s*=\s*(?:"[^"]*"|[^\s",]+)(?:\s*,\s*)?)+)/i.exec(header)?.[1];
    if (bearer) {
        const values = new Map([...bearer.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s",]+))/g)].map((match) => [
            match[1]?.toLowerCase(),
            match[2] ?? match[3],
        ]));
        const realm = values.get('realm');
        if (realm && URL.canParse(realm)) {
            return { scheme: 'bearer', realm, service: values.get('service'), scope: values.get('scope') };
        }
    }
    if (!/(?:^|,\s*)basic\b/i.test(header))
        return undefined;
    return { scheme: 'basic', realm: '', service: undefined, scope: undefined };
}
function formatBasic({ username, password }) {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

;// CONCATENATED MODULE: ./build/shared/store/client.js






const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;
/** Docker Hub's registry does not answer at the name that images have. */
const apiHosts = {
    'docker.io': 'registry-1.docker.io',
    'index.docker.io': 'registry-1.docker.io',
};
/** HTTP to one repository of a registry: login, redirects, retries, and statuses turned into plain words. */
class RegistryClient {
    deadline;
    #repository;
    #base;
    #login;
    #writes = false;
    constructor(repository, options) {
        const host = apiHosts[repository.registry] ?? repository.registry;
        const origin = new URL(`https://${host}`);
        if (isLoopback(origin))
            origin.protocol = 'http:';
        this.#repository = repository;
        this.deadline = options.deadline;
        this.#base = new URL(`/v2/${repository.path}/`, origin);
        this.#login = new Login(repository.registry, origin, options);
    }
    /** Sends with retries and returns before the body is read. Not for bodies that are streams: those are read once. */
    open(call) {
        return retryTransient(this.deadline, () => this.attempt(call));
    }
    /** Sends with retries and reads the whole answer, at most `limit` bytes. */
    read(call, limit) {
        return retryTransient(this.deadline, async () => {
            const response = await this.attempt(call);
            return { ...response, bytes: await readBody(response, limit, this.deadline) };
        });
    }
    /** Sends with retries; the answer is its status and headers. */
    async ask(call) {
        const response = await this.open(call);
        dropBody(response);
        return response;
    }
    /** One try: logs in when asked to, follows redirects. */
    async attempt(call) {
        const scope = this.#scope(call);
        let url = this.resolveUrl(call.target);
        for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
            const response = await this.#authorized(call, url, scope);
            const { location } = response.headers;
            const reading = call.method === 'GET' || call.method === 'HEAD';
            if (!REDIRECTS.has(response.status) || call.follow === false || !reading || !location) {
                if (call.expect.includes(response.status))
                    return response;
                throw await this.#explain(call, response);
            }
            dropBody(response);
            url = this.resolveUrl(location, url);
        }
        throw new outcome/* Unavailable */.$P(`${this.#base.host} redirects more than ${MAX_REDIRECTS} times`);
    }
    /** An address that the registry gave in Location or Link; it may be relative to `base`, or to the repository. */
    resolveUrl(location, base = this.#base) {
        if (URL.canParse(String(location), String(base)))
            return new URL(location, base);
        throw new outcome/* Unavailable */.$P(`${this.#base.host} gave an address that is none`);
    }
    /** True when `url` is the registry itself: the only place that is ever shown a login. */
    isOwn(url) {
        return url.origin === this.#base.origin;
    }
    async #authorized(call, url, scope) {
        if (url.protocol !== 'https:' &&
            !(url.protocol === 'http:' && isLoopback(url) && isLoopback(this.#base))) {
            throw new outcome/* Unavailable */.$P(`${this.#base.host} leads to ${url.protocol}//${url.host}, which is not https`);
        }
        const own = this.isOwn(url);
        const send = (authorization) => {
            const headers = { 'user-agent': 'hallmark', ...call.headers, ...(authorization && { authorization }) };
            return sendOnce({ method: call.method, url, headers, body: call.body }, this.deadline);
        };
        const sent = own ? await this.#login.authorize(scope) : undefined;
        const response = await send(sent);
        const challenge = response.headers['www-authenticate'];
        if (response.status !== 401 || !own || !challenge)
            return response;
        const fresh = await this.#login.answer(challenge, scope, sent);
        if (fresh === undefined)
            return response;
        dropBody(response);
        if (call.body !== undefined && !Buffer.isBuffer(call.body)) {
            throw new Transient(`${this.#base.host} asked for a login in the middle of an upload`);
        }
        return send(fresh);
    }
    /** From now on every token is asked for with push, so that reading and writing share one. */
    expectWrites() {
        this.#writes = true;
    }
    #scope(call) {
        if (call.access === 'push')
            this.#writes = true;
        const own = `repository:${this.#repository.path}:${this.#writes ? 'pull,push' : 'pull'}`;
        return call.alsoPull ? `${own} repository:${call.alsoPull}:pull` : own;
    }
    async #explain(call, response) {
        const { status, what } = response;
        const said = await this.#quoteErrors(response);
        const transient = explainTransient(response, said);
        if (transient)
            return transient;
        const { registry } = this.#repository;
        const image = (0,reference/* formatRepository */.Sh)(this.#repository);
        const verb = call.access === 'push' ? 'push to' : 'pull from';
        const known = {
            401: `${registry} wants a login to ${verb} ${image}`,
            403: `${registry} does not allow this login to ${verb} ${image}`,
            404: `${registry} does not know ${image}, or hides it from this login`,
        };
        const words = this.isOwn(response.url) ? known[status] : undefined;
        if (!words)
            return new outcome/* Unavailable */.$P(`${what}: status ${status}${said}`);
        return new outcome/* Unavailable */.$P(`${words}${said}`, { hint: await this.#loginHint(call) });
    }
    async #loginHint(call) {
        const credentials = await this.#login.credentials();
        const { registry } = this.#repository;
        const packages = registry === 'ghcr.io'
            ? ` On ghcr.io the job needs "packages: ${call.access === 'push' ? 'write' : 'read'}", and the package must give this repository that access.`
            : '';
        return credentials
            ? `The login came from ${credentials.source}.${packages}`
            : `There is no login for ${registry}: put docker/login-action before this step.${packages}`;
    }
    /** The registry's own words (distribution-spec, "Error Codes"), shortened, with nothing in them that a terminal would obey. */
    async #quoteErrors(response) {
        const bytes = await readBody(response, 64 * 1024, this.deadline).catch(() => Buffer.alloc(0));
        const parsed = (0,json/* readJson */.V)(errorsSchema, bytes);
        const words = parsed?.errors.map(({ code, message }) => [code, message].filter(Boolean).join(': '));
        const text = (words?.join('; ') ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ').trim();
        return text === '' ? '' : ` ("${text.length > 200 ? `${text.slice(0, 200)}…` : text}")`;
    }
}
const errorsSchema = schemas/* object */.Ikc({
    errors: schemas/* array */.YOg(schemas/* object */.Ikc({ code: schemas/* string */.YjP().optional(), message: schemas/* string */.YjP().optional() })),
});

;// CONCATENATED MODULE: ./build/shared/store/lists.js







/** The most pages of one list that are followed. */
const PAGES = 500;
const tagsSchema = schemas/* object */.Ikc({ tags: schemas/* array */.YOg(schemas/* string */.YjP()).nullish() });
/** All tags of a repository; one that the registry does not know has none. */
async function listTags(client) {
    const found = [];
    for await (const page of readPages(client, { target: 'tags/list?n=1000', expect: [200, 404] })) {
        if (page.status === 404)
            break;
        const list = (0,json/* readJson */.V)(tagsSchema, page.bytes);
        if (!list)
            throw new outcome/* Unavailable */.$P(`${page.what}: the answer is no list of tags`);
        // What is no tag is not asked for: it would be another address.
        found.push(...(list.tags ?? []).filter(reference/* isTag */.dz));
    }
    return found;
}
/**
 * What the referrers API lists (distribution-spec 1.1, "Listing Referrers"), or undefined when the registry has none: it answers
 * 404, or a false 200 (a web page, another media type), or redirects to one.
 */
async function askReferrers(client, subject) {
    const found = [];
    const pages = readPages(client, {
        target: `referrers/${subject}`,
        expect: [200, 301, 302, 303, 307, 308, 404, 405, 501],
        headers: { accept: descriptor/* MEDIA_TYPE */.Ap.index },
        follow: false,
    });
    let first = true;
    for await (const { status, headers, bytes, what } of pages) {
        const isIndex = headers['content-type']?.split(';')[0]?.trim() === descriptor/* MEDIA_TYPE */.Ap.index;
        const listed = status === 200 && isIndex ? (0,referrers/* readReferrers */.tV)(bytes, subject) : undefined;
        if (!listed && first)
            return undefined;
        if (!listed)
            throw new outcome/* Unavailable */.$P(`${what}: a further page of referrers is no index`);
        found.push(...listed);
        (0,referrers/* uniteReferrers */.Oj)(subject, found);
        first = false;
    }
    return found;
}
/** The pages of a list, each next one named by `Link: <…>; rel="next"` (RFC 8288), which must be the registry's own. */
async function* readPages(client, call) {
    let next = call.target;
    for (let page = 0; next !== undefined; page += 1) {
        if (page === PAGES)
            throw new outcome/* Unavailable */.$P(`${call.target} has more than ${PAGES} pages`);
        const response = await client.read({ ...call, method: 'GET', access: 'pull', target: next }, MANIFEST_LIMIT);
        yield response;
        const link = /<([^>]*)>\s*;[^,]*rel="?next"?/i.exec(response.headers['link'] ?? '')?.[1];
        next = link === undefined ? undefined : client.resolveUrl(link, client.resolveUrl(next));
        if (next && !client.isOwn(next))
            throw new outcome/* Unavailable */.$P(`${response.what}: the next page is at ${next.host}`);
    }
}

;// CONCATENATED MODULE: ./build/shared/store/registry.js













const ACCEPT = [
    descriptor/* MEDIA_TYPE */.Ap.index,
    descriptor/* MEDIA_TYPE */.Ap.manifest,
    descriptor/* MEDIA_TYPE */.Ap.dockerIndex,
    descriptor/* MEDIA_TYPE */.Ap.dockerManifest,
].join(', ');
/** Up to this many bytes it costs more to ask whether a blob is there than to send it. */
const SMALL_BLOB = 64 * 1024;
const subjectSchema = schemas/* object */.Ikc({ subject: schemas/* object */.Ikc({ digest: schemas/* string */.YjP() }) });
/** A repository of an OCI registry (distribution-spec 1.1). */
class RegistryStore {
    place;
    host;
    #client;
    /** What answers so far tell of the referrers API: it listed all there was of an image, or there is none. */
    #api = 'unknown';
    #tags;
    /** Uploads that were opened ahead. */
    #uploads = [];
    #written = new Map();
    constructor(repository, options) {
        this.place = (0,reference/* formatRepository */.Sh)(repository);
        this.host = repository.registry;
        this.#client = new RegistryClient(repository, options);
    }
    async resolve(reference) {
        const { status, headers } = await this.#client.ask({
            method: 'HEAD',
            target: `manifests/${reference}`,
            access: 'pull',
            expect: [200, 404],
            headers: { accept: ACCEPT },
        });
        if (status === 404)
            return undefined;
        const stated = headers['docker-content-digest'];
        if ((0,image_digest/* isDigest */.Bc)(reference) && stated !== undefined && stated !== reference) {
            throw new outcome/* Refused */.Lw(`${this.place} answers with ${stated.slice(0, 80)} for ${reference}`);
        }
        const digest = (0,image_digest/* isDigest */.Bc)(reference) ? reference : stated;
        const mediaType = readType(headers);
        const size = Number(headers['content-length']);
        // A registry may leave all three out (distribution-spec 1.1, "Checking if content exists in the registry").
        const whole = digest !== undefined && (0,image_digest/* isDigest */.Bc)(digest) && mediaType && size > 0;
        return whole ? { mediaType, digest, size } : (await this.getManifest(reference))?.descriptor;
    }
    async getManifest(reference) {
        const { status, headers, bytes } = await this.#client.read({
            method: 'GET',
            target: `manifests/${reference}`,
            access: 'pull',
            expect: [200, 404],
            headers: { accept: ACCEPT },
        }, MANIFEST_LIMIT);
        if (status === 404)
            return undefined;
        return describeManifest(bytes, reference, readType(headers), this.place);
    }
    async putManifest(bytes, mediaType, reference) {
        const digest = (0,hash/* digestOf */.o)(bytes, reference?.startsWith('sha512:') ? 'sha512' : 'sha256');
        const { headers } = await this.#client.ask({
            method: 'PUT',
            target: `manifests/${reference ?? digest}`,
            access: 'push',
            expect: [201],
            headers: { 'content-type': mediaType },
            body: bytes,
        });
        const stated = headers['docker-content-digest'];
        if (stated !== undefined && stated !== digest) {
            throw new outcome/* Refused */.Lw(`${this.place} was sent ${digest} and says it stored ${stated.slice(0, 80)}`);
        }
        const subject = (0,json/* readJson */.V)(subjectSchema, bytes)?.subject.digest;
        return { digest, indexed: subject === undefined || headers['oci-subject'] === subject };
    }
    async hasBlob(digest) {
        const { status } = await this.#client.ask({
            method: 'HEAD',
            target: `blobs/${digest}`,
            access: 'pull',
            expect: [200, 404],
        });
        return status === 200;
    }
    async getBlob(descriptor) {
        const response = await this.#client.open({
            method: 'GET',
            target: `blobs/${descriptor.digest}`,
            access: 'pull',
            expect: [200, 404],
        });
        if (response.status === 404) {
            dropBody(response);
            throw refuseMissing(descriptor.digest, this.place);
        }
        return checkStream(descriptor, response.body, this.place, (error) => explainDrop(error, response.what, this.#client.deadline));
    }
    async readBlob(descriptor, limit = 32 * 1024 * 1024) {
        checkSize(descriptor, limit, this.place);
        const { status, bytes } = await this.#client.read({ method: 'GET', target: `blobs/${descriptor.digest}`, access: 'pull', expect: [200, 404] }, limit);
        if (status === 404)
            throw refuseMissing(descriptor.digest, this.place);
        return checkBytes(descriptor, bytes, this.place);
    }
    putBlob(descriptor, open, mountFrom) {
        const { digest } = descriptor;
        const before = this.#written.get(digest)?.then(() => 'present');
        if (before)
            return before;
        const writing = this.#writeBlob(descriptor, open, mountFrom);
        this.#written.set(digest, writing);
        writing.catch(() => this.#written.delete(digest));
        return writing;
    }
    async #writeBlob(descriptor, open, mountFrom) {
        const from = mountFrom?.host === this.host ? mountFrom.place.slice(this.host.length + 1) : undefined;
        if (from === undefined && descriptor.size > SMALL_BLOB && (await this.hasBlob(descriptor.digest))) {
            return 'present';
        }
        return retryTransient(this.#client.deadline, async () => {
            const upload = from === undefined
                ? ((await this.#uploads.shift()) ?? (await this.#startUpload()))
                : await this.#mountBlob(descriptor.digest, from);
            if (upload === undefined)
                return 'mounted';
            const body = await open();
            try {
                await this.#sendBlob(upload, descriptor, body);
            }
            finally {
                // Not every failure reads it to its end.
                if (!Buffer.isBuffer(body))
                    body.destroy();
            }
            return 'sent';
        });
    }
    async #sendBlob(upload, { digest, size }, body) {
        upload.search += `${upload.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
        const response = await this.#client.attempt({
            method: 'PUT',
            target: upload,
            access: 'push',
            expect: [201, 204, 404, 416],
            headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
            body,
        });
        dropBody(response);
        if (response.status >= 400)
            throw new Transient(`${response.what}: the upload is no longer known`);
    }
    /** Opens uploads ahead (one request each, all at once), so that a missing permission shows before anything is signed. */
    async prepareUploads(count) {
        this.#client.expectWrites();
        const uploads = Array.from({ length: count }, () => this.#startUpload());
        await Promise.all(uploads);
        this.#uploads.push(...uploads);
    }
    listTags() {
        return listTags(this.#client);
    }
    async listReferrers(subject) {
        // Begun before the API has answered, so that a registry without one costs no further round trip.
        const tags = this.#api === 'whole' ? undefined : this.#shareTags();
        tags?.catch(() => undefined);
        // The fallback tag is read in any case: other tools used it before there was an API.
        const [listed, fallback] = await Promise.all([
            this.#api === 'none' ? undefined : askReferrers(this.#client, subject),
            this.#readFallback(subject),
        ]);
        const known = (0,referrers/* uniteReferrers */.Oj)(subject, listed ?? [], fallback);
        if (listed?.length === known.length && (known.length > 0 || this.#api === 'whole')) {
            this.#api = 'whole';
            return known;
        }
        const all = await (tags ?? this.#shareTags());
        // Some registries with an API answer 404 for a repository that is empty.
        if (!listed && all.length > 0)
            this.#api = 'none';
        const own = (0,referrers/* findOwnTags */.Tg)(subject, all, known);
        const found = await (0,parallel/* mapParallel */.E)(own, 16, async (tag) => (await this.resolve(tag)) ?? []);
        return (0,referrers/* uniteReferrers */.Oj)(subject, known, found.flat());
    }
    /** Readers of several subjects ask at the same time; one list serves them all. */
    #shareTags() {
        this.#tags ??= this.listTags().finally(() => {
            this.#tags = undefined;
        });
        return this.#tags;
    }
    async #readFallback(subject) {
        const { status, bytes } = await this.#client.read({
            method: 'GET',
            target: `manifests/${(0,referrers/* fallbackTag */.fH)(subject)}`,
            access: 'pull',
            expect: [200, 404],
            headers: { accept: ACCEPT },
        }, MANIFEST_LIMIT);
        return (status === 200 && (0,referrers/* readReferrers */.tV)(bytes, subject)) || [];
    }
    async #startUpload() {
        const { headers } = await this.#client.ask({
            method: 'POST',
            target: 'blobs/uploads/',
            access: 'push',
            expect: [202],
            body: Buffer.alloc(0),
        });
        return this.#uploadUrl(headers['location']);
    }
    /** Undefined when the blob was mounted, otherwise where to upload it. */
    async #mountBlob(digest, from) {
        const { status, headers } = await this.#client.ask({
            method: 'POST',
            target: `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`,
            access: 'push',
            alsoPull: from,
            // A registry that may not or cannot mount says so in several ways; an upload always works.
            expect: [201, 202, 400, 401, 403, 404, 405],
            body: Buffer.alloc(0),
        });
        if (status === 201)
            return undefined;
        return status === 202 ? this.#uploadUrl(headers['location']) : this.#startUpload();
    }
    #uploadUrl(location) {
        if (!location)
            throw new outcome/* Unavailable */.$P(`${this.place} began an upload without saying where to`);
        return this.#client.resolveUrl(location);
    }
}
/** The media type of a Content-Type header, without parameters. */
function readType(headers) {
    return headers['content-type']?.split(';')[0]?.trim();
}

;// CONCATENATED MODULE: ./build/shared/store/open.js


/** The part of a run that a store needs. `githubToken` is used for ghcr.io alone. */
function storeOptions(context, githubToken) {
    const { workspace, home, dockerConfig, path, deadline, log } = context;
    return {
        workspace,
        path,
        deadline,
        log,
        ...(home !== undefined && { home }),
        ...(dockerConfig !== undefined && { dockerConfig }),
        ...(githubToken && { githubToken }),
    };
}
/** The store a reference lies in. Nothing is read before the first call; tag and digest are not looked at. */
function openStore(reference, options) {
    return reference.kind === 'layout'
        ? new LayoutStore(reference.folder, options.workspace)
        : new RegistryStore(reference.repository, options);
}


/***/ }),

/***/ 57959:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   E: () => (/* binding */ mapParallel)
/* harmony export */ });
/**
 * `work` on every item, at most `limit` at once, results in the items' order. After the first failure
 * nothing more is started; what has begun is waited for, so that nothing runs on behind the error.
 */
async function mapParallel(items, limit, work) {
    const results = [];
    const queue = items.entries();
    let failed = false;
    const run = async () => {
        for (const [index, item] of queue) {
            if (failed)
                return;
            try {
                results[index] = await work(item);
            }
            catch (error) {
                failed = true;
                throw error;
            }
        }
    };
    const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, run));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure)
        throw failure.reason;
    return results;
}


/***/ }),

/***/ 25006:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Oj: () => (/* binding */ uniteReferrers),
/* harmony export */   Tg: () => (/* binding */ findOwnTags),
/* harmony export */   Zc: () => (/* binding */ ownTag),
/* harmony export */   fH: () => (/* binding */ fallbackTag),
/* harmony export */   tV: () => (/* binding */ readReferrers)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(27597);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(5725);
/* harmony import */ var _image_digest_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(93968);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(56339);
/* harmony import */ var _json_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(8782);
/* harmony import */ var _store_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(62039);






/** Distribution-spec 1.1, "Referrers Tag Schema": where the referrers of `subject` are listed when the registry does not do it. */
function fallbackTag(subject) {
    return `${(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .digestAlgorithm */ .g4)(subject)}-${(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .digestHex */ .sU)(subject).slice(0, 64)}`;
}
/**
 * The tag that belongs to one referrer alone, `sha256-<subject>.<16 hex of the referrer's manifest>`. Nobody else writes it,
 * so what two writers of the fallback index lose to each other is found again by it.
 */
function ownTag(subject, referrer) {
    return `${fallbackTag(subject)}.${(0,_image_digest_js__WEBPACK_IMPORTED_MODULE_1__/* .digestHex */ .sU)(referrer).slice(0, 16)}`;
}
/** Those of `tags` that are own tags of referrers of `subject` and not of one in `known`. */
function findOwnTags(subject, tags, known) {
    const covered = new Set(known.map(({ digest }) => ownTag(subject, digest)));
    return tags.filter((tag) => tag.startsWith(`${fallbackTag(subject)}.`) && !covered.has(tag));
}
const referrersSchema = zod__WEBPACK_IMPORTED_MODULE_4__/* .object */ .Ikc({ manifests: zod__WEBPACK_IMPORTED_MODULE_4__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_4__/* .unknown */ .L5J()) });
// Loose, because the fallback index is written back: what other writers put into it stays.
const entrySchema = _image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .descriptorSchema */ .TM.loose();
/**
 * The referrers an index lists, or undefined when it is none. Fallback tags hold all kinds of things (an image index
 * that a tool put there, the subject itself): entries with a platform, or that are no manifests, are no referrers,
 * and one that is broken does not hide the others.
 */
function readReferrers(bytes, subject) {
    return (0,_json_js__WEBPACK_IMPORTED_MODULE_5__/* .readJson */ .V)(referrersSchema, bytes)?.manifests.flatMap((entry) => {
        const { data } = entrySchema.safeParse(entry);
        if (!data || data.digest === subject || data.platform)
            return [];
        return (0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .isManifestType */ .Q3)(data.mediaType) || (0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .isIndexType */ .$U)(data.mediaType) ? [data] : [];
    });
}
/** The union by digest; of two, the one that says more is kept. Over the cap is `Unavailable`, never "missing". */
function uniteReferrers(subject, ...lists) {
    const united = new Map();
    for (const descriptor of lists.flat()) {
        const before = united.get(descriptor.digest);
        if (!before || (!before.artifactType && descriptor.artifactType))
            united.set(descriptor.digest, descriptor);
    }
    const bytes = [...united.values()].reduce((sum, { size }) => sum + size, 0);
    if (united.size > _store_js__WEBPACK_IMPORTED_MODULE_3__/* .REFERRER_CAP */ .H.count || bytes > _store_js__WEBPACK_IMPORTED_MODULE_3__/* .REFERRER_CAP */ .H.bytes) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Unavailable */ .$P(`${subject} has more referrers than are read (${_store_js__WEBPACK_IMPORTED_MODULE_3__/* .REFERRER_CAP */ .H.count}, or ${_store_js__WEBPACK_IMPORTED_MODULE_3__/* .REFERRER_CAP */ .H.bytes} bytes)`, { hint: 'Delete referrers that are no longer needed.' });
    }
    return [...united.values()];
}


/***/ }),

/***/ 62039:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   H: () => (/* binding */ REFERRER_CAP),
/* harmony export */   u: () => (/* binding */ EMPTY_BLOB)
/* harmony export */ });
/** The most that one image's referrers may be before reading them is `Unavailable` (design.md, "Decided"). */
const REFERRER_CAP = { count: 2000, bytes: 64 * 1024 * 1024 };
/** The OCI empty descriptor's content (image-spec 1.1, "Guidance for an Empty Descriptor"). */
const EMPTY_BLOB = Buffer.from('{}');


/***/ }),

/***/ 94053:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   U: () => (/* binding */ listSubjects),
/* harmony export */   h: () => (/* binding */ getChild)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(27597);
/* harmony import */ var _image_ambiguity_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(10803);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(5725);
/* harmony import */ var _image_platform_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(74851);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(56339);
/* harmony import */ var _json_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(8782);
/* harmony import */ var _parallel_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(57959);







/** The most manifests of one image, nested indexes included. */
const MANIFESTS = 200;
const platformConfigSchema = zod__WEBPACK_IMPORTED_MODULE_4__/* .object */ .Ikc({
    os: zod__WEBPACK_IMPORTED_MODULE_4__/* .string */ .YjP(),
    architecture: zod__WEBPACK_IMPORTED_MODULE_4__/* .string */ .YjP(),
    variant: zod__WEBPACK_IMPORTED_MODULE_4__/* .string */ .YjP().optional(),
});
/**
 * Reads an image and its platform manifests, whatever the nesting; BuildKit's `unknown/unknown` attestations are left out.
 * An image that is not there is `Invalid`; a child that is missing, or is not what the index says, is `Refused`.
 */
async function listSubjects(store, reference) {
    const root = await store.getManifest(reference);
    if (!root) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Invalid */ .WO('image', `${store.place} holds no ${reference}`, {
            hint: 'Check the name, and that the step that pushes it ran before; a registry may also hide it from this login.',
        });
    }
    const { descriptor } = root;
    const seen = new Set([descriptor.digest]);
    const platforms = await readPlatforms(store, root, undefined, seen);
    const below = platforms
        .map((platform) => platform.descriptor)
        .filter(({ digest }) => digest !== descriptor.digest);
    return { digest: descriptor.digest, root, platforms, all: [descriptor, ...below] };
}
/** The platform manifests at or below `stored`. `seen` holds every manifest met so far: none is read twice, and there is a limit. */
async function readPlatforms(store, stored, platform, seen) {
    const { descriptor, bytes } = stored;
    const ambiguous = (0,_image_ambiguity_js__WEBPACK_IMPORTED_MODULE_0__/* .findAmbiguousKey */ .B)(bytes.toString());
    if (ambiguous !== undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${descriptor.digest} has the key "${ambiguous}", which not every reader takes for the same`);
    }
    if (!(0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .isIndexType */ .$U)(descriptor.mediaType)) {
        const manifest = (0,_json_js__WEBPACK_IMPORTED_MODULE_5__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .manifestSchema */ .rc, bytes);
        if (!manifest || !(0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .isManifestType */ .Q3)(descriptor.mediaType)) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${descriptor.digest} is no image manifest`);
        }
        return [{ platform: platform ?? (await readPlatform(store, manifest)), descriptor, manifest, stored }];
    }
    const index = (0,_json_js__WEBPACK_IMPORTED_MODULE_5__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_1__/* .indexSchema */ .me, bytes);
    if (!index)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${descriptor.digest} is no image index`);
    const children = index.manifests.filter((child) => {
        if (!(0,_image_platform_js__WEBPACK_IMPORTED_MODULE_2__/* .isRunnable */ .iU)(child.platform) || seen.has(child.digest))
            return false;
        seen.add(child.digest);
        return true;
    });
    if (seen.size > MANIFESTS) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${descriptor.digest} has more than ${MANIFESTS} manifests`);
    }
    const found = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_6__/* .mapParallel */ .E)(children, 16, async (child) => readPlatforms(store, await getChild(store, descriptor.digest, child), child.platform, seen));
    return found.flat();
}
/** Reads a manifest that an index names, and checks that it is what the index says. */
async function getChild(store, parent, child) {
    const stored = await store.getManifest(child.digest);
    if (!stored) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${parent} is incomplete: ${child.digest} is named in it but not stored`);
    }
    const { mediaType, size } = stored.descriptor;
    if (mediaType !== child.mediaType || size !== child.size) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_3__/* .Refused */ .Lw(`${store.place}@${parent} describes ${child.digest} with another type or size`);
    }
    return stored;
}
/** The platform that the image's config states; `unknown` when it is no image's config. */
async function readPlatform(store, manifest) {
    const config = (0,_json_js__WEBPACK_IMPORTED_MODULE_5__/* .readJson */ .V)(platformConfigSchema, await store.readBlob(manifest.config, 8 * 1024 * 1024));
    return config ?? { os: 'unknown', architecture: 'unknown' };
}


/***/ }),

/***/ 55843:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   L: () => (/* binding */ resolveInside)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(56339);



/**
 * The absolute, symlink-free path of an input inside `root`. What does not exist yet is judged by its nearest existing parent.
 * Throws `Invalid` naming `input` when the path, or what a symlink in it points to, lies outside.
 */
async function resolveInside(root, path, input) {
    if (path.includes('\0'))
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO(input, 'holds a NUL character');
    const base = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.realpath)(root);
    const wanted = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)(base, path);
    let existing = wanted;
    let real;
    while (real === undefined) {
        try {
            real = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.realpath)(existing);
        }
        catch (error) {
            const { code } = error;
            if (code !== 'ENOENT' && code !== 'ENOTDIR')
                throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO(input, `cannot be read (${code})`);
            existing = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.dirname)(existing);
        }
    }
    const whole = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)(real, (0,node_path__WEBPACK_IMPORTED_MODULE_1__.relative)(existing, wanted));
    const inside = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.relative)(base, whole);
    if (inside === '..' || inside.startsWith(`..${node_path__WEBPACK_IMPORTED_MODULE_1__.sep}`) || (0,node_path__WEBPACK_IMPORTED_MODULE_1__.isAbsolute)(inside)) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_2__/* .Invalid */ .WO(input, `"${path}" lies outside of the workspace`, {
            hint: `It may be a path below ${base}; links that lead out of it are not followed.`,
        });
    }
    return whole;
}


/***/ })

};
