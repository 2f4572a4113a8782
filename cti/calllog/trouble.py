"""An org's trouble out of whatever error stopped a request to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cti.domain.salesforce import OrgError, Trouble

if TYPE_CHECKING:
    from cti.errors import ConnectorError


def trouble_of(error: ConnectorError) -> Trouble:
    """The error as a value.

    One that is not the org's own, such as a package that is missing there, says its code only, and that the same may
    be tried again.
    """
    return error.trouble if isinstance(error, OrgError) else Trouble(error.code)
