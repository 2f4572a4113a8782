"""Pages and data of the Lightning host: sign-in, the shell, records, lists, search, creating and saving.

The data resources (`/ui/…`) are this simulator's own; the real ones are not public.
"""

from __future__ import annotations

import functools
import html
import json
import pathlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, redirect, request, send_from_directory

from simulators.salesforce.http import no_store, session_of_request, set_session, text
from simulators.salesforce.org import API_VERSION

from . import forms
from . import pages as shown
from . import search as searching
from .softphone import softphone

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

    from simulators.salesforce.org import Org
    from simulators.salesforce.sessions import Session

ASSETS = pathlib.Path(__file__).parent / "assets"


def _boot(org: Org, session: Session) -> dict[str, Any]:
    user = org.records.table("User")[session.user_id]
    return {
        "apiVersion": API_VERSION,
        "appName": org.package.app_name() or "Service Console",
        "orgName": org.world.name,
        "console": org.settings.console,
        "personAccounts": org.settings.person_accounts,
        "user": {"id": user["Id"], "name": user["Name"], "username": user["Username"]},
        "objects": shown.navigation(org),
        "softphone": softphone(org, session),
    }


SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Home | Salesforce</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/slds/styles/salesforce-lightning-design-system.min.css">
<link rel="stylesheet" href="/assets/lightning.css">
<script type="application/json" id="boot">{boot}</script>
</head>
<body class="slds-scope">
<div id="app"></div>
<script type="module" src="/assets/main.js"></script>
</body>
</html>
"""

CHOOSER = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Log in | {org}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/slds/styles/salesforce-lightning-design-system.min.css">
<link rel="stylesheet" href="/assets/lightning.css">
</head>
<body class="slds-scope login">
<main class="login__box slds-box slds-theme_default">
<h1 class="slds-text-heading_medium slds-m-bottom_medium">{org}</h1>
<p class="slds-m-bottom_small slds-text-color_weak">Simulated org. Choose who signs in.</p>
{notice}<ul class="slds-has-dividers_top-space">{people}</ul>
</main>
</body>
</html>
"""


def _inline_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003C")


def blueprint(org: Org) -> Blueprint:
    """Everything of the Lightning host but Open CTI's script and the control interface."""
    pages = Blueprint("lightning", __name__)

    def chooser(start: str, notice: str = "", status: int = 200) -> Response:
        people = "".join(
            f'<li class="slds-item"><a href="/?as={quote(row["Username"])}&amp;startURL={quote(start, safe="")}">'
            f"{html.escape(row['Name'])}</a> "
            f"<span class='slds-text-color_weak'>{html.escape(row['Username'])}</span></li>"
            for row in org.records.rows("User")
            if row["IsActive"]
        )
        said = f'<p role="alert" class="slds-text-color_error">{html.escape(notice)}</p>' if notice else ""
        body = CHOOSER.format(org=html.escape(org.world.name), people=people, notice=said)
        return no_store(text(body, status, "text/html; charset=utf-8"))

    @pages.get("/")
    def start() -> AnyResponse:
        where = request.args.get("startURL", "/lightning/page/home")
        if not where.startswith("/lightning/"):
            where = "/lightning/page/home"
        if "as" in request.args:
            try:
                session = org.sessions.sign_in(request.args["as"])
            except KeyError:
                return chooser(where, "Please check your username. No active user has this one.", 400)
            return set_session(Response(status=302, headers={"Location": where}), session)
        return redirect(where) if session_of_request(org) else chooser(where)

    @pages.get("/secur/logout.jsp")
    def logout() -> AnyResponse:
        answer = redirect("/")
        answer.delete_cookie("sid")
        return answer

    @pages.get("/lightning/<path:path>")
    def shell(path: str) -> AnyResponse:
        session = session_of_request(org)
        if session is None:
            query = f"?{request.query_string.decode()}" if request.query_string else ""
            return redirect(f"/?startURL={quote(f'/lightning/{path}{query}', safe='')}")
        return no_store(text(SHELL.format(boot=_inline_json(_boot(org, session))), 200, "text/html; charset=utf-8"))

    @pages.get("/assets/<path:name>")
    def assets(name: str) -> Response:
        answer = send_from_directory(ASSETS, name, max_age=0)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    _data(pages, org)
    return pages


def _json(body: Any, status: int = 200) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer


def _data(pages: Blueprint, org: Org) -> None:
    """What the page's script asks for; each needs the session's cookie."""

    def signed_in(work: Callable[..., Response]) -> Callable[..., Response]:
        @functools.wraps(work)
        def guarded(**arguments: str) -> Response:
            session = session_of_request(org)
            if session is None:
                return _json({"message": "Session expired or invalid"}, 401)
            return work(session, **arguments)

        return guarded

    @pages.get("/ui/record/<record_id>")
    @signed_in
    def record(session: Session, record_id: str) -> Response:
        found = shown.record(org, record_id, session.user_id)
        missing = {"message": "The record you're looking for doesn't exist, or isn't available to you."}
        return _json(missing, 404) if found is None else _json(found)

    @pages.get("/ui/list/<object_name>")
    @signed_in
    def rows(session: Session, object_name: str) -> Response:
        found = shown.list_view(org, object_name, request.args.get("filter", ""), session.user_id)
        return _json({"message": "Page doesn't exist"}, 404) if found is None else _json(found)

    @pages.get("/ui/search")
    @signed_in
    def search(session: Session) -> Response:
        return _json(searching.search(org, request.args.get("q", ""), session.user_id))

    @pages.get("/ui/lookup/<object_name>")
    @signed_in
    def lookup(session: Session, object_name: str) -> Response:
        return _json(forms.lookup(org, object_name, request.args.get("q", ""), session.user_id))

    @pages.get("/ui/form/<object_name>")
    @signed_in
    def form(session: Session, object_name: str) -> Response:
        del session
        made = forms.form(org, object_name)
        return _json({"message": "This record can't be created here."}, 404) if made is None else _json(made)

    @pages.post("/ui/records")
    @signed_in
    def save(session: Session) -> Response:
        said = request.get_json(silent=True)
        made = forms.save(org, session.user_id, said if isinstance(said, dict) else {})
        return _json(made, 200 if made["success"] else 400)
