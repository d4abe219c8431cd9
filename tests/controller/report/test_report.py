"""The report: it is there for every kind of session, needs nothing else, and says what is so."""

from __future__ import annotations

import re
import xml.dom.minidom
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import wavestim.controller
from wavestim.controller.record.truth import wrap_deg
from wavestim.controller.report import effect_sentence, report_html, write_report
from wavestim.controller.report._session import join
from wavestim.controller.report.phase import phase_errors

KINDS: dict[str, dict[str, Any]] = {
    "whole": {},
    "no pulse": {"every": 0.0},
    "strip": {"shape": (1, 16)},
    "one channel": {"shape": (1, 1)},
    "posthoc": {"truth": False, "summary": {"phase_error_deg": None}},
    "replay": {"summary": {"latency_us": None, "light_onset_error_us": None, "recording": "r.npz"}},
    "recovered": {"summary": {"recovered": True, "dropped_samples": 40}},
    "bare": {"summary": dict.fromkeys(("phase_error_deg", "latency_us", "light_onset_error_us", "dose", "pulses", "conditions"))},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_session_has_a_report_that_needs_nothing_else(make_session: Any, kind: str) -> None:
    html = report_html(make_session(**{"seconds": 12.0, **KINDS[kind]}), "/sessions/made-up")
    assert html.startswith("<!DOCTYPE html>")
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]+"', html)
    assert "@import" not in html
    assert "nan" not in re.sub(r"<[^>]*>", " ", html.split("</style>", 1)[1]).lower().split()
    xml.dom.minidom.parseString(html[html.index("<main>") : html.index("</main>")] + "</main>")
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        xml.dom.minidom.parseString(svg)
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= set(re.findall(r'\bid="([^"]+)"', svg))
        assert "#123456" not in svg


def test_the_headlines_say_what_happened(make_session: Any) -> None:
    html = report_html(make_session())
    for words in (
        "After with-wave the wave was larger than after against-wave",
        "Light came on the wanted phase and spread little (24°), against the true phase of the simulation",
        "came too late and stayed dark",
        "No sample was lost.",
        "forecast not sure enough",
        "against-the-wave",
        "experiment_hash",
    ):
        assert words in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"every": 0.0}, "Nothing was scheduled"),
        ({"summary": {"recovered": True}}, "This session was recovered after its process died"),
        ({"summary": {"recording": "r.npz"}}, "This is a replay"),
        ({"summary": {"latency_us": None}}, "Latency was not measured"),
        ({"truth": False, "summary": {"phase_error_deg": None}}, "estimated afterwards, from sham pulses"),
        ({"shape": (1, 1)}, "cannot be told from one against it"),
    ],
)
def test_what_is_not_known_is_said(make_session: Any, changes: dict[str, Any], words: str) -> None:
    assert words in report_html(make_session(**{"seconds": 12.0, **changes}))


def test_the_latency_budget_is_shown_when_it_was_measured(make_session: Any) -> None:
    session = make_session(seconds=8.0)
    wide = np.zeros(len(session.pulses), [*session.pulses.dtype.descr, ("compute_us", "f8"), ("margin_us", "f8")])
    for name in session.pulses.dtype.names:
        wide[name] = session.pulses[name]
    wide["compute_us"], wide["margin_us"] = 321.0, np.nan
    session.pulses = wide
    html = report_html(session)
    assert "latency budget" in html
    assert "321" in html


def test_names_from_the_file_cannot_break_the_page(make_session: Any) -> None:
    session = make_session(seconds=8.0)
    session.experiment["name"] = "<script>alert(1)</script>"
    assert "<script" not in report_html(session)


def test_it_is_written_whole_into_the_session(make_session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wavestim.controller, "open_session", lambda path: make_session(seconds=20.0), raising=False)
    assert write_report(tmp_path) == tmp_path / "report.html"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert effect_sentence(tmp_path).startswith("with-wave − against-wave +")


def test_phase_estimated_afterwards_comes_from_shams_alone(make_session: Any) -> None:
    session = make_session(truth=False, gains={"with-wave": 1.0, "against-wave": 1.0, "sham": 1.0}, shared_uv=3.0, own_uv=5.0)
    session.decisions["site"] = 44
    session.decisions["target_deg"][::2] = 30.0
    pulses = join(session)
    errors = phase_errors(session, pulses)
    assert errors.truth == "posthoc"
    assert not np.isfinite(errors.error_deg[pulses.lit]).any()
    at_site = np.radians(pulses.direction_deg)
    xy = session.positions_mm[44]
    k = 2 * np.pi / pulses.wavelength_mm
    expected = -np.degrees(k * (np.cos(at_site) * xy[0] + np.sin(at_site) * xy[1])) - 30.0
    known = np.isfinite(errors.error_deg)
    assert known.sum() > 40
    assert np.abs(wrap_deg(errors.error_deg[known] - expected[known])).mean() < 6


def test_a_pulse_without_a_decision_is_left_out(make_session: Any) -> None:
    session = make_session(seconds=8.0)
    session.pulses["decision"][0] = -1
    assert len(join(session)) == len(session.pulses) - 1


def test_sessions_are_read_by_pieces(make_session: Any) -> None:
    session = make_session(seconds=30.0)
    whole = session.samples

    class Lazy:
        shape = whole.shape

        def __getitem__(self, key: slice) -> Any:
            assert key.stop - key.start <= 2000
            return whole[key]

    report_html(SimpleNamespace(**{**vars(session), "samples": Lazy()}))


@pytest.mark.parametrize(
    ("loopback", "says"),
    [
        ({"pulses": 40, "n": 40, "used_ms": 2.0, "delay_ms": 2.02, "uncertainty_ms": 0.1}, ["gate of 40 pulses"]),
        ({"pulses": 40, "n": 40, "used_ms": 2.0, "delay_ms": 5.0, "uncertainty_ms": 0.1}, ["reckoned with 2 ms: they are off"]),
        ({"pulses": 5000, "n": 1999, "used_ms": 2.0, "delay_ms": 2.0, "uncertainty_ms": 0.1}, ["gate of 1999 pulses"]),
        ({"pulses": 40, "n": 25, "used_ms": 2.0, "delay_ms": 2.0, "uncertainty_ms": 0.1}, ["Of 15 pulses", "not seen"]),
        ({"pulses": 16, "n": 0, "used_ms": 2.0}, ["There were 16 pulses of light; to look for"]),
        ({"pulses": 40, "n": 0, "used_ms": 2.0}, ["seen for 0 of 40 pulses", "not seen"]),
    ],
)
def test_a_loop_back_is_told(make_session: Any, loopback: dict[str, Any], says: list[str]) -> None:
    session = make_session(seconds=12.0)
    assert "Loop-back" not in report_html(session)
    session.summary["loopback"] = loopback | ({"onset_error_us": {"p50": 90.0, "p99": 400.0}} if "delay_ms" in loopback else {})
    html = report_html(session)
    assert "<h2>Loop-back</h2>" in html
    assert all(words in html for words in says)
    for other in ("not seen", "they are off"):
        assert (other in html) == any(other in words for words in says)
