/** Pages of many records: home, list views, search results. */
import { h, objectIcon } from './dom.js';
import { link, pageTitle, recordPath, related, value } from './parts.js';

/** @typedef {import('./parts.js').Actions} Actions */

/**
 * @param {Actions} actions
 * @param {any} user
 * @param {any[]} lists the lists whose first records are shown
 */
export function home(actions, user, lists) {
    return h(
        'div',
        { class: 'page' },
        h(
            'div',
            { class: 'slds-page-header slds-m-bottom_small' },
            h('p', { class: 'slds-page-header__name-meta' }, 'Home'),
            h('h1', { class: 'slds-page-header__title' }, `Welcome, ${user.name}`)
        ),
        h('div', { class: 'home__cards' }, ...lists.map((list) => homeCard(actions, list)))
    );
}

/** @param {Actions} actions @param {any} list */
function homeCard(actions, list) {
    const rows = list.rows.slice(0, 10);
    return h(
        'article',
        { class: 'slds-card home__card' },
        h(
            'div',
            { class: 'slds-card__header slds-media slds-media_center' },
            h('div', { class: 'slds-media__figure' }, objectIcon(list.icon, 'slds-icon_small')),
            h('h2', { class: 'slds-card__header-title' }, link(actions, `/lightning/o/${list.object}/list`, list.plural))
        ),
        h(
            'ul',
            {},
            ...rows.map((/** @type {any} */ row) => h('li', {}, link(actions, recordPath(list.object, row.id), row.name))),
            rows.length === 0 && h('li', { class: 'slds-text-color_weak' }, 'Nothing yet.')
        )
    );
}

/** @param {Actions} actions @param {any} list */
export function listView(actions, list) {
    return h(
        'div',
        { class: 'page' },
        h(
            'div',
            { class: 'slds-page-header slds-page-header_object-home' },
            h(
                'div',
                { class: 'slds-page-header__row' },
                pageTitle(list.icon, list.plural, list.view),
                h(
                    'div',
                    { class: 'slds-page-header__col-actions' },
                    list.creatable &&
                        h(
                            'button',
                            {
                                class: 'slds-button slds-button_neutral',
                                type: 'button',
                                onclick: () => actions.newRecord(list.object, {})
                            },
                            'New'
                        )
                )
            ),
            h('p', { class: 'slds-page-header__meta-text' }, `${list.rows.length} items`)
        ),
        h(
            'div',
            { class: 'slds-card slds-m-top_none list__body' },
            h(
                'table',
                { class: 'slds-table slds-table_cell-buffer slds-table_bordered' },
                h(
                    'thead',
                    {},
                    h(
                        'tr',
                        { class: 'slds-line-height_reset' },
                        ...list.columns.map((/** @type {any} */ column) => h('th', { scope: 'col' }, column.label))
                    )
                ),
                h(
                    'tbody',
                    {},
                    ...list.rows.map((/** @type {any} */ row) =>
                        h(
                            'tr',
                            { class: 'slds-hint-parent', 'data-record-id': row.id },
                            ...row.cells.map((/** @type {any} */ cell, /** @type {number} */ place) =>
                                h(
                                    'td',
                                    {},
                                    place === 0
                                        ? link(actions, recordPath(list.object, row.id), String(cell.value ?? row.name))
                                        : value(actions, cell, row.info)
                                )
                            )
                        )
                    )
                )
            )
        )
    );
}

/** @param {Actions} actions @param {any} result */
export function searchPage(actions, result) {
    return h(
        'div',
        { class: 'page' },
        h(
            'div',
            { class: 'slds-page-header slds-m-bottom_small' },
            h('h1', { class: 'slds-page-header__title' }, `Search results for “${result.query}”`)
        ),
        result.groups.length === 0 && h('p', { class: 'slds-box slds-theme_default' }, 'Nothing was found.'),
        ...result.groups.map((/** @type {any} */ group) =>
            related(actions, { object: group.object, icon: group.icon, title: group.plural, rows: group.rows })
        )
    );
}
