"""The doors of what a doctor does with content: watching, following, reacting, sharing, and the calendar."""

from typing import Final

from sanic import Blueprint

from doctor_portal import (
    activities,
    activity_registration,
    asked,
    boards,
    calendar,
    films,
    following,
    home_feed,
    items,
    live,
    pages,
    professional,
    profile,
    reactions,
    reading,
    series_progress,
    shares,
    viewing,
)

DOORS: Final[tuple[Blueprint, ...]] = (
    boards.blueprint,
    items.blueprint,
    home_feed.blueprint,
    viewing.blueprint,
    calendar.blueprint,
    calendar.feeds,
    following.blueprint,
    asked.blueprint,
    reactions.blueprint,
    reading.blueprint,
    shares.blueprint,
    shares.openings,
    series_progress.blueprint,
    activities.blueprint,
    films.blueprint,
    activity_registration.blueprint,
    live.blueprint,
    profile.blueprint,
    professional.blueprint,
    pages.blueprint,
    pages.front,
)
