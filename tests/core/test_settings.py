"""Settings: read once, and what is wrong stops the start with one sentence."""

import base64
from pathlib import Path

import pytest

from server.core.errors import Misconfigured
from server.core.settings import Settings, from_environment

KEY = base64.b64encode(bytes(32)).decode()
PRODUCTION = {
    "XINGLIN_MODE": "production",
    "DATABASE_URL": "postgresql://x@db/x",
    "REDIS_URL": "redis://cache/0",
    "XINGLIN_MASTER_KEY": KEY,
    "XINGLIN_TOKEN_KEY": KEY,
    "XINGLIN_PUBLIC_URL": "https://xinglin.example",
}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert from_environment({}) == Settings()


def test_values_are_read_as_their_kind() -> None:
    settings = from_environment({"PORT": "9001", "XINGLIN_HOME": "/srv/x", "XINGLIN_DEMO": "yes"})
    assert (settings.port, settings.home, settings.demo) == (9001, Path("/srv/x"), True)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"XINGLIN_PROT": "1"}, "XINGLIN_PROT is not a setting"),
        ({"PORT": "many"}, "PORT must be a whole number"),
        ({"PORT": "-1"}, "PORT must be zero or more"),
        ({"XINGLIN_MODE": "test"}, "XINGLIN_MODE must be one of trial, production"),
        ({"XINGLIN_DEMO": "perhaps"}, "XINGLIN_DEMO must be yes or no"),
        ({"XINGLIN_WEB_WORKERS": "0"}, "XINGLIN_WEB_WORKERS must be more than zero"),
        ({"XINGLIN_SHUTDOWN_S": "nan"}, "XINGLIN_SHUTDOWN_S must be zero or more"),
        ({"XINGLIN_SHUTDOWN_S": "inf"}, "XINGLIN_SHUTDOWN_S must be zero or more"),
    ],
    ids=["unknown", "not a number", "negative", "not a choice", "not a yes", "nothing", "nan", "without end"],
)
def test_a_wrong_value_is_one_sentence(environment: dict[str, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        from_environment(environment)


def test_production_stands_with_everything_set() -> None:
    assert from_environment(PRODUCTION).production


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *(({name: ""}, f"{name} must be set") for name in PRODUCTION if name != "XINGLIN_MODE"),
        ({"XINGLIN_DEMO": "yes"}, "demo sign-ins"),
        ({"XINGLIN_WECHAT_URL": "http://127.0.0.1:9"}, "not a stand-in"),
        ({"XINGLIN_PUBLIC_URL": "http://plain"}, "https://"),
        ({"XINGLIN_MASTER_KEY": "c2hvcnQ="}, "32 bytes"),
    ],
)
def test_production_refuses_what_is_for_trying(change: dict[str, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        from_environment(PRODUCTION | change)


def test_every_setting_is_described() -> None:
    described = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    example = (Path(__file__).parents[2] / ".env.example").read_text("utf-8")
    names = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "port": "PORT"}
    for name in Settings.__slots__:
        variable = names.get(name, f"XINGLIN_{name.upper()}")
        assert f"`{variable}`" in described, variable
        assert variable in example, variable
