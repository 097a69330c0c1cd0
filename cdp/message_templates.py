"""Message templates: how each kind of notice is told in each mini-program.

The rule: a notice has a ``key`` in the house (``episode_soon``) and a row for each app that tells it. Rows that name
the same template of WeChat share its credits, because a person accepts the template and not the notice. A notice
without an enabled row is not told.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp.message_rules import Kind
from cdp.message_values import check_field
from server.core import audit
from server.core.clock import day_of, start_of
from server.core.db import connection, transaction
from server.core.errors import Invalid

MOST_PLACES: Final = 10
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TEMPLATE_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class TemplateInvalid(Invalid):
    """A template cannot be configured like this."""

    code = "message_template_invalid"
    title = "消息模板设置有误"


class Template(Struct, frozen=True):
    """How one kind of notice is told in one mini-program; see `cdp.tables.messages.MessageTemplate`."""

    app_id: str
    key: str
    template_id: str
    title: str
    kind: Kind
    places: dict[str, str]
    enabled: bool
    paused_until: datetime | None


async def configure(
    *,
    app_id: str,
    key: str,
    template_id: str,
    title: str,
    places: Mapping[str, str],
    kind: Kind = Kind.SERVICE,
    enabled: bool = True,
    actor: str,
    at: datetime,
    request_id: str = "",
) -> Template:
    """Set how a notice is told in an app; what waits to be sent follows at once.

    Messages of a notice that is switched off are cancelled; those of one that moves to another template of WeChat are
    sent under that one, and need its credits.

    :param places: for each place of the template (``thing1``) the name of the text that goes there.
    :param actor: who does it, for the audit.
    :raises TemplateInvalid: if there is no such app, or if a name or a place is not well formed.
    :raises FieldUnknown: if a place is of a type that is not known.
    """
    _check(key, template_id, title, places)
    async with transaction():
        if not await connection().value("SELECT true FROM mini_program WHERE app_id = $1", app_id):
            raise TemplateInvalid("There is no such mini-program.", field="app_id")
        before = await _template(app_id, key)
        await connection().execute(
            "INSERT INTO message_template (app_id, key, template_id, title, kind, places, enabled, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8) ON CONFLICT (app_id, key) DO UPDATE SET "
            "template_id = excluded.template_id, title = excluded.title, kind = excluded.kind, "
            "places = excluded.places, enabled = excluded.enabled, paused_until = NULL, "
            "updated_at = excluded.updated_at",
            app_id,
            key,
            template_id,
            title,
            kind.value,
            msgspec.json.encode(dict(places)).decode(),
            enabled,
            at,
        )
        await connection().execute(
            "UPDATE message SET template_id = $3, kind = $4, state = $5, reason = $6, ended_at = $7 "
            "WHERE state = 'planned' AND app_id = $1 AND key = $2",
            app_id,
            key,
            template_id,
            kind.value,
            "planned" if enabled else "cancelled",
            "" if enabled else "template_disabled",
            None if enabled else at,
        )
        after = await _template(app_id, key)
        assert after is not None
        await audit.note(
            actor=actor,
            deed="message_template.configure",
            subject_kind="message_template",
            subject_id=f"{app_id}/{key}",
            at=at,
            before=before,
            after=after,
            request_id=request_id,
        )
    return after


async def templates(*, app_id: str = "") -> list[Template]:
    """List the templates of an app, or of all."""
    rows = await connection().fetch(f"{_SELECT} WHERE $1 IN ('', app_id) ORDER BY app_id, key", app_id)
    return [_read(row) for row in rows]


async def pause(*, app_id: str, template_ids: Sequence[str], at: datetime) -> datetime:
    """Let templates of WeChat rest until the next day in Asia/Shanghai, because today's quota is used up."""
    until = start_of(day_of(at) + timedelta(days=1))
    await connection().execute(
        "UPDATE message_template SET paused_until = $3 WHERE app_id = $1 AND template_id = ANY($2::text[])",
        app_id,
        list(template_ids),
        until,
    )
    return until


_SELECT = (
    "SELECT app_id, key, template_id, title, kind, places::text AS places, enabled, paused_until FROM message_template"
)


def _read(row: Mapping[str, Any]) -> Template:
    places = msgspec.json.decode(row["places"], type=dict[str, str])
    return msgspec.convert({**row, "places": places}, Template)


async def _template(app_id: str, key: str) -> Template | None:
    row = await connection().row(f"{_SELECT} WHERE app_id = $1 AND key = $2 FOR UPDATE", app_id, key)
    return None if row is None else _read(row)


def _check(key: str, template_id: str, title: str, places: Mapping[str, str]) -> None:
    if not _KEY.fullmatch(key):
        raise TemplateInvalid("A key is made of small letters, digits and underscores.", field="key")
    if not _TEMPLATE_ID.fullmatch(template_id):
        raise TemplateInvalid("This is no template id of WeChat.", field="template_id")
    if not 0 < len(title) <= 40 or not title.isprintable():
        raise TemplateInvalid("A title has 1 to 40 characters.", field="title")
    if not 0 < len(places) <= MOST_PLACES:
        raise TemplateInvalid(f"A template has 1 to {MOST_PLACES} places.", field="places")
    for place, name in places.items():
        check_field(place)
        if not _KEY.fullmatch(name):
            raise TemplateInvalid("A text is named by small letters, digits and underscores.", field=f"places.{place}")
