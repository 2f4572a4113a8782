/**
 * Open CTI's methods as the page carries them out, and what they refuse.
 *
 * Source: Salesforce, Open CTI Developer Guide, "Methods for Lightning Experience", "Common Error Messages for
 * Lightning Experience Methods".
 */
import { fetchJson, postJson } from './dom.js';

/** @typedef {import('./softphone.js').Softphone} Softphone */

const HEIGHT = /** @type {const} */ ([240, 2560]);
const WIDTH = /** @type {const} */ ([200, 1920]);

/** A refusal, with one of the documented codes. */
export class Refusal extends Error {
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

/** @type {Record<string, (softphone: Softphone, args: Record<string, any>) => any>} */
export const METHODS = {
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
