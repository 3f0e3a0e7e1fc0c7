export const id = 902;
export const ids = [902];
export const modules = {

/***/ 36193:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   L: () => (/* binding */ copyImage)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(27597);
/* harmony import */ var _image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(5725);
/* harmony import */ var _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(56339);
/* harmony import */ var _attach_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(32157);
/* harmony import */ var _json_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(8782);
/* harmony import */ var _parallel_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(57959);
/* harmony import */ var _subjects_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(94053);







/** How many blobs move at once. Between two repositories of one registry each may hold two of its connections. */
const TRANSFERS = 20;
const REQUESTS = 16;
/**
 * Copies an image with everything below it, from any store to any store, byte for byte: every manifest (BuildKit's attestations too),
 * every blob but those that are fetched elsewhere (nondistributable), and with `referrers` all that refers to any of its manifests,
 * and to those in turn. Children are written before parents, evidence before the image. What the destination holds is not sent again.
 */
async function copyImage(from, to, digest, options = {}) {
    await to.prepareUploads(0);
    const route = { from, to, withReferrers: options.referrers ?? false };
    const there = to.resolve(digest).then((found) => found !== undefined);
    const root = await readNode(route, digest, from.getManifest(digest), there);
    if (!root)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place} holds no ${digest}`);
    const nodes = listNodes(root);
    const { sent, mounted } = await copyBlobs(from, to, nodes);
    const written = new Map();
    const [platforms, evidence] = await Promise.all([
        writeNodes(to, root.children, written),
        writeReferrers(to, nodes, written),
    ]);
    const whole = await writeRoot(to, root, options.tag);
    return { copied: sent + platforms + evidence + whole, mounted };
}
/** Reads a manifest, all below it and (at the same time, because its digest is enough for that) its referrers. */
async function readNode(route, digest, reading, there) {
    const [below, referrers, present] = await Promise.all([
        reading.then((stored) => stored && readBelow(route, stored)),
        route.withReferrers ? readReferrers(route, digest, there) : [],
        there,
    ]);
    return below && { ...below, referrers, present };
}
async function readBelow(route, stored) {
    const { from, to } = route;
    const { descriptor, bytes } = stored;
    if (!(0,_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .isIndexType */ .$U)(descriptor.mediaType)) {
        const manifest = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .manifestSchema */ .rc, bytes);
        if (!manifest)
            throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place}@${descriptor.digest} is no manifest that can be copied`);
        return { stored, children: [], blobs: [manifest.config, ...manifest.layers.filter(isDistributable)] };
    }
    const index = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(_image_descriptor_js__WEBPACK_IMPORTED_MODULE_0__/* .indexSchema */ .me, bytes);
    if (!index)
        throw new _outcome_outcome_js__WEBPACK_IMPORTED_MODULE_1__/* .Refused */ .Lw(`${from.place}@${descriptor.digest} is no index that can be copied`);
    const entries = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
    const children = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)(entries, REQUESTS, async (child) => {
        const there = to.resolve(child.digest).then((found) => found !== undefined);
        return (await readNode(route, child.digest, (0,_subjects_js__WEBPACK_IMPORTED_MODULE_3__/* .getChild */ .h)(from, descriptor.digest, child), there)) ?? [];
    });
    return { stored, children: children.flat(), blobs: [] };
}
async function readReferrers(route, subject, there) {
    const { from, to } = route;
    // Where the subject is not, nothing is listed. What is listed may still be gone.
    const listedThere = there.then(async (found) => (found ? await to.listReferrers(subject) : []));
    const isThere = async (digest) => (await listedThere).some((one) => one.digest === digest) && (await to.resolve(digest)) !== undefined;
    const read = from.listReferrers(subject).then((listed) => (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)(listed, REQUESTS, async ({ digest }) => {
        const reading = readReferrer(from, digest, subject);
        return (await readNode(route, digest, reading, isThere(digest))) ?? [];
    }));
    const [nodes] = await Promise.all([read, listedThere]);
    return nodes.flat();
}
const subjectSchema = zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ subject: zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ digest: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP() }) });
/** Lists are hints: what is gone, or refers to something else, is undefined. */
async function readReferrer(from, digest, subject) {
    const stored = await from.getManifest(digest);
    return stored && (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(subjectSchema, stored.bytes)?.subject.digest === subject ? stored : undefined;
}
/** Layers that an image leaves where they are (image-spec 1.1, "Non-Distributable Layers"; Docker's foreign layers). */
function isDistributable({ mediaType }) {
    return !mediaType.includes('.nondistributable.') && !mediaType.includes('.rootfs.foreign.');
}
function listNodes(node) {
    return [node, ...node.children.flatMap(listNodes), ...node.referrers.flatMap(listNodes)];
}
async function copyBlobs(from, to, nodes) {
    const wanted = new Map();
    for (const { blobs, present } of nodes) {
        for (const blob of blobs) {
            wanted.set(blob.digest, { blob, present: present || (wanted.get(blob.digest)?.present ?? false) });
        }
    }
    const results = await (0,_parallel_js__WEBPACK_IMPORTED_MODULE_5__/* .mapParallel */ .E)([...wanted.values()], TRANSFERS, async ({ blob, present }) => {
        // A registry that has the manifest should have its blobs; clean-ups have been seen to break that.
        if (present && (await to.hasBlob(blob.digest)))
            return 'present';
        return to.putBlob(blob, () => from.getBlob(blob), from);
    });
    return {
        sent: results.filter((result) => result === 'sent').length,
        mounted: results.filter((result) => result === 'mounted').length,
    };
}
/** Writes manifests, each after its children and once. Resolves to how many were sent. */
async function writeNodes(to, nodes, written) {
    const counts = nodes.map((node) => {
        const { digest } = node.stored.descriptor;
        const begun = written.get(digest);
        if (begun)
            return begun.then(() => 0);
        const writing = writeNodes(to, node.children, written).then(async (below) => below + (await writeManifest(to, node)));
        written.set(digest, writing);
        return writing;
    });
    return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}
async function writeManifest(to, { stored, present }) {
    if (present)
        return 0;
    const { digest, mediaType } = stored.descriptor;
    await to.putManifest(stored.bytes, mediaType, digest);
    return 1;
}
async function writeReferrers(to, nodes, written) {
    const missing = nodes.flatMap(({ stored, referrers }) => referrers.filter(({ present }) => !present).map((node) => ({ subject: stored.descriptor.digest, node })));
    const below = await writeNodes(to, missing.flatMap(({ node }) => node.children), written);
    await (0,_attach_js__WEBPACK_IMPORTED_MODULE_2__/* .pushReferrers */ .zA)(to, missing.map(({ subject, node: { stored } }) => ({
        subject,
        bytes: stored.bytes,
        descriptor: describeReferrer(stored),
    })));
    return below + missing.length;
}
const referrerSchema = zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({
    artifactType: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP().optional(),
    config: zod__WEBPACK_IMPORTED_MODULE_6__/* .object */ .Ikc({ mediaType: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP() }).optional(),
    annotations: zod__WEBPACK_IMPORTED_MODULE_6__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP()).optional(),
});
/** The descriptor as referrers lists carry it: artifactType (the config's type where there is none) and annotations are the manifest's own. */
function describeReferrer({ descriptor, bytes }) {
    const { artifactType, config, annotations } = (0,_json_js__WEBPACK_IMPORTED_MODULE_4__/* .readJson */ .V)(referrerSchema, bytes) ?? {};
    const type = artifactType ?? config?.mediaType;
    return { ...descriptor, ...(type && { artifactType: type }), ...(annotations && { annotations }) };
}
async function writeRoot(to, root, tag) {
    const { digest, mediaType } = root.stored.descriptor;
    if (tag === undefined)
        return writeManifest(to, root);
    if ((await to.resolve(tag))?.digest === digest)
        return 0;
    await to.putManifest(root.stored.bytes, mediaType, tag);
    return 1;
}


/***/ }),

/***/ 43902:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  promote: () => (/* binding */ promote)
});

// EXTERNAL MODULE: ./build/shared/environment/tags.js
var environment_tags = __webpack_require__(41753);
// EXTERNAL MODULE: ./build/shared/github/policy.js + 1 modules
var github_policy = __webpack_require__(76952);
// EXTERNAL MODULE: ./build/shared/image/digest.js
var image_digest = __webpack_require__(93968);
// EXTERNAL MODULE: ./build/shared/image/reference.js
var image_reference = __webpack_require__(39607);
// EXTERNAL MODULE: ./build/shared/outcome/outcome.js
var outcome = __webpack_require__(56339);
// EXTERNAL MODULE: ./build/shared/policy/file.js + 1 modules
var file = __webpack_require__(533);
// EXTERNAL MODULE: ./build/shared/report/markdown.js
var markdown = __webpack_require__(15210);
// EXTERNAL MODULE: ./build/shared/report/verdict.js
var report_verdict = __webpack_require__(88738);
// EXTERNAL MODULE: ./build/shared/sigstore/collect.js
var collect = __webpack_require__(59797);
// EXTERNAL MODULE: ./build/shared/sigstore/signer.js + 2 modules
var sigstore_signer = __webpack_require__(84419);
// EXTERNAL MODULE: ./build/shared/store/copy.js
var copy = __webpack_require__(36193);
// EXTERNAL MODULE: ./build/shared/store/open.js + 8 modules
var store_open = __webpack_require__(67494);
// EXTERNAL MODULE: ./build/shared/store/subjects.js
var subjects = __webpack_require__(94053);
;// CONCATENATED MODULE: ./build/shared/environment/chain.js

/**
 * Orders an environment's verified records by sequence, each continuing the one that stood before it.
 * Of several that continue the same one, the first by the log's time stands. A gap, and a record that continues
 * anything but what stood, are `Refused` with every reason: somebody has to look before anything moves on.
 */
function orderRecords(environment, records) {
    const standing = [];
    const superseded = [];
    const reasons = [];
    const last = Math.max(0, ...records.map(({ promotion }) => promotion.sequence));
    for (let sequence = 1; sequence <= last; sequence += 1) {
        const before = standing.at(-1);
        const rivals = records.filter(({ promotion }) => promotion.sequence === sequence);
        if (rivals.length === 0) {
            reasons.push(`the records of ${environment} have a gap: promotion ${sequence} of ${last} is missing`);
            // Everything after a gap continues something unknown; saying so of each would hide the reason.
            break;
        }
        const continuing = rivals.filter(({ promotion }) => promotion.previous === before?.record);
        for (const stray of rivals.filter((rival) => !continuing.includes(rival))) {
            reasons.push(`the records of ${environment} fork: ${stray.tag} continues ${stray.promotion.previous ?? 'nothing'}, but ${before?.record ?? 'nothing'} stood before it`);
        }
        const [first, ...others] = continuing.sort(compareTimes);
        if (first === undefined)
            break;
        standing.push(first);
        superseded.push(...others);
    }
    if (reasons.length > 0)
        throw new outcome/* Refused */.Lw(reasons);
    return { standing, superseded };
}
/** By trusted time; a record without one comes last, and the digest decides between equals so that all readers agree. */
function compareTimes(a, b) {
    const [first, second] = [a, b].map(({ signedAt }) => signedAt === undefined ? Infinity : Date.parse(signedAt));
    if (first !== second)
        return (first ?? 0) < (second ?? 0) ? -1 : 1;
    return a.record < b.record ? -1 : 1;
}

// EXTERNAL MODULE: ./build/shared/evidence/predicate.js
var predicate = __webpack_require__(60889);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 9 modules
var schemas = __webpack_require__(27597);
;// CONCATENATED MODULE: ./build/shared/evidence/promotion.js


const digest = schemas/* custom */.IeY((value) => typeof value === 'string' && (0,image_digest/* isDigest */.Bc)(value), 'is no digest');
/**
 * What a promotion record says (the predicate of `PREDICATE_TYPES.promotion`): this image became what the environment holds.
 * Its subject is the image's root manifest; when it was said is the log's to tell, not the record's.
 */
const promotionSchema = schemas/* object */.Ikc({
    environment: schemas/* string */.YjP(),
    /** Where the environment lives: `ghcr.io/octo/app`. A record copied to another repository says nothing there. */
    repository: schemas/* string */.YjP(),
    /** GitHub's id of the repository whose policy this is, so that a renamed one is not taken for it. */
    repositoryId: schemas/* string */.YjP(),
    digest,
    /** 1 for the first promotion of an environment, then one more each time. */
    sequence: schemas/* number */.aig().int().min(1).max(999_999),
    /** Digest of the record that stood before (its referrer manifest); absent in the first. */
    previous: digest.optional(),
    /** Digest of the verdict that allowed it (its referrer manifest, beside the image). */
    verdict: digest,
    requestedBy: schemas/* string */.YjP().optional(),
    reason: schemas/* string */.YjP().optional(),
    /** The policy that judged, with its own bytes (base64): a rollback needs it also when GitHub is down. */
    policy: schemas/* object */.Ikc({ uri: schemas/* string */.YjP(), digest, content: schemas/* base64 */.K39() }),
});

// EXTERNAL MODULE: ./build/shared/evidence/trust.js
var evidence_trust = __webpack_require__(52654);
// EXTERNAL MODULE: ./build/shared/sigstore/publish.js
var publish = __webpack_require__(91656);
;// CONCATENATED MODULE: ./build/shared/verbs/environment.js










/**
 * Reads an environment from its repository: every promotion's tag, and beside the image it names the record that a promoter signed.
 * A tag without such a record, and a chain that does not hold, are `Refused` with every reason: nothing moves on top of them.
 */
async function readEnvironment(store, environment, verifier, trust) {
    const [tags, pointer] = await Promise.all([store.listTags(), store.resolve((0,environment_tags/* pointerTag */.ES)(environment))]);
    const promotions = tags.flatMap((tag) => {
        const parsed = (0,environment_tags/* parseRecordTag */.fS)(environment, tag);
        return parsed ? [{ tag, ...parsed }] : [];
    });
    const named = await Promise.all(promotions.map(async (promotion) => ({
        ...promotion,
        digest: (await store.resolve(promotion.tag))?.digest,
    })));
    const digests = new Set(named.flatMap(({ digest }) => digest ?? []));
    const images = new Map(await Promise.all([...digests].map(async (digest) => [digest, await readRecordsOf(store, digest, verifier, trust)])));
    const records = [];
    const reasons = [];
    for (const { tag, sequence, digest, ...name } of named) {
        const image = digest && images.get(digest);
        if (!image || (0,image_digest/* shortDigest */.VK)(image.digest) !== name.shortDigest) {
            reasons.push(`${tag} names ${digest ?? 'no image'}; the tag of a promotion is written once and never moves`);
            continue;
        }
        const found = image.evidence
            .map((evidence) => readRecord(tag, evidence))
            .filter((record) => record !== undefined)
            .filter(({ promotion }) => promotion.environment === environment && promotion.repository === store.place)
            .filter(({ promotion }) => promotion.sequence === sequence && promotion.digest === digest);
        records.push(...found);
        if (found.length === 0)
            reasons.push(explainMissing(tag, image));
    }
    if (reasons.length > 0) {
        throw new outcome/* Refused */.Lw(reasons, {
            hint: `Nothing moves into ${environment} until someone has looked at ${store.place} and removed what does not belong there.`,
        });
    }
    const chain = orderRecords(environment, records);
    return {
        ...chain,
        current: chain.standing.at(-1),
        pointer: pointer?.digest,
        tags: promotions.map(({ tag }) => tag),
    };
}
/** Only promoters are asked for: all other evidence is none of a record's business. */
async function readRecordsOf(store, digest, verifier, trust) {
    const image = await (0,subjects/* listSubjects */.U)(store, digest);
    return (0,collect/* collectEvidence */.m)(store, image, verifier, { promoter: trust.promoter ?? [] });
}
function readRecord(tag, { kind, source, statement, signedAt }) {
    if (kind !== 'promotion')
        return undefined;
    const { data: promotion } = promotionSchema.safeParse(statement.predicate);
    return promotion && { tag, record: source, promotion, signedAt };
}
function explainMissing(tag, image) {
    const forged = image.rejected.filter(({ predicateType }) => predicateType !== undefined && (0,predicate/* kindOfPredicate */.dT)(predicateType) === 'promotion');
    const why = forged.map(({ source, reason }) => `${source} does not count: ${reason}`);
    return [`${tag} has no record by a promoter that says so`, ...why].join('; ');
}
/**
 * Signs the record of a promotion, attaches it to the image and writes its tag. A record that would not count, because this run holds
 * no promoter role, is `Refused` before anything is attached.
 */
async function recordPromotion(store, image, promotion, signer, verifier, trust) {
    const { environment, sequence, digest } = promotion;
    const claim = { predicateType: predicate/* PREDICATE_TYPES */.Cs.promotion[0], predicate: promotion, subjects: [digest] };
    await (0,publish/* publishStatements */.a)(store, image, signer, [claim], async (bundle) => {
        const { signer: self } = await verifier.verify(bundle);
        if ((0,evidence_trust/* rolesOf */.R7)(trust, self).includes('promoter'))
            return;
        const reasons = (trust.promoter ?? []).map((rule) => (0,evidence_trust/* explainMismatch */.QH)(rule, self));
        throw new outcome/* Refused */.Lw(`the policy does not let this run promote: ${reasons.join('; ') || 'nobody is trusted as promoter'}`);
    });
    const tag = (0,environment_tags/* recordTag */.yg)(environment, sequence, digest);
    const existing = await store.resolve(tag);
    if (existing !== undefined && existing.digest !== digest) {
        throw new outcome/* Refused */.Lw(`${store.place}:${tag} exists and names ${existing.digest}, not ${digest}`);
    }
    if (existing === undefined)
        await writeTag(store, digest, tag);
}
/** How often the pointer is moved again because somebody else recorded a promotion meanwhile. */
const ROUNDS = 10;
/**
 * Points the tag `env-<name>` at what the records say, for people and for deployments that read tags, and returns that state.
 * Looks for new records after each move, so that of several promotions at once the last to finish leaves it right.
 */
async function pointAtCurrent(store, environment, verifier, trust) {
    for (let round = 0; round < ROUNDS; round += 1) {
        const state = await readEnvironment(store, environment, verifier, trust);
        if (state.current === undefined)
            throw new Error(`${environment} has no promotion to point at`);
        const { digest } = state.current.promotion;
        if (state.pointer !== digest)
            await writeTag(store, digest, (0,environment_tags/* pointerTag */.ES)(environment));
        const tags = (await store.listTags()).filter((tag) => (0,environment_tags/* parseRecordTag */.fS)(environment, tag));
        if (tags.every((tag) => state.tags.includes(tag)))
            return state;
    }
    throw new outcome/* Unavailable */.$P(`${store.place}: promotions of ${environment} kept being recorded`, {
        hint: 'Let workflows that promote to one environment share a "concurrency" group.',
    });
}
async function writeTag(store, digest, tag) {
    const stored = await store.getManifest(digest);
    if (stored === undefined)
        throw new outcome/* Refused */.Lw(`${store.place} no longer holds ${digest}`);
    await store.putManifest(stored.bytes, stored.descriptor.mediaType, tag);
    const read = await store.resolve(tag);
    if (read?.digest !== digest) {
        throw new outcome/* Refused */.Lw(`${store.place}:${tag} was written as ${digest} and reads as ${read?.digest ?? 'nothing'}`);
    }
}

// EXTERNAL MODULE: ./build/shared/verbs/judge.js + 5 modules
var judge = __webpack_require__(8572);
;// CONCATENATED MODULE: ./build/shared/verbs/promote.js















/**
 * Makes an image what an environment holds: judged, copied with all its evidence, verified where it arrived, recorded, and only then pointed at.
 * Whatever fails before the record leaves the environment as it was; running it again completes or repeats nothing.
 */
async function promote(inputs, context) {
    const reference = (0,image_reference/* parseDigestReference */.Dn)(inputs.image);
    const { digest } = reference;
    const { environment } = inputs;
    if (!(0,environment_tags/* isEnvironmentName */.tq)(environment)) {
        throw new outcome/* Invalid */.WO('environment', 'may hold up to 40 lower-case letters, digits and "-", as in prod');
    }
    const policy = await (0,github_policy/* loadPolicy */.t)(inputs.policy, inputs, context);
    const trust = (0,file/* trustOf */.An)(policy.file);
    const repository = (0,image_reference/* parseRepository */.SU)((0,file/* findEnvironment */.jY)(policy.file, environment).repository);
    const options = (0,store_open/* storeOptions */.S)(context, inputs['github-token']);
    const destination = (0,store_open/* openStore */.C)({ kind: 'registry', repository }, options);
    const verifier = await (0,judge/* openPolicyVerifier */.$P)(policy, inputs, context);
    const before = await readEnvironment(destination, environment, verifier, trust);
    if (before.current?.promotion.digest === digest) {
        if (before.pointer !== digest) {
            await pointAtCurrent(destination, environment, verifier, trust);
            context.log.notice(`The tag ${(0,environment_tags/* pointerTag */.ES)(environment)} did not point at what the records say; it is put right.`);
        }
        context.log.info(`${environment} holds ${digest} already, by promotion ${before.standing.length}.`);
        return describeStanding(destination, before, before.standing.length);
    }
    const source = (0,store_open/* openStore */.C)(reference, options);
    // Asked for before anything is judged: a job that may not sign is told at once.
    const signer = await (0,sigstore_signer/* openSigner */.H)(inputs, context);
    const [image] = await Promise.all([(0,subjects/* listSubjects */.U)(source, digest), signer.claims()]);
    const judgement = await (0,judge/* judgeImage */.xQ)({ store: source, image, environment, policy, verifier, inputs }, context);
    // Beside the source, so that it travels with everything else.
    const verdict = await (0,judge/* publishVerdict */.TP)(judgement, source, image, signer);
    const page = (0,report_verdict/* summarizeVerdict */.d)(judgement);
    if (judgement.decision === 'deny') {
        return {
            outcome: 'refused',
            reasons: judgement.verdict.reasons,
            outputs: {
                image: (0,image_reference/* formatImage */.vy)(reference, digest),
                repository: (0,image_reference/* formatPlace */.dE)(reference),
                digest,
                previous: before.current?.promotion.digest ?? '',
            },
            summary: page,
        };
    }
    const { copied, mounted } = await (0,copy/* copyImage */.L)(source, destination, digest, { referrers: true });
    context.log.info(`Copied to ${destination.place}: ${copied} sent, ${mounted} taken over by the registry.`);
    await verifyArrival(destination, digest, [...judgement.evidence.evidence.map(({ source }) => source), verdict.digest], verifier, trust);
    const promotion = {
        environment,
        repository: destination.place,
        repositoryId: policy.file['repository-id'],
        digest,
        sequence: (before.current?.promotion.sequence ?? 0) + 1,
        ...(before.current && { previous: before.current.record }),
        verdict: verdict.digest,
        ...(context.actor !== undefined && { requestedBy: context.actor }),
        ...(inputs.reason !== undefined && { reason: inputs.reason }),
        policy: { uri: policy.uri, digest: policy.digest, content: policy.bytes.toString('base64') },
    };
    await recordPromotion(destination, image, promotion, signer, verifier, trust);
    const after = await pointAtCurrent(destination, environment, verifier, trust);
    const standing = after.standing[promotion.sequence - 1];
    if (standing?.promotion.digest !== digest) {
        throw new outcome/* Refused */.Lw(`another promotion of ${environment} was logged first: ${standing?.promotion.digest ?? 'none'} stands, this one is recorded as superseded`, { hint: 'Let workflows that promote to one environment share a "concurrency" group.' });
    }
    const result = describeStanding(destination, after, promotion.sequence);
    return { ...result, summary: `${page}\n\n${result.summary}` };
}
/** Everything that counted where the image came from has to count where it arrived. */
async function verifyArrival(destination, digest, expected, verifier, trust) {
    const arrived = await (0,collect/* collectEvidence */.m)(destination, await (0,subjects/* listSubjects */.U)(destination, digest), verifier, trust);
    const counting = new Set(arrived.evidence.map(({ source }) => source));
    const reasons = expected
        .filter((source) => !counting.has(source))
        .map((source) => {
        const why = arrived.rejected.find((rejected) => rejected.source === source)?.reason;
        return `${source} does not count at ${destination.place}: ${why ?? 'it is not there'}`;
    });
    if (reasons.length > 0)
        throw new outcome/* Refused */.Lw(reasons);
}
/** The result of a promotion that stands, whether it was made now or before. */
function describeStanding(destination, state, sequence) {
    const [before, now] = [state.standing[sequence - 2], state.standing[sequence - 1]];
    if (now === undefined)
        throw new Error(`promotion ${sequence} does not stand`);
    const { promotion, record, tag, signedAt } = now;
    return {
        outputs: {
            image: `${destination.place}@${promotion.digest}`,
            repository: destination.place,
            digest: promotion.digest,
            previous: before?.promotion.digest ?? '',
            record: `${destination.place}@${record}`,
        },
        summary: [
            `### ${(0,markdown/* escapeMarkdown */.FV)(promotion.environment)} holds ${(0,markdown/* formatCode */.P_)((0,image_digest/* shortDigest */.VK)(promotion.digest))}`,
            (0,markdown/* formatTable */.ku)(['', ''], [
                ['Image', (0,markdown/* formatCode */.P_)(`${destination.place}@${promotion.digest}`)],
                ['Before', before ? (0,markdown/* formatCode */.P_)(before.promotion.digest) : 'nothing'],
                ['Promotion', `${sequence}, ${(0,markdown/* formatCode */.P_)(tag)}, signed ${signedAt ?? 'at an unproven time'}`],
                ['Record', (0,markdown/* formatCode */.P_)(record)],
                ['Verdict', (0,markdown/* formatCode */.P_)(promotion.verdict)],
                ['Policy', (0,markdown/* formatCode */.P_)(promotion.policy.uri)],
                ['Asked for by', (0,markdown/* escapeMarkdown */.FV)(promotion.requestedBy ?? 'unknown')],
                ['Reason', (0,markdown/* escapeMarkdown */.FV)(promotion.reason ?? 'none was given')],
            ]),
        ].join('\n\n'),
    };
}


/***/ })

};
