"""Visualforce pages and the signed request, without a browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from simulators.salesforce.app import create_app
from simulators.salesforce.canvas import sign
from simulators.salesforce.metadata.components import MetadataError
from simulators.salesforce.visualforce.literals import object_literal

from .conftest import CONNECTOR, Caller

if TYPE_CHECKING:
    import pathlib

    from simulators.salesforce.org import Org

SECRET = "demo-canvas-secret-7d1f"
SIGNED_REQUEST = "/services/data/v67.0/platformconnect/signedrequest?canvas=FCC_WebPhone&namespace="


def signed_in(lightning: Caller, user: str = "anna.nowak@acme.example") -> dict[str, Any]:
    answer = lightning.post("/_sim/login", {"user": user})
    return {**answer.get_json(), "cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def ask(host: Caller, cookie: str, **environment: Any) -> Any:
    body = {
        "canvasRequest": {
            "context": {"environment": {"displayLocation": "Visualforce", "parameters": {"n": "abc"}, **environment}},
            "client": {"targetOrigin": "http://acme-vf.localhost:9444", "instanceId": "_:FCC_WebPhone:c1"},
        }
    }
    return host.send("PUT", SIGNED_REQUEST, body, headers={"Cookie": cookie})


def opened(signed: str) -> dict[str, Any]:
    """The payload, once its signature was checked as a connector checks it."""
    signature, _, payload = signed.partition(".")
    expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    assert base64.b64decode(signature, validate=True) == expected
    return dict(json.loads(base64.b64decode(payload, validate=True)))


def test_the_signature_covers_the_encoded_payload() -> None:
    signed = sign({"algorithm": "HMACSHA256", "name": "Zażółć"}, SECRET)
    assert opened(signed)["name"] == "Zażółć"


def test_the_signed_request_has_the_documented_shape(
    lightning: Caller, vf: Caller, org: Org, people: dict[str, str]
) -> None:
    session = signed_in(lightning, "zofia.zolc@acme.example")
    said = opened(ask(vf, session["cookie"]).get_json()["response"])
    assert set(said) == {"algorithm", "issuedAt", "userId", "client", "context"}
    assert (said["algorithm"], said["userId"]) == ("HMACSHA256", people["zofia.zolc"])
    assert -(2**31) <= said["issuedAt"] < 2**31
    assert said["client"] == {
        "refreshToken": None,
        "instanceId": "_:FCC_WebPhone:c1",
        "targetOrigin": "http://acme-vf.localhost:9444",
        "instanceUrl": "http://acme-my.localhost:9444",
        "oauthToken": session["token"],
    }
    context = said["context"]
    assert set(context) == {"user", "organization", "application", "environment", "links"}
    assert context["user"]["fullName"] == "Zofia Żółć"
    assert context["user"]["language"] == "pl"
    assert context["organization"]["organizationId"] == org.id
    assert context["application"]["canvasUrl"] == f"{CONNECTOR}/canvas"
    assert context["application"]["developerName"] == "FCC_WebPhone"
    assert context["environment"]["parameters"] == {"n": "abc"}
    assert context["links"]["restUrl"] == "/services/data/v67.0/"


def test_every_tab_of_a_session_shows_the_same_token_and_another_session_another(lightning: Caller, vf: Caller) -> None:
    first, second = signed_in(lightning), signed_in(lightning)
    tokens = [
        opened(ask(vf, one["cookie"]).get_json()["response"])["client"]["oauthToken"] for one in (first, first, second)
    ]
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_fresh_request_after_the_token_ended_brings_a_new_token(lightning: Caller, vf: Caller, my: Caller) -> None:
    session = signed_in(lightning)
    my.post("/_sim/expire-tokens", {})
    token = opened(ask(vf, session["cookie"]).get_json()["response"])["client"]["oauthToken"]
    assert token != session["token"]
    my.token = token
    assert my.get("/services/oauth2/userinfo").status_code == 200
    my.token = None


def test_without_a_session_there_is_no_signed_request(vf: Caller) -> None:
    answer = ask(vf, "")
    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_user_without_the_permission_set_has_no_access(lightning: Caller, vf: Caller, org: Org) -> None:
    session = signed_in(lightning)
    org.access.assign("anna.nowak@acme.example", "Fcc_Access", False)
    answer = ask(vf, session["cookie"])
    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (403, "NO_ACCESS")


def test_an_app_that_is_not_installed_is_not_found(lightning: Caller, vf: Caller, org: Org) -> None:
    org.change_settings({"canvas_app_exists": False})
    answer = ask(vf, signed_in(lightning)["cookie"])
    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (403, "APP_NOT_FOUND")


def test_the_app_is_not_for_every_location(lightning: Caller, vf: Caller) -> None:
    answer = ask(vf, signed_in(lightning)["cookie"], displayLocation="OpenCTI")
    assert answer.get_json()[0]["errorCode"] == "UNSUPPORTED_LOCATION"


def test_self_approval_starts_with_a_get(lightning: Caller, vf: Caller, org: Org) -> None:
    org.change_settings({"canvas_self_authorize": True})
    url = ask(vf, signed_in(lightning)["cookie"]).get_json()["auxiliary"]["userApprovalUrl"]
    assert url.startswith(f"{CONNECTOR}/canvas?_sfdc_canvas_auth=user_approval_required&loginUrl=http%3A%2F%2F")
    assert "#target_origin=http%3A%2F%2Facme-vf.localhost%3A9444&instance_id=_%3AFCC_WebPhone%3Ac1" in url


# pages


def page(org: Org, metadata: pathlib.Path, source: str) -> tuple[int, str]:
    folder = metadata / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "Try.page").write_text(source)
    client = Client(create_app(org), use_cookies=False)
    session = signed_in(Caller(client, org.site.lightning_host))
    answer = Caller(client, org.site.vf_host).get("/apex/try?who=<b>", headers={"Cookie": session["cookie"]})
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("expression", "made"),
    [
        ("{!$User.FirstName}", "Anna"),
        ("{!$User.Email}", "anna.nowak@acme.example"),
        ("{!$Organization.Name}", "ACME Polska"),
        ("{!$CurrentPage.parameters.who}", "&lt;b&gt;"),
        ("{!JSENCODE('a/b')}", "a\\/b"),
        ("{!IF(ISBLANK($User.Alias), 'none', 'some')}", "some"),
        ("{!'a' & 'b'}", "ab"),
        ("{!URLENCODE('ż a')}", "%C5%BC%20a"),
        ("{!URLFOR($Resource.Script, 'inner/one.js')}", "/resource/1763800000000/Script/inner/one.js"),
    ],
)
def test_known_expressions_are_merged(org: Org, metadata: pathlib.Path, expression: str, made: str) -> None:
    inner = metadata / "staticresources" / "Script" / "inner"
    inner.mkdir(parents=True)
    (inner / "one.js").write_text("1")
    status, body = page(org, metadata, f"<apex:page><p>{expression.replace('&', '&amp;')}</p></apex:page>")
    assert status == 200, body
    assert f"<p>{made}</p>" in body


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<apex:page><apex:form/></apex:page>", "apex:form"),
        ("<apex:page><support:clickToDial/></apex:page>", "support:clickToDial"),
        ('<apex:page action="{!go}"/>', "action"),
        ('<apex:page><apex:canvasApp developerName="x" shape="round"/></apex:page>', "shape"),
        ("<apex:page>{!$Api.Session_ID}</apex:page>", "$Api.Session_ID"),
        ("<apex:page>{!VLOOKUP(1)}</apex:page>", "VLOOKUP"),
        ("<apex:page>{!$Label.Missing}</apex:page>", "$Label.Missing"),
        ("<apex:page>{!$Resource.Missing}</apex:page>", "Missing"),
        ('<apex:page controller="Nobody">{!n}</apex:page>', "Nobody.n"),
        ("<apex:page><br></apex:page>", "not well formed"),
    ],
)
def test_anything_else_is_refused_by_name(org: Org, metadata: pathlib.Path, source: str, name: str) -> None:
    status, body = page(org, metadata, source)
    assert status == 500
    assert name in body


def test_a_canvas_app_becomes_data_for_the_parent_script(org: Org, metadata: pathlib.Path) -> None:
    source = """<apex:page><apex:canvasApp developerName="FCC_WebPhone" parameters="{n:'{!$User.Alias}', 'a': 1}"
        width="100%" maxHeight="infinite" onCanvasAppError="failed"/></apex:page>"""
    status, body = page(org, metadata, source)
    assert status == 200, body
    config = json.loads(re.findall(r'<script type="application/json" class="canvas-app">(.*?)</script>', body)[0])
    assert config["instanceId"] == "_:FCC_WebPhone:canvas1"
    assert config["parameters"] == {"n": "anowa", "a": 1}
    assert config["onError"] == "failed"
    assert body.count("/canvas/canvas_parent.js") == 1


@pytest.mark.parametrize("wrong", ["n:'x'", "{n}", "{n:x}", "{n:'x'", "[1]", "{n:'x'} more"])
def test_parameters_must_be_an_object(wrong: str) -> None:
    with pytest.raises(MetadataError):
        object_literal(wrong)


def test_the_products_page_is_rendered_with_a_new_number_each_time(product_org: Org) -> None:
    client = Client(create_app(product_org), use_cookies=False)
    session = signed_in(Caller(client, product_org.site.lightning_host))
    vf = Caller(client, product_org.site.vf_host)
    bodies = [
        vf.get("/apex/FCC_WebPhone", headers={"Cookie": session["cookie"]}).get_data(as_text=True) for _ in range(2)
    ]
    numbers = [re.findall(r'"parameters": \{"n": "([0-9a-f]{32})"\}', body) for body in bodies]
    assert [len(found) for found in numbers] == [1, 1]
    assert numbers[0] != numbers[1]
    assert CONNECTOR in bodies[0]
    script = re.findall(r'src="(/resource/[^"]+)"', bodies[0])[0]
    assert vf.get(script).status_code == 200


def test_a_page_may_be_framed_by_the_org_only(product_org: Org) -> None:
    client = Client(create_app(product_org), use_cookies=False)
    session = signed_in(Caller(client, product_org.site.lightning_host))
    answer = Caller(client, product_org.site.vf_host).get("/apex/FCC_WebPhone", headers={"Cookie": session["cookie"]})
    assert answer.headers["Content-Security-Policy"] == (
        "frame-ancestors http://acme-lightning.localhost:9444 http://acme-my.localhost:9444 http://acme-vf.localhost:9444"
    )


def test_a_page_without_a_session_is_refused(vf: Caller) -> None:
    assert vf.get("/apex/FCC_WebPhone").status_code == 401
