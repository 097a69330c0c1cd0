"""All doors of the admin pages, and what their templates know."""

from pathlib import Path
from typing import Any, Final

from admin import account, audit, overview, sign_in, staff
from admin.menu import MENU
from server.core.settings import Settings

TEMPLATES: Final = Path(__file__).parent / "templates"
DOORS: Final = [
    sign_in.blueprint,
    overview.blueprint,
    audit.blueprint,
    staff.blueprint,
    account.blueprint,
]


def names(settings: Settings) -> dict[str, Any]:
    """Give the names that every template knows: the menu, and who runs the house."""
    return {"menu": MENU, "about": settings}
