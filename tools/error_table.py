"""Write the tables of docs/errors.md: every code that somebody may be shown, from the error classes themselves."""

from __future__ import annotations

import importlib
import pathlib
import pkgutil
import re
import string

import cti
from cti.errors import ConnectorError, InternalError

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "errors.md"

BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->\n"

SECTIONS: dict[str, tuple[str, str]] = {
    "cti.canvas": (
        "Signing in",
        "Agents, on a page in place of the pane; also on the pane's channel when a session ends.",
    ),
    "cti.directory": ("Who may work and dial", "Agents: at sign-in on a page in place of the pane, later in the pane."),
    "cti.calls": ("Calls and statuses", "Agents, in the pane."),
    "cti.pane": (
        "The pane's channel",
        "Agents, in the pane. Codes that speak of a window's command are faults of the pane: report them.",
    ),
    "cti.ws": (
        "Opening WebSockets",
        "The pane; agents see that it has no connection. The code is in the log line `refused`.",
    ),
    "cti.proxy": (
        "The phone's socket",
        "The phone in the pane; agents see that it is connecting. The code is in the log line `refused`.",
    ),
    "cti.pbx": (
        "FCC",
        "Agents in the pane, administrators at `fcc-connector pair`; `webhook-…`: whoever watches FCC's webhooks.",
    ),
    "cti.salesforce": (
        "Salesforce",
        "Administrators, at `fcc-connector pair` and in `fcc-connector status`; agents as *Not saved in Salesforce*.",
    ),
    "cti.calllog": ("The package in the org", "Administrators, in `fcc-connector status`."),
    "cti.web": ("HTTP", "Whoever called the address."),
    "cti.errors": ("Everything else", "Anybody."),
}

STEP_5 = "[Step 5](install-salesforce.md#5-the-canvas-app-pre-authorised-not-asked)"
ACTIVE = "`fcc-connector pair TENANT ORG --active`."
CAMPAIGN = "Change it in FCC, or `fcc-connector pair TENANT ORG --off-campaign ID`."
EMAIL = "FCC: the account's e-mail must be the one of the Salesforce user."
SHOWN_ELSEWHERE = {
    "salesforce-token-refused": "cti.canvas",
    "canvas-salesforce-unavailable": "cti.canvas",
    "session-over": "cti.canvas",
}
"""Whose table has a code, where that is not the room that raises it."""
LATER = "Nothing: deliveries wait and go on by themselves."
RETRY = "Put it right in the org, then `fcc-connector retry KEY`."
MEANING = {"salesforce-error": "Salesforce refused with a code of its own that the connector has no kind for."}
ADVICE: dict[str, str] = {
    "background-stalled": "Restart the service, and report the log line `loop-failed`, if there is one.",
    "call-log-fields-missing": "`fcc-connector pair TENANT ORG` names the fields; they are filled in later.",
    "call-log-request-refused": RETRY,
    "call-log-without-values": "Compare the field with the package's; `fcc_call_log_left_out_total` names it.",
    "call-log-package-missing": "`bin/install` with `--integration-user`; deliveries wait.",
    "campaign-missing": CAMPAIGN,
    "campaign-wrong-mode": CAMPAIGN,
    "canvas-org-unknown": "`fcc-connector org add`.",
    "canvas-request-too-large": "Raise `FCC_CONNECTOR_CANVAS_MAX_BYTES`.",
    "canvas-salesforce-unavailable": "If it lasts: does the connector reach the org's My Domain host?",
    "canvas-sandbox-address": "`fcc-connector org add ORG --environment test`",
    "canvas-signature-invalid": "`fcc-connector org add ORG --canvas-secret -`",
    "canvas-user-approval-required": STEP_5 + ".",
    "database-busy": "If it lasts: which process keeps the database? (`fuser connector.db`, `pg_locks`)",
    "database-full": "Make room on the disk of the database.",
    "database-gone": "[Restore it](production.md#backup-and-restore), then restart the service.",
    "database-unavailable": "`/readyz` and the log line `database-trouble` say what is the matter.",
    "dial-country-not-allowed": "`fcc-connector tenant set TENANT --countries EU,…`",
    "dial-integration-inactive": ACTIVE,
    "dial-no-city-number": "FCC: the user's city number.",
    "dial-no-presentation": "FCC: the user's presentation.",
    "dial-premium-not-allowed": "`fcc-connector tenant set TENANT --premium`, for all its agents.",
    "dial-satellite-not-allowed": "`fcc-connector tenant set TENANT --satellite`, for all its agents.",
    "fcc-nonsense": "`fcc-connector tenant add TENANT --base-url …`; the log says what came.",
    "fcc-domain-refused": "`fcc-connector tenant set TENANT --domain …`",
    "fcc-key-refused": "`fcc-connector tenant set TENANT --api-key -`, perhaps `--hash-method`.",
    "fcc-login-refused": "`fcc-connector tenant set TENANT --admin-login …`; an agent's: the account in FCC.",
    "fcc-refused": "`fcc-connector tenant add TENANT --api-key - --admin-login …`; FCC's words are in the log.",
    "fcc-unreachable": "If it lasts: does the connector reach the tenant's `--base-url`?",
    "fcc-user-ambiguous": EMAIL,
    "fcc-user-inactive": "FCC: switch the account on.",
    "fcc-user-unknown": EMAIL,
    "fcc-user-wrong-kind": "FCC: give the person a PBX account.",
    "integration-inactive": ACTIVE,
    "internal": "Report the log line `unexpected-error` of that moment.",
    "org-not-paired": "`fcc-connector pair TENANT ORG`.",
    "pairing-unknown": "`fcc-connector pair TENANT ORG`.",
    "pane-not-built": "In a checkout: `make build`. A release has the files.",
    "pbx-unreachable": "If it lasts: does the connector reach the WebSocket address that FCC gives?",
    "request-too-large": "Raise `FCC_CONNECTOR_MAX_REQUEST_BYTES`.",
    "salesforce-access-refused": RETRY,
    "salesforce-automation-limit": "If it lasts: the org's triggers and flows on tasks.",
    "salesforce-answer-unreadable": "`fcc-connector org add ORG --my-domain-url …`",
    "salesforce-app-unknown": "`fcc-connector org add ORG --client-id … --client-secret -`",
    "salesforce-daily-limit": LATER,
    "salesforce-error": RETRY,
    "salesforce-field-refused": RETRY,
    "salesforce-host-not-allowed": "`fcc-connector org add ORG --my-domain-url …`",
    "salesforce-policy-refused": RETRY,
    "salesforce-request-invalid": RETRY,
    "salesforce-run-as-user-missing": STEP_5 + ": *Run As* of *FCC Pairing*.",
    "salesforce-sign-in-refused": "`fcc-connector pair TENANT ORG` shows it again; step 5 of the installation.",
    "salesforce-unavailable": LATER,
    "salesforce-user-not-approved": "`bin/install --integration-user …`.",
    "salesforce-user-unknown": "`fcc-connector pair` lists all; log line `agent-not-in-salesforce`: whose call it was.",
    "salesforce-version-unsupported": "`fcc-connector org add ORG --api-version …`",
    "webhook-invalid": "The log line `webhook-invalid` names the field.",
    "webhook-refused": "`fcc-connector tenant add TENANT --webhook-user … --webhook-password -`, and the same in FCC.",
    "webhook-wrong-instance": "FCC: the address must end in the tenant of this instance, `/fcc/TENANT/webhook`.",
    "ws-origin-refused": "`FCC_CONNECTOR_PUBLIC_URL` must be the address that browsers use.",
}


def errors() -> list[type[ConnectorError]]:
    """Every error that can be shown: each class with a code and sentences of its own."""
    for module in pkgutil.walk_packages(cti.__path__, "cti."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    found: list[type[ConnectorError]] = []
    waiting = ConnectorError.__subclasses__()
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        bare = error.en == ConnectorError.en and error is not InternalError
        if "code" in vars(error) and error.__module__.startswith("cti.") and not bare:
            found.append(error)
    return sorted(found, key=lambda error: error.code)


def sentence(error: type[ConnectorError]) -> str:
    """The English sentence, values in italics."""
    names = {name for _, name, _, _ in string.Formatter().parse(error.en) if name}
    return error.en.format(**{name: f"*{name}*" for name in names})


def meaning(error: type[ConnectorError]) -> str:
    """The first sentence of the class's description, without the number of a requirement."""
    text = MEANING.get(error.code) or " ".join((error.__doc__ or "").split())
    first = re.split(r"(?<=\.) |; `", text, maxsplit=1)[0]
    return re.sub(r" \(R\d+\)", "", first).rstrip(".") + "."


def page() -> str:
    """The whole page, its tables made anew."""
    every = errors()
    parts = []
    for room, (title, who) in SECTIONS.items():
        rows = [error for error in every if SHOWN_ELSEWHERE.get(error.code, error.__module__).startswith(room)]
        parts.append(f"## {title}\n\nWho sees them: {who}\n")
        parts.append("| code | HTTP | again | what it means | what the person reads | what an administrator does |")
        parts.append("|---|---|---|---|---|---|")
        for error in rows:
            again = "yes" if error.retryable else "–"
            cells = [f"`{error.code}`", str(error.http_status), again, meaning(error), sentence(error)]
            parts.append(f"| {' | '.join(cells)} | {ADVICE.get(error.code, '–')} |")
        parts.append("")
    text = TARGET.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return before + BEGIN + "\n".join(["", *parts, ""]) + END + after


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
