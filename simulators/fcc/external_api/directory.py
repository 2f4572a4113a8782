"""What there is in the tenant: campaigns, users, statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.fcc.external_api.functions import AdminFunction
    from simulators.fcc.tenant import Tenant


def admin_functions(tenant: Tenant) -> dict[str, AdminFunction]:
    """The lists, by the functions' names."""
    world, wrap_seconds = tenant.world, tenant.settings.wrap_seconds
    return {
        "fcc-campaigns-list": lambda _: {
            "campaigns": [{**one.row(), "wrap_seconds": wrap_seconds[one.id]} for one in world.campaigns]
        },
        "fcc-users-list": lambda _: {"users": [one.row() for one in world.users]},
        "fcc-staff-statuses-list": lambda _: {"statuses": [one.row() for one in world.statuses]},
    }
