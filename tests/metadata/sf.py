"""A stand-in for the Salesforce CLI: `python sf.py ARGUMENTS…`, with an org in the JSON file that SF_ORG names.

It answers what the installation script asks and writes every command down. Like the real one it gives an access token
away with `--json`, in colours where FORCE_COLOR asks for them, reads what its input holds, stops at a user that it does
not find, exits with 68 when some assignments are refused and with 1 when all are. Source: Salesforce CLI Command
Reference; the commands' published behaviour.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import re
import sys
from typing import Any

Org = dict[str, Any]


def values(option: str, arguments: list[str]) -> list[str]:
    """The values of an option, in order."""
    return [value for name, value in itertools.pairwise(arguments) if name == option]


def names(condition: str, field: str) -> list[str] | None:
    """What a condition says a field is, in lower case; None where it does not ask for that field."""
    match = re.search(rf"{re.escape(field)} (?:= ('[^']*')|IN \(([^)]*)\))", condition)
    return re.findall(r"'([^']*)'", (match[1] or match[2]).lower()) if match else None


def users(org: Org, soql: str) -> list[str]:
    """The usernames that a query for users finds."""
    own, _, assigned = soql.partition("Id NOT IN (")
    kept = []
    for name, user in org["users"].items():
        licence = user.get("licence", "Salesforce")
        asked = (
            (names(own, "Username"), name),
            (names(own, "Profile.Name"), user.get("profile", "Sales Agent")),
            (names(own, "Profile.UserLicense.Name"), licence),
            (names(own, "UserType"), user.get("type", "Standard")),
        )
        if any(wanted is not None and value.lower() not in wanted for wanted, value in asked):
            continue
        if any(pattern in licence for pattern in re.findall(r"NOT Profile\.UserLicense\.Name LIKE '%(\w+)%'", own)):
            continue
        if "PermissionsModifyAllData = true" in own and not user.get("admin"):
            continue
        if not user.get("active", True) and "IsActive = true" in own:
            continue
        given = names(assigned, "PermissionSet.Name") or names(assigned, "PermissionSetLicense.DeveloperName") or []
        if {each.lower() for each in user.get("has", [])} & set(given):
            continue
        kept.append(name)
    return kept


def query(org: Org, soql: str) -> list[str]:
    """The CSV that a query gives."""
    if "FROM CallCenter" in soql:
        return ["Id", '"04v000000000001AAA"'] if org["call_center"] else ["Id"]
    if "FROM Profile" in soql:
        return ["Name", *[name for name in org["profiles"] if name.lower() in (names(soql, "Name") or [])]]
    return ["Username", *users(org, soql)]


def assign(org: Org, arguments: list[str]) -> int:
    """Gives a permission set, or a licence for some, to users; what the command exits with."""
    (what,) = values("--name", arguments)
    refused = given = 0
    for name in values("--on-behalf-of", arguments):
        user = org["users"].get(name)
        if user is None or "'" in name:
            sys.stderr.write("No record found\n")
            return 1
        licence_missing = (
            what == "Fcc_Integration"
            and user.get("licence") == "Salesforce Integration"
            and "SalesforceAPIIntegrationPsl" not in user.get("has", [])
        )
        if user.get("refuses") == what or licence_missing:
            sys.stdout.write(f"{name}  the user license doesn't allow it\n")
            refused += 1
        else:
            user["has"] = [*user.get("has", []), what]
            given += 1
    return (68 if given else 1) if refused else 0


def main(arguments: list[str]) -> int:
    """Plays one command; returns its exit status."""
    sys.stdin.read()
    path = pathlib.Path(os.environ["SF_ORG"])
    org: Org = json.loads(path.read_text())
    line = " ".join(arguments)
    org["seen"].append(line)
    status = 0
    if org["fail_at"] and org["fail_at"] in line:
        told = json.dumps({"name": "NoOrgFound", "message": "it went wrong"}, indent=2)
        (sys.stdout if "--json" in arguments else sys.stderr).write(f"{told}\n")
        status = 68
    elif line.startswith("org display"):
        about = {"accessToken": "00D!secret", "instanceUrl": org["url"], "username": "admin@acme.example"}
        told = json.dumps({"status": 0, "result": about}, indent=2)
        coloured = re.sub(r'("[^"]*")', "\033[32m\\1\033[39m", told)
        sys.stdout.write((told if os.environ.get("FORCE_COLOR") == "0" else coloured) + "\n")
    elif line.startswith("data query"):
        sys.stdout.write("".join(f"{row}\n" for row in query(org, *values("--query", arguments))))
    elif line.startswith("org assign"):
        status = assign(org, arguments)
    path.write_text(json.dumps(org))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
