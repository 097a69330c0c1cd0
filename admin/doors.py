"""All doors of the admin pages, and what their templates know."""

from pathlib import Path
from typing import Any, Final

from admin import (
    account,
    activities,
    apps,
    asset_deeds,
    assets,
    audit,
    broadcasts,
    calendar,
    consents,
    entitlements,
    episodes,
    figures,
    filming,
    hospitals,
    imports,
    items,
    lists,
    messages,
    overview,
    palette,
    preview,
    professionals,
    publishing,
    questions,
    registrations,
    reviewing,
    reviews,
    search,
    sections,
    sign_in,
    staff,
    tags,
    uploads,
)
from admin.menu import MENU
from server.core.settings import Settings

TEMPLATES: Final = Path(__file__).parent / "templates"
DOORS: Final = [
    sign_in.blueprint,
    overview.blueprint,
    palette.blueprint,
    sections.blueprint,
    lists.blueprint,
    episodes.blueprint,
    items.blueprint,
    publishing.blueprint,
    activities.blueprint,
    registrations.blueprint,
    broadcasts.blueprint,
    preview.blueprint,
    calendar.blueprint,
    assets.blueprint,
    asset_deeds.blueprint,
    uploads.blueprint,
    tags.blueprint,
    search.blueprint,
    filming.blueprint,
    figures.blueprint,
    figures.of_items,
    imports.blueprint,
    imports.sheets,
    questions.blueprint,
    messages.blueprint,
    reviewing.blueprint,
    professionals.blueprint,
    hospitals.blueprint,
    entitlements.blueprint,
    reviews.blueprint,
    consents.blueprint,
    apps.blueprint,
    audit.blueprint,
    staff.blueprint,
    account.blueprint,
]


def names(settings: Settings) -> dict[str, Any]:
    """Give the names that every template knows: the menu, and who runs the house."""
    return {"menu": MENU, "about": settings}
