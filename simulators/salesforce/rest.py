"""REST resources (to be filled)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from .org import Org


def blueprint(org: Org) -> Blueprint:
    """The REST resources of My Domain."""
    del org
    return Blueprint("rest", __name__)
