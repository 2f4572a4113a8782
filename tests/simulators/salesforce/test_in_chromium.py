"""Lightning, Open CTI and Canvas as a real browser sees them."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request
from selenium.webdriver.common.by import By
from werkzeug.serving import make_server

from simulators.salesforce import world
from simulators.salesforce.__main__ import METADATA, listen, rendered, server_for
from simulators.salesforce.hosts import Site
from simulators.salesforce.metadata.package import Package
from simulators.salesforce.org import Org
from tests.support.browser import chromium
from tests.support.wait import until

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.browser

NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
CENTER = f"""<CallCenter {NAMESPACE}><adapterUrl>/apex/Adapter?tenant=acme</adapterUrl>
<customSettings>{{"reqUseApi":"true","reqSoftphoneHeight":"300","reqSoftphoneWidth":"300",
"reqSalesforceCompatibilityMode":"Lightning"}}</customSettings>
<displayName>Try</displayName><displayNameLabel>Display Name</displayNameLabel>
<internalNameLabel>Internal Name</internalNameLabel>
<sections><items><label>Tenant</label><name>tenant</name><value>demo</value></items><label>Own</label><name>own</name>
</sections></CallCenter>"""
#: Writes down what arrives and what fails; the canvas frame has no `allow` of its own here.
ADAPTER = """<apex:page>
<script>window.got = []; window.failed = [];
addEventListener('message', event => got.push({origin: event.origin, data: event.data}));
addEventListener('error', event => failed.push(event.error));
window.appLoaded = name => { window.loaded = name; };
window.appFailed = (...words) => { window.refused = words; };</script>
<script src="/support/api/67.0/lightning/opencti_min.js"></script>
<div id="place"><apex:canvasApp developerName="FCC_WebPhone" parameters="{n:'{!$User.Alias}'}"
    onCanvasAppLoad="appLoaded" onCanvasAppError="appFailed"/></div>
</apex:page>"""
#: The Canvas app: says what it may use, and keeps what its parent tells it.
APP = """<!DOCTYPE html><h1>App</h1><script>
window.told = [];
addEventListener('message', event => told.push({origin: event.origin, data: event.data}));
window.mayUse = document.featurePolicy.allowsFeature('microphone');
</script>"""


class CanvasApp:
    """Where the Canvas frame's form is posted to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        app = Flask("canvas-app")

        @app.route("/canvas", methods=["GET", "POST"])
        def canvas() -> str:
            self.requests.append((request.method, dict(request.values)))
            return APP

        self._sock = listen(0)
        port = self._sock.getsockname()[1]
        self.origin = f"http://connector.localhost:{port}"
        self._server = make_server("127.0.0.1", port, app, threaded=True, fd=self._sock.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._sock.close()


def served(org: Org, sock: Any) -> Iterator[Org]:
    server = server_for(sock, org)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield org
    server.shutdown()
    thread.join()
    server.server_close()
    sock.close()


@pytest.fixture(scope="module")
def app() -> Iterator[CanvasApp]:
    made = CanvasApp()
    yield made
    made.close()


@pytest.fixture(scope="module")
def running(app: CanvasApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """An org whose adapter page is the test's own."""
    root = tmp_path_factory.mktemp("package")
    files: dict[str, str] = {"pages/Adapter.page": ADAPTER, "callCenters/Try.callCenter-meta.xml": CENTER}
    for name, text in files.items():
        path: pathlib.Path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    sock = listen(0)
    site = Site(sock.getsockname()[1], app.origin)
    yield from served(Org(site, Package(root, rendered(site)), world.demo(), time.time), sock)


@pytest.fixture(scope="module")
def product(app: CanvasApp) -> Iterator[Org]:
    """An org with the product's page and bridge."""
    sock = listen(0)
    site = Site(sock.getsockname()[1], app.origin)
    yield from served(Org(site, Package(METADATA, rendered(site)), world.demo(), time.time), sock)


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    made = chromium(size=(1400, 950))
    yield made
    made.quit()


@pytest.fixture
def org(running: Org, app: CanvasApp) -> Org:
    running.reset()
    app.requests.clear()
    return running


class Desk:
    """Lightning in a browser tab, its adapter frame and its canvas frame."""

    def __init__(self, driver: WebDriver, org: Org) -> None:
        self.driver = driver
        self.org = org

    def open(self, path: str = "/lightning/page/home", user: str = "anna.nowak@acme.example") -> Desk:
        self.driver.get(f"{self.org.site.lightning_origin}/?as={user}&startURL={path}")
        until(lambda: self.top("return !!document.querySelector('#content .page')"), 10, what="a page")
        if self.top("return !!document.querySelector('.softphone__frame')"):
            until(self._adapter_is_there, 10, what="the adapter")
        return self

    def _adapter_is_there(self) -> bool:
        return self.adapter("return document.readyState === 'complete' && 'got' in window || 'fcc-pane'") is not False

    def top(self, script: str, *arguments: Any) -> Any:
        self.driver.switch_to.default_content()
        return self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def _enter(self) -> None:
        self.driver.switch_to.default_content()
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, ".softphone__frame"))

    def adapter(self, script: str, *arguments: Any) -> Any:
        self._enter()
        return self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def canvas(self, script: str, *arguments: Any) -> Any:
        self._enter()
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe[name^='canvas-frame-']"))
        return self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def call(self, method: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call an Open CTI method with a callback; what the callback got."""
        self._enter()
        script = """const [method, given, done] = arguments;
        try { sforce.opencti[method]({...given, callback: done}); }
        catch (error) { done({thrown: error.message || error}); }"""
        answer = self.driver.execute_async_script(script, method, arguments or {})  # type: ignore[no-untyped-call]
        return dict(answer)

    def listen(self, method: str) -> None:
        self.adapter(
            "window.heard = window.heard || []; sforce.opencti[arguments[0]]({listener: p => heard.push(p)})", method
        )

    def heard(self) -> list[dict[str, Any]]:
        return list(self.adapter("return window.heard"))

    def path(self) -> str:
        return str(self.top("return location.pathname + location.search"))

    def shown(self, path: str) -> None:
        until(lambda: self.top("return document.querySelector('#content').dataset.path") == path, 10, what=path)

    def record(self, name: str) -> str:
        for kind in ("Account", "Contact", "Lead", "Case"):
            for row in self.org.records.rows(kind):
                if name in {row.get("Name"), row.get("CaseNumber")}:
                    return f"/lightning/r/{kind}/{row['Id']}/view"
        raise AssertionError(name)

    def go(self, path: str) -> None:
        self.top("history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))", path)
        self.shown(path.partition("?")[0])


@pytest.fixture
def desk(driver: WebDriver, org: Org) -> Desk:
    return Desk(driver, org).open()


def record_id(path: str) -> str:
    return path.split("/")[4]


# Open CTI: start


def test_lightnings_parameters_follow_those_the_adapter_url_has(desk: Desk) -> None:
    query = desk.adapter("return [...new URLSearchParams(location.search).keys()]")
    assert query == ["tenant", "mode", "ltn_app_id", "isdtp", "sfdcIframeOrigin", "clc", "nonce"]
    values = desk.adapter("return Object.fromEntries(new URLSearchParams(location.search))")
    assert (values["mode"], values["isdtp"]) == ("Lightning", "vw")
    assert values["sfdcIframeOrigin"] == desk.org.site.lightning_origin
    assert len(values["nonce"]) == 64
    assert desk.adapter("return failed") == []


@pytest.mark.parametrize(
    "query",
    ["", "mode=Lightning", "sfdcIframeOrigin={lightning}", "mode=Lightning&sfdcIframeOrigin=http://evil.localhost"],
)
def test_outside_lightnings_frame_the_script_throws_a_string_and_leaves_its_name(desk: Desk, query: str) -> None:
    desk.org.sessions.sign_in("anna.nowak@acme.example")
    nonce = desk.adapter("return new URLSearchParams(location.search).get('nonce')")
    given = query.format(lightning=desk.org.site.lightning_origin)
    desk.driver.get(f"{desk.org.site.vf_origin}/apex/Adapter?nonce={nonce}&{given}")
    assert desk.top("return failed") == [
        "Failed to initialize Open CTI. Ensure that it is loaded from the right frame with correct URL parameters"
    ]
    assert desk.top("return typeof sforce.opencti.screenPop") == "function"


ONE_OBJECT = "Must pass in only one object which holds arguments to this API method call."
CALLBACK = "Missing the required argument `callback`!"
LISTENER = "Missing the required argument `listener`!"


WRONG_CALLS = [
    ("enableClickToDial()", None),
    ("disableClickToDial()", None),
    ("refreshView()", None),
    ("notifyInitializationComplete()", None),
    ("notifyInitializationComplete({})", None),
    ("enableClickToDial({})", ONE_OBJECT),
    ("refreshView({})", ONE_OBJECT),
    ("refreshView(1)", ONE_OBJECT),
    ("getAppViewInfo()", ONE_OBJECT),
    ("getAppViewInfo({}, {})", ONE_OBJECT),
    ("getAppViewInfo({callback: null})", CALLBACK),
    ("getCallCenterSettings({other: 1})", CALLBACK),
    ("getSoftphoneLayout({other: 1})", CALLBACK),
    ("isSoftphonePanelVisible({other: 1})", CALLBACK),
    ("onClickToDial({callback() {}})", LISTENER),
    ("onNavigationChange({listener: 1})", LISTENER),
    ("screenPop()", ONE_OBJECT),
    ("screenPop('sobject', {})", ONE_OBJECT),
    ("setSoftphonePanelHeight()", ONE_OBJECT),
    ("saveLog({callback() {}})", "Missing the required argument `value object`!"),
]


@pytest.mark.assumed("A36")
def test_wrong_calls_throw_at_once_in_open_ctis_words(desk: Desk) -> None:
    script = "try {{ sforce.opencti.{}; return null }} catch (error) {{ return error.message }}"
    thrown = [(call, desk.adapter(script.format(call))) for call, _ in WRONG_CALLS]
    assert thrown == WRONG_CALLS


def test_methods_may_be_taken_off_their_object(desk: Desk) -> None:
    script = "const f = sforce.opencti.getAppViewInfo; f({callback: arguments[0]})"
    desk._enter()
    assert desk.driver.execute_async_script(script)["success"] is True  # type: ignore[no-untyped-call]


def test_every_documented_method_and_constant_is_there(desk: Desk) -> None:
    assert desk.adapter("return Object.keys(sforce.opencti).sort()") == sorted([
        "CALL_TYPE", "SCREENPOP_TYPE", "disableClickToDial", "enableClickToDial", "getAppViewInfo",
        "getCallCenterSettings", "getSoftphoneLayout", "hvs", "isSoftphonePanelVisible", "notifyInitializationComplete",
        "onClickToDial", "onNavigationChange", "publish", "refreshView", "runApex", "saveLog", "screenPop",
        "searchAndScreenPop", "setSoftphoneItemIcon", "setSoftphoneItemLabel", "setSoftphonePanelHeight",
        "setSoftphonePanelIcon", "setSoftphonePanelLabel", "setSoftphonePanelVisibility", "setSoftphonePanelWidth",
        "subscribe", "unsubscribe",
    ])  # fmt: skip


# Open CTI: messages


def test_replies_repeat_the_integer_version_and_the_call(desk: Desk) -> None:
    desk.adapter("""got.length = 0;
        parent.postMessage({methodName: 'isSoftphonePanelVisible', callId: 41, apiVersion: 43,
            apiType: 'opencti', isCallbackRegistered: true, isListenerRegistered: false, args: {}},
        new URLSearchParams(location.search).get('sfdcIframeOrigin'))""")
    message = until(lambda: [one for one in desk.adapter("return got") if one["data"]], 5)[0]
    assert message == {
        "origin": desk.org.site.lightning_origin,
        "data": {
            "methodName": "isSoftphonePanelVisible", "callId": 41, "apiVersion": 43, "apiType": "opencti",
            "response": {"success": True, "returnValue": {"visible": False}, "errors": None, "error": None},
        },
    }  # fmt: skip


@pytest.mark.assumed("A36")
def test_a_listener_is_not_acknowledged_and_gets_bare_payloads(desk: Desk) -> None:
    desk.listen("onNavigationChange")
    desk.call("isSoftphonePanelVisible")
    assert desk.heard() == []
    desk.go("/lightning/o/Case/list")
    (payload,) = until(desk.heard, 5)
    assert payload == {"url": f"{desk.org.site.lightning_origin}/lightning/o/Case/list"}


def test_messages_of_another_shape_are_dropped(desk: Desk) -> None:
    good = "{methodName: 'setSoftphoneItemLabel', callId: 1, apiVersion: 67, apiType: 'opencti', args: {label: 'Bad'}}"
    for wrong in (
        good.replace("'opencti'", "'other'"), good.replace("67", "'67.0'"), f"JSON.stringify({good})", "null", "'text'",
    ):  # fmt: skip
        desk.adapter(f"parent.postMessage({wrong}, '*')")
    desk.call("isSoftphonePanelVisible")
    assert "Bad" not in desk.top("return document.querySelector('.slds-utility-bar').textContent")


def test_messages_of_other_windows_are_dropped(desk: Desk) -> None:
    message = (
        "{methodName: 'setSoftphoneItemLabel', callId: 1, apiVersion: 67, apiType: 'opencti', args: {label: 'Bad'}}"
    )
    until(lambda: desk.adapter("return window.loaded"), 10)
    desk.canvas(f"top.postMessage({message}, '*')")
    desk.top(f"window.postMessage({message}, '*')")
    desk.call("isSoftphonePanelVisible")
    assert "Bad" not in desk.top("return document.querySelector('.slds-utility-bar').textContent")


# Open CTI: what the host does


def test_the_panel_is_docked_sized_named_and_minimised(desk: Desk) -> None:
    assert desk.call("isSoftphonePanelVisible")["returnValue"] == {"visible": False}
    assert desk.call("setSoftphonePanelVisibility", {"visible": True})["success"] is True
    assert desk.call("isSoftphonePanelVisible")["returnValue"] == {"visible": True}
    for method, arguments in (
        ("setSoftphonePanelHeight", {"heightPX": 400}), ("setSoftphonePanelWidth", {"widthPX": 500}),
        ("setSoftphonePanelLabel", {"label": "Rozmowa"}), ("setSoftphoneItemLabel", {"label": "00:12"}),
        ("setSoftphonePanelIcon", {"key": "end_call"}), ("setSoftphoneItemIcon", {"key": "incoming_call"}),
    ):  # fmt: skip
        assert desk.call(method, arguments) == {"success": True, "returnValue": None, "errors": None, "error": None}
    panel = desk.top("""const panel = document.querySelector('.softphone'), item =
        document.querySelector('[data-component-id=opencti_softPhone]');
        return [panel.style.width, panel.querySelector('h2').textContent, item.textContent,
                item.querySelector('use').getAttribute('href').split('#')[1]]""")
    assert panel == ["500px", "Rozmowa", "00:12", "incoming_call"]
    height = "return document.querySelector('.softphone__frame').clientHeight"
    until(lambda: abs(desk.top(height) - 400) < 12, 5, what="the frame's height")
    desk.call("setSoftphonePanelVisibility", {"visible": False})
    assert desk.call("isSoftphonePanelVisible")["returnValue"] == {"visible": False}


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("setSoftphonePanelHeight", {"heightPX": 239}, "INVALID_PARAM", "heightPX"),
    ("setSoftphonePanelHeight", {"heightPX": 2561}, "INVALID_PARAM", "heightPX"),
    ("setSoftphonePanelHeight", {}, "INVALID_PARAM", "A numeric value was expected, but undefined was found instead."),
    ("setSoftphonePanelHeight", {"heightPX": "400"}, "INVALID_PARAM", "heightPX"),
    ("setSoftphonePanelWidth", {"widthPX": 199}, "INVALID_PARAM", "widthPX"),
    ("setSoftphonePanelWidth", {"widthPX": 1921}, "INVALID_PARAM", "widthPX"),
    ("setSoftphonePanelVisibility", {"visible": "true"}, "INVALID_PARAM", "visible"),
    ("setSoftphoneItemIcon", {"key": "no_such_icon"}, "INVALID_PARAM", "key"),
    ("setSoftphoneItemLabel", {}, "INVALID_PARAM", "label"),
    ("screenPop", {"type": "sobject", "params": {"recordId": "0035g00000zzzzz"}}, "INVALID_PARAM", "recordId"),
    ("screenPop", {"type": "sobject"}, "INVALID_PARAM", "params"),
    ("screenPop", {"type": "search", "params": {"searchString": "ab"}}, "INVALID_PARAM", "searchString"),
    ("screenPop", {"type": "url", "params": {"url": "https://evil.example/"}}, "INVALID_PARAM", "url"),
    ("screenPop", {"type": "objecthome", "params": {"scope": "Nope"}}, "INVALID_PARAM", "scope"),
    ("screenPop", {"type": "newRecord", "params": {"entityName": "Nope"}}, "INVALID_PARAM", "entityName"),
    ("screenPop", {"type": "card", "params": {}}, "INVALID_PARAM", "type"),
    ("screenPop", {"type": "flow", "params": {"flowDevName": "x"}}, "GENERIC_ERROR", "An error occurred"),
    ("searchAndScreenPop", {"searchParams": "600100200", "callType": "sideways"}, "INVALID_PARAM", "callType"),
    ("saveLog", {"value": {"Subject": "x"}}, "INVALID_PARAM", "entityApiName"),
    ("saveLog", {"value": {"entityApiName": "Task", "CallType": "Sideways"}}, "GENERIC_ERROR", "saveLog()"),
    ("runApex", {"apexClass": "Nope", "methodName": "m"}, "SERVER_ERROR", "Could not load Apex class: Nope"),
]  # fmt: skip


def test_what_the_host_refuses_comes_back_as_errors(desk: Desk) -> None:
    for method, arguments, code, part in REFUSED:
        answer = desk.call(method, arguments)
        assert answer["success"] is False, (method, arguments)
        assert answer["returnValue"] is None
        assert answer["errors"] == answer["error"]
        assert answer["errors"][0]["code"] == code, (method, arguments)
        assert part in answer["errors"][0]["description"], (method, arguments)


def test_settings_of_the_call_centre_are_a_flat_map_of_texts(desk: Desk) -> None:
    settings = desk.call("getCallCenterSettings")["returnValue"]
    assert settings["/own/tenant"] == "demo"
    assert settings["/own/tenant/sortOrder"] == "0.0"
    assert settings["/reqGeneralInfo/reqAdapterUrl"] == "/apex/Adapter?tenant=acme"
    assert settings["/reqGeneralInfo/reqSalesforceCompatibilityMode"] == "Lightning"
    assert all(isinstance(value, str) for value in settings.values())


def test_the_softphone_layout_names_objects_and_pops(desk: Desk) -> None:
    layout = desk.call("getSoftphoneLayout")["returnValue"]
    assert set(layout) == {"Inbound", "Outbound", "Internal"}
    assert layout["Inbound"]["screenPopSettings"]["SingleMatch"] == {"screenPopType": "PopToEntity"}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"type": "sobject", "params": {"recordId": "{Jan Kowalski}"}}, "{page of Jan Kowalski}"),
        ({"type": "url", "params": {"url": "/lightning/o/Lead/list"}}, "/lightning/o/Lead/list"),
        ({"type": "url", "params": {"url": "/{00001234}"}}, "{page of 00001234}"),
        ({"type": "objecthome", "params": {"scope": "Account"}}, "/lightning/o/Account/list"),
        ({"type": "list", "params": {"listViewId": "Mine", "scope": "Case"}}, "/lightning/o/Case/list?filterName=Mine"),
        ({"type": "search", "params": {"searchString": "Nowak"}}, "/lightning/search?q=Nowak"),
    ],
)
def test_each_kind_of_screen_pop_opens_its_page(desk: Desk, arguments: dict[str, Any], path: str) -> None:
    said = json.dumps(arguments)
    for name in ("Jan Kowalski", "00001234"):
        page = desk.record(name)
        said = said.replace(f"{{{name}}}", record_id(page))
        path = path.replace(f"{{page of {name}}}", page)
    assert desk.call("screenPop", json.loads(said))["success"] is True
    until(lambda: desk.path() == path, 5, what=path)


def test_a_new_record_pop_opens_the_dialog_with_its_defaults(desk: Desk) -> None:
    pop = {"type": "newRecord", "params": {"entityName": "Contact", "defaultFieldValues": {"Phone": "512 000 111"}}}
    assert desk.call("screenPop", pop)["success"] is True
    dialog = desk.top("return document.querySelector('.slds-modal [name=Phone]').value")
    assert dialog == "512 000 111"
    desk.top("document.querySelector('.slds-modal [name=LastName]').value = 'Nowicka'")
    desk.top("document.querySelector('.slds-modal .slds-button_brand').click()")
    until(lambda: any(row["Name"] == "Nowicka" for row in desk.org.records.rows("Contact")), 5)
    desk.shown(desk.record("Nowicka"))


def test_view_info_names_the_record_on_the_screen(desk: Desk) -> None:
    assert desk.call("getAppViewInfo")["returnValue"] == {
        "url": f"{desk.org.site.lightning_origin}/lightning/page/home"
    }
    page = desk.record("00001234")
    desk.go(page)
    assert desk.call("getAppViewInfo")["returnValue"] == {
        "url": desk.org.site.lightning_origin + page,
        "recordId": record_id(page),
        "recordName": "00001234",
        "objectType": "Case",
    }


def test_navigation_is_told_for_records_tabs_and_a_refocused_window(desk: Desk) -> None:
    desk.listen("onNavigationChange")
    first, second = desk.record("Jan Kowalski"), desk.record("Browar Źródło")
    desk.go(first)
    desk.go(second)
    desk.top("document.querySelector(`.tab[data-path='${arguments[0]}'] a`).click()", first)
    desk.shown(first)
    until(lambda: len(desk.heard()) >= 3, 5)
    before = len(desk.heard())
    desk.top("window.dispatchEvent(new Event('focus'))")
    until(lambda: len(desk.heard()) > before, 5)
    names = [one.get("recordName") for one in desk.heard()]
    assert names[0] == "Jan Kowalski"
    assert "Browar Źródło" in names
    assert names[-1] == "Jan Kowalski"


@pytest.mark.req("R40")
def test_a_clicked_number_comes_with_its_record_and_only_while_enabled(desk: Desk) -> None:
    page = desk.record("Jan Kowalski")
    desk.go(page)
    assert desk.top("return document.querySelectorAll('.phone__link').length") == 0
    black = desk.top("return getComputedStyle(document.querySelector('.phone__text')).color")
    assert black == "rgb(24, 24, 24)"
    desk.listen("onClickToDial")
    desk.call("enableClickToDial")
    links = until(lambda: desk.top("return document.querySelectorAll('.phone__link').length"), 5)
    assert links >= 3
    desk.top('document.querySelector("[data-field=MobilePhone] .phone__link").click()')
    (payload,) = until(desk.heard, 5)
    assert payload == {
        "number": "600 100 200",
        "recordId": record_id(page),
        "recordName": "Jan Kowalski",
        "objectType": "Contact",
        "params": "",
    }
    desk.call("disableClickToDial")
    until(lambda: desk.top("return document.querySelectorAll('.phone__link').length") == 0, 5)


@pytest.mark.req("R40")
def test_numbers_in_lists_related_lists_and_search_can_be_clicked_too(desk: Desk) -> None:
    desk.call("enableClickToDial")
    for path, least in (
        ("/lightning/o/Contact/list", 9),
        (desk.record("ACME Polska"), 4),
        ("/lightning/search?q=600100", 7),
    ):
        desk.go(path)
        assert desk.top("return document.querySelectorAll('#content .phone__link').length") >= least, path


def test_a_saved_log_becomes_a_task_in_the_history(desk: Desk) -> None:
    page = desk.record("Jan Kowalski")
    value = {"entityApiName": "Task", "Subject": "Rozmowa", "Status": "Completed", "WhoId": record_id(page),
             "CallType": "Inbound", "CallDurationInSeconds": 75, "CallDisposition": "ANSWERED",
             "TaskSubtype": "Call"}  # fmt: skip
    answer = desk.call("saveLog", {"value": value})
    assert answer["success"] is True
    assert answer["returnValue"].startswith("00T")
    updated = desk.call("saveLog", {"value": {"Id": answer["returnValue"], "Description": "Ustalono termin"}})
    assert updated["success"] is True
    desk.go(page)
    entry = desk.top("return document.querySelector('[data-task-id]').innerText")
    for part in ("Rozmowa", "Inbound call", "Anna Nowak", "Completed", "1:15", "ANSWERED", "Ustalono termin"):
        assert part in entry


@pytest.mark.assumed("A37")
def test_a_refused_log_says_why_in_its_details(desk: Desk) -> None:
    lead = record_id(desk.record("Krzysztof Zając"))
    answer = desk.call("saveLog", {"value": {"entityApiName": "Task", "WhatId": lead}})
    assert answer["errors"][0]["details"][0]["message"] == f"Related To ID: id value of incorrect type: {lead}"


def test_refreshing_the_view_shows_what_changed(desk: Desk) -> None:
    page = desk.record("Jan Kowalski")
    desk.go(page)
    desk.org.records.insert("Task", {"Subject": "Z serwera", "WhoId": record_id(page)}, desk.org.owner_id)
    assert "Z serwera" not in desk.top("return document.body.innerText")
    assert desk.call("refreshView")["success"] is True
    assert "Z serwera" in desk.top("return document.body.innerText")


def test_a_deferred_search_finds_without_popping(desk: Desk) -> None:
    page = desk.record("Jan Kowalski")
    found = desk.call("searchAndScreenPop", {"searchParams": "600100200", "callType": "inbound", "deferred": True})
    matches = found["returnValue"]
    assert matches.pop("SCREEN_POP_DATA") == {"type": "sobject", "params": {"recordId": record_id(page)}}
    assert [(one["Name"], one["RecordType"]) for one in matches.values()] == [("Jan Kowalski", "Contact")]
    assert desk.path() == "/lightning/page/home"
    desk.call("searchAndScreenPop", {"searchParams": "600100200", "callType": "inbound"})
    desk.shown(page)


@pytest.mark.req("R31")
def test_the_adapter_stays_loaded_while_pages_change_and_the_panel_closes(desk: Desk) -> None:
    desk.adapter("window.mark = 'same'")
    for path in (desk.record("Jan Kowalski"), "/lightning/o/Lead/list"):
        desk.go(path)
    desk.top("document.querySelector('[data-component-id=opencti_softPhone] button').click()")
    desk.top("document.querySelector('.softphone__minimise').click()")
    assert desk.adapter("return window.mark") == "same"


def test_a_person_without_a_call_centre_has_no_softphone(driver: WebDriver, org: Org) -> None:
    desk = Desk(driver, org).open(user="fcc.integration@acme.example")
    assert desk.top("return document.querySelector('[data-component-id=opencti_softPhone]')") is None


# Canvas


def test_the_frame_is_named_and_gets_the_signed_request_by_post(desk: Desk, app: CanvasApp) -> None:
    until(lambda: desk.adapter("return window.loaded") == "FCC_WebPhone", 10)
    ((method, form),) = app.requests
    assert method == "POST"
    assert set(form) == {"signed_request"}
    frame = desk.adapter(
        "const f = document.querySelector('iframe'); return [f.name, f.hasAttribute('allow'), f.hasAttribute('src')]"
    )
    assert frame == ["canvas-frame-_:FCC_WebPhone:canvas1", False, False]


def tell(desk: Desk, body: str) -> dict[str, Any]:
    """Send a request as the Canvas SDK does; the parent's answer."""
    until(lambda: desk.adapter("return window.loaded"), 10)
    desk.canvas(f"""told.length = 0; parent.postMessage(JSON.stringify({{seq: 7, src: 'client', clientVersion: '41.0',
        parentVersion: null, targetModule: 'Canvas', body: {body}}}), '*')""")
    message = until(lambda: desk.canvas("return told"), 5)[0]
    assert message["origin"] == desk.org.site.vf_origin
    answer = dict(json.loads(message["data"]))
    assert (answer["type"], answer["seq"], answer["targetModule"]) == ("callback", 7, "Canvas")
    return answer


def test_a_fresh_signed_request_is_given_over_messages(desk: Desk) -> None:
    answer = tell(desk, "{type: 'refresh', accessToken: 'x', config: {client: {oauthToken: 'x'}}}")
    assert answer["status"] == 200
    assert answer["payload"]["response"].count(".") == 1


def test_a_refresh_without_a_token_needs_approval(desk: Desk) -> None:
    answer = tell(desk, "{type: 'refresh', config: {client: {}}}")
    assert (answer["status"], answer["statusText"]) == (403, "user approval required")


def test_a_refresh_after_the_permission_was_taken_is_refused(desk: Desk) -> None:
    until(lambda: desk.adapter("return window.loaded"), 10)
    desk.org.access.assign("anna.nowak@acme.example", "Fcc_Access", False)
    assert tell(desk, "{type: 'refresh', accessToken: 'x'}")["status"] == 403


def test_a_repost_fills_the_frame_again(desk: Desk, app: CanvasApp) -> None:
    until(lambda: desk.adapter("return window.loaded"), 10)
    desk.canvas("""parent.postMessage(JSON.stringify({seq: 1, src: 'client', clientVersion: '41.0',
        targetModule: 'Canvas', body: {type: 'repost', refresh: true, accessToken: 'x'}}), '*')""")
    until(lambda: [method for method, _ in app.requests] == ["POST", "POST"], 5)


def test_the_app_may_ask_for_its_context(desk: Desk) -> None:
    answer = tell(desk, "{type: 'ctx', accessToken: 'x'}")
    assert answer["status"] == 200
    assert answer["payload"]["user"]["fullName"] == "Anna Nowak"


def test_self_approval_loads_the_frame_by_get(driver: WebDriver, org: Org, app: CanvasApp) -> None:
    org.change_settings({"canvas_self_authorize": True})
    Desk(driver, org).open()
    ((method, query),) = until(lambda: app.requests, 10)
    assert method == "GET"
    assert query["_sfdc_canvas_auth"] == "user_approval_required"


def test_a_person_without_access_sees_the_error_and_the_page_is_told(
    driver: WebDriver, org: Org, app: CanvasApp
) -> None:
    org.access.assign("anna.nowak@acme.example", "Fcc_Access", False)
    desk = Desk(driver, org).open()
    refused = until(lambda: desk.adapter("return window.refused"), 10)
    assert refused[:2] == ["FCC_WebPhone", "NO_ACCESS"]
    assert app.requests == []
    assert desk.adapter("return document.querySelector('.canvas-error').dataset.code") == "NO_ACCESS"


# the microphone


@pytest.mark.parametrize(("allow", "outer"), [("bare", True), ("explicit", True), ("none", False)])
def test_a_canvas_frame_without_an_allow_of_its_own_has_no_microphone(
    driver: WebDriver, org: Org, allow: str, outer: bool
) -> None:
    org.change_settings({"softphone_allow": allow})
    desk = Desk(driver, org).open()
    until(lambda: desk.adapter("return window.loaded"), 10)
    assert desk.adapter("return document.featurePolicy.allowsFeature('microphone')") is outer
    assert desk.canvas("return window.mayUse") is False


@pytest.mark.parametrize(("allow", "may"), [("bare", True), ("explicit", True), ("none", False)])
def test_the_products_bridge_hands_the_microphone_on_where_the_outer_frame_has_it(
    driver: WebDriver, product: Org, app: CanvasApp, allow: str, may: bool
) -> None:
    product.reset()
    app.requests.clear()
    product.change_settings({"softphone_allow": allow})
    desk = Desk(driver, product).open()
    until(lambda: app.requests, 10, what="the signed request")
    until(lambda: desk.canvas("return 'mayUse' in window"), 10)
    assert desk.canvas("return window.mayUse") is may
