/** The "New …" dialog. */
import { fetchJson, h, icon, postJson } from './dom.js';

/** @param {any} field @param {any} initial */
function control(field, initial) {
    const id = `field-${field.name}`;
    if (field.type === 'picklist') {
        const select = /** @type {HTMLSelectElement} */ (
            h('select', { class: 'slds-select', id, name: field.name }, h('option', { value: '' }, '--None--'),
                ...field.values.map((/** @type {string} */ value) => h('option', { value }, value)))
        );
        select.value = initial || '';
        return select;
    }
    if (field.type === 'textarea') {
        return h('textarea', { class: 'slds-textarea', id, name: field.name, rows: 3 }, initial || '');
    }
    if (field.type === 'reference') {
        const list = h('datalist', { id: `${id}-choices` });
        const input = /** @type {HTMLInputElement} */ (
            h('input', { class: 'slds-input', id, name: field.name, list: `${id}-choices`, autocomplete: 'off' })
        );
        const choose = async () => {
            const found = await fetchJson(`/ui/lookup/${field.refersTo[0]}?q=${encodeURIComponent(input.value)}`);
            list.replaceChildren(...found.map((/** @type {any} */ one) => h('option', { value: one.name, 'data-id': one.id })));
            const match = found.find((/** @type {any} */ one) => one.name === input.value || one.id === input.value);
            input.dataset.id = match ? match.id : '';
            if (match) {
                input.value = match.name;
            }
        };
        input.addEventListener('input', () => void choose());
        if (initial) {
            input.value = initial;
            input.dataset.id = initial;
            void choose();
        }
        return h('div', {}, input, list);
    }
    return h('input', { class: 'slds-input', id, name: field.name, value: initial || '', maxlength: field.length || null });
}

/**
 * Open the dialog; resolves when it is open.
 * @param {string} object
 * @param {Record<string, any>} defaults
 * @param {(saved: {object: string, id: string} | null) => void} closed told what was saved, or null when cancelled
 */
export async function newRecordModal(object, defaults, closed) {
    const form = await fetchJson(`/ui/form/${encodeURIComponent(object)}`);
    const errors = h('div', { class: 'slds-text-color_error slds-p-bottom_small', role: 'alert' });
    const fields = h('div', { class: 'slds-form' });
    for (const field of form.fields) {
        fields.append(
            h(
                'div',
                { class: 'slds-form-element slds-m-bottom_x-small' },
                h('label', { class: 'slds-form-element__label', for: `field-${field.name}` },
                    field.required && h('abbr', { class: 'slds-required', title: 'required' }, '* '), field.label),
                h('div', { class: 'slds-form-element__control' }, control(field, defaults[field.name]))
            )
        );
    }
    const shown = new Set(form.fields.map((/** @type {any} */ field) => field.name));
    const hidden = Object.fromEntries(Object.entries(defaults).filter(([name]) => !shown.has(name)));

    const close = (/** @type {{object: string, id: string} | null} */ saved) => {
        root.remove();
        closed(saved);
    };
    const save = async () => {
        /** @type {Record<string, any>} */
        const values = { ...hidden };
        for (const input of fields.querySelectorAll('input, select, textarea')) {
            const one = /** @type {HTMLInputElement} */ (input);
            const value = one.hasAttribute('list') ? one.dataset.id : one.value;
            if (value) {
                values[one.name] = value;
            }
        }
        const answer = await postJson('/ui/records', { object: form.object, values });
        if (answer.success) {
            close({ object: form.object, id: answer.id });
        } else {
            errors.textContent = answer.errors.map((/** @type {any} */ error) => error.message).join(' ');
        }
    };
    const root = h(
        'div',
        { class: 'modal' },
        h(
            'section',
            { role: 'dialog', class: 'slds-modal slds-fade-in-open', 'aria-modal': 'true', 'aria-label': `New ${form.label}` },
            h(
                'div',
                { class: 'slds-modal__container' },
                h('button', { class: 'slds-button slds-button_icon slds-modal__close', type: 'button', title: 'Close', onclick: () => close(null) },
                    icon('utility', 'close', 'slds-button__icon slds-button__icon_large')),
                h('div', { class: 'slds-modal__header' }, h('h1', { class: 'slds-modal__title slds-hyphenate slds-text-heading_medium' }, `New ${form.label}`)),
                h('div', { class: 'slds-modal__content slds-p-around_medium' }, errors, fields),
                h('div', { class: 'slds-modal__footer' },
                    h('button', { class: 'slds-button slds-button_neutral', type: 'button', onclick: () => close(null) }, 'Cancel'),
                    h('button', { class: 'slds-button slds-button_brand', type: 'button', onclick: () => void save() }, 'Save'))
            )
        ),
        h('div', { class: 'slds-backdrop slds-backdrop_open', role: 'presentation' })
    );
    document.body.append(root);
}
