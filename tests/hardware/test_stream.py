"""Blocks from a socket reach the ring as they were sent, microvolts or bits."""

import socket

import numpy as np
import pytest
from wavestim.hardware.sources.stream import HEADER, MAGIC, StreamSource
from wavestim.realtime.ring import Ring


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_blocks_arrive_as_they_were_sent(dtype):
    samples = np.arange(30).reshape(10, 3).astype(dtype)
    ring = Ring(3, 64, dtype)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for first, block in ((5, samples[:4]), (9, samples[4:])):
            theirs.sendall(HEADER.pack(MAGIC, len(block), first) + block.tobytes())
        theirs.shutdown(socket.SHUT_WR)
        source = StreamSource(ours.fileno(), 3, ring.sink())
        source.run()
    assert (source.n_blocks, source.ended) == (2, "the stream ended")
    ((first, _, got),) = ring.take()
    assert first == 5
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, samples)
