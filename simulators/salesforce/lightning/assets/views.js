/** The pages of Lightning: home, lists, records, search. Each builds an element from the server's data. */
import { duration, h, icon, moment, objectIcon } from './dom.js';

/**
 * @typedef {object} Actions what a page may ask the shell for
 * @property {(path: string) => Promise<void>} open
 * @property {(object: string, values: Record<string, any>) => Promise<void>} newRecord
 * @property {() => boolean} canDial whether click-to-dial is enabled
 * @property {(number: string, info: Record<string, any>) => void} dial
 */

/** @param {Actions} actions @param {string} path @param {string} text @param {string} [classes] */
export function link(actions, path, text, classes = '') {
    return h(
        'a',
        {
            href: path,
            class: classes,
            onclick: (/** @type {MouseEvent} */ event) => {
                if (!event.ctrlKey && !event.metaKey) {
                    event.preventDefault();
                    void actions.open(path);
                }
            }
        },
        text
    );
}

/** @param {string} object @param {string} id */
export const recordPath = (object, id) => `/lightning/r/${object}/${id}/view`;

/**
 * A phone number: a blue link while click-to-dial is enabled, plain black text otherwise.
 * @param {Actions} actions
 * @param {string} number
 * @param {Record<string, any>} info the record it stands on
 */
export function phone(actions, number, info) {
    const box = h('span', { class: 'phone', 'data-number': number });
    const draw = () => {
        box.replaceChildren(
            actions.canDial()
                ? h(
                      'a',
                      {
                          href: '#',
                          class: 'phone__link',
                          title: `Call ${number}`,
                          onclick: (/** @type {Event} */ event) => {
                              event.preventDefault();
                              event.stopPropagation();
                              actions.dial(number, info);
                          }
                      },
                      number
                  )
                : h('span', { class: 'phone__text' }, number)
        );
    };
    box.addEventListener('dialability', draw);
    draw();
    return box;
}

/** @param {Actions} actions @param {any} field @param {Record<string, any>} info */
function value(actions, field, info) {
    if (field.value === null || field.value === undefined || field.value === '') {
        return h('span', {}, '');
    }
    if (field.type === 'phone') {
        return phone(actions, field.value, info);
    }
    if (field.type === 'reference') {
        const id = field.value;
        return field.linked ? link(actions, recordPath('record', id), field.text) : h('span', {}, field.text);
    }
    if (field.type === 'email') {
        return h('a', { href: `mailto:${field.value}` }, field.value);
    }
    if (field.type === 'url') {
        return h('a', { href: field.value, target: '_blank', rel: 'noopener' }, field.value);
    }
    if (field.type === 'boolean') {
        return h('span', {}, field.value ? '✓' : '—');
    }
    if (field.type === 'datetime') {
        return h('span', {}, moment(field.value));
    }
    if (field.name === 'CallDurationInSeconds') {
        return h('span', {}, duration(field.value));
    }
    return h('span', {}, String(field.value));
}

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
                h(
                    'div',
                    { class: 'slds-page-header__col-title' },
                    h(
                        'div',
                        { class: 'slds-media' },
                        h('div', { class: 'slds-media__figure' }, objectIcon(list.icon)),
                        h(
                            'div',
                            { class: 'slds-media__body' },
                            h('p', { class: 'slds-page-header__name-meta' }, list.plural),
                            h('h1', { class: 'slds-page-header__title' }, list.view)
                        )
                    )
                ),
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

/** @param {Actions} actions @param {any[]} fields @param {Record<string, any>} info */
function fieldGrid(actions, fields, info) {
    return h(
        'div',
        { class: 'slds-form fields' },
        ...fields.map((field) =>
            h(
                'div',
                { class: 'slds-form-element slds-form-element_readonly slds-form-element_stacked', 'data-field': field.name },
                h('span', { class: 'slds-form-element__label' }, field.label),
                h(
                    'div',
                    { class: 'slds-form-element__control' },
                    h('div', { class: 'slds-form-element__static' }, value(actions, field, info))
                )
            )
        )
    );
}

/** @param {string} title @param {boolean} open @param {Node} body */
function section(title, open, body) {
    return h(
        'details',
        { class: 'section', open },
        h('summary', { class: 'section__title' }, icon('utility', 'switch', 'slds-icon slds-icon_xx-small slds-icon-text-default'), title),
        body
    );
}

/** @param {Actions} actions @param {any} record */
export function recordPage(actions, record) {
    return h(
        'div',
        { class: 'page record', 'data-record-id': record.id, 'data-object': record.object },
        h(
            'div',
            { class: 'slds-page-header slds-page-header_record-home' },
            h(
                'div',
                { class: 'slds-page-header__row' },
                h(
                    'div',
                    { class: 'slds-page-header__col-title' },
                    h(
                        'div',
                        { class: 'slds-media' },
                        h('div', { class: 'slds-media__figure' }, objectIcon(record.icon)),
                        h(
                            'div',
                            { class: 'slds-media__body' },
                            h('p', { class: 'slds-page-header__name-meta' }, record.objectLabel),
                            h('h1', { class: 'slds-page-header__title' }, record.title)
                        )
                    )
                )
            ),
            h(
                'div',
                { class: 'slds-page-header__row slds-page-header__row_gutters' },
                h(
                    'ul',
                    { class: 'slds-page-header__detail-row' },
                    ...record.highlights.map((/** @type {any} */ field) =>
                        h(
                            'li',
                            { class: 'slds-page-header__detail-block', 'data-field': field.name },
                            h('div', { class: 'slds-text-title slds-truncate' }, field.label),
                            h('div', {}, value(actions, field, record.info))
                        )
                    )
                )
            )
        ),
        h(
            'div',
            { class: 'record__columns' },
            h(
                'div',
                { class: 'record__main' },
                h(
                    'article',
                    { class: 'slds-card' },
                    h('div', { class: 'slds-card__body slds-card__body_inner' },
                        h('h2', { class: 'card__tab' }, 'Details'),
                        fieldGrid(actions, record.details, record.info),
                        record.custom.length > 0 && section('FCC call', true, fieldGrid(actions, record.custom, record.info)),
                        section('System Information', true, fieldGrid(actions, record.system, record.info))
                    )
                ),
                ...record.related.map((/** @type {any} */ group) => related(actions, group))
            ),
            h(
                'div',
                { class: 'record__side' },
                record.object !== 'Task' &&
                    h(
                        'article',
                        { class: 'slds-card' },
                        h('div', { class: 'slds-card__body slds-card__body_inner' },
                            h('h2', { class: 'card__tab' }, 'Activity'),
                            timeline(actions, record.activities)
                        )
                    )
            )
        )
    );
}

/** @param {Actions} actions @param {any} group */
function related(actions, group) {
    return h(
        'article',
        { class: 'slds-card', 'data-related': group.object },
        h(
            'div',
            { class: 'slds-card__header slds-media slds-media_center' },
            h('div', { class: 'slds-media__figure' }, objectIcon(group.icon, 'slds-icon_small')),
            h('h2', { class: 'slds-card__header-title' }, `${group.title} (${group.rows.length})`)
        ),
        h(
            'div',
            { class: 'slds-card__body slds-card__body_inner related' },
            ...group.rows.map((/** @type {any} */ row) =>
                h(
                    'div',
                    { class: 'related__tile' },
                    link(actions, recordPath(group.object, row.id), row.name, 'slds-text-title_bold'),
                    h('div', {}, row.text),
                    ...row.phones.map((/** @type {string} */ number) => h('div', {}, phone(actions, number, row.info)))
                )
            )
        )
    );
}

/** @param {any} activity */
function activityIcon(activity) {
    return activity.subtype === 'Call' ? 'log_a_call' : 'task';
}

/** @param {Actions} actions @param {any[]} activities the history, newest first */
function timeline(actions, activities) {
    if (activities.length === 0) {
        return h('p', { class: 'slds-text-color_weak slds-p-vertical_medium' }, 'No activities to show.');
    }
    return h(
        'ul',
        { class: 'slds-timeline', 'aria-label': 'Activity history' },
        ...activities.map((one) =>
            h(
                'li',
                { 'data-task-id': one.id, 'data-outcome': one.outcome },
                h(
                    'div',
                    {
                        class: `slds-timeline__item_expandable slds-is-open ${one.subtype === 'Call' ? 'slds-timeline__item_call' : 'slds-timeline__item_task'}`
                    },
                    h(
                        'div',
                        { class: 'slds-media' },
                        h(
                            'div',
                            { class: 'slds-media__figure' },
                            h(
                                'div',
                                { class: `slds-icon_container slds-icon-standard-${activityIcon(one).replaceAll('_', '-')} slds-timeline__icon` },
                                icon('standard', activityIcon(one), 'slds-icon slds-icon_small')
                            )
                        ),
                        h(
                            'div',
                            { class: 'slds-media__body' },
                            h(
                                'div',
                                { class: 'slds-grid slds-grid_align-spread slds-timeline__trigger' },
                                h('h3', { class: 'slds-truncate activity__subject' }, link(actions, recordPath('Task', one.id), one.subject)),
                                h('p', { class: 'slds-timeline__date activity__date' }, moment(one.at))
                            ),
                            h(
                                'p',
                                { class: 'slds-m-horizontal_xx-small activity__summary' },
                                [one.callType && `${one.callType} call`, one.owner && `by ${one.owner}`].filter(Boolean).join(' ')
                            ),
                            h(
                                'dl',
                                { class: 'activity__facts' },
                                ...fact('Status', one.status),
                                ...fact('Duration', duration(one.duration)),
                                ...fact('Outcome', one.outcome),
                                ...fact('Number', one.number),
                                ...fact('Name', one.who && link(actions, recordPath('record', one.who.id), one.who.name)),
                                ...fact('Related To', one.what && link(actions, recordPath('record', one.what.id), one.what.name)),
                                ...fact('Recording', one.recording && h('a', { href: one.recording, target: '_blank', rel: 'noopener' }, 'Open'))
                            ),
                            one.description && h('p', { class: 'activity__text' }, one.description)
                        )
                    )
                )
            )
        )
    );
}

/** @param {string} name @param {Node | string | null | undefined | false} content @returns {Node[]} */
function fact(name, content) {
    if (!content) {
        return [];
    }
    return [h('dt', {}, name), h('dd', { 'data-fact': name }, content)];
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

/** @param {string} message */
export function problem(message) {
    return h(
        'div',
        { class: 'page' },
        h(
            'div',
            { class: 'slds-illustration slds-illustration_small slds-box slds-theme_default' },
            h('h1', { class: 'slds-text-heading_medium' }, 'We hit a snag.'),
            h('p', {}, message)
        )
    );
}
