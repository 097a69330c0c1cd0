"""The settings of a running house: read once from the environment by the roof, then only handed on.

The rule: an unknown or a missing value stops the start with one sentence that names it. Nothing else in the house
reads the environment.
"""

import base64
import binascii
import dataclasses
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from server.core.errors import Misconfigured

Mode = Literal["trial", "production"]
Level = Literal["debug", "info", "warning", "error"]

PREFIX = "XINGLIN_"
_SPOKEN = {int: "a whole number", float: "a number"}
# With nothing of these the house would stand and do nothing.
AT_LEAST_ONE = frozenset(
    {
        "web_workers",
        "access_minutes",
        "refresh_days",
        "staff_idle_minutes",
        "staff_lockout_tries",
        "event_retention_months",
    }
    | {"staff_lockout_minutes", "max_body_bytes", "max_upload_bytes", "s3_cache_bytes", "wechat_timeout_s"}
)
REAL_WECHAT = "https://api.weixin.qq.com"
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?")
# Names that other tools have made customary keep them.
BARE_NAMES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "port": "PORT"}


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ from one installation to the next; ``docs/settings.md`` lists the meaning of each."""

    mode: Mode = "trial"
    host: str = "127.0.0.1"
    port: int = 8000
    proxies: int = 0
    public_url: str = ""
    database_url: str = ""
    redis_url: str = ""
    home: Path = Path("var")
    web_workers: int = 2
    log_level: Level = "info"

    master_key: str = ""
    token_key: str = ""

    wechat_url: str = REAL_WECHAT
    wechat_timeout_s: float = 4.0

    access_minutes: int = 15
    refresh_days: int = 30
    sign_ins_a_minute: int = 300
    staff_idle_minutes: int = 30
    staff_totp_required: bool = False
    staff_lockout_tries: int = 5
    staff_lockout_minutes: int = 15
    staff_password_days: int = 0

    licence_photo_days: int = 30
    event_retention_months: int = 36
    event_retention: Literal["keep", "detach"] = "keep"
    max_body_bytes: int = 4 * 1024 * 1024
    max_upload_bytes: int = 512 * 1024 * 1024
    shutdown_s: float = 15.0

    s3_url: str = ""
    s3_bucket: str = ""
    s3_region: str = "us-east-1"
    s3_key_id: str = ""
    s3_secret: str = ""
    s3_path_style: bool = True
    s3_cache_bytes: int = 2 * 1024 * 1024 * 1024

    stream_url: str = ""
    stream_key: str = ""
    stream_hosts: str = ""

    demo: bool = False
    icp_number: str = ""
    drug_information_number: str = ""
    company: str = "杏林（演示）"

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def stream_host_names(self) -> tuple[str, ...]:
        """The hosts beside the live service's own that streams are played from."""
        return tuple(host.strip() for host in self.stream_hosts.split(",") if host.strip())

    @property
    def origin(self) -> str:
        """The scheme, host and port under which readers reach the house, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def key_bytes(self) -> tuple[bytes, bytes]:
        """The master key and the token key, 32 bytes each."""
        return _key("XINGLIN_MASTER_KEY", self.master_key), _key("XINGLIN_TOKEN_KEY", self.token_key)


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    :raises Misconfigured: with one sentence, if a name is unknown, a value cannot be read or a needed one is missing.
    """
    environ = os.environ if environ is None else environ
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    names = {BARE_NAMES.get(name, PREFIX + name.upper()): name for name in fields}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in names)
    if unknown:
        raise Misconfigured(f"{unknown[0]} is not a setting of Xinglin; see docs/settings.md.")
    values = {
        name: _value(outer, environ[outer], fields[name].type) for outer, name in names.items() if environ.get(outer)
    }
    for outer, name in names.items():
        if name in AT_LEAST_ONE and name in values and values[name] <= 0:
            raise Misconfigured(f"{outer} must be more than zero.")
    settings = Settings(**values)
    _check_streams(settings)
    _check_store(settings)
    if settings.production:
        _check_production(settings)
    return settings


def _check_store(settings: Settings) -> None:
    given = {name: getattr(settings, name) for name in ("s3_bucket", "s3_key_id", "s3_secret")}
    if any([settings.s3_url, *given.values()]) and not all(given.values()):
        missing = next(name for name, value in given.items() if not value)
        raise Misconfigured(f"{PREFIX}{missing.upper()} must be set where files are kept in an object store.")
    if settings.s3_url and not settings.s3_url.startswith(("http://", "https://")):
        raise Misconfigured("XINGLIN_S3_URL must begin with https:// or http://.")


def _check_streams(settings: Settings) -> None:
    url = settings.stream_url
    if url and ("{name}" not in url or not url.startswith(("https://", "http://127.0.0.1:"))):
        raise Misconfigured("XINGLIN_STREAM_URL must be an https address with {name} in it for the name of a stream.")
    if not all(_HOST.fullmatch(host) for host in settings.stream_host_names):
        raise Misconfigured("XINGLIN_STREAM_HOSTS must be names of hosts, with commas between them.")


def _check_production(settings: Settings) -> None:
    for name in ("database_url", "redis_url", "master_key", "token_key", "public_url"):
        if not getattr(settings, name):
            raise Misconfigured(f"{BARE_NAMES.get(name, PREFIX + name.upper())} must be set in production mode.")
    if settings.demo:
        raise Misconfigured("XINGLIN_DEMO must be off in production mode: demo sign-ins are for trying only.")
    if settings.wechat_url.rstrip("/") != REAL_WECHAT:
        raise Misconfigured("XINGLIN_WECHAT_URL must be the real service in production mode, not a stand-in.")
    if settings.stream_url and not settings.stream_url.startswith("https://"):
        raise Misconfigured("XINGLIN_STREAM_URL must begin with https:// in production mode.")
    if not settings.public_url.startswith("https://"):
        raise Misconfigured("XINGLIN_PUBLIC_URL must begin with https:// in production mode.")
    _ = settings.key_bytes


def _value(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise Misconfigured(f"{name} must be one of {', '.join(get_args(kind))}, not {text!r}.")
        return text
    if kind is bool:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
            raise Misconfigured(f"{name} must be yes or no, not {text!r}.")
        return text.lower() in {"1", "true", "yes", "on"}
    try:
        value = kind(text)
    except ValueError:
        raise Misconfigured(f"{name} must be {_SPOKEN.get(kind, kind.__name__)}, not {text!r}.") from None
    if kind in (int, float) and not 0 <= value < math.inf:
        raise Misconfigured(f"{name} must be zero or more, but is {text}.")
    return value


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise Misconfigured(f"{name} must be 32 bytes in base64; `openssl rand -base64 32` makes one.")
    return key
