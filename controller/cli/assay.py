"""``wavestim assay``: does the wave carry the context?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.plain import plain

if TYPE_CHECKING:
    from wavestim.controller.context.assay import Assay
    from wavestim.controller.context.pooled import Answer, Pooled

FIGURE, RESULT, TRIALS = "assay.svg", "assay.json", "trials.csv"


def assay(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SESSION|RECORDING|EXPERIMENT",
            help="A session folder; an .npz with token and token_sample; or an experiment, which is rehearsed in mock mode first. "
            "Several sessions or recordings: each is asked, and all of them together.",
            show_default=False,
        ),
    ],
    sham: Annotated[
        Path | None,
        typer.Option("--sham", metavar="SESSION", help="The session that replays this one's light on other trials.", show_default=False),
    ] = None,
    lags: Annotated[
        int | None,
        typer.Option("--lags", metavar="K", min=1, max=64, help="How many tokens back; default: 200 ms, 3 to 12.", show_default=False),
    ] = None,
    band: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--band", metavar="LO HI", help="Of the causal filter, in Hz; default: the rhythm's, twice as wide.", show_default=False
        ),
    ] = None,
    seconds: options.Seconds = 120.0,
    seed: options.Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where assay.json, assay.svg and trials.csv go, and the rehearsed session; default: the session's folder; "
            "of several sessions, a new one in wavestim-sessions/.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask of a session with tokens whether the wave carries them.

    The token some lags ago is decoded from the pattern now. The primary
    statistic is the interaction of lag and position: are older tokens read
    further along the wave? The verdict is yes, no or undecided, with
    intervals, controls, and how many tokens would be needed.
    Of several sessions the question is asked of all together, too.
    Methods and how to read the figure: docs/context.md.

    \b
    Examples:
      wavestim assay token-sequence --seconds 120
      wavestim assay mouse-12/day-3 --json
      wavestim assay mouse-12/day-3 --sham mouse-12/day-3-replayed
      wavestim assay recording.npz --lags 5 --out answer
      wavestim assay mouse-12/day-* mouse-14/day-* --out together
    """
    drawn, wanted = validate.seed(seed), validate.band(band)
    asking = _Asking(lags, wanted, 1 if drawn is None else drawn)
    if len(source) > 1:
        _several(source, sham, asking, out, as_json=as_json)
        return
    with output.only_json(as_json):
        found, result = asking.of(*_session(source[0], seconds, drawn, out), sham)
    if as_json:
        output.emit(result)
    else:
        _show(found, result)


@dataclass(frozen=True)
class _Asking:
    """How a session is asked; None: as the assay has it."""

    lags: int | None
    band_hz: tuple[float, float] | None
    seed: int

    def of(self, place: Path, folder: Path, sham: Path | None, title: str = "assay") -> tuple[Assay, dict[str, Any]]:
        """Ask one, and write what it says into a folder."""
        from wavestim.controller.context.assay import as_json as plain_result
        from wavestim.controller.context.assay import assay as ask
        from wavestim.controller.context.figure import write_figure
        from wavestim.controller.context.material import open_material
        from wavestim.controller.context.trials import trials_of, write_trials

        material = open_material(place)
        folder.mkdir(parents=True, exist_ok=True)
        with output.stages(title) as progress:
            other = None if sham is None else open_material(sham)
            found = ask(material, sham=other, lags=self.lags, band_hz=self.band_hz, seed=self.seed, progress=progress)
        result = {**plain_result(found), "figure": str((folder / FIGURE).absolute())}
        write_figure(found, folder / FIGURE)
        write_trials(trials_of(material, found.waves, found.cuts.sample[:, -1]), folder / TRIALS)
        _write(result, folder)
        return found, result


def _several(sources: list[str], sham: Path | None, asking: _Asking, out: Path | None, *, as_json: bool) -> None:
    """Ask each, and all of them together."""
    from wavestim.controller.context.errors import AssayError
    from wavestim.controller.context.pooled import answer_of, pooled, pooled_json

    places = _places(sources, sham)
    folder = validate.out(out, "assay")
    answers, results = [], []
    with output.only_json(as_json):
        for n, (source, place) in enumerate(zip(sources, places, strict=True), 1):
            try:
                found, result = asking.of(place, folder / f"{n:02d}-{place.stem}", None, f"assay {n} of {len(places)}")
            except AssayError as error:
                raise AssayError(f"{source}: {error}") from error
            answers.append(answer_of(found, source))
            results.append(result)
        together = pooled(answers, asking.seed)
        whole = pooled_json(together, answers, results, asking.seed)
        _write(whole, folder)
    if as_json:
        output.emit(whole)
    else:
        _show_together(together, answers, folder)


def _places(sources: list[str], sham: Path | None) -> list[Path]:
    """Sessions and recordings that can be asked together."""
    from wavestim.controller.context.errors import AssayError

    if sham is not None:
        raise AssayError(f"--sham {sham}: goes with one session; ask each with its own, and without --sham together")
    places = [Path(source) for source in sources]
    for source, place in zip(sources, places, strict=True):
        if not place.is_dir() and place.suffix != ".npz":
            raise AssayError(f"{source}: is no session or .npz recording; an experiment is rehearsed and asked alone")
        if sum(other.resolve() == place.resolve() for other in places) > 1:
            raise AssayError(f"{source}: is named twice; a session counts once")
    return places


def _write(result: dict[str, Any], folder: Path) -> None:
    (folder / RESULT).write_text(json.dumps(plain(result), allow_nan=False, indent=1) + "\n", encoding="utf-8")


def _session(source: str, seconds: float, seed: int | None, out: Path | None) -> tuple[Path, Path]:
    """What is asked, and the folder of the answer; an experiment is rehearsed."""
    place = Path(source)
    if place.is_dir():
        return place, out or place
    if place.suffix == ".npz":
        return place, out or validate.out(None, "assay")
    from wavestim.controller.context.errors import AssayError
    from wavestim.controller.experiment import load_experiment, mocked
    from wavestim.controller.session import run_experiment

    experiment = mocked(load_experiment(source))
    if experiment.sequence is None:
        raise AssayError(f"{source}: shows no tokens; add sequence, such as {{kind: iid, n_tokens: 4, period_ms: 50}}")
    length, folder = validate.seconds(seconds), validate.out(out, experiment.name)
    with output.progress(experiment.name, length) as progress:
        run_experiment(experiment, out=folder, seconds=length, pace="virtual", seed=seed, arm=True, progress=progress)
    return folder, folder


def _verdict(verdict: str, words: str) -> None:
    colour = {"yes": "green", "no": "red"}.get(verdict, "yellow")
    output.say(f"Does the wave carry the context?  [bold {colour}]{verdict}[/]")
    output.say(escape(words) + ".")


def _show_together(together: Pooled, answers: list[Answer], folder: Path) -> None:
    _verdict(together.verdict, together.words)
    table = Table(box=None, pad_edge=False)
    for name in ("session", "animal", "correlation", "95 %"):
        table.add_column(name)
    for a in answers:
        c = a.correlation
        row = ("no wave travels", "") if a.session in together.left_out else (f"{c.estimate:.2f}", f"{c.low:.2f} to {c.high:.2f}")
        table.add_row(escape(a.session), escape(a.animal or "not named"), *row)
    output.console().print(table)
    told = ", ".join(f"{animal} ({n})" for animal, n in together.animals.items())
    output.say(escape(f"Sessions of: {told}. The answer holds for these sessions; of other animals it says nothing."))
    if together.p_animals is not None:
        output.say(f"With one sign for an animal: p = {together.p_animals:.3g}.")
    output.say(f"Answers: {escape(str(folder))}")


def _show(found: Assay, result: dict[str, Any]) -> None:
    _verdict(found.verdict, found.words)
    table = Table(box=None, pad_edge=False)
    for name in ("lag", "read right", "95 %", "best electrode"):
        table.add_column(name, justify="right")
    f = found.forgetting
    for lag, (x, low, high, one) in enumerate(zip(f.accuracy, f.low, f.high, f.single, strict=True)):
        table.add_row(str(lag), f"{x:.3f}", f"{low:.3f} to {high:.3f}", f"{one:.3f}")
    output.console().print(table)
    for c in found.controls:
        word = {True: "passed", False: "NOT passed", None: ""}[c.passed]
        output.say(escape(f"{c.name}: {c.value.estimate:.2f} [{c.value.low:.2f}, {c.value.high:.2f}] {word} ({c.words})"))
    for t in found.ties:
        if t.p_corrected < 0.05:
            output.say(f"{t.wave} goes with {t.context}: {t.correlation:+.2f}, corrected p = {t.p_corrected:.3g}")
    if isinstance(found.light, str):
        output.say(f"Light: not compared. {escape(found.light)}")
    for e in () if isinstance(found.light, str) else found.light:
        output.say(
            escape(
                f"light, {e.condition} - {e.against}, lag {e.lag}: {e.estimate:+.3f} [{e.low:+.3f}, {e.high:+.3f}], "
                f"corrected p = {e.p_corrected:.3g}"
            )
        )
    needed = found.power.needed
    output.say(
        f"For 80 % power: {needed} tokens." if needed is not None else "For 80 % power: more than 64 times as many tokens, or never."
    )
    output.say(f"Figure: {escape(str(result['figure']))}")
