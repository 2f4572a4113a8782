/** Small helpers for building the page. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `class`, `on…` handlers, data and plain attributes; null ones are left out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) {
            continue;
        }
        if (name.startsWith('on')) {
            element.addEventListener(name.slice(2), value);
        } else {
            element.setAttribute(name, value === true ? '' : String(value));
        }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => /** @type {Node | string} */ (child)));
    return element;
}

/**
 * @param {string} sprite `utility`, `standard` or `action`
 * @param {string} key
 * @param {string} [classes]
 * @returns {SVGSVGElement}
 */
export function icon(sprite, key, classes = 'slds-icon slds-icon_x-small slds-icon-text-default') {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('class', classes);
    svg.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(SVG, 'use');
    use.setAttribute('href', `/slds/icons/${sprite}-sprite/svg/symbols.svg#${key}`);
    svg.append(use);
    return svg;
}

/** @param {string} key @param {string} [size] @returns {HTMLElement} */
export function objectIcon(key, size = '') {
    return h(
        'span',
        { class: `slds-icon_container slds-icon-standard-${key}` },
        icon('standard', key, `slds-icon ${size}`)
    );
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<any>} parsed JSON; rejects with the server's words */
export async function fetchJson(path, options) {
    const answer = await fetch(path, options);
    const body = await answer.json();
    if (answer.status === 401) {
        location.assign('/');
    }
    if (!answer.ok && !('success' in body)) {
        throw new Error(body.message || answer.statusText);
    }
    return body;
}

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export function postJson(path, body) {
    return fetchJson(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
    });
}

/** @param {number | null | undefined} seconds @returns {string} `m:ss` or `h:mm:ss` */
export function duration(seconds) {
    if (seconds === null || seconds === undefined) {
        return '';
    }
    const pad = (/** @type {number} */ value) => String(value).padStart(2, '0');
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** @param {string | null} value an API date and time @returns {string} */
export function moment(value) {
    if (!value) {
        return '';
    }
    const date = new Date(value.replace(/\+0000$/, 'Z'));
    return date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}
