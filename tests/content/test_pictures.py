"""How images are cut and how large they are drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.pictures import Spec

SIDES = st.integers(1, 12_000)
SPECS = st.builds(
    Spec,
    width=st.integers(10, 4000),
    height=st.none() | st.integers(10, 4000),
    x=st.integers(0, 100),
    y=st.integers(0, 100),
    quality=st.integers(0, 100),
)


@given(SPECS)
def test_a_spec_is_read_as_it_was_written(spec: Spec) -> None:
    whole = Spec(spec.width, quality=spec.quality)
    assert Spec.read(spec.name) == (spec if spec.height is not None else whole)


@pytest.mark.parametrize(
    "name",
    [
        *("", "w750", "w750q80\n", "w0750q80", "w750q080", "w750q101", "w1q80", "w99999q80", "w750h500q80"),
        *("w750h500x101y50q80", "w750h500x050y50q80", "W750q80", "w７50q80", "../w750q80"),
    ],
)
def test_what_is_written_otherwise_is_no_spec(name: str) -> None:
    assert Spec.read(name) is None


@given(SPECS, SIDES, SIDES)
def test_what_is_shown_lies_within_the_image_and_is_never_blown_up(spec: Spec, width: int, height: int) -> None:
    left, top, right, bottom = spec.box(width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    across, down = spec.size(width, height)
    assert 1 <= across <= min(spec.width, width)
    assert down >= 1
    if spec.height is None:
        assert (left, top, right, bottom) == (0, 0, width, height)
    else:
        # As much is shown as the ratio allows: it reaches two sides of the image.
        assert right - left == width or bottom - top == height


@given(SPECS, st.integers(100, 12_000), st.integers(100, 12_000))
def test_the_point_that_matters_is_within_the_cut(spec: Spec, width: int, height: int) -> None:
    left, top, right, bottom = spec.box(width, height)
    assert left - 1 <= width * spec.x / 100 <= right + 1
    assert top - 1 <= height * spec.y / 100 <= bottom + 1
