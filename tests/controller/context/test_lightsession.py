"""Light of a real session: which pulses, at what energy, asked when, and what it may be compared with."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.context import AssayError
from wavestim.controller.context.lightsession import after, energy_of, light_effects
from wavestim.controller.context.material import light_of
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


def test_the_token_that_is_asked_is_the_first_that_is_clear_of_the_light():
    cuts = SimpleNamespace(sample=np.array([[5.0, 9.0], [15.0, 19.0], [25.0, 29.0]]), gone=np.array([False, False, True]))
    assert after(cuts, np.array([3.0, 9.0, 9.5, 20.0, 40.0])).tolist() == [0, 0, 1]


def test_a_dark_sham_is_nothing_to_compare_light_with():
    light = SimpleNamespace(condition=np.array(["lit", "sham"]), dark=np.array([False, True]))
    with pytest.raises(AssayError, match="--policy replayed"):
        light_effects(SimpleNamespace(light=light, session=object()), None, (4, 48), None)
