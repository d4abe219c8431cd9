"""What watchers and the rig send each other: nothing that arrives may crash the other side."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from wavestim.controller.live import wire

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
HEADERS = st.dictionaries(
    NAMES.filter(lambda name: name != "arrays"), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8), max_size=4
)
ARRAYS = st.dictionaries(
    NAMES,
    hnp.arrays(st.sampled_from(["<f4", "<f8", "<i8", "|u1"]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
    max_size=3,
)


@given(NAMES, HEADERS, ARRAYS)
def test_a_message_arrives_as_it_was_sent(topic, header, arrays):
    topic2, header2, arrays2 = wire.unpack(wire.pack(topic, header, arrays))
    assert (topic2, header2) == (topic, header)
    assert arrays2.keys() == arrays.keys()
    for name, array in arrays.items():
        assert arrays2[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays2[name], array)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes_are_a_message_or_an_error(frames):
    with contextlib.suppress(wire.WireError):
        wire.unpack(frames)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_list_of_arrays_is_understood_or_refused(listed):
    with contextlib.suppress(wire.WireError):
        wire.unpack([b"tick", json.dumps({"arrays": listed}).encode(), b"12345678"])


def test_an_array_that_is_cut_short_is_refused():
    frames = wire.pack("tick", {}, {"phase_rad": np.zeros(4, np.float32)})
    with pytest.raises(wire.WireError, match="15 bytes"):
        wire.unpack([*frames[:2], frames[2][:-1]])


def test_numbers_that_json_does_not_know_become_null():
    assert wire.unpack(wire.pack("status", {"sd_deg": float("nan"), "rows": [{"x": np.float64("inf")}]}))[1] == {
        "sd_deg": None,
        "rows": [{"x": None}],
    }
