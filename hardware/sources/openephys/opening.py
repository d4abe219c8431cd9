"""Reaches a plugin of the Open Ephys GUI and learns what it sends, before anything flows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from threading import Event

import numpy as np

from .._base import check_scale, default_names
from .._live import Found, LiveError, LiveInfo, LiveSource
from .._ports import listening
from . import gui, zmqwire
from .assembly import layout_of
from .falcon import FalconBlock
from .garbled import GarbledError
from .place import PLUGINS, Place
from .source import FalconSource, ZmqSource, falcon_block, kind_of
from .wire import Message, listens, messages
from .zmqwire import ChannelData

ANSWER_S = 3.0
LEARN_S = 0.5
"""Of samples, from which the layout of a stream is learned."""
NOT_ELECTRODES = ("ADC", "AUX")


def open_openephys(
    host: str = "127.0.0.1", via: str = "falcon", port: int | None = None, stream: str | None = None, http_port: int = gui.PORT
) -> LiveSource:
    """Reach a plugin of the Open Ephys GUI and learn what it sends.

    Parameters
    ----------
    host : str
        The computer that runs the GUI.
    via : str
        ``falcon`` or ``zmq``.
    port : int, optional
        Of the plugin; by default its own.
    stream : str, optional
        Name of the data stream; by default the first that comes.
    http_port : int
        Of the GUI itself, which is asked for its mode and exact rates, if it answers.

    Raises
    ------
    SourceError
        When there is nobody, nothing comes, or what comes can't be used.
    """
    plugin, usual = PLUGINS[via]
    port = usual if port is None else port
    place = Place(host, port, plugin, http_port)
    if not listens(host, port):
        raise LiveError(
            f"{place}: nobody listens there; start the Open Ephys GUI, put {plugin} into its signal chain with port {port}, "
            "and let the firewall pass it"
        )
    return (_open_falcon if via == "falcon" else _open_zmq)(place, stream)


def find_openephys() -> list[Found]:
    """The plugins that listen on this computer, on their usual ports."""
    mode = gui.gui_mode("127.0.0.1", timeout_s=0.2)
    said = f"Open Ephys GUI ({mode.lower()})" if mode else "maybe an Open Ephys GUI"
    return [
        Found("openephys", {"host": "127.0.0.1", "via": via, "port": port}, f"{plugin} of {said}")
        for via, (plugin, port) in PLUGINS.items()
        if listening(port)
    ]


def _open_falcon(place: Place, stream: str | None) -> LiveSource:
    blocks: list[FalconBlock] = []
    with closing(_within(place, ANSWER_S)) as coming:
        for message in coming:
            try:
                block = falcon_block(message)
            except GarbledError:
                if len(message.frames) > 1 and message.frames[0] in (zmqwire.DATA, zmqwire.EVENT):
                    raise LiveError(f"{place}: that is a ZMQ Interface; write via: zmq") from None
                continue
            blocks.append(block)
            if len(blocks) >= 2 and sum(b.samples.shape[1] for b in blocks) >= LEARN_S * block.fs_hz:
                break
    if not blocks:
        raise place.silent(ANSWER_S, stream)
    usual = Counter(kind_of(b) for b in blocks).most_common(1)[0][0]
    last = next(b for b in reversed(blocks) if kind_of(b) == usual)
    if stream not in (None, last.stream):
        raise LiveError(f"{place}: it sends stream {last.stream}, not {stream}; select {stream} in Falcon Output, or name {last.stream}")
    same = [b for b in blocks if kind_of(b) == usual]
    check_scale(np.concatenate([b.samples.T for b in same]).astype(np.float32), str(place))
    streams = gui.gui_streams(place.host, place.http_port)
    exact = [s.sample_rate for s in streams if s.name == last.stream and int(s.sample_rate) == last.fs_hz]
    info = LiveInfo(
        "openephys", f"{place}, stream {last.stream}", float(exact[0]) if exact else float(last.fs_hz), default_names(len(last.samples)),
        burst_ms=1000 * max(b.samples.shape[1] for b in same) / last.fs_hz,
        about={"plugin": place.plugin, "stream": last.stream, "rate_known": "exactly" if exact else "without its fraction"},
    )  # fmt: skip
    return FalconSource(info, place, last)


def _open_zmq(place: Place, stream: str | None) -> LiveSource:
    seen: list[ChannelData] = []
    others: set[str] = set()
    with closing(_within(place, ANSWER_S)) as coming:
        for message in coming:
            try:
                data = zmqwire.decode(message.frames)
            except GarbledError as error:
                if len(message.frames) == 1 and not seen:
                    raise LiveError(f"{place}: that is a Falcon Output; write via: falcon") from None
                if b'"message_no"' in b"".join(message.frames[1:2]):
                    raise LiveError(f"{place}: it speaks the protocol before version 0.6 of the GUI ({error}); update the plugin") from None
                continue
            if not isinstance(data, ChannelData):
                continue
            stream = data.stream if stream is None else stream
            if data.stream != stream:
                others.add(data.stream)
                continue
            seen.append(data)
            if data.first_sample + len(data.samples) - seen[0].first_sample >= LEARN_S * data.fs_hz and data.channel == seen[0].channel:
                break
    if not seen and others:
        raise LiveError(f"{place}: it sends {' and '.join(sorted(others))}, not {stream}; select {stream} there, or name one of these")
    if not seen:
        raise place.silent(ANSWER_S, stream)
    layout = layout_of(seen)
    for name in layout.names:
        if name.upper().startswith(NOT_ELECTRODES):
            raise LiveError(f"{place}: channel {name} is no electrode and comes in volts; leave it out in ZMQ Interface")
    check_scale(np.concatenate([d.samples for d in seen])[:, None].astype(np.float32), str(place))
    info = LiveInfo(
        "openephys", f"{place}, stream {layout.stream}", layout.fs_hz, layout.names,
        burst_ms=1000 * max(len(d.samples) for d in seen) / layout.fs_hz,
        about={"plugin": place.plugin, "stream": layout.stream, "rate_known": "exactly"},
    )  # fmt: skip
    return ZmqSource(info, place, layout)


def _within(place: Place, seconds: float) -> Generator[Message]:
    """Messages of the next seconds."""
    until = time.monotonic() + seconds
    with closing(messages(place.host, place.port, Event())) as coming:
        for message in coming:
            if time.monotonic() >= until:
                return
            if message is not None:
                yield message
