/** Lightning's shell: header, navigation, workspace tabs, pages, utility bar. */
import { fetchJson, h, icon, objectIcon } from './dom.js';
import { home, listView, searchPage } from './lists.js';
import { newRecordModal } from './modal.js';
import { link, problem, recordPath } from './parts.js';
import { recordPage } from './record.js';
import { Softphone } from './softphone.js';

const boot = JSON.parse(document.getElementById('boot')?.textContent || '{}');

/** @typedef {{path: string, title: string, icon: string}} Tab */

class Shell {
    constructor() {
        /** @type {Tab[]} */
        this.tabs = [];
        /** @type {Record<string, any>} */
        this.info = {};
        this.dialable = false;
        this.turn = 0;
        this.actions = {
            open: (/** @type {string} */ path) => this.open(path),
            newRecord: (/** @type {string} */ object, /** @type {Record<string, any>} */ values) => this.newRecord(object, values),
            canDial: () => this.dialable,
            dial: (/** @type {string} */ number, /** @type {Record<string, any>} */ info) => this.dial(number, info)
        };
        this.content = h('main', { id: 'content' });
        this.tabStrip = h('ul', { class: 'slds-grid tabs', 'aria-label': 'Workspace tabs' });
        this.softphone = boot.softphone ? new Softphone(boot.softphone, this) : null;
    }

    async start() {
        document.getElementById('app')?.append(
            this.header(),
            this.contextBar(),
            this.content,
            this.softphone ? this.softphone.panel : h('span'),
            h(
                'footer',
                { class: 'slds-utility-bar_container', 'aria-label': 'Utility Bar' },
                h('ul', { class: 'slds-utility-bar' }, this.softphone ? this.softphone.item : null)
            )
        );
        this.softphone?.start();
        window.addEventListener('popstate', () => void this.show());
        window.addEventListener('focus', () => this.navigated());
        await this.show();
    }

    header() {
        const search = /** @type {HTMLInputElement} */ (
            h('input', { class: 'slds-input slds-combobox__input', type: 'search', placeholder: 'Search...', 'aria-label': 'Search', id: 'global-search' })
        );
        return h(
            'header',
            { class: 'slds-global-header_container' },
            h(
                'div',
                { class: 'slds-global-header slds-grid slds-grid_align-spread' },
                h('div', { class: 'slds-global-header__item' }, h('div', { class: 'logo', title: boot.orgName }, icon('utility', 'salesforce1', 'slds-icon logo__cloud'))),
                h(
                    'form',
                    {
                        class: 'slds-global-header__item slds-global-header__item_search',
                        role: 'search',
                        onsubmit: (/** @type {Event} */ event) => {
                            event.preventDefault();
                            if (search.value.trim()) {
                                void this.open(`/lightning/search?q=${encodeURIComponent(search.value.trim())}`);
                            }
                        }
                    },
                    h('div', { class: 'slds-form-element__control slds-input-has-icon slds-input-has-icon_left' },
                        icon('utility', 'search', 'slds-icon slds-input__icon slds-input__icon_left slds-icon-text-default'), search)
                ),
                h(
                    'div',
                    { class: 'slds-global-header__item person' },
                    h('a', { href: '/secur/logout.jsp', title: 'Log out' }, h('span', { class: 'person__name' }, boot.user.name)),
                    h('span', { class: 'slds-avatar slds-avatar_circle slds-avatar_medium' },
                        h('abbr', { class: 'slds-avatar__initials slds-icon-standard-user', title: boot.user.name },
                            boot.user.name.split(' ').map((/** @type {string} */ part) => part[0]).join('').slice(0, 2)))
                )
            )
        );
    }

    contextBar() {
        const items = [{ path: '/lightning/page/home', text: 'Home' }].concat(
            boot.objects.map((/** @type {any} */ one) => ({ path: `/lightning/o/${one.name}/list`, text: one.plural }))
        );
        this.items = items.map((item) =>
            h('li', { class: 'slds-context-bar__item', 'data-path': item.path },
                link(this.actions, item.path, item.text, 'slds-context-bar__label-action'))
        );
        return h(
            'div',
            { class: 'slds-context-bar' },
            h(
                'div',
                { class: 'slds-context-bar__primary' },
                h('div', { class: 'slds-context-bar__item slds-no-hover' },
                    h('span', { class: 'launcher', 'aria-hidden': 'true' }, icon('utility', 'apps', 'slds-icon slds-icon_small slds-icon-text-default')),
                    h('span', { class: 'slds-context-bar__label-action slds-context-bar__app-name' }, h('span', { class: 'slds-truncate' }, boot.appName)))
            ),
            h('nav', { class: 'slds-context-bar__secondary', role: 'navigation' },
                h('ul', { class: 'slds-grid' }, ...this.items), this.tabStrip)
        );
    }

    /** @returns {Record<string, any>} what getAppViewInfo gives */
    viewInfo() {
        return { url: location.href, ...this.info };
    }

    /** Tell the softphone where the person is now. */
    navigated() {
        this.softphone?.emit('onNavigationChange', this.viewInfo());
    }

    /** @param {string} number @param {Record<string, any>} info */
    dial(number, info) {
        this.softphone?.emit('onClickToDial', { number, params: '', ...info });
    }

    /** @param {boolean} enabled */
    clickToDial(enabled) {
        this.dialable = enabled;
        for (const phone of document.querySelectorAll('.phone')) {
            phone.dispatchEvent(new Event('dialability'));
        }
    }

    /** @param {string} path open a page of the org in this browser tab */
    async open(path) {
        if (path.startsWith('/lightning/')) {
            history.pushState(null, '', path);
            await this.show();
        } else if (/^\/[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$/.test(path)) {
            await this.open(recordPath('record', path.slice(1)));
        } else {
            location.assign(path);
        }
    }

    async refresh() {
        await this.draw();
    }

    async show() {
        await this.draw();
        this.navigated();
    }

    /** Fetch and draw the page that the address names. The page drawn last wins. */
    async draw() {
        const turn = ++this.turn;
        const [, , kind, ...rest] = location.pathname.split('/');
        const query = new URLSearchParams(location.search);
        let page;
        /** @type {Record<string, any>} */
        let info = {};
        let title = 'Home';
        /** @type {Tab | null} */
        let tab = null;
        try {
            if (kind === 'page' && rest[0] === 'home') {
                const shown = ['Contact', 'Account', 'Lead', 'Case', 'Task'];
                page = home(this.actions, boot.user, await Promise.all(shown.map((name) => fetchJson(`/ui/list/${name}`))));
            } else if (kind === 'o' && (rest[1] === 'list' || rest[1] === 'home')) {
                const list = await fetchJson(`/ui/list/${rest[0]}?filter=${query.get('filterName') || ''}`);
                page = listView(this.actions, list);
                title = list.plural;
            } else if (kind === 'o' && rest[1] === 'new') {
                const list = await fetchJson(`/ui/list/${rest[0]}`);
                page = listView(this.actions, list);
                title = list.plural;
                queueMicrotask(() => void this.newRecord(list.object, {}));
            } else if (kind === 'r') {
                const record = await fetchJson(`/ui/record/${rest.length > 2 ? rest[1] : rest[0]}`);
                page = recordPage(this.actions, record);
                title = record.title;
                info = record.info;
                const path = recordPath(record.object, record.id);
                tab = { path, title: record.title, icon: record.icon };
                if (location.pathname !== path && turn === this.turn) {
                    history.replaceState(null, '', path);
                }
            } else if (kind === 'search') {
                const found = await fetchJson(`/ui/search?q=${encodeURIComponent(query.get('q') || '')}`);
                page = searchPage(this.actions, found);
                title = found.query;
            } else {
                page = problem("Page doesn't exist");
            }
        } catch (error) {
            page = problem(/** @type {Error} */ (error).message);
        }
        if (turn !== this.turn) {
            return;
        }
        this.info = info;
        document.title = `${title} | Salesforce`;
        this.content.replaceChildren(page);
        this.content.dataset.path = location.pathname;
        this.drawTabs(tab);
    }

    /** @param {Tab | null} current the record on the screen, which gets a workspace tab */
    drawTabs(current) {
        if (current && !this.tabs.some((tab) => tab.path === current.path)) {
            this.tabs.push(current);
        }
        for (const item of this.items || []) {
            item.classList.toggle('slds-is-active', !current && item.dataset.path === location.pathname);
        }
        this.tabStrip.replaceChildren(
            ...this.tabs.map((tab) =>
                h(
                    'li',
                    { class: `slds-context-bar__item tab ${current?.path === tab.path ? 'slds-is-active' : ''}`, 'data-path': tab.path },
                    objectIcon(tab.icon, 'slds-icon_x-small'),
                    link(this.actions, tab.path, tab.title, 'slds-context-bar__label-action'),
                    h('button', { class: 'slds-button slds-button_icon', type: 'button', title: `Close ${tab.title}`, onclick: () => void this.closeTab(tab) },
                        icon('utility', 'close', 'slds-button__icon slds-button__icon_small'))
                )
            )
        );
    }

    /** @param {Tab} tab */
    async closeTab(tab) {
        const place = this.tabs.indexOf(tab);
        this.tabs.splice(place, 1);
        if (location.pathname === tab.path) {
            const next = this.tabs[place] || this.tabs[place - 1];
            await this.open(next ? next.path : '/lightning/page/home');
        } else {
            this.tabStrip.querySelector(`[data-path="${tab.path}"]`)?.remove();
        }
    }

    /** @param {string} object @param {Record<string, any>} values */
    async newRecord(object, values) {
        const before = this.info;
        await newRecordModal(object, values, (saved) => {
            if (saved) {
                void this.open(recordPath(saved.object, saved.id));
            } else {
                this.info = before;
                this.navigated();
            }
        });
        this.info = { objectType: object };
        this.navigated();
    }
}

void new Shell().start();
