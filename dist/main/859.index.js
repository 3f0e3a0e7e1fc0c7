export const id = 859;
export const ids = [859];
export const modules = {

/***/ 74859:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   action: () => (/* binding */ action)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(27597);
/* harmony import */ var _shared_step_action_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(87537);
/* harmony import */ var _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(69114);



const action = (0,_shared_step_action_js__WEBPACK_IMPORTED_MODULE_1__/* .defineAction */ .Q)({
    inputs: zod__WEBPACK_IMPORTED_MODULE_2__/* .object */ .Ikc({
        image: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .requiredText */ .$4,
        environment: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .requiredText */ .$4,
        policy: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .text */ .Qq,
        reason: _shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .text */ .Qq,
        ..._shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .registryInputs */ .P4,
        ..._shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .signingInputs */ .hY,
        ..._shared_step_inputs_js__WEBPACK_IMPORTED_MODULE_0__/* .commonInputs */ .j$,
    }),
    outputs: [..._shared_step_action_js__WEBPACK_IMPORTED_MODULE_1__/* .COMMON_OUTPUTS */ .h, 'previous', 'record'],
    run: async (inputs, context) => {
        const { promote } = await Promise.all(/* import() */[__webpack_require__.e(752), __webpack_require__.e(654), __webpack_require__.e(47), __webpack_require__.e(129), __webpack_require__.e(731), __webpack_require__.e(465), __webpack_require__.e(902)]).then(__webpack_require__.bind(__webpack_require__, 43902));
        return promote(inputs, context);
    },
});


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


/***/ })

};
