"""What sign-in needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cti.accounts import Org
    from cti.domain.fcc import FccUser
    from cti.domain.salesforce import Identity


class AgentDirectory(Protocol):
    """Knows the FCC users of pairings' tenants."""

    def find_among(self, pairing_ids: Sequence[str], email: str) -> tuple[str, FccUser]:
        """The first of these pairings (at least one) that knows this e-mail (compared without case), and its PBX user.

        Raises ConnectorError with the code `fcc-user-unknown` (R5), `fcc-user-wrong-kind` (R4), or one that says that
        FCC could not be asked. A missing city number or presentation is no reason to refuse (R6).
        """
        ...


class Identities(Protocol):
    """Knows whose token it is, from the org itself."""

    def identify(self, org: Org, token: str, *, anew: bool = False) -> Identity:
        """Whose token it is, with the address the person has outside of a sandbox.

        `anew`: ask the org, whatever it answered before.

        Raises ConnectorError: `retryable` where the org cannot be asked at the moment, else where it refuses the token.
        """
        ...

    def forget(self, org: Org, token: str) -> None:
        """Ask the org again next time this token comes."""
        ...
