"""Writes the report of a session: reads it, measures it, and puts figures and words on one page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml
from wavestim.controller.plain import plain
from wavestim.controller.record.trials import Course, course_of
from wavestim.controller.report import _style as style
from wavestim.controller.report import figures, page
from wavestim.controller.report._session import CATCH, Pulses, SessionLike, condition_order, drawn, headings, join
from wavestim.controller.report.course import course_section
from wavestim.controller.report.effect import Effect, measure
from wavestim.controller.report.effect_figure import effect_figure
from wavestim.controller.report.loopback import loopback_section
from wavestim.controller.report.maps import maps_figure
from wavestim.controller.report.phase import PhaseErrors, phase_errors
from wavestim.controller.report.verdicts import cards, clock_words, effect_card
from wavestim.controller.staleness import stale_sentence

DOSE = (
    ("lit_ms_per_site", "lit, per LED", "ms"),
    ("energy_mj_mm2_per_site", "energy, per LED", "mJ/mm²"),
    ("max_temperature_rise_c", "warming at the hottest LED, predicted", "°C"),
    ("hottest_site", "hottest LED", ""),
)


def write_report(session_path: str | Path) -> Path:
    """Write ``report.html`` into a session folder and return its path.

    Parameters
    ----------
    session_path : str or Path
        A finished or recovered session.
    """
    path = Path(session_path)
    return _write(path / "report.html", report_html(_open(path), str(path.absolute())))


def effect_sentence(session_path: str | Path) -> str:
    """The effect of light in one line, for the command line."""
    session = _open(Path(session_path))
    card = effect_card(session, measure(session, join(session)))
    return f"{card.title.removeprefix('Effect: ')} {card.value}. {card.sentence}" if card.value.endswith("%") else card.sentence


def report_html(session: SessionLike, place: str = "") -> str:
    """The report of a session as one HTML string."""
    pulses = join(session)
    errors, effect = phase_errors(session, pulses), measure(session, pulses)
    names, kinds = condition_order(session, pulses), headings(session)
    colours, course = style.colours(names, kinds), course_of(session)
    body = [
        *_effect(effect, pulses, colours),
        page.side_by_side(_phase(session, errors, pulses), _directions(session, pulses)),
        *_maps(session, pulses, names),
        *_timeline(session, pulses, names, colours, course),
        *course_section(session, course),
        *loopback_section(session.summary),
        page.side_by_side(*_pair(session)),
        page.section("Conditions", "What was drawn and what became of it.", _conditions(session, pulses, effect, errors, names, kinds)),
        *_dose(session.summary),
        page.folded("Experiment file", _yaml({k: v for k, v in session.experiment.items() if k != "provenance"})),
        page.folded("Provenance and all figures", _yaml({"provenance": session.experiment.get("provenance"), "summary": session.summary})),
    ]
    title = str(session.experiment.get("name", "session"))
    return page.document(title, _subtitle(session, place), _notes(session, errors), cards(session, pulses, errors, effect), body)


def _open(path: Path) -> SessionLike:
    from wavestim.controller import open_session

    return cast(SessionLike, open_session(path))


def _write(path: Path, text: str) -> Path:
    """Whole or not at all: a report that is being read is never half a page."""
    draft = path.with_suffix(".html.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def _subtitle(session: SessionLike, place: str) -> str:
    subject = session.experiment.get("subject")
    length = session.samples.shape[0] / session.fs_hz
    minutes = f"{length / 60:.1f} min" if length >= 120 else f"{length:.0f} s"
    parts = [str(subject.get("id"))] if isinstance(subject, Mapping) else []
    parts += [minutes, f"{session.samples.shape[1]} channels at {session.fs_hz:g} Hz"]
    for part in ("source", "light"):
        value = session.experiment.get(part)
        parts.append(f"{part}: {value.get('kind') if isinstance(value, Mapping) else value}")
    return " · ".join([*parts, *([place] if place else [])])


def _notes(session: SessionLike, errors: PhaseErrors) -> list[str]:
    notes = []
    if session.summary.get("recovered") or getattr(session, "recovered", False):
        notes.append("This session was recovered after its process died; everything that was committed is here.")
    if session.summary.get("replay_of") or session.summary.get("recording"):
        notes.append("This is a replay: no light was made, and what the recording answers to is the light it was recorded with.")
    by_hand = session.summary.get("manual_light")
    if isinstance(by_hand, Mapping):
        notes.append(
            f"Light by hand, outside of the experiment: {by_hand['fired']} pulses fired. They are in the dose and in nothing else here."
        )
    stale = stale_sentence(session.summary)
    if stale is not None:
        notes.append(stale)
    source = session.experiment.get("source")
    if isinstance(source, Mapping) and source.get("kind") in ("lsl", "rhx", "openephys") and source.get("fixed_delay_ms") is None:
        notes.append("Phase offset unmeasured: the constant delay of the acquisition system is not known (source.fixed_delay_ms).")
    elif isinstance(source, Mapping) and source.get("fixed_delay_uncertainty_ms"):
        unsure_ms = float(source["fixed_delay_uncertainty_ms"])
        hz = float(np.sqrt(np.prod([float(f) for f in session.experiment.get("band_hz", (8, 24))])))
        notes.append(
            f"The constant delay of the source is known to ±{unsure_ms:g} ms: ±{unsure_ms * hz * 0.36:.0f}° of phase at {hz:.0f} Hz."
        )
    if errors.truth == "posthoc":
        notes.append(
            "Phase errors are estimated afterwards, from sham pulses, by all electrodes: "
            "behind light a zero-phase filter would see the response."
        )
    return notes


def _effect(effect: Effect, pulses: Pulses, colours: dict[str, str]) -> list[str]:
    figure = effect_figure(effect, pulses, colours)
    if figure is None:
        return []
    when = f"{effect.start_ms:.0f} to {effect.start_ms + effect.length_ms:.0f} ms after light-on"
    text = (
        f"Amplitude of the wave that goes on as it did, {when}, in percent of its mean before light ({effect.reference_uv:.0f} µV). "
        "The window starts after the last light of the longest pattern, alike for light and sham. Intervals that leave out 0 are dark."
    )
    return [page.section("What light did to the wave", text, style.svg(figure, "effect", "amplitude after light by condition"))]


def _phase(session: SessionLike, errors: PhaseErrors, pulses: Pulses) -> str:
    if not len(errors.known):
        return page.section("Phase at light-on", "No pulse has a phase to compare with.", "")
    trigger = session.experiment.get("trigger")
    target = float(trigger.get("phase_deg", 0.0)) if isinstance(trigger, Mapping) else 0.0
    by = "the true phase in the simulation" if errors.truth == "simulation" else "estimated afterwards, sham pulses only"
    text = f"Phase of the wave at the trigger site when light came on: {by}. The longer the mean line, the tighter."
    return page.section("Phase at light-on", text, style.svg(figures.phase_figure(errors, target, pulses), "phase", "phase at light-on"))


def _directions(session: SessionLike, pulses: Pulses) -> str:
    directions = pulses.direction_deg[pulses.done & np.isfinite(pulses.direction_deg)]
    if not len(directions):
        return page.section("Directions", "No pulse met a wave with a direction.", "")
    speed = np.median(pulses.speed_mm_s[pulses.done])
    trigger = session.experiment.get("trigger")
    wanted = trigger if isinstance(trigger, Mapping) else {}
    text = f"Where the waves travelled that pulses met; median speed {speed:.0f} mm/s."
    return page.section("Directions", text, style.svg(figures.direction_figure(directions, wanted), "direction", "directions of waves"))


def _maps(session: SessionLike, pulses: Pulses, names: list[str]) -> list[str]:
    figure = maps_figure(session, pulses, [name for name in names if not name.endswith(CATCH)])
    if figure is None:
        return []
    text = (
        "The surest pulse of each condition. Zero-phase filtered, so the panels around light also show its artefact and answer. "
        "The arrow is the direction of travel."
    )
    return [page.section("The wave around a pulse", text, style.svg(figure, "maps", "the wave around a pulse of each condition"))]


def _timeline(session: SessionLike, pulses: Pulses, names: list[str], colours: dict[str, str], course: Course) -> list[str]:
    if not len(pulses):
        return []
    text = "Every pulse; a red cross was scheduled and did not come out."
    text += " The gate was open where the ground is tinted." if len(course.openings) else ""
    text += " A dotted line ends a block." if course.per_block else ""
    figure = figures.timeline_figure(session, pulses, names, colours, course)
    return [page.section("Timeline", text, style.svg(figure, "timeline", "pulses over time"))]


def _pair(session: SessionLike) -> list[str]:
    timing, vetoes = figures.timing_figure(session), figures.veto_figure(drawn(session))
    virtual = "" if isinstance(session.summary.get("latency_us"), Mapping) else " Latency was not measured (virtual time)."
    found = []
    if timing is not None:
        content = style.svg(timing, "timing", "time from decision to light") + _budget(session)
        found.append(page.section("Time to spare", f"Light is planned ahead and fired {clock_words(session.summary)}.{virtual}", content))
    else:
        found.append(page.section("Time to spare", "Nothing was scheduled.", ""))
    if vetoes is not None:
        found.append(
            page.section("Why light was withheld", "Decisions that ended in a veto.", style.svg(vetoes, "vetoes", "vetoes by reason"))
        )
    else:
        found.append(page.section("Why light was withheld", "No decision was vetoed.", ""))
    return found


def _budget(session: SessionLike) -> str:
    """Where the time of a pulse went, when the session measured it."""
    parts = ("block_age_us", "queue_us", "compute_us", "serial_us", "margin_us")
    names = [name for name in parts if name in (session.pulses.dtype.names or ())]
    rows = []
    for name in names:
        values = np.asarray(session.pulses[name], dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            rows.append((name.removesuffix("_us").replace("_", " "), *(round(float(v)) for v in np.percentile(values, [50, 99]))))
    return page.table(("latency budget", "median µs", "p99 µs"), rows) if rows else ""


def _conditions(
    session: SessionLike, pulses: Pulses, effect: Effect, errors: PhaseErrors, names: list[str], kinds: Mapping[str, str]
) -> str:
    levels = {e.name: e for e in effect.levels}
    rows = []
    for name in names:
        mine = pulses.condition == name
        known = np.radians(errors.error_deg[mine & np.isfinite(errors.error_deg)])
        phase = f"{np.degrees(np.angle(np.exp(1j * known).mean())):+.0f}°" if len(known) else "–"
        level = levels.get(name)
        after = f"{level.estimate:.0f} % [{level.low:.0f}, {level.high:.0f}]" if level else "–"
        counts = [int((mine & which).sum()) for which in (np.ones(len(pulses), bool), pulses.lit, pulses.dark, ~pulses.done)]
        rows.append((name, kinds.get(name, "–"), *counts, phase, after))
    return page.table(("condition", "light", "scheduled", "lit", "dark", "lost", "mean phase error", "wave after"), rows)


def _dose(summary: Mapping[str, Any]) -> list[str]:
    dose = summary.get("dose")
    if not isinstance(dose, Mapping):
        return []
    rows = [(words, page.range_words(dose[key], unit)) for key, words, unit in DOSE if dose.get(key) is not None]
    return [page.section("Dose", "Light given over the whole session.", page.table(("", ""), rows))] if rows else []


def _yaml(value: Any) -> str:
    return yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True, width=120)
