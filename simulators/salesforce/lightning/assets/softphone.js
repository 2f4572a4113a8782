/**
 * The utility bar's softphone and the host side of Open CTI.
 *
 * Source: Salesforce, Open CTI Developer Guide, "Methods for Lightning Experience", "Common Error Messages for
 * Lightning Experience Methods".
 */
import { fetchJson, h, icon, postJson } from './dom.js';

/**
 * @typedef {object} Shell what the page gives the softphone
 * @property {() => Record<string, any>} viewInfo the page shown now, as getAppViewInfo gives it
 * @property {(path: string) => Promise<void>} open
 * @property {() => Promise<void>} refresh
 * @property {(object: string, values: Record<string, any>) => Promise<void>} newRecord
 * @property {(enabled: boolean) => void} clickToDial
 */

const HEIGHT = /** @type {const} */ ([240, 2560]);
const WIDTH = /** @type {const} */ ([200, 1920]);

/** A refusal, with one of the documented codes. */
class Refusal extends Error {
    /** @param {string} code @param {string} message @param {unknown[]} [details] */
    constructor(code, message, details) {
        super(message);
        this.code = code;
        this.details = details;
    }
}

/** @param {string} name @param {unknown} value @param {string} [more] */
const invalid = (name, value, more) =>
    new Refusal('INVALID_PARAM', `An invalid value was passed to the parameter ${name}.${more ? ' ' + more : ''}`);

/** @param {string} name @param {unknown} value @param {readonly [number, number]} range @returns {number} */
function pixels(name, value, [low, high]) {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw invalid(name, value, `A numeric value was expected, but ${value} was found instead.`);
    }
    if (value < low || value > high) {
        throw invalid(name, value, `The value must be between ${low} and ${high}.`);
    }
    return value;
}

/** @param {string} name @param {unknown} value @returns {string} */
function text(name, value) {
    if (typeof value !== 'string' || value === '') {
        throw invalid(name, value, `A string value was expected, but ${value} was found instead.`);
    }
    return value;
}

export class Softphone {
    /**
     * @param {any} config the softphone's part of the page's data
     * @param {Shell} shell
     */
    constructor(config, shell) {
        this.config = config;
        this.shell = shell;
        this.visible = false;
        this.enabled = false;
        /** @type {HTMLIFrameElement | null} */
        this.frame = null;
        /** @type {Map<string, {apiVersion: number}>} events the adapter asked for */
        this.subscriptions = new Map();
        this.item = this.buildItem();
        this.panel = this.buildPanel();
        window.addEventListener('message', (event) => void this.receive(event));
    }

    /** Put the softphone on the page; loads its frame at once when the item starts automatically. */
    start() {
        if (this.config.eager) {
            this.load();
        }
    }

    buildItem() {
        const button = h(
            'button',
            {
                class: 'slds-button slds-utility-bar__action',
                type: 'button',
                'aria-pressed': 'false',
                onclick: () => this.show(!this.visible)
            },
            icon('utility', this.config.icon, 'slds-button__icon slds-button__icon_left'),
            h('span', { class: 'slds-utility-bar__text' }, this.config.label)
        );
        return h(
            'li',
            { class: 'slds-utility-bar__item', 'data-component-id': 'opencti_softPhone' },
            button
        );
    }

    buildPanel() {
        this.body = h('div', { class: 'slds-utility-panel__body softphone__body' });
        const panel = h(
            'div',
            {
                class: 'slds-utility-panel slds-grid slds-grid_vertical softphone',
                role: 'dialog',
                'aria-label': this.config.label
            },
            h(
                'div',
                { class: 'slds-utility-panel__header slds-grid slds-shrink-none' },
                h(
                    'div',
                    { class: 'slds-media slds-media_center' },
                    h(
                        'div',
                        { class: 'slds-media__figure slds-m-right_x-small softphone__icon' },
                        icon('utility', this.config.icon)
                    ),
                    h('div', { class: 'slds-media__body' }, h('h2', { class: 'softphone__label' }, this.config.label))
                ),
                h(
                    'div',
                    { class: 'slds-col_bump-left slds-shrink-none' },
                    h(
                        'button',
                        {
                            class: 'slds-button slds-button_icon slds-button_icon softphone__minimise',
                            title: 'Minimize',
                            type: 'button',
                            onclick: () => this.show(false)
                        },
                        icon('utility', 'minimize_window', 'slds-button__icon'),
                        h('span', { class: 'slds-assistive-text' }, 'Minimize')
                    )
                )
            ),
            this.body
        );
        this.setWidth(panel, this.config.width);
        panel.style.height = `${this.config.height + 40}px`;
        return panel;
    }

    /** @param {HTMLElement} panel @param {number} width in px; the page keeps clear of the open panel */
    setWidth(panel, width) {
        panel.style.width = `${width}px`;
        document.documentElement.style.setProperty('--softphone-width', `${width}px`);
    }

    /** Make the adapter's frame; it stays loaded from then on. */
    load() {
        if (this.frame) {
            return;
        }
        const frame = document.createElement('iframe');
        frame.className = 'softphone__frame';
        frame.title = 'softphone';
        if (this.config.allow) {
            frame.setAttribute('allow', this.config.allow);
        }
        frame.src = this.config.url;
        this.frame = frame;
        this.body?.append(frame);
    }

    /** @param {boolean} visible dock or minimise the panel */
    show(visible) {
        this.visible = visible;
        if (visible) {
            this.load();
        }
        this.panel.classList.toggle('slds-is-open', visible);
        document.body.classList.toggle('softphone-open', visible);
        this.item.classList.toggle('slds-is-active', visible);
        this.item.querySelector('button')?.setAttribute('aria-pressed', String(visible));
    }

    /** @param {MessageEvent} event a message of the adapter: known window, known origin, known shape */
    async receive(event) {
        const message = event.data;
        if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== this.config.origin) {
            return;
        }
        if (typeof message !== 'object' || message === null || message.apiType !== 'opencti') {
            return;
        }
        const { methodName, callId, apiVersion } = message;
        if (typeof methodName !== 'string' || !Number.isInteger(apiVersion)) {
            return;
        }
        if (message.isListenerRegistered) {
            if (methodName === 'onClickToDial' || methodName === 'onNavigationChange') {
                this.subscriptions.set(methodName, { apiVersion });
            }
            return;
        }
        const response = await this.perform(methodName, message.args || {});
        if (message.isCallbackRegistered) {
            this.post({ methodName, callId, apiVersion, apiType: 'opencti', response });
        }
    }

    /** @param {unknown} message */
    post(message) {
        this.frame?.contentWindow?.postMessage(message, this.config.origin);
    }

    /** @param {string} methodName @param {Record<string, any>} payload an event for the adapter, if it listens */
    emit(methodName, payload) {
        const subscription = this.subscriptions.get(methodName);
        if (subscription) {
            this.post({ methodName, callId: -1, apiVersion: subscription.apiVersion, apiType: 'opencti', response: payload });
        }
    }

    /** @param {string} methodName @param {Record<string, any>} args @returns {Promise<object>} `{success, returnValue, errors, error}` */
    async perform(methodName, args) {
        const method = Object.hasOwn(METHODS, methodName) ? METHODS[methodName] : null;
        try {
            if (!method) {
                throw new Refusal('GENERIC_ERROR', 'An error occurred while calling the API method.', [
                    { message: `${methodName} does not exist` }
                ]);
            }
            const returnValue = await method(this, args);
            return { success: true, returnValue: returnValue === undefined ? null : returnValue, errors: null, error: null };
        } catch (failure) {
            const error =
                failure instanceof Refusal
                    ? { code: failure.code, description: failure.message, ...(failure.details && { details: failure.details }) }
                    : { code: 'SERVER_ERROR', description: 'A problem was encountered on the server.', details: [{ message: String(failure) }] };
            return { success: false, returnValue: null, errors: [error], error: [error] };
        }
    }

    /** @param {'item' | 'panel'} where @param {string} key */
    setIcon(where, key) {
        const root = where === 'item' ? this.item : this.panel.querySelector('.softphone__icon');
        root?.querySelector('use')?.setAttribute('href', `/slds/icons/utility-sprite/svg/symbols.svg#${key}`);
    }

    /** @param {'item' | 'panel'} where @param {string} label */
    setLabel(where, label) {
        const element =
            where === 'item'
                ? this.item.querySelector('.slds-utility-bar__text')
                : this.panel.querySelector('.softphone__label');
        if (element) {
            element.textContent = label;
        }
    }
}

/** @type {Record<string, (softphone: Softphone, args: Record<string, any>) => any>} */
const METHODS = {
    enableClickToDial(softphone) {
        softphone.enabled = true;
        softphone.shell.clickToDial(true);
    },
    disableClickToDial(softphone) {
        softphone.enabled = false;
        softphone.shell.clickToDial(false);
    },
    getAppViewInfo: (softphone) => softphone.shell.viewInfo(),
    getCallCenterSettings: (softphone) => softphone.config.settings,
    getSoftphoneLayout: (softphone) => softphone.config.layout,
    isSoftphonePanelVisible: (softphone) => ({ visible: softphone.visible }),
    notifyInitializationComplete() {},
    refreshView: (softphone) => softphone.shell.refresh(),
    setSoftphonePanelVisibility(softphone, { visible }) {
        if (typeof visible !== 'boolean') {
            throw invalid('visible', visible, `A boolean value was expected, but ${visible} was found instead.`);
        }
        softphone.show(visible);
    },
    setSoftphonePanelHeight(softphone, { heightPX }) {
        softphone.panel.style.height = `${pixels('heightPX', heightPX, HEIGHT) + 40}px`;
    },
    setSoftphonePanelWidth(softphone, { widthPX }) {
        softphone.setWidth(softphone.panel, pixels('widthPX', widthPX, WIDTH));
    },
    async setSoftphonePanelIcon(softphone, { key }) {
        softphone.setIcon('panel', await utilityIcon(key));
    },
    async setSoftphoneItemIcon(softphone, { key }) {
        softphone.setIcon('item', await utilityIcon(key));
    },
    setSoftphonePanelLabel(softphone, { label }) {
        softphone.setLabel('panel', text('label', label));
    },
    setSoftphoneItemLabel(softphone, { label }) {
        softphone.setLabel('item', text('label', label));
    },
    screenPop: (softphone, { type, params, defaultFieldValues }) => pop(softphone, type, params, defaultFieldValues),
    searchAndScreenPop: (softphone, args) => searchAndPop(softphone, args),
    async saveLog(softphone, { object }) {
        if (typeof object !== 'object' || object === null) {
            throw invalid('value', object);
        }
        const { entityApiName, ...values } = object;
        if (!entityApiName && !values.Id) {
            throw invalid('entityApiName', entityApiName, 'A string value was expected, but undefined was found instead.');
        }
        const answer = await postJson('/ui/records', { object: entityApiName, values });
        if (!answer.success) {
            throw new Refusal(
                'GENERIC_ERROR',
                'An error occurred while calling the saveLog() API method. Review the Details field in the error section.',
                answer.errors
            );
        }
        return answer.id;
    },
    runApex(_softphone, { apexClass }) {
        throw new Refusal('SERVER_ERROR', `Could not load Apex class: ${apexClass}`);
    }
};

/** @type {Promise<Set<string>> | undefined} */
let utilityIcons;

/** @returns {Promise<Set<string>>} the keys of the design system's utility icons, fetched once */
function knownIcons() {
    utilityIcons ??= fetch('/slds/icons/utility-sprite/svg/symbols.svg')
        .then((answer) => answer.text())
        .then((sprite) => new Set([...sprite.matchAll(/<symbol[^>]*\bid="([^"]+)"/g)].map((match) => String(match[1]))));
    return utilityIcons;
}

/** @param {unknown} key @returns {Promise<string>} the key, when the design system has such a utility icon */
async function utilityIcon(key) {
    const wanted = text('key', key);
    if (!(await knownIcons()).has(wanted)) {
        throw invalid('key', key);
    }
    return wanted;
}

/**
 * @param {Softphone} softphone
 * @param {unknown} type
 * @param {any} params
 * @param {any} defaults
 */
async function pop(softphone, type, params, defaults) {
    if (typeof params !== 'object' || params === null) {
        throw invalid('params', params);
    }
    const { shell } = softphone;
    if (type === 'sobject') {
        const recordId = text('recordId', params.recordId);
        let record;
        try {
            record = await fetchJson(`/ui/record/${encodeURIComponent(recordId)}`);
        } catch {
            throw invalid('recordId', recordId);
        }
        return shell.open(`/lightning/r/${record.object}/${record.id}/view`);
    }
    if (type === 'url') {
        const url = text('url', params.url);
        if (!url.startsWith('/') || url.startsWith('//')) {
            throw invalid('url', url, 'A relative URL was expected.');
        }
        return shell.open(url);
    }
    if (type === 'objecthome') {
        return shell.open(await home(params.scope, 'scope'));
    }
    if (type === 'list') {
        const list = text('listViewId', params.listViewId);
        return shell.open(`${await home(params.scope, 'scope')}?filterName=${encodeURIComponent(list)}`);
    }
    if (type === 'search') {
        const wanted = text('searchString', params.searchString);
        if (wanted.length < 3) {
            throw invalid('searchString', wanted, 'The search string must have at least three characters.');
        }
        return shell.open(`/lightning/search?q=${encodeURIComponent(wanted)}`);
    }
    if (type === 'newRecord') {
        const entity = text('entityName', params.entityName);
        try {
            await fetchJson(`/ui/form/${encodeURIComponent(entity)}`);
        } catch {
            throw invalid('entityName', entity);
        }
        return shell.newRecord(entity, params.defaultFieldValues || defaults || {});
    }
    if (type === 'flow') {
        throw new Refusal('GENERIC_ERROR', 'An error occurred while calling the API method.', [
            { message: 'Screen pops to flows are not simulated.' }
        ]);
    }
    throw invalid('type', type);
}

/** @param {unknown} scope @param {string} name @returns {Promise<string>} the object's list page */
async function home(scope, name) {
    const object = text(name, scope);
    try {
        const list = await fetchJson(`/ui/list/${encodeURIComponent(object)}`);
        return `/lightning/o/${list.object}/list`;
    } catch {
        throw invalid(name, scope);
    }
}

const LAYOUT_NAMES = /** @type {Record<string, string>} */ ({ inbound: 'Inbound', outbound: 'Outbound', internal: 'Internal' });

/** @param {Softphone} softphone @param {Record<string, any>} args */
async function searchAndPop(softphone, { searchParams, callType, deferred, defaultFieldValues }) {
    const wanted = text('searchParams', searchParams);
    const kind = String(callType ?? 'inbound').toLowerCase();
    if (!Object.hasOwn(LAYOUT_NAMES, kind)) {
        throw invalid('callType', callType);
    }
    const layout = softphone.config.layout[String(LAYOUT_NAMES[kind])];
    const found = await fetchJson(`/ui/search?q=${encodeURIComponent(wanted)}`);
    /** @type {Record<string, any>} */
    const matches = {};
    for (const group of found.groups) {
        if (layout.objects[group.object]) {
            for (const row of group.rows) {
                matches[row.id] = row.record;
            }
        }
    }
    const ids = Object.keys(matches);
    const settings = layout.screenPopSettings;
    const rule = ids.length === 0 ? settings.NoMatch : ids.length === 1 ? settings.SingleMatch : settings.MultipleMatches;
    /** @type {{type: string, params: any} | null} */
    let data = null;
    if (ids.length === 1 && rule?.screenPopType === 'PopToEntity') {
        data = { type: 'sobject', params: { recordId: ids[0] } };
    } else if (ids.length > 1 && rule?.screenPopType === 'PopToSearch') {
        data = { type: 'search', params: { searchString: wanted } };
    } else if (ids.length === 0 && rule?.screenPopType === 'PopToEntity') {
        data = { type: 'newRecord', params: { entityName: rule.screenPopData, defaultFieldValues } };
    } else if (rule && rule.screenPopType !== 'DoNotPop') {
        throw new Refusal('GENERIC_ERROR', 'An error occurred while calling the API method.', [
            { message: `Screen pops of the kind ${rule.screenPopType} are not simulated.` }
        ]);
    }
    if (deferred) {
        return data ? { ...matches, SCREEN_POP_DATA: data } : matches;
    }
    if (data) {
        await pop(softphone, data.type, data.params, undefined);
    }
    return matches;
}
