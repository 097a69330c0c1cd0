"""The example of an environment names every setting, with the value that holds where nothing is set."""

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values

from server.core.settings import BARE_NAMES, PREFIX, Settings, from_environment

EXAMPLE = Path(__file__).parent.parent / ".env.example"


@pytest.fixture
def values() -> dict[str, str]:
    """Read the example with the mark before every setting removed."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    settings = [line.removeprefix("# ") for line in lines if "=" in line and " " not in line.removeprefix("# ")]
    return {name: value or "" for name, value in dotenv_values(stream=io.StringIO("\n".join(settings))).items()}


def test_the_example_names_every_setting_and_no_other(values: dict[str, str]) -> None:
    assert sorted(values) == sorted(BARE_NAMES.get(name, PREFIX + name.upper()) for name in Settings.__slots__)


def test_the_example_says_what_holds_where_nothing_is_set(values: dict[str, str]) -> None:
    assert from_environment(values) == Settings()


def test_the_example_itself_sets_nothing() -> None:
    assert dotenv_values(EXAMPLE) == {}
