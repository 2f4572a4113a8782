/**
 * The bridge, as it is deployed: the file of the static resource itself is run on a page built like FCC_WebPhone.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, mock } from 'node:test';
import { compileFunction } from 'node:vm';
import { Window } from 'happy-dom';

const SOURCE = readFileSync(
    new URL('../../sf_metadata/force-app/main/default/staticresources/FCC_WebPhoneBridge.js', import.meta.url),
    'utf8'
);
const CONNECTOR = 'https://connector.example.com';
const LIGHTNING = 'https://acme.lightning.force.com';
const QUERY = '?mode=Lightning&isdtp=vw&sfdcIframeOrigin=' + encodeURIComponent(LIGHTNING);
const ALLOW = ['microphone', 'autoplay', 'speaker-selection', 'clipboard-write']
    .map((feature) => `${feature} ${CONNECTOR}`)
    .join('; ');

/** Waits for a condition; the page's observers run in their own time. */
async function until(condition) {
    const end = Date.now() + 2000;
    while (!condition()) {
        assert.ok(Date.now() < end, 'the condition did not come true: ' + condition);
        await new Promise((resolve) => setImmediate(resolve));
    }
}

/** Open CTI as Salesforce documents it: one object in, a callback out, listeners for two events. */
function fakeOpenCti() {
    const calls = [];
    const listeners = {};
    const cti = { calls, listeners, answers: {} };
    const methods = [
        'enableClickToDial', 'disableClickToDial', 'screenPop', 'setSoftphonePanelVisibility', 'setSoftphonePanelHeight',
        'setSoftphonePanelWidth', 'setSoftphoneItemLabel', 'setSoftphoneItemIcon', 'getAppViewInfo',
        'notifyInitializationComplete', 'refreshView', 'searchAndScreenPop', 'saveLog', 'isSoftphonePanelVisible', 'runApex'
    ];
    for (const method of methods) {
        cti[method] = (args) => {
            const { callback, ...rest } = args;
            calls.push({ method, args: rest, callback });
            if (cti.answers[method] !== null) {
                callback(cti.answers[method] || { success: true, returnValue: null, errors: null });
            }
        };
    }
    for (const method of ['onClickToDial', 'onNavigationChange']) {
        cti[method] = ({ listener }) => (listeners[method] = listener);
    }
    return cti;
}

/** The page with everything in place and the pane's frame shown. */
async function page({ query = QUERY, cti = fakeOpenCti(), config = { connector: CONNECTOR }, frame = true } = {}) {
    const window = new Window({ url: 'https://acme--c.vf.force.com/apex/FCC_WebPhone' + query });
    const document = window.document;
    window.console = { warn: () => {} };
    const add = (tag, id, text = '') => {
        const element = document.createElement(tag);
        element.id = id;
        element.textContent = text;
        return document.body.appendChild(element);
    };
    const tag = document.createElement('script');
    tag.type = 'application/json';
    tag.id = 'fcc-bridge-config';
    tag.textContent = typeof config === 'string' ? config : JSON.stringify(config);
    document.body.appendChild(tag);
    add('p', 'fcc-notice').hidden = true;
    add('div', 'fcc-pane');
    compileFunction(SOURCE, ['window'])(window);
    if (cti) {
        window.sforce = { opencti: cti };
    }
    const pane = { posted: [], postMessage: (message, origin) => pane.posted.push({ message, origin }) };
    const world = {
        window,
        document,
        cti,
        pane,
        /** @returns the messages of a type that reached the pane */
        got: (type) => pane.posted.map((entry) => entry.message).filter((message) => message.type === type),
        show() {
            const iframe = document.createElement('iframe');
            iframe.setAttribute('name', 'canvas-frame-_:FCC_WebPhone:1');
            Object.defineProperty(iframe, 'contentWindow', { value: pane });
            document.getElementById('fcc-pane').appendChild(iframe);
            world.iframe = iframe;
            return iframe;
        },
        say(data, { source = pane, origin = CONNECTOR } = {}) {
            const event = new window.Event('message');
            Object.assign(event, { data, source, origin });
            window.dispatchEvent(event);
        },
        /** Asks for a call and returns its result. */
        call(method, args, id = 'p1') {
            world.say({ fcc: 1, id, type: 'call', method, args });
            return world.got('result').find((message) => message.id === id);
        },
        close: () => window.happyDOM.close()
    };
    if (frame) {
        world.show();
        await until(() => world.iframe.getAttribute('allow'));
    }
    return world;
}

describe('the microphone', () => {
    it('is delegated to the connector by name as soon as the canvas frame is inserted', async () => {
        const world = await page({ frame: false });
        const iframe = world.show();

        await until(() => iframe.getAttribute('allow') === ALLOW);

        await world.close();
    });

    it('is delegated before any task that follows the insertion, so before a form is posted into the frame', async () => {
        const world = await page({ frame: false });
        let seen = null;
        const iframe = world.show();
        await new Promise((resolve) => world.window.setTimeout(() => resolve((seen = iframe.getAttribute('allow'))), 0));

        assert.equal(seen, ALLOW);
        await world.close();
    });

    it('is delegated again when something resets the attribute', async () => {
        const world = await page();

        world.iframe.setAttribute('allow', 'microphone');

        await until(() => world.iframe.getAttribute('allow') === ALLOW);
        await world.close();
    });

    it('is not given to a frame that is not the canvas frame', async () => {
        const world = await page();
        const other = world.document.createElement('iframe');
        world.document.body.appendChild(other);
        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        assert.equal(other.getAttribute('allow'), null);
        await world.close();
    });

    for (const outer of [true, false]) {
        it(`is reported to the pane as delegated only if this page has it itself (${outer})`, async () => {
            const world = await page();
            world.document.featurePolicy = { allowsFeature: (feature) => feature === 'microphone' && outer };

            world.say({ fcc: 1, id: 'p1', type: 'ready' });

            assert.deepEqual(world.got('hello')[0].mic, { allow: ALLOW, delegated: outer, outer });
            await world.close();
        });
    }

    it('is reported as unknown by a browser that cannot tell', async () => {
        const world = await page();

        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        assert.equal(world.got('hello')[0].mic.delegated, null);
        await world.close();
    });
});

describe('hello', () => {
    it('answers ready with the version and says that Open CTI runs', async () => {
        const world = await page();

        world.say({ fcc: 1, id: 'p7', type: 'ready' });

        const [hello] = world.got('hello');
        assert.equal(hello.fcc, 1);
        assert.equal(hello.id, 'p7');
        assert.match(hello.version, /^\d+\.\d+\.\d+$/);
        assert.equal(hello.cti, true);
        assert.equal(world.pane.posted[0].origin, CONNECTOR);
        await world.close();
    });

    for (const [name, options] of [
        ['the script never came', { cti: null }],
        ['the page is not in the frame Lightning loaded', { query: '' }],
        ['the methods are missing because the script stopped half-way', { cti: {} }]
    ]) {
        it(`says that there is no Open CTI when ${name}`, async () => {
            const world = await page(options);

            world.say({ fcc: 1, id: 'p1', type: 'ready' });

            assert.equal(world.got('hello')[0].cti, false);
            await world.close();
        });
    }

    it('says that there is no Open CTI when its script threw its string at load', async () => {
        const world = await page();
        const event = new world.window.Event('error');
        event.message = 'Uncaught Failed to initialize Open CTI. Ensure that it is loaded from the right frame';
        world.window.dispatchEvent(event);

        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        assert.equal(world.got('hello')[0].cti, false);
        await world.close();
    });

    it('says that there is no Open CTI when its script could not be fetched', async () => {
        const world = await page();
        const script = world.document.createElement('script');
        Object.defineProperty(script, 'src', { value: 'https://acme--c.vf.force.com/support/api/67.0/lightning/opencti_min.js' });
        world.document.body.appendChild(script);
        script.dispatchEvent(new world.window.Event('error'));

        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        assert.equal(world.got('hello')[0].cti, false);
        await world.close();
    });
});

describe('who may speak', () => {
    const ready = { fcc: 1, id: 'p1', type: 'ready' };
    for (const [name, data, from] of [
        ['another window of the right origin', ready, { source: {} }],
        ['another origin in the right window', ready, { origin: 'https://elsewhere.example.com' }],
        ['an origin that only begins like ours', ready, { origin: CONNECTOR + '.evil.example' }],
        ['a message without our mark', { id: 'p1', type: 'ready' }, {}],
        ['another version of the protocol', { fcc: 2, id: 'p1', type: 'ready' }, {}],
        ['no id', { fcc: 1, type: 'ready' }, {}],
        ['an id that is not text', { fcc: 1, id: 7, type: 'ready' }, {}],
        ['nothing at all', null, {}],
        ["Canvas's own JSON string", JSON.stringify({ fcc: 1, id: 'p1', type: 'ready', targetModule: 'Canvas' }), {}]
    ]) {
        it(`hears nothing from ${name}`, async () => {
            const world = await page();

            world.say(data, from);

            assert.deepEqual(world.pane.posted, []);
            await world.close();
        });
    }

    it('passes no call that comes from elsewhere', async () => {
        const world = await page();
        const call = { fcc: 1, id: 'p1', type: 'call', method: 'enableClickToDial', args: {} };

        world.say(call, { source: {} });
        world.say(call, { origin: 'null' });

        assert.deepEqual(world.cti.calls, []);
        await world.close();
    });

    it('stays silent, and tells the person, on a page that names no connector', async () => {
        for (const config of [{ connector: 'http://connector.example.com' }, { connector: '*' }, {}, 'not json']) {
            const world = await page({ config, frame: false });
            const iframe = world.show();
            world.say(ready);
            await new Promise((resolve) => setImmediate(resolve));

            assert.equal(iframe.getAttribute('allow'), null);
            assert.deepEqual(world.pane.posted, []);
            assert.equal(world.document.getElementById('fcc-notice').hidden, false);
            assert.match(world.document.getElementById('fcc-notice').textContent, /page-not-configured/);
            await world.close();
        }
    });

    it('takes plain http only from the machine itself', async () => {
        const world = await page({ config: { connector: 'http://connector.localhost:8080' } });

        world.say(ready, { origin: 'http://connector.localhost:8080' });

        assert.equal(world.pane.posted[0].origin, 'http://connector.localhost:8080');
        await world.close();
    });
});

describe('calls', () => {
    const RECORD = '0035g00000AbCdEAAV';
    const allowed = [
        ['enableClickToDial', {}],
        ['disableClickToDial', undefined],
        ['isSoftphonePanelVisible', {}],
        ['getAppViewInfo', {}],
        ['notifyInitializationComplete', {}],
        ['refreshView', {}],
        ['setSoftphonePanelVisibility', { visible: true }],
        ['setSoftphonePanelHeight', { heightPX: 560 }],
        ['setSoftphonePanelWidth', { widthPX: 400 }],
        ['setSoftphoneItemLabel', { label: 'Zajęty' }],
        ['setSoftphoneItemIcon', { key: 'incoming_call' }],
        ['screenPop', { type: 'sobject', params: { recordId: RECORD } }],
        ['screenPop', { type: 'url', params: { url: '/lightning/o/Case/list' } }],
        ['screenPop', { type: 'objecthome', params: { scope: 'Account' } }],
        ['screenPop', { type: 'list', params: { listViewId: '00B5g00000AbCdE' } }],
        ['screenPop', { type: 'search', params: { searchString: '600100200' } }],
        ['screenPop', { type: 'newRecord', params: { entityName: 'Contact', defaultFieldValues: { Phone: '+48600100200' } } }],
        ['screenPop', { type: 'flow', params: { flowDevName: 'Intake', flowArgs: [{ name: 'n', type: 'String', value: 'x' }] } }],
        ['searchAndScreenPop', { searchParams: '600100200', callType: 'inbound', deferred: true }],
        ['saveLog', { value: { entityApiName: 'Task', Subject: 'Rozmowa', CallDurationInSeconds: 12, WhoId: null } }]
    ];
    for (const [method, args] of allowed) {
        it(`passes ${method} ${JSON.stringify(args) || ''}`, async () => {
            const world = await page();

            const result = world.call(method, args);

            assert.equal(result.success, true);
            assert.equal(result.errors, null);
            assert.equal(world.cti.calls.length, 1);
            assert.deepEqual(world.cti.calls[0].args, args || {});
            await world.close();
        });
    }

    const refused = [
        ['runApex', { apexClass: 'X', methodName: 'y' }, 'METHOD_NOT_ALLOWED'],
        ['constructor', {}, 'METHOD_NOT_ALLOWED'],
        ['toString', {}, 'METHOD_NOT_ALLOWED'],
        [7, {}, 'METHOD_NOT_ALLOWED'],
        ['enableClickToDial', { more: 1 }, 'INVALID_PARAM'],
        ['enableClickToDial', { callback: 'x' }, 'INVALID_PARAM'],
        ['getAppViewInfo', 'x', 'INVALID_PARAM'],
        ['setSoftphonePanelVisibility', { visible: 'yes' }, 'INVALID_PARAM'],
        ['setSoftphonePanelHeight', { heightPX: 239 }, 'INVALID_PARAM'],
        ['setSoftphonePanelHeight', { heightPX: 2561 }, 'INVALID_PARAM'],
        ['setSoftphonePanelWidth', { widthPX: 199 }, 'INVALID_PARAM'],
        ['setSoftphonePanelWidth', {}, 'INVALID_PARAM'],
        ['setSoftphoneItemIcon', { key: '../x' }, 'INVALID_PARAM'],
        ['screenPop', { type: 'sobject', params: { recordId: '003' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'nothing', params: {} }, 'INVALID_PARAM'],
        ['screenPop', { type: 'constructor', params: {} }, 'INVALID_PARAM'],
        ['screenPop', { type: 'url', params: { url: 'https://elsewhere.example.com/' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'url', params: { url: '//elsewhere.example.com/' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'url', params: { url: '/\\elsewhere.example.com/' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'url', params: { url: '/\t/elsewhere.example.com/' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'url', params: { url: 'javascript:alert(1)' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'search', params: { searchString: 'ab' } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'newRecord', params: { entityName: 'Contact', defaultFieldValues: { Phone: {} } } }, 'INVALID_PARAM'],
        ['screenPop', { type: 'flow', params: { flowDevName: 'X', flowArgs: [{ name: 'n', type: 'T', more: 1 }] } }, 'INVALID_PARAM'],
        ['searchAndScreenPop', { searchParams: 'x' }, 'INVALID_PARAM'],
        ['searchAndScreenPop', { searchParams: 'x', callType: 'inbound', params: { URL: {} } }, 'INVALID_PARAM'],
        ['saveLog', { value: { 'a b': 1 } }, 'INVALID_PARAM'],
        ['saveLog', { value: { Subject: ['x'] } }, 'INVALID_PARAM']
    ];
    for (const [method, args, code] of refused) {
        it(`refuses ${String(method)} ${JSON.stringify(args)} with ${code}`, async () => {
            const world = await page();

            const result = world.call(method, args);

            assert.equal(result.success, false);
            assert.equal(result.errors[0].code, code);
            assert.deepEqual(world.cti.calls, []);
            await world.close();
        });
    }

    it('takes no value that comes by inheritance', async () => {
        const world = await page();

        const result = world.call('setSoftphonePanelVisibility', Object.create({ visible: true }));

        assert.equal(result.errors[0].code, 'INVALID_PARAM');
        await world.close();
    });

    it('returns what Salesforce answered', async () => {
        const world = await page();
        world.cti.answers.getAppViewInfo = { success: true, returnValue: { recordId: RECORD, objectType: 'Contact' }, errors: null };

        const result = world.call('getAppViewInfo', {});

        assert.deepEqual(result.returnValue, { recordId: RECORD, objectType: 'Contact' });
        await world.close();
    });

    it("returns Salesforce's refusal with its codes, under either of its two names", async () => {
        for (const name of ['errors', 'error']) {
            const world = await page();
            const errors = [{ code: 'SERVER_ERROR', description: 'A problem was encountered on the server.' }];
            world.cti.answers.saveLog = { success: false, returnValue: null, [name]: errors };

            const result = world.call('saveLog', { value: { Subject: 'x' } });

            assert.equal(result.success, false);
            assert.deepEqual(result.errors, errors);
            await world.close();
        }
    });

    it('turns a string thrown by Open CTI into a result', async () => {
        const world = await page();
        world.cti.screenPop = () => {
            throw 'Must pass in only one object which holds arguments to this API method call.';
        };

        const result = world.call('screenPop', { type: 'sobject', params: { recordId: RECORD } });

        assert.equal(result.errors[0].code, 'GENERIC_ERROR');
        assert.match(result.errors[0].description, /only one object/);
        await world.close();
    });

    it('answers each call once, whatever Salesforce does', async () => {
        const world = await page();
        world.call('refreshView', {});
        world.cti.calls[0].callback({ success: false, returnValue: null, errors: [] });

        assert.equal(world.got('result').length, 1);
        await world.close();
    });

    it('says that Open CTI is not there when it is not', async () => {
        const world = await page({ query: '' });

        const result = world.call('enableClickToDial', {});

        assert.equal(result.errors[0].code, 'CTI_UNAVAILABLE');
        await world.close();
    });

    it('says so when Salesforce never answers, and listens no longer', async () => {
        const world = await page();
        world.cti.answers.getAppViewInfo = null;
        const timers = [];
        world.window.setTimeout = mock.fn((run, wait) => timers.push({ run, wait }));
        world.call('getAppViewInfo', {});
        assert.deepEqual(world.got('result'), []);

        assert.equal(timers[0].wait, 9000);
        timers[0].run();
        world.cti.calls[0].callback({ success: true, returnValue: null, errors: null });

        assert.deepEqual(world.got('result').map((result) => result.errors[0].code), ['TIMEOUT']);
        await world.close();
    });

    it('passes any number of calls one after the other', async () => {
        const world = await page();
        for (let i = 0; i < 200; i += 1) {
            assert.equal(world.call('getAppViewInfo', {}, 'p' + i).success, true);
        }

        await world.close();
    });

    it('does not let a broken pane pile calls up without end', async () => {
        const world = await page();
        world.cti.answers.getAppViewInfo = null;
        world.window.setTimeout = () => 0;
        for (let i = 0; i < 70; i += 1) {
            world.call('getAppViewInfo', {}, 'p' + i);
        }

        assert.equal(world.cti.calls.length, 64);
        assert.equal(world.got('result')[0].errors[0].code, 'TOO_MANY_CALLS');
        await world.close();
    });
});

describe('events', () => {
    const click = { number: '22 111 22 34', recordId: '0035g00000AbCdEAAV', recordName: 'Jan Kowalski', objectType: 'Contact' };

    it('passes a clicked number with the record it stands on', async () => {
        const world = await page();
        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        world.cti.listeners.onClickToDial(click);

        const [event] = world.got('event');
        assert.equal(event.name, 'clickToDial');
        assert.deepEqual(event.payload, click);
        assert.equal(world.pane.posted.at(-1).origin, CONNECTOR);
        await world.close();
    });

    it('tells a pane that comes later what the agent looks at, and only the last of it', async () => {
        const world = await page();
        world.window.dispatchEvent(new world.window.Event('load'));
        world.cti.listeners.onNavigationChange({ url: '/lightning/page/home' });
        world.cti.listeners.onNavigationChange({ url: '/lightning/r/Case/500/view', recordId: '500', objectType: 'Case' });
        assert.deepEqual(world.pane.posted, []);

        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        assert.deepEqual(world.got('event').map((event) => event.payload.recordId), ['500']);
        await world.close();
    });

    it('passes nothing in a payload that it does not know', async () => {
        const world = await page();
        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        world.cti.listeners.onNavigationChange({ url: '/x', secret: 's', nested: { a: 1 }, recordName: () => 'f' });

        assert.deepEqual(world.got('event')[0].payload, { url: '/x' });
        await world.close();
    });

    it('leaves out a payload it cannot read', async () => {
        const world = await page();
        world.say({ fcc: 1, id: 'p1', type: 'ready' });

        world.cti.listeners.onNavigationChange('not json');
        world.cti.listeners.onClickToDial(null);

        assert.deepEqual(world.got('event'), []);
        await world.close();
    });

    it('subscribes once however often the pane says ready', async () => {
        const world = await page();
        let subscriptions = 0;
        world.cti.onClickToDial = () => (subscriptions += 1);

        world.say({ fcc: 1, id: 'p1', type: 'ready' });
        world.say({ fcc: 1, id: 'p2', type: 'ready' });

        assert.equal(subscriptions, 1);
        await world.close();
    });
});

describe('a canvas app that Salesforce does not show', () => {
    for (const [form, given] of [
        ['as a word among others', ['FCC_WebPhone', 'NO_ACCESS', 'some text <b>of theirs</b>']],
        ['in an object', [{ name: 'NO_ACCESS', message: 'some text <b>of theirs</b>' }]]
    ]) {
        // assumed A44: Salesforce's code is somewhere in the arguments
        it(`is explained to the person, with a code for the administrator that came ${form}`, async () => {
            const world = await page({ frame: false });

            world.window.fccCanvasFailed(...given);

            const notice = world.document.getElementById('fcc-notice');
            assert.equal(notice.hidden, false);
            assert.match(notice.textContent, /Fcc Access.*\(canvas-not-shown, NO_ACCESS\)$/);
            assert.doesNotMatch(notice.textContent, /of theirs/);
            await world.close();
        });
    }

    it('is explained in Polish to a browser that speaks it', async () => {
        const world = await page({ frame: false });
        Object.defineProperty(world.window.navigator, 'language', { value: 'pl-PL' });

        world.window.fccCanvasFailed('FCC_WebPhone', { odd: 'code' }, null);

        const notice = world.document.getElementById('fcc-notice');
        assert.equal(notice.lang, 'pl');
        assert.match(notice.textContent, /^Salesforce nie otworzył.*\(canvas-not-shown\)$/);
        await world.close();
    });
});
