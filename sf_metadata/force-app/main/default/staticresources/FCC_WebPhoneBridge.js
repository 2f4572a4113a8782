/**
 * The bridge of FCC WebPhone.
 *
 * Salesforce's Open CTI starts only in the frame that Lightning itself loaded, which is the Visualforce
 * page FCC_WebPhone. The pane lives one frame deeper, in the page's Canvas frame, on another origin. This
 * script, on the page, does three things and no more:
 *
 * 1. It delegates the microphone (and sound, speaker choice, clipboard) to the pane's origin, before the
 *    frame's form is posted. Canvas fills its frame by a form POST, so the frame has no `src`; a bare
 *    `allow="microphone"` would name this page's own origin and give the pane nothing.
 *    Source: W3C Permissions Policy, sections 9.2-9.5 (container policy, 'src' keyword).
 * 2. It passes named Open CTI calls from the pane to Salesforce, with arguments rebuilt from a list of
 *    known names and types, and returns the answer.
 *    Source: Salesforce, Open CTI Developer Guide, "Methods for Lightning Experience".
 * 3. It passes two Open CTI events (a clicked number, a navigation) to the pane.
 *
 * Every message is checked by window (the canvas frame's) and origin (the connector's), in both
 * directions. Canvas exchanges JSON strings with this same frame; ours are objects marked `fcc: 1`, and
 * anything else is left alone. Nothing in here throws, whatever a pane, Salesforce or a browser does.
 *
 * The protocol is described in docs/bridge.md.
 */
(function (window) {
    'use strict';

    const VERSION = '1.0.0';
    const PROTOCOL = 1;
    /** How long Salesforce may take over one call before the pane is told that nothing came back, in ms. */
    const CALL_TIMEOUT_MS = 9000;
    /** A pane that asks for more at once than this is broken. */
    const MAX_PENDING = 64;
    const MAX_TEXT = 32000;
    const FEATURES = ['microphone', 'autoplay', 'speaker-selection', 'clipboard-write'];

    /**
     * @typedef {{code: string, description: string}} BridgeError
     * @typedef {{success: boolean, returnValue: unknown, errors: unknown[] | null}} BridgeResult
     * @typedef {(value: unknown) => boolean} Check
     * @typedef {{[name: string]: Check}} Shape   names ending in "?" may be left out
     */

    // --- checks of single values ------------------------------------------------------------------

    /** @type {(max: number, min?: number) => Check} */
    const text = (max, min = 0) => (value) =>
        typeof value === 'string' && value.length >= min && value.length <= max;
    /** @type {(pattern: RegExp) => Check} */
    const like = (pattern) => (value) => typeof value === 'string' && pattern.test(value);
    /** @type {(low: number, high: number) => Check} */
    const whole = (low, high) => (value) =>
        typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
    /** @type {(...choices: string[]) => Check} */
    const oneOf = (...choices) => (value) => typeof value === 'string' && choices.includes(value);
    /** @type {Check} */
    const yesOrNo = (value) => typeof value === 'boolean';

    const recordId = like(/^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/);
    const apiName = like(/^[A-Za-z][A-Za-z0-9_]{0,79}$/);
    const iconKey = like(/^[a-z][a-z0-9_]{0,59}$/);

    /**
     * An address inside the org: one leading slash, no host, no scheme, nothing a browser might read as one.
     * @type {Check}
     */
    const ownPath = (value) =>
        typeof value === 'string' && value.length <= 2000 && /^\/(?![/\\])[^\\\s]*$/.test(value);

    /** @param {unknown} value @returns {value is Record<string, unknown>} */
    const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

    /** Field values of a record: API names on the left, plain values on the right. @type {Check} */
    const fieldValues = (value) =>
        isObject(value) &&
        Object.keys(value).length <= 100 &&
        Object.entries(value).every(
            ([name, content]) =>
                apiName(name) &&
                (content === null ||
                    typeof content === 'boolean' ||
                    (typeof content === 'number' && Number.isFinite(content)) ||
                    text(MAX_TEXT)(content))
        );

    /** The inputs of a screen flow. @type {Check} */
    const flowInputs = (value) =>
        Array.isArray(value) &&
        value.length <= 50 &&
        value.every(
            (entry) =>
                isObject(entry) &&
                Object.keys(entry).every((key) => ['name', 'type', 'value'].includes(key)) &&
                apiName(entry.name) &&
                text(40, 1)(entry.type)
        );

    /**
     * @param {Shape} shape
     * @returns {Check} true for an object that holds the shape's names, each of the right kind, and no other
     */
    const shaped = (shape) => (value) => mismatch(shape, value) === null;

    /**
     * @param {Shape} shape
     * @param {unknown} value
     * @returns {string | null} the first name that is missing, unknown or of the wrong kind
     */
    function mismatch(shape, value) {
        if (!isObject(value)) {
            return 'args';
        }
        for (const key of Object.keys(value)) {
            if (!has(shape, key) && !has(shape, key + '?')) {
                return key;
            }
        }
        for (const [key, check] of Object.entries(shape)) {
            const name = key.replace(/\?$/, '');
            const given = has(value, name) && value[name] !== undefined;
            if (given ? !check(value[name]) : name === key) {
                return name;
            }
        }
        return null;
    }

    /** @type {{[type: string]: Shape}} What each kind of screen pop may carry. */
    const SCREEN_POPS = {
        sobject: { recordId },
        url: { url: ownPath },
        objecthome: { scope: apiName },
        list: { listViewId: recordId, 'scope?': apiName },
        search: { searchString: text(255, 3) },
        newRecord: { entityName: apiName, 'defaultFieldValues?': fieldValues },
        flow: { flowDevName: apiName, 'flowArgs?': flowInputs }
    };

    /** @type {Shape} */
    const NOTHING = {};

    /**
     * Every call a pane may ask for, with what it may say. A name that is not here does not exist.
     * @type {{[method: string]: Shape}}
     */
    const METHODS = {
        enableClickToDial: NOTHING,
        disableClickToDial: NOTHING,
        isSoftphonePanelVisible: NOTHING,
        getAppViewInfo: NOTHING,
        notifyInitializationComplete: NOTHING,
        refreshView: NOTHING,
        setSoftphonePanelVisibility: { visible: yesOrNo },
        setSoftphonePanelHeight: { heightPX: whole(240, 2560) },
        setSoftphonePanelWidth: { widthPX: whole(200, 1920) },
        setSoftphoneItemLabel: { label: text(80, 1) },
        setSoftphoneItemIcon: { key: iconKey },
        screenPop: {
            type: oneOf(...Object.keys(SCREEN_POPS)),
            params: isObject,
            'defaultFieldValues?': fieldValues
        },
        searchAndScreenPop: {
            searchParams: text(255),
            callType: oneOf('inbound', 'outbound', 'internal'),
            'queryParams?': text(2000),
            'defaultFieldValues?': fieldValues,
            'deferred?': yesOrNo,
            'params?': shaped({ FLOW: shaped({ flowArgs: flowInputs }) })
        },
        saveLog: { value: fieldValues }
    };

    /** What an Open CTI event may carry to the pane. */
    const EVENT_FIELDS = [
        'number', 'recordId', 'recordName', 'objectType', 'accountId', 'contactId', 'personAccount', 'params', 'url'
    ];

    // --- state ------------------------------------------------------------------------------------

    const document = window.document;
    /** The connector's origin; empty when the page does not say. */
    const connector = readConnector();
    /** @type {HTMLIFrameElement | null} */
    let frame = null;
    let paneSaidReady = false;
    /** What the agent looks at, kept for a pane that starts or reloads later. @type {object | null} */
    let lastNavigation = null;
    let pending = 0;
    let ctiFailed = false;
    let ctiAttached = false;

    // --- start ------------------------------------------------------------------------------------

    quietly(() => {
        Object.defineProperty(window, 'fccCanvasFailed', { value: canvasFailed, configurable: true });
        if (connector === '') {
            showNotice('page-not-configured', '');
            return;
        }
        window.addEventListener('error', onError, true);
        window.addEventListener('message', onMessage);
        new window.MutationObserver(lookForFrame).observe(document.documentElement, {
            childList: true,
            subtree: true,
            attributes: true,
            attributeFilter: ['allow', 'name']
        });
        lookForFrame();
        document.addEventListener('DOMContentLoaded', () => quietly(attachCti));
        window.addEventListener('load', () => quietly(attachCti));
    });

    // --- 1. the frame -----------------------------------------------------------------------------

    /** @returns {string} the origin given by the page's configuration, or an empty string */
    function readConnector() {
        try {
            const tag = document.getElementById('fcc-bridge-config');
            const url = new URL(String(JSON.parse(String(tag && tag.textContent)).connector));
            const local = /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
            return url.protocol === 'https:' || (url.protocol === 'http:' && local) ? url.origin : '';
        } catch {
            return '';
        }
    }

    /** Finds the canvas frame, and gives it its permissions. */
    function lookForFrame() {
        quietly(() => {
            const found = document.querySelector('#fcc-pane iframe, iframe[name^="canvas-frame-"]');
            if (!found) {
                return;
            }
            frame = /** @type {HTMLIFrameElement} */ (found);
            const wanted = FEATURES.map((feature) => feature + ' ' + connector).join('; ');
            if (frame.getAttribute('allow') !== wanted) {
                frame.setAttribute('allow', wanted);
            }
        });
    }

    /**
     * What this page knows of the microphone. The browser's own word on a frame (`iframe.featurePolicy`) is of no use
     * here: it goes by the frame's `src`, which a frame filled by a form does not have, and says no even where the pane may.
     * @returns {{allow: string, delegated: boolean | null, outer: boolean | null}} `allow` as it stands on the
     *   frame; `outer`: may this page use the microphone (null: the browser can't tell); `delegated`: it may, and hands
     *   it on to the pane's origin
     */
    function microphone() {
        const allow = (frame && frame.getAttribute('allow')) || '';
        /** @type {boolean | null} */
        let outer = null;
        try {
            const owner = /** @type {any} */ (document);
            const policy = owner.permissionsPolicy || owner.featurePolicy;
            outer = policy ? Boolean(policy.allowsFeature('microphone')) : null;
        } catch {
            outer = null;
        }
        return { allow, delegated: allow.includes('microphone ' + connector) ? outer : false, outer };
    }

    // --- 2. calls ---------------------------------------------------------------------------------

    /** @param {MessageEvent} event */
    function onMessage(event) {
        quietly(() => {
            lookForFrame();
            if (!frame || event.source !== frame.contentWindow || event.origin !== connector) {
                return;
            }
            const message = event.data;
            if (!isObject(message) || message.fcc !== PROTOCOL || !text(64, 1)(message.id)) {
                return;
            }
            const id = String(message.id);
            if (message.type === 'ready') {
                attachCti();
                paneSaidReady = true;
                post({ id, type: 'hello', version: VERSION, cti: ctiAttached, mic: microphone() });
                if (lastNavigation) {
                    postEvent('navigation', lastNavigation);
                }
            } else if (message.type === 'call') {
                call(message.method, message.args === undefined ? {} : message.args, (result) =>
                    post({ id, type: 'result', ...result })
                );
            }
        });
    }

    /**
     * @param {unknown} method
     * @param {unknown} args
     * @param {(result: BridgeResult) => void} answer called once
     */
    function call(method, args, answer) {
        /** @param {string} code @param {string} description */
        const refuse = (code, description) =>
            answer({ success: false, returnValue: null, errors: [{ code, description }] });

        const shape = typeof method === 'string' && has(METHODS, method) ? METHODS[method] : undefined;
        if (typeof method !== 'string' || !shape) {
            refuse('METHOD_NOT_ALLOWED', 'The bridge does not pass this call.');
            return;
        }
        const wrong = mismatch(shape, args) || wrongInPop(method, args);
        if (wrong) {
            refuse('INVALID_PARAM', 'An invalid value was passed to the parameter ' + wrong.slice(0, 80) + '.');
            return;
        }
        attachCti();
        const cti = openCti();
        if (!ctiAttached || !cti || typeof cti[method] !== 'function') {
            refuse('CTI_UNAVAILABLE', 'Open CTI did not start on this page.');
            return;
        }
        if (pending >= MAX_PENDING) {
            refuse('TOO_MANY_CALLS', 'Too many calls wait for an answer.');
            return;
        }

        let open = true;
        pending += 1;
        /** @param {(() => void)} deliver */
        const close = (deliver) => {
            if (open) {
                open = false;
                pending -= 1;
                window.clearTimeout(timer);
                quietly(deliver);
            }
        };
        const timer = window.setTimeout(
            () => close(() => refuse('TIMEOUT', 'Salesforce did not answer.')),
            CALL_TIMEOUT_MS
        );
        try {
            cti[method]({
                .../** @type {object} */ (copy(args)),
                callback: (/** @type {unknown} */ response) => close(() => answer(resultOf(response)))
            });
        } catch (error) {
            close(() => refuse('GENERIC_ERROR', sentence(error)));
        }
    }

    /**
     * @param {string} method
     * @param {unknown} args already of the method's shape
     * @returns {string | null}
     */
    function wrongInPop(method, args) {
        if (method !== 'screenPop' || !isObject(args)) {
            return null;
        }
        return mismatch(SCREEN_POPS[String(args.type)] || NOTHING, args.params);
    }

    /**
     * @param {unknown} response what Open CTI called back with; two of its pages say `error`, the others `errors`
     * @returns {BridgeResult}
     */
    function resultOf(response) {
        if (!isObject(response)) {
            return { success: false, returnValue: null, errors: [{ code: 'GENERIC_ERROR', description: 'No answer.' }] };
        }
        const errors = copy(response.errors || response.error || null);
        return {
            success: response.success === true,
            returnValue: copy(response.returnValue),
            errors: errors === null || Array.isArray(errors) ? errors : [errors]
        };
    }

    // --- 3. Open CTI and its events ---------------------------------------------------------------

    /** @returns {any} Salesforce's namespace object, which also exists when Open CTI failed to start */
    function openCti() {
        const sforce = /** @type {any} */ (window).sforce;
        return sforce && sforce.opencti;
    }

    /** Subscribes to Open CTI's events, once it has started. */
    function attachCti() {
        if (ctiAttached || ctiFailed) {
            return;
        }
        const query = new URLSearchParams(window.location.search);
        const cti = openCti();
        if (!query.get('sfdcIframeOrigin') || !query.get('mode') || !cti) {
            return;
        }
        try {
            cti.onClickToDial({ listener: (/** @type {unknown} */ payload) => onCtiEvent('clickToDial', payload) });
            cti.onNavigationChange({ listener: (/** @type {unknown} */ payload) => onCtiEvent('navigation', payload) });
            ctiAttached = true;
        } catch {
            ctiFailed = true;
        }
    }

    /**
     * Hears of the Open CTI script failing: it throws a string at load when the frame is not Lightning's, and
     * a script that can't be fetched gives an error event on its tag.
     * @param {Event} event
     */
    function onError(event) {
        quietly(() => {
            const thrown = /** @type {ErrorEvent} */ (event).message || '';
            const target = /** @type {any} */ (event.target);
            const source = target && target.tagName === 'SCRIPT' ? String(target.src) : '';
            if (/Failed to initialize Open CTI/.test(thrown) || /\/lightning\/opencti[^/]*\.js/.test(source)) {
                ctiFailed = true;
                ctiAttached = false;
            }
        });
    }

    /** @param {'clickToDial' | 'navigation'} name @param {unknown} payload */
    function onCtiEvent(name, payload) {
        quietly(() => {
            const given = typeof payload === 'string' ? JSON.parse(payload) : payload;
            if (!isObject(given)) {
                return;
            }
            /** @type {Record<string, unknown>} */
            const known = {};
            for (const field of EVENT_FIELDS) {
                const value = given[field];
                if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
                    known[field] = value;
                }
            }
            if (name === 'navigation') {
                lastNavigation = known;
            }
            postEvent(name, known);
        });
    }

    // --- words to the pane, and to the person in front of the page -----------------------------------

    /** @param {'clickToDial' | 'navigation'} name @param {object} payload */
    function postEvent(name, payload) {
        if (paneSaidReady) {
            post({ id: newId(), type: 'event', name, payload });
        }
    }

    /** @param {object} message */
    function post(message) {
        if (frame && frame.contentWindow) {
            frame.contentWindow.postMessage({ fcc: PROTOCOL, ...message }, connector);
        }
    }

    /** @returns {string} */
    function newId() {
        return 'b' + Array.from(window.crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');
    }

    /**
     * Called by Salesforce when it could not show the canvas app. What it passes is not documented, so the code is
     * looked for in every argument, and in the usual members of one that is an object.
     * @param {...unknown} given
     */
    function canvasFailed(...given) {
        quietly(() => {
            const codes = given
                .reduce((/** @type {unknown[]} */ all, one) => all.concat(isObject(one) ? [one.errorCode, one.code, one.name] : one), [])
                .filter(like(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/));
            showNotice('canvas-not-shown', String(codes[0] || '').slice(0, 60));
        });
    }

    /** @param {'canvas-not-shown' | 'page-not-configured'} code @param {string} detail */
    function showNotice(code, detail) {
        const place = document.getElementById('fcc-notice');
        if (!place) {
            document.addEventListener('DOMContentLoaded', () => quietly(() => {
                if (document.getElementById('fcc-notice')) {
                    showNotice(code, detail);
                }
            }), { once: true });
            return;
        }
        const words = {
            'canvas-not-shown': {
                en: 'Salesforce did not open FCC WebPhone. Ask your administrator to give you the permission set Fcc Access ' +
                    'and to check that the app FCC WebPhone is pre-authorised for it.',
                pl: 'Salesforce nie otworzył FCC WebPhone. Poproś administratora o przypisanie zestawu uprawnień Fcc Access ' +
                    'i o sprawdzenie, czy aplikacja FCC WebPhone jest dla niego autoryzowana.'
            },
            'page-not-configured': {
                en: 'This page does not know the address of FCC Connector. Ask your administrator to deploy it again.',
                pl: 'Ta strona nie zna adresu FCC Connector. Poproś administratora o ponowne wdrożenie.'
            }
        };
        const language = /^pl/i.test(String(window.navigator.language)) ? 'pl' : 'en';
        place.lang = language;
        place.textContent = words[code][language] + ' (' + code + (detail ? ', ' + detail : '') + ')';
        place.hidden = false;
    }

    // --- small things -----------------------------------------------------------------------------

    /** @param {object} owner @param {string} name @returns {boolean} */
    function has(owner, name) {
        return Object.prototype.hasOwnProperty.call(owner, name);
    }

    /**
     * A copy that can be posted: what JSON can't hold is left out.
     * @param {unknown} value
     * @returns {any}
     */
    function copy(value) {
        return value === undefined ? null : JSON.parse(JSON.stringify(value));
    }

    /** @param {unknown} error @returns {string} */
    function sentence(error) {
        return String(error instanceof Error ? error.message : error).slice(0, 300);
    }

    /** @param {() => void} work A failure in here must never become the page's. */
    function quietly(work) {
        try {
            work();
        } catch (error) {
            if (window.console) {
                window.console.warn('FCC WebPhone bridge: ' + sentence(error));
            }
        }
    }
})(window);
