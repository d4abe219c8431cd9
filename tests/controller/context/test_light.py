"""What would make an effect of light out of nothing is refused: a decoder not frozen, a sham not replayed, unequal energy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.planting import scene, trials
from wavestim.controller.context import AssayError
from wavestim.controller.context.light import Group, effects, frozen, require_equal_energy, require_frozen, require_replayed


@pytest.fixture(scope="module")
def lit():
    """Light every tenth token, which hides what the last 5 tokens left on the pattern."""
    t = trials("wave", scene(), 900, 1)
    asked = np.arange(20, 900, 10)
    seen = np.zeros(900, bool)
    seen[np.concatenate([asked, asked + 1])[:-1]] = True
    t.pattern[asked[::2], -1] += 80 * np.exp(2j * np.pi * np.random.default_rng(1).random((len(asked[::2]), 36)))
    t = replace(t, usable=~seen)
    decoders = frozen(t, range(2))
    groups = {"hides": Group(t, asked[::2], decoders, 2.0), "spares": Group(t, asked[1::2], decoders, 2.0)}
    return t, seen, groups


def test_light_that_hides_a_token_is_seen_with_its_interval(lit):
    found = effects(lit[2], [("hides", "spares")])
    assert [e.lag for e in found] == [0, 1]
    assert found[0].high < 0
    assert found[0].p_corrected < 0.01
    assert found[0].low <= found[0].estimate <= found[0].high


def test_a_frozen_decoder_passes(lit):
    t, seen, groups = lit
    require_frozen(groups, t, seen)
    assert not seen[groups["hides"].decoders[0].trained_on].any()


def test_a_decoder_of_its_own_for_each_condition_is_refused(lit):
    t, seen, groups = lit
    other = frozen(replace(t, usable=t.usable & (np.arange(900) > 100)), range(2))
    with pytest.raises(AssayError, match="has to be frozen"):
        require_frozen({**groups, "spares": replace(groups["spares"], decoders=other)}, t, seen)


def test_a_decoder_that_was_trained_on_lit_patterns_is_refused(lit):
    t, seen, groups = lit
    trained = frozen(replace(t, usable=np.ones(900, bool)), range(2))
    with pytest.raises(AssayError, match="patterns that saw light"):
        require_frozen({name: replace(g, decoders=trained) for name, g in groups.items()}, t, seen)


def test_conditions_of_unequal_energy_are_refused(lit):
    groups = lit[2]
    require_equal_energy(groups, [("hides", "spares")])
    with pytest.raises(AssayError, match="equal energy"):
        require_equal_energy({**groups, "spares": replace(groups["spares"], energy_mj_mm2=2.1)}, [("hides", "spares")])


def test_a_sham_that_is_not_this_sessions_light_replayed_is_refused():
    replayed = {"name": "sham", "trigger": {"policy": {"kind": "replayed"}}, "provenance": {"replayed_light": {"decisions_sha256": "abc"}}}
    require_replayed({"name": "lit"}, replayed, "abc")
    with pytest.raises(AssayError, match="another session"):
        require_replayed({"name": "lit"}, replayed, "abd")
    for policy in ("phase-locked", "rate-matched-random"):
        with pytest.raises(AssayError, match=f"is {policy}, not replayed"):
            require_replayed({"name": "lit"}, {"name": "sham", "trigger": {"policy": {"kind": policy}}}, "abc")


def test_too_little_without_light_to_train_on_is_refused(lit):
    with pytest.raises(AssayError, match="without light"):
        frozen(replace(lit[0], usable=np.arange(900) < 20), range(2))
