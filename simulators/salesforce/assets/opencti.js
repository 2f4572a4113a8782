/**
 * The simulator's own Open CTI script for Lightning: the documented names, arguments, refusals and messages
 * of `sforce.opencti`. It is not Salesforce's library and holds nothing of it.
 *
 * Source: Salesforce, Open CTI Developer Guide, "Methods for Lightning Experience" and
 * "Common Error Messages for Lightning Experience Methods".
 */
(function (window) {
    'use strict';

    const API_VERSION = Number('__API_VERSION__');
    const LIGHTNING_ORIGIN = '__LIGHTNING_ORIGIN__';
    const API_TYPE = 'opencti';
    const ONE_OBJECT = 'Must pass in only one object which holds arguments to this API method call.';
    const NOT_STARTED =
        'Failed to initialize Open CTI. Ensure that it is loaded from the right frame with correct URL parameters';

    /** @type {Map<string, Function>} one-shot callbacks by method and call */
    const callbacks = new Map();
    /** @type {Map<string, Function[]>} listeners by method */
    const listeners = new Map();
    let nextCall = 0;
    /** @type {string | null} */
    let host = null;

    /**
     * @param {string} methodName
     * @param {object} args
     * @param {{callback?: Function, listener?: Function}} [given]
     */
    function send(methodName, args, given) {
        const callId = nextCall++;
        const { callback, listener } = given || {};
        if (typeof callback === 'function') {
            callbacks.set(methodName + '_' + callId, callback);
        }
        if (typeof listener === 'function') {
            listeners.set(methodName, (listeners.get(methodName) || []).concat(listener));
        }
        if (host === null) {
            throw new Error(NOT_STARTED);
        }
        window.parent.postMessage(
            {
                methodName,
                callId,
                apiVersion: API_VERSION,
                apiType: API_TYPE,
                isCallbackRegistered: typeof callback === 'function',
                isListenerRegistered: typeof listener === 'function',
                args
            },
            host
        );
    }

    window.addEventListener('message', (event) => {
        const message = event.data;
        if (host === null || event.origin !== host || typeof message !== 'object' || message === null) {
            return;
        }
        if (message.apiVersion !== API_VERSION || message.apiType !== API_TYPE) {
            return;
        }
        const key = message.methodName + '_' + message.callId;
        const callback = callbacks.get(key);
        if (callback) {
            callbacks.delete(key);
            callback(message.response);
        }
        for (const listener of listeners.get(message.methodName) || []) {
            listener(message.response);
        }
    });

    /**
     * The one object that every method takes.
     * @param {IArguments | unknown[]} given
     * @returns {Record<string, any>}
     */
    function only(given) {
        const value = given[0];
        if (given.length !== 1 || typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
            throw new Error(ONE_OBJECT);
        }
        return value;
    }

    /** @param {string} name a method that may be called without any argument @returns {(...given: any[]) => void} */
    function bare(name) {
        return function (...given) {
            send(name, {}, given.length === 0 ? {} : only(given));
        };
    }

    /** @param {string} name a method whose answer is its point @returns {(...given: any[]) => void} */
    function asking(name) {
        return function (...given) {
            const value = only(given);
            if (typeof value.callback !== 'function') {
                throw new Error('Missing the required argument `callback`!');
            }
            send(name, {}, value);
        };
    }

    /** @param {string} name an event @returns {(...given: any[]) => void} */
    function listening(name) {
        return function (...given) {
            const value = only(given);
            if (typeof value.listener !== 'function') {
                throw new Error('Missing the required argument `listener`!');
            }
            send(name, {}, { listener: value.listener });
        };
    }

    /** @param {string} name @param {string[]} names the arguments it carries @returns {(...given: any[]) => void} */
    function carrying(name, names) {
        return function (...given) {
            const value = only(given);
            /** @type {Record<string, any>} */
            const args = {};
            for (const one of names) {
                args[one] = value[one];
            }
            send(name, args, value);
        };
    }

    /** @param {string} name @returns {() => never} */
    function absent(name) {
        return function () {
            throw new Error('The method ' + name + ' is not simulated: its messages are not documented.');
        };
    }

    /** @type {any} */
    const sforce = window.sforce || {};
    window.sforce = sforce;
    sforce.opencti = {
        CALL_TYPE: { INBOUND: 'inbound', OUTBOUND: 'outbound', INTERNAL: 'internal' },
        SCREENPOP_TYPE: {
            SOBJECT: 'sobject',
            URL: 'url',
            OBJECTHOME: 'objecthome',
            LIST: 'list',
            SEARCH: 'search',
            NEW_RECORD_MODAL: 'newRecord',
            FLOW: 'flow'
        },
        enableClickToDial: bare('enableClickToDial'),
        disableClickToDial: bare('disableClickToDial'),
        refreshView: bare('refreshView'),
        /** @param {{callback?: Function}} [value] */
        notifyInitializationComplete(value) {
            send('notifyInitializationComplete', {}, value || {});
        },
        onClickToDial: listening('onClickToDial'),
        onNavigationChange: listening('onNavigationChange'),
        getAppViewInfo: asking('getAppViewInfo'),
        getCallCenterSettings: asking('getCallCenterSettings'),
        getSoftphoneLayout: asking('getSoftphoneLayout'),
        isSoftphonePanelVisible: asking('isSoftphonePanelVisible'),
        setSoftphonePanelVisibility: carrying('setSoftphonePanelVisibility', ['visible']),
        setSoftphonePanelHeight: carrying('setSoftphonePanelHeight', ['heightPX']),
        setSoftphonePanelWidth: carrying('setSoftphonePanelWidth', ['widthPX']),
        setSoftphonePanelIcon: carrying('setSoftphonePanelIcon', ['key']),
        setSoftphoneItemIcon: carrying('setSoftphoneItemIcon', ['key']),
        setSoftphonePanelLabel: carrying('setSoftphonePanelLabel', ['label']),
        setSoftphoneItemLabel: carrying('setSoftphoneItemLabel', ['label']),
        screenPop: carrying('screenPop', ['type', 'params', 'defaultFieldValues']),
        searchAndScreenPop: carrying('searchAndScreenPop', [
            'searchParams',
            'callType',
            'queryParams',
            'defaultFieldValues',
            'deferred',
            'params'
        ]),
        runApex: carrying('runApex', ['apexClass', 'methodName', 'methodParams']),
        /** @param {any[]} given */
        saveLog(...given) {
            const value = only(given);
            if (value.value === undefined || value.value === null) {
                throw new Error('Missing the required argument `value object`!');
            }
            send('saveLog', { object: value.value }, value);
        },
        hvs: { onWorkStart: absent('hvs.onWorkStart'), completeWork: absent('hvs.completeWork') },
        subscribe: absent('subscribe'),
        unsubscribe: absent('unsubscribe'),
        publish: absent('publish')
    };

    const query = new URLSearchParams(window.location.search);
    const origin = query.get('sfdcIframeOrigin');
    if (!origin || !query.get('mode') || origin !== LIGHTNING_ORIGIN || !origin.startsWith(window.location.protocol)) {
        throw NOT_STARTED;
    }
    host = origin;
})(window);
