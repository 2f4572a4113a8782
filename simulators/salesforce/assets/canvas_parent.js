/**
 * The parent side of Canvas: makes the frame of each `apex:canvasApp` on the page, posts the signed request into
 * it, and answers what the app asks for. Messages are JSON strings in both directions.
 *
 * Source: Salesforce, Canvas Developer Guide, "Canvas SDK Objects" and "Refreshing a Signed Request"; the public
 * SalesforceCanvasJavascriptSDK shows the messages that the app sends.
 */
(function () {
    'use strict';

    const PARENT_VERSION = '67.0';
    const MODULE = 'Canvas';

    /**
     * @typedef {object} App
     * @property {string} instanceId `<namespace or _>:<developer name>:<canvas id>`
     * @property {string} developerName
     * @property {string} namespace
     * @property {string} container
     * @property {string} width
     * @property {string} height
     * @property {string} maxWidth
     * @property {string} maxHeight
     * @property {string} scrolling
     * @property {string} border
     * @property {string} onLoad
     * @property {string} onError
     * @property {Record<string, unknown>} parameters
     * @property {string} apiVersion
     * @property {string} canvasOrigin
     * @property {string} [canvasUrl]
     * @property {HTMLIFrameElement} [frame]
     */

    /** @type {App[]} */
    const apps = [];

    /** @param {string} resource @param {App} app @returns {Promise<any>} the resource's answer */
    async function ask(resource, app) {
        const address =
            '/services/data/v' + app.apiVersion + '/platformconnect/' + resource +
            '?canvas=' + encodeURIComponent(app.developerName) + '&namespace=' + encodeURIComponent(app.namespace);
        const nonce = new URLSearchParams(location.search).get('nonce') || '';
        const response = await fetch(address, {
            method: 'PUT',
            headers: { 'Content-Type': 'application/json', 'X-Frame-Nonce': nonce },
            body: JSON.stringify({
                canvasRequest: {
                    context: {
                        environment: {
                            parameters: app.parameters,
                            displayLocation: 'Visualforce',
                            sublocation: null,
                            record: {},
                            locationUrl: location.href,
                            dimensions: dimensions(app)
                        }
                    },
                    client: { targetOrigin: location.origin, instanceId: app.instanceId }
                }
            })
        });
        const body = await response.json();
        if (!response.ok) {
            const error = new Error(body[0].message);
            error.name = body[0].errorCode;
            throw error;
        }
        return body;
    }

    /** @param {App} app */
    function dimensions(app) {
        return {
            width: app.width,
            height: app.height,
            maxWidth: app.maxWidth,
            maxHeight: app.maxHeight,
            clientWidth: document.documentElement.clientWidth + 'px',
            clientHeight: document.documentElement.clientHeight + 'px'
        };
    }

    /** @param {string} name of a function of the page @param {unknown[]} values */
    function tell(name, ...values) {
        const listener = name && /** @type {any} */ (window)[name];
        if (typeof listener === 'function') {
            listener(...values);
        }
    }

    /** @param {App} app @param {string} signedRequest */
    function post(app, signedRequest) {
        const form = document.createElement('form');
        form.id = 'canvas-hidden-form-' + app.instanceId;
        form.method = 'POST';
        form.action = String(app.canvasUrl);
        form.target = 'canvas-frame-' + app.instanceId;
        form.hidden = true;
        const input = document.createElement('input');
        input.type = 'hidden';
        input.name = 'signed_request';
        input.value = signedRequest;
        form.append(input);
        document.body.append(form);
        form.submit();
        form.remove();
    }

    /** @param {App} app */
    async function render(app) {
        const place = document.getElementById(app.container);
        if (!place) {
            tell(app.onError, app.developerName, 'APP_NOT_FOUND', 'The container ' + app.container + ' does not exist.');
            return;
        }
        const frame = document.createElement('iframe');
        frame.name = 'canvas-frame-' + app.instanceId;
        frame.id = frame.name;
        frame.title = app.developerName;
        frame.width = app.width;
        frame.height = app.height;
        frame.scrolling = app.scrolling;
        frame.style.border = app.border + 'px';
        app.frame = frame;
        place.append(frame);
        try {
            const made = await ask('signedrequest', app);
            app.canvasUrl = made.auxiliary.canvasUrl;
            frame.addEventListener('load', () => tell(app.onLoad, app.developerName), { once: true });
            if (made.auxiliary.userApprovalUrl) {
                frame.src = made.auxiliary.userApprovalUrl;
            } else {
                post(app, made.response);
            }
        } catch (error) {
            frame.remove();
            const failed = /** @type {Error} */ (error);
            const message = document.createElement('p');
            message.className = 'canvas-error';
            message.dataset.code = failed.name;
            message.textContent = failed.message;
            place.append(message);
            tell(app.onError, app.developerName, failed.name, failed.message);
        }
    }

    /**
     * @param {App} app
     * @param {any} request
     * @param {number} status
     * @param {string} statusText
     * @param {unknown} payload
     */
    function reply(app, request, status, statusText, payload) {
        app.frame?.contentWindow?.postMessage(
            JSON.stringify({
                type: 'callback',
                seq: request.seq,
                parentVersion: PARENT_VERSION,
                clientVersion: request.clientVersion,
                payload,
                status,
                statusText,
                responseHeaders: '',
                targetModule: MODULE
            }),
            app.canvasOrigin
        );
    }

    /** @param {App} app @param {any} size */
    function resize(app, size) {
        const frame = app.frame;
        for (const side of /** @type {const} */ (['width', 'height'])) {
            const wanted = parseInt(size?.[side], 10);
            const most = parseInt(side === 'width' ? app.maxWidth : app.maxHeight, 10);
            if (frame && Number.isFinite(wanted)) {
                frame[side] = (Number.isFinite(most) ? Math.min(wanted, most) : wanted) + 'px';
            }
        }
    }

    /** @param {App} app @param {any} request */
    async function answer(app, request) {
        const body = request.body;
        const token = body.accessToken || body.config?.client?.oauthToken;
        if (body.type === 'resize') {
            resize(app, body.size);
            return reply(app, request, 200, 'OK', dimensions(app));
        }
        if (body.type === 'subscribe' || body.type === 'unsubscribe' || body.type === 'publish') {
            return reply(app, request, 200, 'OK', null);
        }
        if (!['ctx', 'refresh', 'repost'].includes(body.type)) {
            return reply(app, request, 501, 'The request ' + body.type + ' is not simulated', null);
        }
        if (!token) {
            return reply(app, request, 403, 'user approval required', { error: 'user approval required' });
        }
        try {
            const made = await ask(body.type === 'ctx' ? 'canvascontext' : 'signedrequest', app);
            if (body.type === 'repost') {
                return post(app, made.response);
            }
            reply(app, request, 200, 'OK', body.type === 'ctx' ? made.context : { response: made.response });
        } catch (error) {
            const failed = /** @type {Error} */ (error);
            const status = failed.name === 'INVALID_SESSION_ID' ? 401 : 403;
            reply(app, request, status, failed.name, [{ errorCode: failed.name, message: failed.message }]);
        }
    }

    window.addEventListener('message', (event) => {
        if (typeof event.data !== 'string') {
            return;
        }
        const app = apps.find((one) => one.frame && one.frame.contentWindow === event.source);
        if (!app || event.origin !== app.canvasOrigin) {
            return;
        }
        let request;
        try {
            request = JSON.parse(event.data);
        } catch {
            return;
        }
        if (request && request.src === 'client' && request.targetModule === MODULE && request.body) {
            void answer(app, request);
        }
    });

    window.addEventListener('DOMContentLoaded', () => {
        for (const script of document.querySelectorAll('script.canvas-app')) {
            const app = JSON.parse(script.textContent || '{}');
            apps.push(app);
            void render(app);
        }
    });
})();
