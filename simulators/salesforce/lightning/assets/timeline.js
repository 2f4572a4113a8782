/** A record's activity history. */
import { duration, h, icon, moment } from './dom.js';
import { link, recordPath } from './parts.js';

/** @typedef {import('./parts.js').Actions} Actions */

/** @param {any} activity */
function activityIcon(activity) {
    return activity.subtype === 'Call' ? 'log_a_call' : 'task';
}

/** @param {Actions} actions @param {any[]} activities the history, newest first */
export function timeline(actions, activities) {
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
