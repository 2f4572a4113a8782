"""Switches of the simulated org."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Settings:
    """What the control interface changes.

    `softphone_allow`: what the softphone frame delegates (bare, explicit or none). `token_lifetime_s`: age at
    which tokens stop working. `index_delay_s`: how long new records stay invisible to search.
    `canvas_self_authorize`: users approve the Canvas app themselves, so its first hit is a GET.
    """

    softphone_allow: str = "bare"
    token_lifetime_s: float = 7200.0
    index_delay_s: float = 0.0
    canvas_self_authorize: bool = False
    canvas_app_exists: bool = True
    person_accounts: bool = False
    api_limit: int = 100_000
    console: bool = True
    client_credentials: bool = True
    case_assignment_rule: bool = True
    sosl_row_limit: int = 2_000

    def change(self, name: str, value: Any) -> None:
        """Set one of them; raises ValueError when the name, the type or the value is not one it has."""
        known = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        if name not in known:
            raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
        wanted = known[name]
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ValueError(f"{name} is a {wanted.__name__}")
        if name == "softphone_allow" and value not in {"bare", "explicit", "none"}:
            raise ValueError("softphone_allow is bare, explicit or none")
        setattr(self, name, value)
