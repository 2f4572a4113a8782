"""Whether the guide for Salesforce administrators can be followed from top to bottom."""

from __future__ import annotations

import re

from tests.metadata.project import ROOT

GUIDE = (ROOT.parent / "docs" / "install-salesforce.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"(?:^|`)((?:sf|python -m tools\.render_metadata|bin/install) [^`\n]*)", GUIDE, re.MULTILINE)
"""The first line of each command, in order."""


def test_the_project_is_rendered_and_the_org_signed_in_to_before_anything_is_deployed() -> None:
    kinds = [" ".join(command.split()[:3]) for command in COMMANDS]
    deploying = [place for place, command in enumerate(COMMANDS) if command.startswith(("sf project", "bin/install"))]

    assert kinds[:2] == ["python -m tools.render_metadata", "sf org login"]
    assert min(deploying) == 2
    assert len(deploying) >= 4


def test_each_command_that_is_given_to_an_org_says_to_which() -> None:
    for command in COMMANDS:
        if command.startswith(("sf project", "bin/install")):
            assert "--target-org fcc" in command, command
