"""What the calls under ``/sandbox`` take, one shape a call; an unknown field is refused."""

from typing import Annotated, Any, Literal

import msgspec

from server.sandbox.world import Template

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class AppForm(msgspec.Struct, forbid_unknown_fields=True):
    """A mini-program to let be known, or to change."""

    appid: Text
    secret: Text
    name: str = ""
    original_id: str = ""
    open_platform: str = ""
    templates: list[Template] = []
    pages: list[str] = []
    phone_quota: int | None = None


class UserForm(msgspec.Struct, forbid_unknown_fields=True):
    """A person to let be known, or to change."""

    user: Text
    name: str = ""
    phone: str = ""
    country_code: str | int = "86"
    blocked: bool = False


class Visit(msgspec.Struct, forbid_unknown_fields=True):
    """A person in an app."""

    appid: Text
    user: Text


class Answered(msgspec.Struct, forbid_unknown_fields=True):
    """A person's answer to a prompt, or a cancellation in the settings; ``push`` tells the app's server of it."""

    appid: Text
    user: Text
    template_id: Text
    status: Literal["accept", "reject", "cancel"] = "accept"
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    push: bool = True


class CallbackForm(msgspec.Struct, forbid_unknown_fields=True):
    """Where the pushes of an app go, and how."""

    appid: Text
    url: Text
    token: Text
    encoding_aes_key: str = ""
    format: Literal["json", "xml"] = "json"
    mode: Literal["plain", "compatible", "secure"] = "plain"


class PushForm(msgspec.Struct, forbid_unknown_fields=True):
    """An event to push; ``callback`` is where, if not where the app's pushes go."""

    appid: Text
    event: Text
    user: str = ""
    fields: dict[str, Any] = {}
    callback: CallbackForm | None = None
    deliveries: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1


class LimitForm(msgspec.Struct, forbid_unknown_fields=True):
    """A quota to set lower, or to lift."""

    name: Text
    a_minute: int | None = None
    a_day: int | None = None


class Ahead(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the clock ahead."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=10 * 366 * 24 * 3600)]


class OfApp(msgspec.Struct, forbid_unknown_fields=True):
    """An app."""

    appid: Text
