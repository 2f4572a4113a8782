"""The demo's tenant and org made known to the connector, the way an operator does it: by `fcc-connector` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TENANT = "acme"
#: The demo tenant as its FCC administrator knows it (simulators/fcc/world.py); not a secret of anybody's.
TENANT_API_KEY = "demo-api-key-3f9c1e7a"
TENANT_ADMIN = "admin"
WEBHOOK_USER = "fcc"
WEBHOOK_PASSWORD = "demo-webhook-secret"  # noqa: S105 - the demo's
OFF_CAMPAIGN = 9
#: Runs commands of `fcc-connector` in one process: to start one takes longer than any of them.
COMMANDS = """
import io, json, sys
from cti.cli.main import main
from cti.web.logs import configure_logging
configure_logging("WARNING")
for arguments, text in json.load(sys.stdin):
    sys.stdin = io.StringIO(text)
    main(arguments, standalone_mode=False)
"""


def commands(org: Mapping[str, Any], fcc_url: str, salesforce_url: Callable[[str], str]) -> list[tuple[list[str], str]]:
    """The commands with what each reads from standard input.

    `org` is the simulated org as its control interface tells of it, `salesforce_url` gives its hosts by kind.
    """
    return [
        (["migrate"], ""),
        ([
            "tenant", "add", TENANT, "--domain", TENANT, "--base-url", f"{fcc_url}/external-api",
            "--admin-login", TENANT_ADMIN, "--api-key", "-", "--webhook-user", WEBHOOK_USER,
            "--webhook-password", WEBHOOK_PASSWORD,
        ], TENANT_API_KEY),
        ([
            "org", "add", org["id"], "--name", org["name"], "--my-domain-url", salesforce_url("my"),
            "--lightning-origin", salesforce_url("lightning"), "--vf-origin", salesforce_url("vf"),
            "--canvas-key", org["canvas_key"], "--canvas-secret", org["canvas_secret"],
            "--client-id", org["client_id"], "--client-secret", org["client_secret"],
        ], ""),
        (["pair", TENANT, org["id"], "--off-campaign", str(OFF_CAMPAIGN)], ""),
    ]  # fmt: skip
