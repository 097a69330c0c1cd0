"""The forms of the kinds: from the fields of a form to the JSON of a draft.

The rule: a draft may be unfinished and wrong, so whatever was typed is kept, also where it is no number; what is wrong
is said by the publish checks. Empty fields and empty rows are left out, so that the same form gives the same draft.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from content.film_times import duration, seconds
from server.web.forms import Form

MOST_ROWS: Final = 100


def shape_of(kind: str, form: Form) -> dict[str, Any]:
    """Read the draft of an item of a kind from its form.

    :raises KeyError: if there is no form for the kind.
    """
    shape = {
        "title": _line(form, "title", 200),
        "summary": form.text("summary", most=10_000),
        "tags": [slug for slug in dict.fromkeys(form.texts("tags")) if slug][:MOST_ROWS],
        "audience": form.text("audience"),
        **FORMS[kind](form),
    }
    return {name: value for name, value in shape.items() if value not in ("", None, [], {}, False)}


def _season(form: Form) -> dict[str, Any]:
    return {}


def _series(form: Form) -> dict[str, Any]:
    return {"problem": _line(form, "problem", 400), "cover": _cover(form), "team": _team(form)}


def _episode(form: Form) -> dict[str, Any]:
    video = _kept({"asset": _whole(form.text("video.asset")), "url": form.text("video.url", most=2000)})
    return {
        "stage": form.text("stage"),
        "duration_s": duration(form.text("duration_s")),
        "cover": _cover(form),
        "video": video,
        "chapters": _rows(form, "chapters", {"key": str, "title": str, "starts_at_s": seconds, "stage": str}, "title"),
        "questions": _rows(form, "questions", {"text": str, "chapter": str}, "text"),
        "team": _team(form),
        "documents": _rows(form, "documents", {"asset": _whole, "title": str}, "asset"),
        "filmed_patient": form.is_on("filmed_patient"),
        "consent_id": _whole(form.text("consent_id")),
    }


FORMS: Final[dict[str, Callable[[Form], dict[str, Any]]]] = {
    "series": _series,
    "season": _season,
    "episode": _episode,
}


def _cover(form: Form) -> dict[str, Any]:
    asset = _whole(form.text("cover.asset"))
    return {} if asset is None else _kept({"asset": asset, "alt": _line(form, "cover.alt", 400)})


def _team(form: Form) -> list[dict[str, Any]]:
    return _rows(form, "team", {"name": str, "title": str, "hospital": str, "role": str}, "name")


def _rows(form: Form, name: str, fields: dict[str, Callable[[str], Any]], needed: str) -> list[dict[str, Any]]:
    """Read the rows of a list, whose fields come as so many texts under the same names, one of each a row.

    A row that has nothing but what the page filled in itself (a key, a choice) is an empty row.
    """
    columns: dict[str, Sequence[str]] = {field: form.texts(f"{name}.{field}")[:MOST_ROWS] for field in fields}
    count = max(map(len, columns.values()))
    rows = []
    for place in range(count):
        texts = {field: column[place] if place < len(column) else "" for field, column in columns.items()}
        typed = [value for field, value in texts.items() if field not in {"key", "stage", "chapter"} and value]
        if typed:
            row = _kept({field: fields[field](value) for field, value in texts.items()})
            rows.append({needed: "", **row} if needed not in row else row)
    return rows


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None)}


def _line(form: Form, name: str, most: int) -> str:
    return " ".join(form.text(name, most=most).split())


def _whole(text: str) -> int | str | None:
    """Read an id; what is none is kept as it was typed."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text or None
