export const id = 338;
export const ids = [338];
export const modules = {

/***/ 43338:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  buildLayers: () => (/* binding */ buildLayers)
});

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./build/shared/image/descriptor.js
var descriptor = __webpack_require__(5725);
// EXTERNAL MODULE: ./build/shared/image/digest.js
var image_digest = __webpack_require__(93968);
// EXTERNAL MODULE: ./build/shared/image/platform.js
var image_platform = __webpack_require__(74851);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/store/hash.js
var hash = __webpack_require__(54156);
// EXTERNAL MODULE: ./build/shared/store/open.js + 8 modules
var store_open = __webpack_require__(67494);
// EXTERNAL MODULE: external "node:stream/promises"
var promises_ = __webpack_require__(46466);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
// EXTERNAL MODULE: ./node_modules/tar-stream/index.js
var tar_stream = __webpack_require__(56118);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
// EXTERNAL MODULE: ./build/shared/store/json.js
var json = __webpack_require__(8782);
;// CONCATENATED MODULE: ./build/shared/builders/base.js








const strings = schemas/* array */.YOg(schemas/* string */.YjP());
/** OCI image-spec 1.1, config.md: what is carried over from a base. Keys of `config` that are not known here are kept. */
const imageConfigSchema = schemas/* object */.Ikc({
    architecture: schemas/* string */.YjP(),
    os: schemas/* string */.YjP(),
    variant: schemas/* string */.YjP().optional(),
    'os.version': schemas/* string */.YjP().optional(),
    'os.features': strings.optional(),
    config: schemas/* looseObject */._H3({
        Env: strings.nullish(),
        Entrypoint: strings.nullish(),
        Cmd: strings.nullish(),
        Labels: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP()).nullish(),
        User: schemas/* string */.YjP().nullish(),
    })
        .nullish(),
    rootfs: schemas/* object */.Ikc({ type: schemas/* literal */.euz('layers'), diff_ids: strings }),
    history: schemas/* array */.YOg(schemas/* looseObject */._H3({ empty_layer: schemas/* boolean */.zMY().optional() })).nullish(),
});
/** The platform that is built when none is asked for and the base does not settle it: the same on every machine. */
const DEFAULT_PLATFORM = { os: 'linux', architecture: 'amd64' };
/** The platforms to build: those asked for, otherwise the only one of the base, otherwise linux/amd64. */
function choosePlatforms(asked, base) {
    if (asked.length > 0)
        return [...new Map(asked.map((platform) => [(0,image_platform/* formatPlatform */.Bq)(platform), platform])).values()];
    const only = base?.image.platforms.length === 1 ? base.image.platforms[0] : undefined;
    return [only?.platform ?? DEFAULT_PLATFORM];
}
/** The base's manifest for a platform. Throws `Invalid` naming `platforms` with those there are. */
function pickPlatform(base, platform) {
    const wanted = (0,image_platform/* formatPlatform */.Bq)(platform);
    const { platforms } = base.image;
    const found = platforms.find((one) => (0,image_platform/* formatPlatform */.Bq)(one.platform) === wanted) ??
        // arm64 is arm64/v8: who names no variant takes the one there is.
        platforms.find((one) => (0,image_platform/* formatPlatform */.Bq)({ ...one.platform, variant: platform.variant }) === wanted);
    if (found === undefined) {
        const there = platforms.map((one) => (0,image_platform/* formatPlatform */.Bq)(one.platform)).join(', ');
        throw new outcome/* Invalid */.WO('platforms', `the base image has no ${wanted}; it has ${there}`);
    }
    return found;
}
/** The config of the base for one platform, checked to describe exactly its layers. */
async function readBaseConfig(base, { manifest, descriptor }) {
    const config = (0,json/* readJson */.V)(imageConfigSchema, await base.store.readBlob(manifest.config));
    if (config === undefined || config.rootfs.diff_ids.length !== manifest.layers.length) {
        throw new outcome/* Refused */.Lw(`the base ${base.store.place}@${descriptor.digest} is no container image that can be built upon`);
    }
    return config;
}
// Docker's layer types name the same bytes as OCI's (image-spec, media-types.md "Compatibility Matrix").
const layerTypes = {
    'application/vnd.docker.image.rootfs.diff.tar.gzip': descriptor/* MEDIA_TYPE */.Ap.layerGzip,
    'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar': 'application/vnd.oci.image.layer.v1.tar',
    [descriptor/* MEDIA_TYPE */.Ap.layerGzip]: descriptor/* MEDIA_TYPE */.Ap.layerGzip,
    [descriptor/* MEDIA_TYPE */.Ap.layerZstd]: descriptor/* MEDIA_TYPE */.Ap.layerZstd,
};
/** The descriptor of a base's layer for an OCI manifest. A layer of another kind (encrypted, foreign) is `Invalid`. */
function adoptLayer(layer) {
    const mediaType = layerTypes[layer.mediaType];
    if (mediaType === undefined) {
        throw new outcome/* Invalid */.WO('base', `has a layer of the type ${layer.mediaType}, which cannot be built upon`);
    }
    return { mediaType, digest: layer.digest, size: layer.size };
}
/**
 * The folders (and links, which may stand for folders) that layers leave behind when unpacked in order, as paths without slashes at
 * their ends. Whiteouts are followed (image-spec, layer.md).
 */
async function listFolders(store, layers, deadline) {
    const folders = new Set();
    const remove = (path, { keepItself = false } = {}) => {
        const below = path === '' ? '' : `${path}/`;
        for (const known of folders) {
            if (known.startsWith(below) || (known === path && !keepItself))
                folders.delete(known);
        }
    };
    for (const layer of layers) {
        const added = [];
        await readHeaders(await store.getBlob(layer), layer.mediaType, deadline, ({ name, type }) => {
            const path = name.replace(/^(?:\.?\/)+|\/+$/g, '');
            const slash = path.lastIndexOf('/');
            const [parent, last] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
            // An opaque whiteout hides what lower layers put into the folder, whatever its place in this one.
            if (last === '.wh..wh..opq')
                remove(parent, { keepItself: true });
            else if (last.startsWith('.wh.'))
                remove(slash < 0 ? last.slice(4) : `${parent}/${last.slice(4)}`);
            else if (type === 'directory' || type === 'symlink')
                added.push(path);
            else if (folders.has(path))
                remove(path);
        });
        for (const path of added)
            folders.add(path);
    }
    return folders;
}
async function readHeaders(blob, mediaType, deadline, visit) {
    if (deadline.aborted)
        throw new outcome/* Unavailable */.$P('the layers of the base were not read: no time is left');
    const tar = (0,tar_stream.extract)();
    tar.on('entry', (header, content, next) => {
        visit(header);
        content.on('end', next).resume();
    });
    try {
        if (mediaType === descriptor/* MEDIA_TYPE */.Ap.layerGzip)
            await (0,promises_.pipeline)(blob, (0,external_node_zlib_.createGunzip)(), tar, { signal: deadline });
        else if (mediaType === descriptor/* MEDIA_TYPE */.Ap.layerZstd)
            await (0,promises_.pipeline)(blob, (0,external_node_zlib_.createZstdDecompress)(), tar, { signal: deadline });
        else
            await (0,promises_.pipeline)(blob, tar, { signal: deadline });
    }
    catch (cause) {
        if (deadline.aborted)
            throw new outcome/* Unavailable */.$P('the layers of the base were not read in time', { cause });
        if (cause instanceof outcome/* Refused */.Lw)
            throw cause;
        throw new outcome/* Refused */.Lw(`a layer of the base cannot be unpacked: ${cause.message}`, { cause });
    }
}

// EXTERNAL MODULE: external "node:fs/promises"
var external_node_fs_promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: ./build/shared/workspace/workspace.js
var workspace = __webpack_require__(55843);
;// CONCATENATED MODULE: ./build/shared/builders/files.js




// The history of the repository (with the token that actions/checkout may leave in it) and our own layouts are no part of an image.
const LEFT_OUT = new Set(['.git', '.hallmark']);
/**
 * Collects what the `files` input names: one `source:/target` a line, the source relative to `folder`. A folder is taken whole,
 * its content into the target; a file goes to the target, or into it when the target ends with a slash. A later line wins over
 * an earlier one. Sorted by path, with every folder above an entry. `.git` and `.hallmark` are left out.
 * Throws `Invalid` for a source that is missing or outside, a link that leads out of `folder`, and devices, sockets and FIFOs.
 */
async function collectFiles(folder, lines) {
    const entries = new Map();
    for (const line of lines) {
        const { source, target } = parseLine(line);
        const path = await (0,workspace/* resolveInside */.L)(folder, source, 'files');
        const facts = await (0,external_node_fs_promises_.stat)(path).catch(() => {
            throw new outcome/* Invalid */.WO('files', `"${source}" does not exist in the context`);
        });
        if (facts.isDirectory()) {
            await collectFolder(folder, path, target.path, entries);
        }
        else {
            const name = target.intoFolder ? external_node_path_.posix.join(target.path, (0,external_node_path_.basename)(source)) : target.path;
            if (name === '')
                throw new outcome/* Invalid */.WO('files', `"${line}" gives the file "${source}" no name; write its whole path`);
            await collectOne(folder, path, name, entries);
        }
    }
    addParents(entries);
    return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
function parseLine(line) {
    const split = line.lastIndexOf(':/');
    if (split <= 0) {
        throw new outcome/* Invalid */.WO('files', `"${line}" is no source:/target; write the path in the context, a colon and the absolute path in the image`);
    }
    const target = line.slice(split + 1);
    if (target.includes('\0') || target.split('/').includes('..')) {
        throw new outcome/* Invalid */.WO('files', `"${line}" has a target with ".." or NUL in it`);
    }
    const path = external_node_path_.posix.normalize(target).replace(/^\/+|\/+$/g, '');
    return { source: line.slice(0, split), target: { path, intoFolder: target.endsWith('/') } };
}
async function collectFolder(root, folder, target, entries) {
    if (target !== '')
        add(entries, { path: target, type: 'directory' });
    for (const name of await (0,external_node_fs_promises_.readdir)(folder)) {
        if (LEFT_OUT.has(name))
            continue;
        await collectOne(root, (0,external_node_path_.join)(folder, name), external_node_path_.posix.join(target, name), entries);
    }
}
async function collectOne(root, source, path, entries) {
    const shown = (0,external_node_path_.relative)(root, source);
    // A file of this name would delete another one when the layer is unpacked (image-spec, layer.md "Whiteouts").
    if (path.split('/').some((part) => part.startsWith('.wh.'))) {
        throw new outcome/* Invalid */.WO('files', `"${shown}" would be read as a deletion: names in a layer may not begin with ".wh."`);
    }
    const facts = await (0,external_node_fs_promises_.lstat)(source).catch((cause) => {
        throw new outcome/* Invalid */.WO('files', `"${shown}" cannot be read (${cause.code})`, { cause });
    });
    if (facts.isDirectory())
        return collectFolder(root, source, path, entries);
    if (facts.isSymbolicLink()) {
        return add(entries, { path, type: 'symlink', target: await readInnerLink(root, source, shown) });
    }
    if (!facts.isFile()) {
        throw new outcome/* Invalid */.WO('files', `"${shown}" is a device, socket or FIFO; an image takes files, folders and links`);
    }
    add(entries, { path, type: 'file', source, executable: (facts.mode & 0o111) !== 0 });
}
/** The link's text, when both what it says and what it leads to stay inside `root`. */
async function readInnerLink(root, link, shown) {
    const target = await (0,external_node_fs_promises_.readlink)(link);
    const said = (0,external_node_path_.resolve)(link, '..', target);
    const real = await (0,external_node_fs_promises_.realpath)(link).catch(() => said);
    if ((0,external_node_path_.isAbsolute)(target) || !isBelow(root, said) || !isBelow(root, real)) {
        throw new outcome/* Invalid */.WO('files', `"${shown}" is a link that leads out of the context, to "${target}"`, {
            hint: 'Links are kept as links: make it relative and inside the context, or copy the file.',
        });
    }
    return target;
}
function isBelow(root, path) {
    const inside = (0,external_node_path_.relative)(root, path);
    return inside !== '..' && !inside.startsWith(`..${external_node_path_.sep}`) && !(0,external_node_path_.isAbsolute)(inside);
}
function add(entries, entry) {
    const earlier = entries.get(entry.path);
    if (earlier !== undefined && (earlier.type === 'directory') !== (entry.type === 'directory')) {
        throw new outcome/* Invalid */.WO('files', `"/${entry.path}" would be both a folder and a file`);
    }
    entries.set(entry.path, entry);
}
/** Unpackers make missing folders up with modes of their own, so every folder is named. */
function addParents(entries) {
    for (const path of [...entries.keys()]) {
        for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
            add(entries, { path: path.slice(0, at), type: 'directory' });
        }
    }
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
;// CONCATENATED MODULE: ./build/shared/builders/layer.js
var __addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var __disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});









/** Stated, so that another default of zlib's does not change a byte. */
const GZIP_LEVEL = 6;
/**
 * Writes entries as a gzipped tar in which nothing tells of this machine: owner 0:0 without names, modes 0755 and 0644,
 * one time for all (`created`, in seconds since 1970). The same entries give the same diffId anywhere, and the same bytes for one
 * version of Node. Streams: no file is ever in memory whole.
 */
async function writeLayer(entries, file, created, deadline) {
    // A pipeline that begins after its signal has fired leaves errors that nobody can catch.
    if (deadline.aborted)
        throw new outcome/* Unavailable */.$P('the layer was not written: no time is left');
    const tar = (0,tar_stream.pack)();
    const [inner, outer] = [measure(), measure()];
    const written = (0,promises_.pipeline)(tar, inner.stream, (0,external_node_zlib_.createGzip)({ level: GZIP_LEVEL }), outer.stream, (0,external_node_fs_.createWriteStream)(file, { flags: 'wx' }), { signal: deadline });
    // Whichever fails first ends the other: destroying the tar fails the pipeline with the same error.
    const filled = fill(tar, entries, new Date(created * 1000)).catch((error) => tar.destroy(error));
    try {
        await written;
    }
    catch (cause) {
        if (deadline.aborted)
            throw new outcome/* Unavailable */.$P('the layer was not written in time', { cause });
        throw cause;
    }
    await filled;
    return { file, digest: outer.digest(), size: outer.size(), diffId: inner.digest() };
}
async function fill(tar, entries, mtime) {
    const common = { uid: 0, gid: 0, uname: '', gname: '', mtime };
    for (const entry of entries) {
        if (entry.type === 'file')
            await addFile(tar, entry, common);
        else if (entry.type === 'directory')
            tar.entry({ ...common, name: `${entry.path}/`, type: 'directory', mode: 0o755 });
        else
            tar.entry({ ...common, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
    }
    tar.finalize();
}
async function addFile(tar, entry, common) {
    try {
        const env_1 = { stack: [], error: void 0, hasError: false };
        try {
            // What was a file when it was looked at may be a link by now.
            const handle = __addDisposableResource(env_1, await (0,external_node_fs_promises_.open)(entry.source, external_node_fs_.constants.O_RDONLY | external_node_fs_.constants.O_NOFOLLOW), true);
            const { size } = await handle.stat();
            const header = {
                ...common,
                name: entry.path,
                type: 'file',
                mode: entry.executable ? 0o755 : 0o644,
                size,
            };
            await (0,promises_.pipeline)(handle.createReadStream({ autoClose: false }), tar.entry(header));
        }
        catch (e_1) {
            env_1.error = e_1;
            env_1.hasError = true;
        }
        finally {
            const result_1 = __disposeResources(env_1);
            if (result_1)
                await result_1;
        }
    }
    catch (cause) {
        throw new outcome/* Invalid */.WO('files', `"/${entry.path}" could not be read, or changed while it was (${cause.message})`, { cause });
    }
}
function measure() {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    let size = 0;
    const stream = new external_node_stream_.Transform({
        transform(chunk, _encoding, done) {
            hash.update(chunk);
            size += chunk.length;
            done(null, chunk);
        },
    });
    return { stream, digest: () => (0,image_digest/* parseDigest */.m)(`sha256:${hash.digest('hex')}`), size: () => size };
}

;// CONCATENATED MODULE: ./build/shared/builders/layers.js











/** Assembles the image: the same commit, base and files give the same digest for one version of Node on one kind of machine, and the same diffIDs anywhere. */
const buildLayers = async (request, context) => {
    const { base, layout: folder } = request;
    const layout = (0,store_open/* openStore */.C)({ kind: 'layout', folder }, { ...(0,store_open/* storeOptions */.S)(context), workspace: folder });
    const entries = await collectFiles(request.folder, request.files);
    const layers = new Map();
    const packEntries = (wanted) => {
        const key = wanted.map(({ path }) => path).join('\0');
        const layer = layers.get(key) ??
            writeLayer(wanted, (0,external_node_path_.join)(request.temp, `layer-${layers.size}.tar.gz`), request.created, context.deadline);
        layers.set(key, layer);
        return layer;
    };
    const manifests = [];
    for (const platform of choosePlatforms(request.platforms, base)) {
        const lower = base === undefined ? emptyBase(platform) : await copyBase(base, platform, layout);
        // A folder that the base has keeps the mode it has there; a link to a folder stays a link.
        const there = await listFolders(layout, lower.layers, context.deadline);
        const upper = entries.filter((entry) => entry.type !== 'directory' || !there.has(entry.path));
        const layer = upper.length === 0 ? undefined : await packEntries(upper);
        manifests.push({
            ...(await writeManifest(request, lower, layer, layout)),
            platform: platformOf(lower.config),
        });
    }
    const digest = await writeRoot(request, manifests, layout);
    const name = base && `${base.store.place}@${base.image.digest}`;
    context.log.info(`layers: ${entries.length} entries on ${name ?? 'scratch'} for ${manifests.map((one) => one.platform && (0,image_platform/* formatPlatform */.Bq)(one.platform)).join(', ')}`);
    return { digest, materials: base ? [describeBase(base)] : [] };
};
/** The base as a package URL (package-url/purl-spec, type oci). */
function describeBase({ store, image: { digest } }) {
    const name = store.place.slice(store.place.lastIndexOf('/') + 1).toLowerCase();
    const where = store.host === undefined ? '' : `?repository_url=${encodeURIComponent(store.place)}`;
    return {
        uri: `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}${where}`,
        digest: { [(0,image_digest/* digestAlgorithm */.g4)(digest)]: (0,image_digest/* digestHex */.sU)(digest) },
    };
}
function emptyBase(platform) {
    return { config: { ...platform, rootfs: { type: 'layers', diff_ids: [] } }, layers: [], annotations: {} };
}
async function copyBase(base, platform, layout) {
    const found = pickPlatform(base, platform);
    const config = await readBaseConfig(base, found);
    const layers = found.manifest.layers.map(adoptLayer);
    for (const layer of layers)
        await layout.putBlob(layer, () => base.store.getBlob(layer));
    return {
        config,
        layers,
        // image-spec, annotations.md: what this image was built on, by the digest of that very platform.
        annotations: {
            'org.opencontainers.image.base.digest': found.descriptor.digest,
            ...(base.store.host !== undefined && {
                'org.opencontainers.image.base.name': `${base.store.place}@${base.image.digest}`,
            }),
        },
    };
}
function platformOf({ architecture, os, variant, ...rest }) {
    return {
        architecture,
        os,
        ...(variant !== undefined && { variant }),
        ...(rest['os.version'] !== undefined && { 'os.version': rest['os.version'] }),
        ...(rest['os.features'] !== undefined && { 'os.features': rest['os.features'] }),
    };
}
async function writeManifest(request, lower, layer, layout) {
    if (layer)
        await layout.putBlob(layer, () => (0,external_node_fs_.createReadStream)(layer.file));
    const config = Buffer.from(JSON.stringify(buildConfig(request, lower.config, layer)));
    const configDescriptor = { mediaType: descriptor/* MEDIA_TYPE */.Ap.config, digest: (0,hash/* digestOf */.o)(config), size: config.length };
    await layout.putBlob(configDescriptor, () => config);
    const manifest = {
        schemaVersion: 2,
        mediaType: descriptor/* MEDIA_TYPE */.Ap.manifest,
        config: configDescriptor,
        layers: [
            ...lower.layers,
            ...(layer ? [{ mediaType: descriptor/* MEDIA_TYPE */.Ap.layerGzip, digest: layer.digest, size: layer.size }] : []),
        ],
        annotations: sortKeys({ ...lower.annotations, ...request.annotations }),
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const { digest } = await layout.putManifest(bytes, descriptor/* MEDIA_TYPE */.Ap.manifest);
    return { mediaType: descriptor/* MEDIA_TYPE */.Ap.manifest, digest, size: bytes.length };
}
function buildConfig(request, lower, layer) {
    const { Cmd, Entrypoint, Env, Labels, User, ...kept } = lower.config ?? {};
    const created = new Date(request.created * 1000).toISOString().replace('.000Z', 'Z');
    const env = mergeEnv(Env ?? [], request.env);
    const user = request.user ?? User;
    const entrypoint = request.entrypoint ?? Entrypoint;
    const cmd = request.entrypoint === undefined ? Cmd : undefined;
    return {
        created,
        ...platformOf(lower),
        config: {
            ...kept,
            ...(user && { User: user }),
            ...(env.length > 0 && { Env: env }),
            ...(entrypoint && { Entrypoint: [...entrypoint] }),
            ...(cmd && { Cmd: cmd }),
            Labels: sortKeys({ ...Labels, ...request.labels }),
        },
        rootfs: { type: 'layers', diff_ids: [...lower.rootfs.diff_ids, ...(layer ? [layer.diffId] : [])] },
        history: [
            ...(lower.history ?? []),
            {
                created,
                created_by: `hallmark layers: ${request.files.join(', ') || 'no files'}`,
                ...(layer === undefined && { empty_layer: true }),
            },
        ],
    };
}
function mergeEnv(lower, added) {
    const merged = new Map(lower.map((entry) => [entry.split('=', 1)[0] ?? entry, entry]));
    for (const [name, value] of added)
        merged.set(name, `${name}=${value}`);
    return [...merged.values()];
}
/** One manifest is the image; several get an index. */
async function writeRoot(request, manifests, layout) {
    const [only] = manifests;
    if (only === undefined)
        throw new outcome/* Invalid */.WO('platforms', 'names none');
    if (manifests.length === 1)
        return only.digest;
    const index = {
        schemaVersion: 2,
        mediaType: descriptor/* MEDIA_TYPE */.Ap.index,
        manifests,
        annotations: sortKeys(request.annotations),
    };
    return (await layout.putManifest(Buffer.from(JSON.stringify(index)), descriptor/* MEDIA_TYPE */.Ap.index)).digest;
}
function sortKeys(record) {
    return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}


/***/ })

};
