"""Messages come out of a packet as they went in, and what is no packet is refused."""

from multiprocessing import Pipe

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.live.wire import WireError
from wavestim.controller.lookback.line import PipeLine, receive, send, unpacked

NAMES = st.text("abc", min_size=1, max_size=3)
ARRAYS = st.dictionaries(
    NAMES, st.lists(st.floats(allow_nan=False, width=32), max_size=5).map(lambda x: np.array(x, np.float32)), max_size=3
)
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["tick", "samples", "moment"]), st.dictionaries(NAMES, st.integers()), ARRAYS), min_size=1, max_size=5
)


@given(MESSAGES)
def test_what_is_sent_comes(messages):
    here, there = Pipe()
    with here, there:
        send(here, *messages)
        told = receive(there)
    assert [m[:2] for m in told] == [m[:2] for m in messages]
    for (_, _, a), (_, _, b) in zip(told, messages, strict=True):
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[name], b[name]) for name in a)


@given(st.binary(max_size=60))
def test_what_is_no_packet_is_refused(packet):
    with pytest.raises(WireError):
        assert unpacked(packet)


def test_the_end_is_an_end():
    here, there = Pipe()
    line = PipeLine(there, there)
    assert line.ask(0.0) is None
    here.close()
    with pytest.raises(EOFError):
        line.ask(0.0)
    there.close()
