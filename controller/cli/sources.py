"""``wavestim sources``: where samples can come from; how a live source behaves; its samples in a file; and a peer to rehearse with."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live as LiveView
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.hardware.sources import EXAMPLES, KINDS, SourceError, find_live

if TYPE_CHECKING:
    from wavestim.controller.session.tryout import Tryout
    from wavestim.hardware.sources import Live

app = typer.Typer(no_args_is_help=True, help="Sources of samples: what there is, how it behaves, and mock ones to rehearse with.")

Kind = Annotated[
    str, typer.Argument(metavar="KIND|EXPERIMENT", help="lsl, openephys, rhx, or an experiment file that names one.", show_default=False)
]
Keys = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Keys of the source, as in an experiment file.", show_default=False)
]


@app.command("list")
def list_sources(as_json: options.Json = False) -> None:
    """List what there is: the simulated cortex, recordings that come with the package, and live sources that answer now."""
    found: list[dict[str, Any]] = [
        {"kind": "simulated", "path": None, "keys": {}, "description": "cortex in silico; answers to simulated light"},
        {"kind": "file", "path": None, "keys": {}, "description": "a session, NWB, .npz or anything neo reads"},
    ]
    found += [{"kind": "file", "path": name, "keys": {"path": name}, "description": "packaged recording, by its name"} for name in EXAMPLES]
    with output.only_json(as_json):
        for kind in sorted(KINDS):
            try:
                seen = find_live(kind)
            except SourceError as error:  # its library is not installed
                found.append({"kind": kind, "path": None, "keys": {}, "description": str(error)})
                continue
            found += [{"kind": one.kind, "path": None, "keys": dict(one.keys), "description": one.description} for one in seen]
            if not seen:
                found.append({"kind": kind, "path": None, "keys": {}, "description": "none answers on this computer now"})
    if as_json:
        output.emit({"sources": found})
        return
    table = Table("kind", "keys", "description", box=None, padding=(0, 2, 0, 0))
    for source in found:
        table.add_row(source["kind"], " ".join(f"{k}={v}" for k, v in source["keys"].items()) or "-", source["description"])
    Console().print(table)


@app.command("probe")
def probe_source(kind: Kind, keys: Keys = None, seconds: options.Seconds = 5.0, as_json: options.Json = False) -> None:
    """Listen to a live source: its rate and channels, what is lost, and how late samples come.

    \b
    Examples:
      wavestim sources probe rhx channels=A-000:A-031
      wavestim sources probe my-experiment.yaml --seconds 30
    """
    from wavestim.controller.session.tryout import Tryout

    length = validate.seconds(seconds)
    with output.only_json(as_json):
        live = _opened(kind, keys)
        try:
            tryout = Tryout(live)
            with LiveView(console=output.console(), transient=True, refresh_per_second=5) as view:
                tryout.listen(length, shown=lambda: view.update(_view(tryout)))
        finally:
            live.close()
        found = tryout.result()
    _tell(found, as_json=as_json)


@app.command("record")
def record(
    kind: Kind,
    keys: Keys = None,
    seconds: options.Seconds = 60.0,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="An .npz file; it must not exist yet.")] = Path("recording.npz"),
    as_json: options.Json = False,
) -> None:
    """Record a live source to an .npz file, which replay, calibrate and bench read. What is missing stays missing.

    \b
    Example:
      wavestim sources record rhx channels=A-000:A-031 --seconds 120 --out baseline.npz
    """
    from wavestim.controller.session.tryout import record_source

    length = validate.seconds(seconds)
    if out.suffix != ".npz" or out.exists() or not out.absolute().parent.is_dir():
        raise validate.ArgumentError(f"--out {out}: give the path of an .npz file that does not exist yet, in a folder that does")
    with output.only_json(as_json):
        live = _opened(kind, keys)
        try:
            with LiveView(console=output.console(), transient=True, refresh_per_second=5) as view:
                found = record_source(live, out, length, lambda tryout: view.update(_view(tryout)))
        finally:
            live.close()
    _tell(found, as_json=as_json)


@app.command("mock")
def mock(
    kind: Annotated[str, typer.Argument(help="falcon, lsl, openephys (its ZMQ Interface) or rhx.")],
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Keys of the peer, such as port=6000.")] = None,
    recording: Annotated[str | None, typer.Option(help="Play this recording over and over; default: the simulated cortex.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=64, help="Of the cortex's electrodes.")] = 8,
    columns: Annotated[int, typer.Option(min=1, max=64, help="Of the cortex's electrodes.")] = 8,
    pitch_mm: Annotated[float, typer.Option(min=0.01, max=10.0, help="Between electrodes.")] = 0.4,
    seed: Annotated[int, typer.Option(min=0, help="Of the cortex and of the faults.")] = 1,
    drop: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part of the packets that get lost.")] = 0.0,
    duplicate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part that comes twice.")] = 0.0,
    delay: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part that comes after later ones.")] = 0.0,
    garble: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part that is spoiled or cut off.")] = 0.0,
    split: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part that comes in two pieces, where the protocol allows it.")] = 0.0,
    burst_ms: Annotated[float, typer.Option(min=0.0, max=1000.0, help="Packets go out in bursts of this length.")] = 0.0,
    seconds: Annotated[float | None, typer.Option(metavar="S", help="Of samples; default: until Ctrl-C.", show_default=False)] = None,
) -> None:
    """Stream the simulated cortex or a recording as an acquisition system does, to rehearse a rig at a desk.

    Prints one JSON line with the source that an experiment has to name.

    \b
    Examples:
      wavestim sources mock rhx
      wavestim sources mock rhx --recording ecog-strip --drop 0.01 --burst-ms 34
    """
    from wavestim.controller.experiment.load import words_to_keys
    from wavestim.hardware.sources.mock import Faults, open_peer, played_cortex, played_recording, serve

    try:
        faults = Faults(drop, duplicate, delay, garble, split, burst_ms, seed)
    except ValueError as error:
        raise validate.ArgumentError(str(error)) from None
    played = played_recording(recording) if recording is not None else played_cortex(rows, columns, pitch_mm, seed=seed)
    peer = open_peer(kind, played, **words_to_keys(keys or ()))
    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        typer.echo(json.dumps({"kind": kind, "source": dict(peer.source), "channels": peer.played.n_channels, "fs_hz": peer.played.fs_hz}))
        tally = serve(peer, faults, seconds=seconds, stop=ended.is_set)
        output.say(f"{tally.samples} samples in {tally.blocks} blocks, {len(tally.faults)} of {tally.packets} packets meddled with")
    except KeyboardInterrupt:
        pass
    finally:
        peer.close()
        signal.signal(signal.SIGTERM, before)


def _opened(kind: str, keys: list[str] | None) -> Live:
    from wavestim.controller.experiment import experiment_on, load_experiment
    from wavestim.controller.session.live import open_source

    if kind not in KINDS and Path(kind).suffix.lower() in (".yaml", ".yml"):
        experiment = load_experiment(kind)
    elif kind in KINDS:
        experiment = experiment_on(kind, keys or ())
    else:
        raise validate.ArgumentError(f"{kind}: not a live source; give an experiment file or one of {', '.join(sorted(KINDS)) or 'none'}")
    if experiment.source.kind not in KINDS:
        raise validate.ArgumentError(
            f"{kind}: its source is '{experiment.source.kind}', which is not live; live: {', '.join(sorted(KINDS))}"
        )
    return open_source(experiment)


def _view(tryout: Tryout) -> Table:
    """What comes in, while it does."""
    info, counts = tryout.live.info, tryout.live.counts
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row(info.kind, f"{info.where}, {info.n_channels} channels at {info.fs_hz:g} Hz")
    table.add_row("received", f"{tryout.seconds:.1f} s, {counts.samples} samples in {counts.blocks} blocks")
    table.add_row("not received", f"{counts.lost} lost, {counts.duplicated} twice, {counts.garbled} garbled, {counts.restarts} restarts")
    shown = [f"{name} {rms:.3g}" for name, rms in zip(info.channel_names, tryout.rms_uv, strict=True)]
    table.add_row("RMS, uV", "  ".join(shown[:48]) + (" …" if len(shown) > 48 else ""))
    return table


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.emit(found)
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in found.items():
        if name in ("names", "events"):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in value.items())
        table.add_row(name, str(value))
    Console().print(table)
