"""The only file that names every room: tables, doors, reactions and jobs.

The rule: nothing here decides anything; it says what belongs to the house and hands the parts to one another.
"""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sanic import Blueprint

from admin import doors as admin
from cdp import (
    books,
    entitlements,
    erasure,
    history,
    hospitals,
    log,
    message_sending,
    messages,
    metrics_folding,
    metrics_records,
    months,
    professional_records,
    professional_upkeep,
    pushes,
    sessions,
    standings,
)
from cdp import events as happened
from cdp.activity_events import ActivityRescheduled
from cdp.intake import Intake
from cdp.senders import Senders
from content import (
    activity_notices,
    activity_registration,
    import_work,
    imports,
    inquiries,
    live_gate,
    personal,
    reindexing,
    reminders,
    renditions,
    replays,
    searched,
    time_online,
    timing,
    trail,
    uploads,
    viewing,
)
from content.door_codes import DoorCodes
from content.streams import Streams
from doctor_portal import activities, boards, live, series
from doctor_portal import doors as doctor
from doctor_portal import items as doctor_items
from doctor_portal import pages as doctor_pages
from gamification import sharing
from server.core import idempotency, staff_sessions, words
from server.core.jobs import Job
from server.core.keys import Sealer
from server.core.object_store import files_of
from server.core.roles import Audience
from server.core.signing import Signer
from server.core.wechat import WeChat
from server.doors import about, events, health, interface, media, people
from server.doors import demo as demo_doors
from server.doors import live as live_doors
from server.doors import messages as message_doors
from server.doors import search as search_doors
from server.doors import wechat as wechat_doors
from server.migrate import missing_steps
from server.web import pages
from server.web.templates import Templates

# Room → modules with its tables. The names are also the labels of the migrations.
MODELS: Final[dict[str, list[str]]] = {
    "core": ["server.core.tables"],
    "cdp": [
        "cdp.tables.accounts",
        "cdp.tables.log",
        "cdp.tables.messages",
        "cdp.tables.metrics",
        "cdp.tables.professionals",
        "cdp.tables.profiles",
    ],
    "content": [
        "content.tables.activities",
        "content.tables.asked",
        "content.tables.imports",
        "content.tables.items",
        "content.tables.library",
        "content.tables.review",
        "content.tables.search",
        "content.tables.viewing",
    ],
    "gamification": ["gamification.tables.sharing"],
}


# When the dictionary of the search is loaded, in seconds from the start.
WORDS_AFTER_S: Final = 3.0

# What `xinglin work` does again and again; exactly one process of the house does it.
JOBS: Final[list[Job]] = [
    Job("log.months", 6 * 3600, months.keep),
    Job("log.books", 600, books.check),
    Job("log.erase_stragglers", 600, history.erase_stragglers),
    Job("metrics.count", metrics_folding.EVERY_S, metrics_folding.count),
    Job("sessions.purge", 3600, sessions.purge),
    Job("idempotency.purge", 3600, idempotency.purge),
    Job("messages.send", 3, message_sending.send_due),
    Job("messages.release", 30, message_sending.release_stale),
    Job("reminders.plan_missing", 600, reminders.plan_missing),
    Job("activities.plan_missing", 600, activity_notices.plan_missing),
    Job("broadcasts.sweep", 30, time_online.sweep),
    Job("broadcasts.carry", 30, replays.carry),
    Job("pushes.follow_up", 10, pushes.follow_up),
    Job("pushes.purge", 3600, pushes.purge),
    Job("professionals.expire", 30, professional_upkeep.expire),
    Job("professionals.forget", 3600, professional_upkeep.forget),
    Job("content.publish_on_time", timing.EVERY_S, timing.publish_on_time),
    Job("imports.carry_out", 2, import_work.carry_out_waiting),
    Job("imports.forget", 3600, imports.forget),
    Job("content.sweep_uploads", uploads.SWEEP_EVERY_S, uploads.sweep),
    Job("content.clear_files", renditions.CLEAR_EVERY_S, renditions.clear_files),
    Job("search.reindex", reindexing.EVERY_S, reindexing.reindex),
    Job("search.count_people", searched.COUNT_EVERY_S, searched.count_people),
    Job("viewing.forget_sessions", 86_400, viewing.forget_sessions),
    Job("sharing.forget_visitors", 3600, sharing.forget_visitors),
    Job("staff.sweep", 3600, staff_sessions.sweep),
]

# What follows from which event, in the transaction that records it.
REACTIONS: Final[dict[type[happened.Event], tuple[log.Reaction, ...]]] = {
    happened.ConsentGranted: (reminders.heed_agreement, activity_notices.heed_agreement),
    happened.ConsentWithdrawn: (messages.heed_withdrawal, professional_upkeep.heed_withdrawal),
    happened.ContentPublished: (
        reminders.heed_publication,
        inquiries.heed_publication,
        activity_notices.heed_publication,
    ),
    happened.ContentWithdrawn: (reminders.heed_removal, inquiries.heed_removal, activity_notices.heed_removal),
    happened.ContentExpired: (reminders.heed_removal, inquiries.heed_removal, activity_notices.heed_removal),
    happened.ContentRescheduled: (reminders.heed_rescheduling,),
    ActivityRescheduled: (activity_notices.heed_rescheduling,),
    happened.IdentityMerged: (activity_registration.heed_merge,),
    happened.IdentityUnmerged: (activity_registration.heed_merge,),
    happened.EpisodeFinished: (reminders.heed_finish,),
    happened.SeriesFollowed: (reminders.heed_follow,),
    happened.SeriesUnfollowed: (reminders.heed_unfollow,),
}

# What the rooms hold of people, by the names under which a person reads it in an export and in the receipts.
EXPORTS: Final[dict[str, erasure.Export]] = {
    "events": history.export,
    "figures": metrics_records.export,
    "messages": messages.export,
    "entitlements": entitlements.export,
    "content": personal.export,
    "sharing": sharing.export,
}
ERASERS: Final[dict[str, erasure.Eraser]] = {
    "events": history.erase,
    "figures": metrics_records.erase,
    "messages": messages.erase,
    "professionals": professional_records.erase,
    "entitlements": entitlements.erase,
    "content": personal.erase,
    "sharing": sharing.erase,
}


def doors() -> list[Blueprint]:
    """List the doors, each a blueprint with its own prefix."""
    return [
        health.blueprint,
        interface.blueprint,
        about.blueprint,
        events.blueprint,
        people.blueprint(Audience.DOCTOR),
        people.blueprint(Audience.PATIENT),
        message_doors.blueprint(Audience.DOCTOR),
        message_doors.blueprint(Audience.PATIENT),
        search_doors.blueprint(Audience.DOCTOR),
        search_doors.blueprint(Audience.PATIENT),
        demo_doors.blueprint(Audience.DOCTOR),
        demo_doors.blueprint(Audience.PATIENT),
        wechat_doors.blueprint,
        live_doors.blueprint,
        series.blueprint,
        media.blueprint,
        *doctor.DOORS,
        *admin.DOORS,
    ]


async def furnish(ctx: Any) -> None:
    """Hand the rooms what they need of this process, when it starts."""
    settings = ctx.settings
    ctx.missing_steps = partial(missing_steps, settings.database_url, MODELS)
    ctx.sealer = Sealer(settings.key_bytes[0])
    ctx.wechat = WeChat(settings.wechat_url, ctx.redis, timeout_s=settings.wechat_timeout_s)
    ctx.issuer = sessions.Issuer(ctx.tokens, ctx.sealer, timedelta(days=settings.refresh_days))
    ctx.standings = standings.Standings(ctx.changes)
    ctx.hospitals = hospitals.Lookup()
    ctx.templates = Templates(
        {"admin": admin.TEMPLATES, "h5": doctor_pages.TEMPLATES}, **admin.names(settings), **doctor_pages.names()
    )
    ctx.drawn = pages.drawn
    ctx.senders = Senders(ctx.changes)
    ctx.files = files_of(settings)
    ctx.media = media.MediaDesk(settings.key_bytes[1], ctx.files, ctx.changes)
    ctx.series_answers = series.SeriesAnswers(ctx.changes)
    ctx.activity_answers = activities.ActivityAnswers(ctx.changes)
    ctx.door_codes = DoorCodes(settings.key_bytes[1])
    ctx.room_answers = live.RoomAnswers(ctx.changes)
    ctx.live_signer = Signer(settings.key_bytes[1], live_gate.PURPOSE)
    ctx.streams = Streams(settings.stream_url, settings.stream_key, settings.stream_host_names)
    ctx.board_answers = boards.BoardAnswers(ctx.changes)
    ctx.item_answers = doctor_items.ItemAnswers(ctx.changes)
    trail.speak_through(ctx.changes)
    ctx.loading = asyncio.create_task(_load_words())
    ctx.intake = Intake()
    ctx.intake.start()
    log.react(REACTIONS)
    # What is sealed is told to its owner opened.
    sealed = {"professionals": partial(professional_records.export, ctx.sealer)}
    erasure.contribute(exports={**EXPORTS, **sealed}, erasers=ERASERS)


async def clear_out(ctx: Any) -> None:
    """Let the rooms finish what they have under way, when it stops."""
    trail.fall_silent(ctx.changes)
    ctx.loading.cancel()
    await ctx.intake.stop()
    await ctx.wechat.aclose()


async def _load_words() -> None:
    """Load the dictionary of the search once the start is over, so that nobody waits for it."""
    await asyncio.sleep(WORDS_AFTER_S)
    await asyncio.to_thread(words.load)
