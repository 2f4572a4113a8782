/**
 * The utility bar's softphone: its item, its panel, the adapter's frame, and the messages between page and adapter.
 *
 * Source: Salesforce, Open CTI Developer Guide, "Methods for Lightning Experience".
 */
import { h, icon } from './dom.js';
import { METHODS, Refusal } from './open-cti.js';

/**
 * @typedef {object} Shell what the page gives the softphone
 * @property {() => Record<string, any>} viewInfo the page shown now, as getAppViewInfo gives it
 * @property {(path: string) => Promise<void>} open
 * @property {() => Promise<void>} refresh
 * @property {(object: string, values: Record<string, any>) => Promise<void>} newRecord
 * @property {(enabled: boolean) => void} clickToDial
 */

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
