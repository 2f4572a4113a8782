/** The page of one record. */
import { h, icon } from './dom.js';
import { pageTitle, related, value } from './parts.js';
import { timeline } from './timeline.js';

/** @typedef {import('./parts.js').Actions} Actions */

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
                pageTitle(record.icon, record.objectLabel, record.title)
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
