export const id = 925;
export const ids = [925];
export const modules = {

/***/ 36925:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   buildWithBuildkit: () => (/* binding */ buildWithBuildkit)
/* harmony export */ });
/* unused harmony export readMaterials */
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(27597);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(5725);
/* harmony import */ var _image_platform_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(74851);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(56339);
/* harmony import */ var _process_run_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(72347);
/* harmony import */ var _engine_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(28331);








/** Builds a Dockerfile. A build that fails by itself is `Invalid` (the Dockerfile is the caller's), an engine or a registry out of reach `Unavailable`. */
const buildWithBuildkit = async (request, context) => {
    const { engine } = request;
    const metadataFile = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(request.temp, 'metadata.json');
    const variables = new Map();
    const args = [
        ...engine.prefix,
        'build',
        ...['--file', request.file, '--progress', 'plain'],
        // Attached attestations are unsigned and show as unknown/unknown; what they would say is read from the metadata instead.
        ...['--provenance=false', '--sbom=false'],
        ...['--output', formatOutput(request), '--metadata-file', metadataFile],
        ...(request.platforms.length > 0 ? ['--platform', request.platforms.map(_image_platform_js__WEBPACK_IMPORTED_MODULE_3__/* .formatPlatform */ .Bq).join(',')] : []),
        ...(request.target === undefined ? [] : ['--target', request.target]),
        ...request.buildArgs.flatMap(([name, value]) => [
            '--build-arg',
            passArgument(name, value, variables, context),
        ]),
        ...Object.entries(request.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
        ...formatAnnotations(request),
        ...request.secrets.flatMap((line) => ['--secret', passSecret(line, variables, context)]),
        ...request.cacheFrom.flatMap((cache) => ['--cache-from', cache]),
        ...request.cacheTo.flatMap((cache) => ['--cache-to', cache]),
        request.folder,
    ];
    const caches = [...request.cacheFrom, ...request.cacheTo];
    const result = await context.log.group(`docker buildx build (driver ${engine.driver})`, () => (0,_process_run_js__WEBPACK_IMPORTED_MODULE_5__/* .runProcess */ .R)(engine.command, args, {
        env: {
            ...Object.fromEntries(variables),
            ...(0,_engine_js__WEBPACK_IMPORTED_MODULE_6__/* .buildxEnvironment */ .Q)(context, { githubCache: caches.some((cache) => /\btype=gha\b/.test(cache)) }),
            SOURCE_DATE_EPOCH: String(request.created),
        },
        cwd: context.workspace,
        deadline: context.deadline,
        onLine: (line) => context.log.info(line),
    }));
    if (result.code !== 0)
        throw explainFailure(result.stderr);
    return readResult(request.layout, metadataFile);
};
function formatOutput({ layout, rewriteTimestamps }) {
    const destination = `"dest=${layout.replaceAll('"', '""')}"`;
    return `type=oci,tar=false,oci-mediatypes=true,${destination}${rewriteTimestamps ? ',rewrite-timestamp=true' : ''}`;
}
function formatAnnotations({ annotations, platforms }) {
    // BuildKit refuses annotations of an index where it writes none.
    const level = platforms.length > 1 ? 'index,manifest' : 'manifest';
    return Object.entries(annotations).flatMap(([name, value]) => [
        '--annotation',
        `${level}:${name}=${value}`,
    ]);
}
const looksSecret = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|(?:^|_)KEY$/i;
// Variables that buildx or its loader would obey themselves; arguments of these names are settings, not secrets.
const obeyed = /^(?:PATH|HOME|TMPDIR|SOURCE_DATE_EPOCH|SSL_.*|SSH_.*|LD_.*|DYLD_.*|GO[A-Z]*|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|ACTIONS_.*|AWS_.*|.*_PROXY)$/i;
/** A build argument by name alone, its value in the environment of buildx, so that it stands in no list of processes. */
function passArgument(name, value, variables, context) {
    if (looksSecret.test(name)) {
        context.log.warning(`build-args: "${name}" looks like a secret; build arguments stay readable in the image's history. Give it through "secrets" and RUN --mount=type=secret.`);
    }
    if (obeyed.test(name))
        return `${name}=${value}`;
    variables.set(name, value);
    return name;
}
/** A secret for `--secret`, with its value in an environment variable or a file, never in an argument. */
function passSecret(line, variables, context) {
    const isBuildx = /^(?:type=\w+,)?id=[^,]+(?:,|$)/.test(line);
    if (!isBuildx) {
        const equals = line.indexOf('=');
        if (equals <= 0)
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Invalid */ .WO('secrets', 'takes id=NAME,env=VARIABLE or id=NAME,src=FILE or NAME=value, one a line');
        const variable = `HALLMARK_SECRET_${variables.size}`;
        context.log.mask(line.slice(equals + 1));
        variables.set(variable, line.slice(equals + 1));
        return `id=${line.slice(0, equals)},env=${variable}`;
    }
    const fields = Object.fromEntries(line.split(',').map((field) => field.split('=', 2)));
    if (fields.src !== undefined || fields.source !== undefined)
        return line;
    const variable = fields.env ?? fields.id;
    const value = context.readNamedVariable(variable);
    if (value === undefined) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Invalid */ .WO('secrets', `"${line}" reads the environment variable ${variable}, which is not set`);
    }
    variables.set(variable, value);
    return line;
}
const transport = /connection re(?:fused|set)|i\/o timeout|no such host|TLS handshake|certificate signed by|deadline exceeded|failed to do request|error reading from server|unexpected EOF|cannot connect to the docker daemon|failed to connect|too many requests|50[0234] /i;
function explainFailure(stderr) {
    const lines = stderr.split('\n').map((line) => line.trim());
    const reason = lines
        .findLast((line) => line.startsWith('ERROR:'))
        ?.slice('ERROR:'.length)
        .trim() ??
        lines.at(-1) ??
        '';
    if (transport.test(reason)) {
        return new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Unavailable */ .$P(`the build did not reach what it needs: ${reason}`, {
            hint: 'Nothing was pushed; run the job again.',
        });
    }
    return new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Invalid */ .WO('file', `the Dockerfile did not build: ${reason}`, {
        hint: 'The lines above are the whole output of buildx.',
    });
}
const layoutIndexSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({ manifests: zod__WEBPACK_IMPORTED_MODULE_7__/* .array */ .YOg(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_2__/* .descriptorSchema */ .TM).length(1) });
const materialsSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({ uri: zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP(), digest: zod__WEBPACK_IMPORTED_MODULE_7__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP()).optional() }));
/** BuildKit's own provenance: SLSA v0.2 has `materials`, v1 `resolvedDependencies`. Nothing else of it is read: it holds the build arguments' values. */
const buildkitProvenanceSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({
    materials: materialsSchema.optional(),
    buildDefinition: zod__WEBPACK_IMPORTED_MODULE_7__/* .object */ .Ikc({ resolvedDependencies: materialsSchema.optional() }).optional(),
});
const metadataSchema = zod__WEBPACK_IMPORTED_MODULE_7__/* .looseObject */ ._H3({ 'containerimage.digest': zod__WEBPACK_IMPORTED_MODULE_7__/* .string */ .YjP() });
async function readResult(layout, metadataFile) {
    const index = layoutIndexSchema.safeParse(await readJson((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(layout, 'index.json')));
    const metadata = metadataSchema.safeParse(await readJson(metadataFile));
    if (!index.success || !metadata.success) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Unavailable */ .$P('BuildKit wrote no OCI layout with one image, or no metadata about it', {
            hint: 'Set up a builder with docker/setup-buildx-action, or use "builder: layers".',
        });
    }
    const digest = index.data.manifests[0]?.digest;
    if (digest === undefined || digest !== metadata.data['containerimage.digest']) {
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Refused */ .Lw(`BuildKit says it built ${metadata.data['containerimage.digest']}, but its layout holds ${digest}`, {
            hint: 'An old engine reports the ID of the image instead of its digest; set up a newer one with docker/setup-buildx-action.',
        });
    }
    return { digest, materials: readMaterials(metadata.data) };
}
/** The base images and downloads that the metadata file names, by digest. Addresses lose user names, passwords and queries. */
function readMaterials(metadata) {
    const found = new Map();
    for (const [key, value] of Object.entries(metadata)) {
        if (key !== 'buildx.build.provenance' && !key.startsWith('buildx.build.provenance/'))
            continue;
        const provenance = buildkitProvenanceSchema.safeParse(value);
        if (!provenance.success) {
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_4__/* .Unavailable */ .$P('BuildKit’s metadata names its materials in a shape that is not known', {
                cause: provenance.error,
                retrySafe: false,
            });
        }
        const { materials = [], buildDefinition } = provenance.data;
        for (const { uri, digest } of [...materials, ...(buildDefinition?.resolvedDependencies ?? [])]) {
            if (digest === undefined || Object.keys(digest).length === 0)
                continue;
            const address = withoutSecrets(uri);
            found.set(`${address} ${JSON.stringify(digest)}`, { uri: address, digest });
        }
    }
    return [...found.values()];
}
function withoutSecrets(uri) {
    const bare = uri.replace(/\/\/[^/@]*@/, '//');
    return /^(?:git\+)?https?:/.test(bare) ? bare.replace(/\?[^#]*/, '') : bare;
}
async function readJson(file) {
    try {
        return JSON.parse(await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(file, 'utf8'));
    }
    catch {
        return undefined;
    }
}


/***/ })

};
