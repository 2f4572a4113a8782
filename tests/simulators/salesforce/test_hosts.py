from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Caller

if TYPE_CHECKING:
    from werkzeug.test import Client

    from simulators.salesforce.org import Org


@pytest.mark.parametrize("host", ["localhost:9444", "127.0.0.1:9444", "evil.localhost:9444", "acme-my.localhost"])
def test_an_unknown_host_is_misdirected(client: Client, host: str) -> None:
    assert Caller(client, host).get("/services/data").status_code == 421


def test_each_host_serves_its_own_pages_only(my: Caller, lightning: Caller, vf: Caller) -> None:
    assert my.get("/services/data").status_code == 200
    assert lightning.get("/services/data").status_code == 404
    assert vf.get("/services/data").status_code == 404
    assert my.get("/lightning/page/home").status_code == 404
    assert lightning.get("/apex/FCC_WebPhone").status_code == 404


@pytest.mark.parametrize(
    "path", ["/support/api/31.0/lightning/opencti.js", "//support/api/68.0/lightning/opencti_min.js"]
)
@pytest.mark.parametrize("host", ["my", "lightning", "vf"])
def test_every_host_serves_open_cti_in_every_version(host: str, path: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(host).get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 200
    assert answer.mimetype == "application/javascript"


def test_the_script_knows_its_version_as_an_integer_and_the_lightning_origin(vf: Caller, org: Org) -> None:
    source = vf.get("/support/api/54.0/lightning/opencti_min.js").get_data(as_text=True)
    assert "Number('54')" in source
    assert f"'{org.site.lightning_origin}'" in source


def test_the_lightning_host_asks_who_signs_in_and_remembers_where_to_go(lightning: Caller) -> None:
    away = lightning.get("/lightning/o/Account/list?filterName=Mine")
    assert away.status_code == 302
    assert away.headers["Location"] == "/?startURL=%2Flightning%2Fo%2FAccount%2Flist%3FfilterName%3DMine"
    chooser = lightning.get(away.headers["Location"]).get_data(as_text=True)
    assert "Anna Nowak" in chooser
    inside = lightning.get("/?as=anna.nowak@acme.example&startURL=%2Flightning%2Fo%2FAccount%2Flist")
    assert inside.headers["Location"] == "/lightning/o/Account/list"
    cookie = inside.headers["Set-Cookie"].partition(";")[0]
    page = lightning.get("/lightning/o/Account/list", headers={"Cookie": cookie})
    assert "Anna Nowak" in page.get_data(as_text=True)


def test_an_unknown_user_cannot_sign_in(lightning: Caller) -> None:
    assert lightning.get("/?as=nobody@acme.example").status_code == 400


def test_the_start_url_stays_inside_lightning(lightning: Caller) -> None:
    answer = lightning.get("/?as=anna.nowak@acme.example&startURL=//evil.example/")
    assert answer.headers["Location"] == "/lightning/page/home"
