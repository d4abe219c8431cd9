"""The second wall by itself: whatever is asked of it, no site gets more than the limits, and every refusal has its reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.realtime.governor import Governor
from wavestim.realtime.lightlimits import LightLimits

TAU = np.array([0.3, 3.0])
RISE = np.array([2.0, 1.0])  # K per second of light, of each state
NEIGHBOUR = np.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.3], [0.0, 0.3, 1.0]])


def limits(slots, *, leads=None, **other):
    """Slots of {site: (on_s, width_s)} over three sites in a row, each lit at 1 mW/mm2."""
    leads = leads or [0.0] * len(slots)
    lit_from, lit_to, lit, dose, peak = np.zeros((5, len(slots), 3))
    heat = np.zeros((len(slots), 3, 2))
    for s, slot in enumerate(slots):
        for site, (on, width) in slot.items():
            lit_from[s, site], lit_to[s, site], lit[s, site] = on - leads[s], on + width - leads[s], width
            dose[s] += NEIGHBOUR[:, site] * width
            heat[s] += NEIGHBOUR[:, site, None] * RISE * width * np.exp((on + width - leads[s]) / TAU)
            peak[s] += NEIGHBOUR[:, site] * RISE.sum() * width
    first = np.array([min(on for on, _ in slot.values()) for slot in slots]) - leads
    known = {
        "max_irradiance_mw_mm2": 10.0, "max_pulse_s": 0.02, "max_duty": 0.1, "max_dose_mj_mm2": np.inf, "max_rise_c": np.inf,
        "reference_s": np.array(leads), "brightest_mw_mm2": np.ones(len(slots)), "met_mw_mm2": np.ones(len(slots)),
        "longest_s": lit.max(axis=1), "lit_from_s": lit_from,
        "lit_to_s": lit_to, "lit_s": lit, "slack_s": np.where(lit.all(axis=0), np.ptp(lit_from, axis=0), 0.0), "ready_s": lit_to,
        "dose_mj_mm2": dose, "tau_s": TAU, "heat_c": heat, "keep": np.exp(-first[:, None] / TAU), "peak_c": peak,
    }  # fmt: skip
    return LightLimits(**{**known, **other})


FLASH = {0: (0.0, 0.005), 1: (0.0, 0.005), 2: (0.0, 0.005)}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"brightest_mw_mm2": np.array([10.1])}, "irradiance"),
        ({"max_pulse_s": 0.004}, "width"),
        ({"max_dose_mj_mm2": 0.0079}, "dose"),
        ({"max_rise_c": 0.0239}, "temperature"),
        ({"brightest_mw_mm2": np.array([10.0]), "max_pulse_s": 0.005, "max_dose_mj_mm2": 0.024, "max_rise_c": 0.026}, "scheduled"),
    ],
)
def test_a_pattern_beyond_a_limit_is_withheld_with_the_reason(change, verdict):
    governor = Governor(limits([FLASH], **change))
    assert {governor.ask(0, t) for t in (0.0, 5.0, 10.0)} == {verdict}


def test_light_faster_than_the_duty_allows_is_withheld():
    for period, expected in ((0.05, ["scheduled"] * 6), (0.049, ["scheduled", "duty"] * 3), (0.02, ["scheduled", "duty", "duty"] * 2)):
        governor = Governor(limits([FLASH]))
        assert [governor.ask(0, 1.0 + i * period) for i in range(6)] == expected
    governor = Governor(limits([FLASH]))
    governor.ask(0, 0.0)
    assert governor.ask(0, 0.003) == "overlap"


def test_patterns_that_light_a_site_at_other_moments_are_not_mistaken_for_a_higher_rate():
    early, late = {0: (0.0, 0.005)}, {0: (0.1, 0.005)}
    governor = Governor(limits([early, late], slack_s=np.array([0.1, 0.0, 0.0])))
    assert [governor.ask(i % 2, 0.12 * i) for i in range(20)] == ["scheduled"] * 20
    strict = Governor(limits([early, late], slack_s=np.zeros(3)))
    assert "duty" in [strict.ask(i % 2, 0.12 * i) for i in range(20)]


def test_a_site_rests_as_long_as_the_board_asks_whatever_the_patterns():
    """The difference that patterns of a bank are allowed is not for the board's own rest: it would refuse, or light would follow light."""
    late, early = {0: (0.1, 0.02)}, {0: (0.0, 0.02)}
    governor = Governor(limits([late, early], slack_s=np.full(3, 0.1), ready_s=np.array([[0.2, 0, 0], [0.1, 0, 0]])))
    assert governor.ask(0, 0.0) == "scheduled"  # lit from 0.1 to 0.12, to be dark until 0.2
    assert [governor.ask(1, t) for t in (0.119, 0.1201, 0.199, 0.2)] == ["overlap", "duty", "duty", "scheduled"]


def test_light_that_would_be_too_bright_together_never_is():
    """Other LEDs, so none of them rests: a second colour at the same place, or a face beside it."""
    red, blue = {0: (0.0, 0.005)}, {1: (0.01, 0.005)}
    governor = Governor(limits([red, blue], met_mw_mm2=np.array([12.0, 12.0])))
    assert governor.ask(1, 1.0) == "scheduled"  # lit from 1.01 to 1.015
    assert [governor.ask(0, t) for t in (1.0, 1.01, 1.0149, 1.015)] == ["irradiance", "irradiance", "irradiance", "scheduled"]
    governor.restart(1.0)
    assert [governor.ask(1, t) for t in (0.009, 0.2)] == ["irradiance", "scheduled"]
    bright_enough = Governor(limits([red, blue], met_mw_mm2=np.array([10.0, 10.0])))
    assert [bright_enough.ask(s, 1.0 + 0.008 * s) for s in (0, 1)] == ["scheduled"] * 2


def test_a_pattern_before_the_newest_finds_the_site_as_warm_as_it_was_then():
    """What is booked has cooled by the newest moment; asked about an earlier one it has cooled less, and never is it forgotten."""
    for earlier_s, verdict in ((0.0, "scheduled"), (0.05, "temperature"), (1e9, "temperature")):
        governor = Governor(limits([{0: (0.0, 0.005)}, {1: (0.0, 0.005)}], max_rise_c=0.0205))
        assert governor.ask(0, 0.6) == "scheduled"
        assert governor.ask(1, 0.6 - earlier_s) == verdict


def test_heat_adds_up_until_light_is_withheld_and_fades():
    governor = Governor(limits([FLASH], max_rise_c=0.1))
    verdicts = [governor.ask(0, 0.06 * i) for i in range(60)]
    first = verdicts.index("temperature")
    assert 3 < first < 40
    assert set(verdicts) == {"scheduled", "temperature"}
    assert 0.09 < governor.rise_c.max() < 0.101  # light that is still to come is counted as if it were warmer
    assert governor.ask(0, 30.0) == "scheduled"


def test_the_dose_of_an_hour_is_kept_to_the_hour():
    governor = Governor(limits([FLASH], max_dose_mj_mm2=0.081))
    at = 0.0
    for _ in range(10):
        assert governor.ask(0, at) == "scheduled"
        at += 30.0
    assert governor.dose_mj_mm2.max() == pytest.approx(0.08)
    assert governor.ask(0, at) == "dose"
    assert governor.ask(0, 3599.0) == "dose"
    assert governor.ask(0, 3661.0) == "scheduled"
    assert governor.ask(0, 3662.0) == "scheduled"
    assert governor.ask(0, 3663.0) == "dose"


@pytest.mark.parametrize("by_s", [600.0, 1234.5, 100_000.0])
def test_a_counter_that_begins_anew_forgets_nothing(by_s):
    """The amplifier restarts: what was booked stays as long ago as it was, so no site gets more than without the restart."""
    one, other = (Governor(limits([FLASH], max_rise_c=0.1, max_dose_mj_mm2=0.2)) for _ in range(2))
    said = [[], []]
    for i in range(60):
        at = 100_000.0 + 0.06 * i
        assert one.ask(0, at) == other.ask(0, at)
    other.restart(by_s)
    for i in range(60, 400):
        at = 100_000.0 + 0.06 * i + 20.0 * (i > 200)
        said[0].append(one.ask(0, at))
        said[1].append(other.ask(0, at - by_s))
    assert said[0] == said[1]
    assert {"scheduled", "temperature", "dose"} == set(said[0])
    assert other.ask(0, 100_000.0 - by_s + 3599) == "dose"
    assert other.ask(0, 100_000.0 - by_s + 3800) == "scheduled"


def test_what_is_withheld_is_not_booked():
    governor = Governor(limits([FLASH, {0: (0.0, 0.02)}], max_pulse_s=0.01))
    before = governor.rise_c.copy()
    assert governor.ask(1, 0.0) == "width"
    assert (governor.rise_c == before).all()
    assert governor.ask(0, 0.0) == "scheduled"


def test_tables_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ValueError, match=r"peak_c must be finite float64 of the shape \(1, 3\)"):
        replace(limits([FLASH]), peak_c=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="tau_s must be finite"):
        replace(limits([FLASH]), tau_s=np.array([np.nan, 1.0]))
    with pytest.raises(ValueError, match="slot 3 is none of the 1"):
        Governor(limits([FLASH])).ask(3, 0.0)


def warmest(pulses, step_s=0.001):
    """The rise of every site in fine steps, by a forward integration that knows nothing of the governor."""
    end = max(on + width for on, width, _ in pulses) + 0.01
    state, top = np.zeros((3, 2)), 0.0
    for i in range(int(end / step_s) + 1):
        state *= np.exp(-step_s / TAU)
        for on, width, site in pulses:
            lit = min(max(min(on + width, (i + 1) * step_s) - max(on, i * step_s), 0.0), step_s)
            if lit > 0:
                state += NEIGHBOUR[:, site, None] * RISE * lit
        top = max(top, state.sum(axis=1).max())
    return top


SLOTS = st.lists(st.dictionaries(st.integers(0, 2), st.tuples(st.integers(0, 100), st.integers(1, 20)), min_size=1), min_size=1, max_size=4)


@settings(max_examples=60)
@given(SLOTS, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), min_size=1, max_size=25), st.sampled_from([0.03, 0.1, 1.0]))
def test_whatever_is_asked_the_limits_hold(slots, asked, rise):
    """Any patterns, in any order, at any rate: held against sums over all pulses that were let pass."""
    seconds = [{site: (on / 1000, width / 1000) for site, (on, width) in slot.items()} for slot in slots]
    tables = limits(seconds, max_dose_mj_mm2=0.1, max_rise_c=rise)
    governor, again = Governor(tables), Governor(tables)
    now, passed, verdicts = 0.0, [], []
    for which, wait in asked:
        now += wait / 1000
        slot = which % len(slots)
        verdicts.append(governor.ask(slot, now))
        assert again.ask(slot, now) == verdicts[-1]
        if verdicts[-1] == "scheduled":
            passed += [(now + on, width, site) for site, (on, width) in seconds[slot].items()]
    assert set(verdicts) <= {"scheduled", "width", "overlap", "duty", "dose", "temperature"}
    assert governor.dose_mj_mm2.max() <= 0.1 * (1 + 1e-9)
    if not passed:
        return
    assert warmest(passed) <= rise * 1.001
    for site in range(3):
        mine = np.array(sorted((on, width) for on, width, s in passed if s == site)).reshape(-1, 2)
        on, width = mine[:, 0], mine[:, 1]
        assert (width <= 0.02 + 1e-9).all()
        assert (on[1:] >= (on + width)[:-1]).all()
        for i in range(len(mine)):
            assert (np.cumsum(width[i:-1]) <= 0.1 * (on[i + 1 :] - on[i] + tables.slack_s[site]) + 1e-6).all()


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0.001, 40.0)), min_size=1, max_size=30))
@settings(max_examples=30)
def test_a_second_set_of_books_says_the_same(pulses):
    slots = [FLASH, {0: (0.0, 0.01)}]
    governor, books, t = Governor(limits(slots, max_rise_c=0.04, max_dose_mj_mm2=0.05)), Governor(limits(slots)), 0.0
    for slot, later in pulses:
        t += later
        if governor.ask(slot, t) == "scheduled":
            books.follow(slot, t)
            np.testing.assert_allclose(books.stands_at(t)[0], governor.rise_c)
            np.testing.assert_allclose(books.stands_at(t)[1], governor.dose_mj_mm2)
    rise, dose = books.stands_at(t)
    cooler, same = books.stands_at(t + 1.0)
    assert (cooler <= rise).all()
    np.testing.assert_allclose(same, dose)
    assert not books.stands_at(t + 2 * 3600.0)[1].any()
