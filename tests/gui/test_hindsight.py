"""The phase that is shown beside what the model knew is the one that the report will find, and only where the samples tell."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from support.waiting import until
from wavestim.controller.record.journal import Journal
from wavestim.controller.record.tail import rows_from, samples_around
from wavestim.controller.record.truth import AFTER_LIGHT_S
from wavestim.gui import hindsight as hindsight_module
from wavestim.gui.hindsight import WAIT_S, Asked, Found, Hindsight, look, pool_of
from wavestim.gui.pulsebook import Shone
from wavestim.realtime.records import DECISION

FS_HZ, HZ = 1000.0, 11.0
T = np.arange(6000) / FS_HZ
WAVES = np.cos(2 * np.pi * HZ * T[:, None] - 0.3 * np.arange(16))


def around(first, n):
    return WAVES[first : first + n].astype(np.float32) if first >= 0 and first + n <= len(WAVES) else None


def true_deg(shone):
    return math.degrees(2 * np.pi * HZ * shone.sample / FS_HZ - 0.3 * shone.site)


def shone(at=3000.4, *, dark=True, condition="sham"):
    return Shone(at, 5, condition, dark, at - 2.0, 0)


def off(found, one):
    return abs((found.phase_deg - true_deg(one) + 180) % 360 - 180)


def test_a_sham_is_seen_from_both_sides(told):
    found = look(Asked(shone(), ()), told, pool_of(told), around)
    assert (found.which, found.condition) == ("after", "sham")
    assert off(found, shone()) < 1


def test_light_is_seen_from_before_it_alone(told):
    """What comes after it is what it did."""
    one = shone(dark=False, condition="lit")
    spoilt = WAVES.copy()
    spoilt[math.ceil(one.begin) :] = 500.0  # from the first LED of its pattern on
    found = look(Asked(one, (one.begin,)), told, pool_of(told), lambda first, n: spoilt[first : first + n].astype(np.float32))
    assert found.which == "at_end"
    assert off(found, one) < 10


def test_light_of_a_recording_that_is_played_is_not_in_its_samples(told):
    found = look(Asked(shone(dark=False), ()), dataclasses.replace(told, own_light=False), pool_of(told), around)
    assert found.which == "after"


@pytest.mark.parametrize("lit", [3000.0 - 1000 * AFTER_LIGHT_S / 2, 2950.0])
def test_after_other_light_nothing_is_known(told, lit):
    assert look(Asked(shone(), (lit,)), told, pool_of(told), around) is None


def test_before_other_light_its_response_is_kept_out(told):
    assert look(Asked(shone(), (3050.0,)), told, pool_of(told), around).which == "at_end"


def test_where_samples_are_missing_nothing_is_known(told):
    holed = WAVES.astype(np.float32)
    holed[2800, 5] = np.nan
    found = look(Asked(shone(), ()), told, pool_of(told), lambda first, n: holed[first : first + n])
    assert off(found, shone()) < 1, "the others tell the phase at this one"
    holed[2800] = np.nan
    assert look(Asked(shone(), ()), told, pool_of(told), lambda first, n: holed[first : first + n]) is None
    assert look(Asked(shone(at=100.0), ()), told, pool_of(told), around) is None


def test_it_waits_for_the_other_side_and_forgets_what_is_too_much(told, tmp_path, monkeypatch):
    most, seen = 20, []
    monkeypatch.setattr(hindsight_module, "MOST", most)

    def read(folder, first, n):
        assert folder == tmp_path
        seen.append(first)
        return around(first, n)

    hindsight, found = Hindsight(tmp_path, told, read), []
    assert hindsight.turn([shone(at=3000.0 + i) for i in range(most + 50)], 3000) == []
    assert not seen
    until(lambda: found.extend(hindsight.turn([], 3000 + most + 50 + round(WAIT_S * FS_HZ))) or len(found) == most)
    hindsight.close()
    assert all(isinstance(one, Found) and one.which == "after" for one in found)
    assert min(seen) == 3000 + 50 - 600


def test_what_is_read_is_what_was_committed(tmp_path):
    """While it is written by somebody else: bit by bit, and no sample that is not there."""
    block = np.arange(3000, dtype=np.float32).reshape(1500, 2)
    with Journal(tmp_path, {"format": 1}) as journal:
        journal.append_samples(0, block[:1000], 0)
        journal.append_samples(1010, block[1010:], 0)
        rows = np.zeros(3, DECISION)
        rows["sample"], rows["verdict"], rows["condition"] = (1, 2, 3), "unsure", "lit"
        journal.append_decisions(rows)
        assert rows_from(tmp_path, "decisions", 0, 10) == []
        assert samples_around(tmp_path, 10, 20) is None
        journal.commit()
        journal.append_marker(1.5, "note", "x")
        journal.commit()
        read = rows_from(tmp_path, "decisions", 1, 10)
        assert [row["sample"] for row in read] == [2, 3]
        assert read[0]["verdict"] == "unsure"
        assert rows_from(tmp_path, "markers", 0, 10) == [{"sample": 1.5, "kind": "note", "text": "x"}]
        np.testing.assert_array_equal(samples_around(tmp_path, 240, 300), block[240:540])
        assert samples_around(tmp_path, 900, 200) is None, "there is a gap in it"
        assert samples_around(tmp_path, 1400, 200) is None, "it is not there yet"
