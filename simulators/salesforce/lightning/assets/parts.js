/** What several pages are made of: links, phone numbers, fields' values, headers, related records. */
import { duration, h, moment, objectIcon } from './dom.js';

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
function phone(actions, number, info) {
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
export function value(actions, field, info) {
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
 * The head of a page's header: the object's icon, a line above, the title.
 * @param {string} key the icon's
 * @param {string} above
 * @param {string} title
 */
export function pageTitle(key, above, title) {
    return h(
        'div',
        { class: 'slds-page-header__col-title' },
        h(
            'div',
            { class: 'slds-media' },
            h('div', { class: 'slds-media__figure' }, objectIcon(key)),
            h(
                'div',
                { class: 'slds-media__body' },
                h('p', { class: 'slds-page-header__name-meta' }, above),
                h('h1', { class: 'slds-page-header__title' }, title)
            )
        )
    );
}

/** @param {Actions} actions @param {any} group */
export function related(actions, group) {
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
