"""Light of a real session: which pulses, at what energy, asked when, and what it may be compared with."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.context import AssayError
from wavestim.controller.context.lightsession import after, energy_of, light_effects
from wavestim.controller.context.material import Light, light_of
from wavestim.controller.context.sequences import iid
from wavestim.controller.context.tokens import Told
from wavestim.controller.context.trials import trials_of
from wavestim.controller.context.waves import Waves
from wavestim.controller.report._session import join


def test_light_along_and_against_the_wave_is_the_same_energy(live):
    session = open_session(live.path)
    along, against = (energy_of(session, name) for name in ("with-wave", "against-wave"))
    assert along > 0
    assert along == pytest.approx(against, rel=1e-9)
    assert energy_of(session, "sham") == 0


def test_pulses_last_from_their_first_light_to_their_last(live):
    session = open_session(live.path)
    light = light_of(session, join(session))
    assert len(light) == int(np.isin(session.pulses["verdict"], ("fired", "dark")).sum())
    assert (light.last > light.first).all()
    assert set(light.condition[light.dark]) == {"sham"}


def test_every_token_knows_the_pulse_before_it():
    light = Light(np.array([50.0, 10.0]), np.array([55.0, 15.0]), np.array(["b", "a, dim"]), np.array([True, False]), np.zeros(2))
    told = Told(np.array([0.0, 20.0, 52.0]), iid(3, 2, 1), rule_known=True)
    waves = Waves(np.zeros(1), *np.full((4, 3), 7.0), travels=np.ones(3, bool))
    rows = trials_of(SimpleNamespace(tokens=told, light=light, fs_hz=500.0), waves, np.array([5.0, 30.0, 53.0]))
    assert rows["condition"].tolist() == ["", "a, dim", "b"]
    assert rows["dark"].tolist() == [False, False, True]
    assert np.isnan(rows["since_light_ms"][0])
    assert rows["since_light_ms"][1:].tolist() == [30.0, -4.0]


def test_the_token_that_is_asked_is_the_first_that_is_clear_of_the_light():
    cuts = SimpleNamespace(sample=np.array([[5.0, 9.0], [15.0, 19.0], [25.0, 29.0]]), gone=np.array([False, False, True]))
    assert after(cuts, np.array([3.0, 9.0, 9.5, 20.0, 40.0])).tolist() == [0, 0, 1]


def test_a_dark_sham_is_nothing_to_compare_light_with():
    light = SimpleNamespace(condition=np.array(["lit", "sham"]), dark=np.array([False, True]))
    with pytest.raises(AssayError, match="--policy replayed"):
        light_effects(SimpleNamespace(light=light, session=object()), None, (4, 48), None)
