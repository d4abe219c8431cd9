"""What is told of a moment: messages of the same shape as those of a running session, and what belongs to the moment alone.

Whoever asks for one moment after another hears what lies between; after a jump it is told anew from the beginning: what came long before
as mere numbers (topic ``history``), the last minute of the model a few times a second, ten seconds of samples, the last two whole.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.live import wire
from wavestim.controller.lookback.chronicle import Chronicle
from wavestim.controller.lookback.line import Message
from wavestim.controller.lookback.past import Past
from wavestim.controller.lookback.ticks import TICK, Ticks
from wavestim.controller.record.records import CAME, PULSE
from wavestim.realtime.records import KINDS

WHOLE_S, TRACES_S, TREND_S, TREND_HZ = 2.0, 10.0, 60.0, 5.0
AROUND_S, MOST_AROUND = 1.0, 40
PLANAR = "planar"
STALE_S = 0.5
"""A tick so old says nothing of a moment."""
FOLLOWS_S = 2.0
"""A later moment that is not further away is told by what lies between."""


class Teller:
    """Of one past.

    Parameters
    ----------
    past, ticks
        What is told.
    delay_s : float
        How old what the model knows is at its tick.
    """

    def __init__(self, past: Past, ticks: Ticks, delay_s: float) -> None:
        self.past, self.ticks, self.delay_s = past, ticks, delay_s
        self.chronicle = Chronicle()
        self._fs = past.assembly.fs_hz

    def moment(self, sample: float, since: float | None, made_to: int) -> tuple[dict[str, Any], list[Message]]:
        """A moment, and the messages that lead to it from an earlier one.

        Parameters
        ----------
        sample : float
        since : float, optional
            What was told before; None: nothing.
        made_to : int
            The engine has run so far.

        Returns
        -------
        header, messages
            The header has ``fresh`` (it is told from the beginning), ``made``, ``light``, ``site_deg``, ``site_sd_deg`` and
            ``direction_deg`` (None while undetermined), ``pulse`` and ``around``.
        """
        fresh = since is None or not since <= sample <= since + FOLLOWS_S * self._fs
        begin = sample - WHOLE_S * self._fs if fresh or since is None else since
        messages = [*self._history(begin), *self._trend(begin), *self._samples(sample - TRACES_S * self._fs, begin)] if fresh else []
        messages += self._between(begin, sample)
        now = self._now(sample, made_to)
        header = {
            "sample": sample,
            "fresh": fresh,
            "made": sample < made_to,
            "light": self.chronicle.lit_at(sample),
            **self._site(now),
            "pulse": self.pulse(sample),
            "around": self.around(sample),
        }
        return header, messages if now is None else [*messages, now]

    def _site(self, now: Message | None) -> dict[str, Any]:
        """What was known at the site; nothing while the wave is undetermined, and no direction of one that does not go one way."""
        if now is None or now[1]["kind"] in KINDS[:2]:
            return dict.fromkeys(("site_deg", "site_sd_deg", "direction_deg"))
        site, arrays = self.past.assembly.site, now[2]
        return {
            "site_deg": float(np.degrees(arrays["phase_rad"][site])),
            "site_sd_deg": float(arrays["sd_deg"][site]),
            "direction_deg": now[1]["direction_deg"] if now[1]["kind"] == PLANAR else None,
        }

    def pulse(self, sample: float) -> dict[str, Any] | None:
        """The pulse that was decided on last, with its decision and what was foretold of it."""
        decisions, pulses = self.chronicle.decisions, self.chronicle.pulses
        n = int(np.searchsorted(decisions["sample"], sample, side="right"))
        scheduled = np.flatnonzero(decisions["verdict"][:n] == "scheduled")
        if not len(scheduled):
            return None
        index = int(scheduled[-1])
        found = np.flatnonzero(pulses["decision"] == index)
        what = wire.rows(pulses[found[:1]])[0] if len(found) else {}
        decided = wire.rows(decisions[index : index + 1])[0]
        return {**what, "index": index, "number": len(scheduled), **self._foretold(decided), "decided": decided}

    def _foretold(self, decision: dict[str, Any]) -> dict[str, Any]:
        """The phase that the engine expected at light-on, from the tick at which it decided."""
        row = self.ticks.last_to(decision["sample"])
        if row < 0 or int(self.ticks.site["sample"][row]) != decision["sample"]:
            return {"foretold_deg": None}
        ahead_s = (decision["fire_sample"] - decision["sample"]) / self._fs + self.delay_s
        phase, _ = self.ticks.phases(self.ticks.read(np.array([row])), np.array([ahead_s]))
        return {"foretold_deg": float(np.degrees(phase[0, decision["site"]]))}

    def around(self, sample: float) -> list[dict[str, Any]]:
        """Decisions, pulses and markers near a moment, in their order, the nearest ones."""
        reach = AROUND_S * self._fs
        c, out = self.chronicle, []
        for row in c.decisions[_within(c.decisions["sample"], sample - reach, sample + reach)]:
            out.append((float(row["sample"]), "decision", str(row["verdict"]), str(row["condition"])))
        for row in c.pulses[_within(c.pulses["at"], sample - reach, sample + reach)]:
            out.append((float(row["at"]), "pulse", str(row["verdict"]), str(row["reason"])))
        for row in c.markers[_within(c.markers["sample"], sample - reach, sample + reach)]:
            out.append((float(row["sample"]), "marker", str(row["name"]), str(row["value"])))
        out.sort(key=lambda item: abs(item[0] - sample))
        return [dict(zip(("sample", "what", "kind", "text"), item, strict=True)) for item in sorted(out[:MOST_AROUND])]

    def _history(self, end: float) -> list[Message]:
        """What was counted to a sample: all but light by hand, as a window that hears it counts."""
        c = self.chronicle
        n_decisions = int(np.searchsorted(c.decisions["sample"], end, side="right"))
        n_pulses = int(np.searchsorted(c.pulses["at"], end, side="right"))
        by_hand = c.decisions["condition"] == wire.MANUAL
        decisions = c.decisions[:n_decisions][~by_hand[:n_decisions]]
        pulses = c.pulses[:n_pulses][~by_hand[c.pulses["decision"][:n_pulses]]]
        out = np.isin(pulses["verdict"], CAME)
        came = pulses[out]
        latency = pulses["queue_us"] + pulses["compute_us"] + pulses["serial_us"]
        scheduled = decisions["verdict"] == "scheduled"
        known = self._at_light(came)
        header = {
            "verdicts": Counter(pulses["verdict"].tolist()),
            "vetoes": Counter(decisions["verdict"][~scheduled].tolist()),
            "conditions": Counter(c.decisions["condition"][came["decision"]].tolist()),
            "lit": c.decisions["condition"][came["decision"]][np.isfinite(known)].tolist(),
            "next": {"decisions": n_decisions, "pulses": n_pulses, "markers": int((c.markers["sample"] <= end).sum())},
        }
        arrays = {
            "directions_deg": decisions["direction_deg"][scheduled & (decisions["wave_kind"] == PLANAR)],
            "at_light_deg": known[np.isfinite(known)],
            "latency_us": latency,
            "deadline_us": (latency + pulses["margin_us"])[out],
        }
        return [("history", header, arrays)]

    def _at_light(self, came: NDArray[np.void]) -> NDArray[np.float64]:
        """Phase at the site when light came on, from the nearest tick; NaN where the engine has not been."""
        site = self.ticks.site
        at = came["at"]
        if len(site) < 2:
            return np.full(len(at), np.nan)
        after = np.clip(np.searchsorted(site["sample"], at), 1, len(site) - 1)
        nearest = np.where(at - site["sample"][after - 1] <= site["sample"][after] - at, after - 1, after)
        off_s = (at - site["sample"][nearest]) / self._fs
        phase = site["phase_deg"][nearest] + 360 * site["frequency_hz"][nearest] * off_s
        return np.where(np.abs(off_s) < STALE_S, phase, np.nan)

    def _trend(self, end: float) -> list[Message]:
        """The minute before a sample, a few ticks a second."""
        wanted = np.arange(end - TREND_S * self._fs, end, self._fs / TREND_HZ)
        rows = np.unique(np.searchsorted(self.ticks.site["sample"], wanted))
        last = self.ticks.last_to(end)
        return self._told_ticks(rows[rows <= last])

    def _between(self, begin: float, end: float) -> list[Message]:
        """Everything after one sample and to another, in its order."""
        c, timed = self.chronicle, list[tuple[float, int, Message]]()
        rows = np.arange(self.ticks.last_to(begin) + 1, self.ticks.last_to(end) + 1)
        timed += [(float(m[1]["sample"]), 2, m) for m in self._told_ticks(rows)]
        for i in _within(c.decisions["sample"], begin, end).tolist():
            timed.append((float(c.decisions["sample"][i]), 0, ("decisions", {"first": i, "rows": wire.rows(c.decisions[i : i + 1])}, {})))
        names = list(PULSE.names or ())
        for i in _within(c.pulses["at"], begin, end).tolist():
            (told,), known = wire.rows(c.pulses[i : i + 1][names]), float(self._at_light(c.pulses[i : i + 1])[0])
            told["known_deg"] = known if np.isfinite(known) else None
            if told["decision"] >= 0:
                (of,) = wire.rows(c.decisions[told["decision"] : told["decision"] + 1])
                told |= {"meant_sample": of["fire_sample"], **{name: of[name] for name in ("condition", "site", "start_sample", "slot")}}
            timed.append((float(c.pulses["at"][i]), 1, ("pulses", {"first": i, "rows": [told]}, {})))
        for i in _within(c.markers["sample"], begin, end).tolist():
            row = c.markers[i]
            at, said = float(row["sample"]), {"index": i, "kind": str(row["name"]), "text": str(row["value"])}
            timed.append((at, 0, ("marker", {"sample": at, **said}, {})))
        timed.sort(key=lambda item: item[:2])
        return [*self._samples(begin, end), *(message for *_, message in timed)]

    def _samples(self, begin: float, end: float) -> list[Message]:
        """All after one sample and to another."""
        first, size = int(np.floor(begin)) + 1, int(np.floor(end) - np.floor(begin))
        return [("samples", {"first": at}, {"uv": uv}) for at, uv in self.past.reel.blocks(first, max(size, 1), first + size)]

    def _told_ticks(self, rows: NDArray[np.integer]) -> list[Message]:
        ticks = self.ticks.read(rows)
        if not len(ticks):
            return []
        phase, sd = self.ticks.phases(ticks, np.full(len(ticks), self.delay_s))
        samples = self.ticks.site["sample"][rows].tolist()
        return [_told(sample, tick, phase[i], sd[i]) for i, (sample, tick) in enumerate(zip(samples, ticks, strict=True))]

    def _now(self, sample: float, made_to: int) -> Message | None:
        """What was known at the moment itself: the last tick, carried on to it. Undetermined where there is none."""
        row = self.ticks.last_to(sample)
        age_s = (sample - int(self.ticks.site["sample"][row])) / self._fs if row >= 0 else np.inf
        if age_s > STALE_S or sample >= made_to + STALE_S * self._fs:
            m = self.past.reel.n_channels
            nothing = np.zeros((), TICK)
            return None if row < 0 else _told(sample, nothing[()], np.zeros(m, np.float32), np.full(m, 180.0, np.float32))
        ticks = self.ticks.read(np.array([row]))
        phase, sd = self.ticks.phases(ticks, np.array([age_s + self.delay_s]))
        return _told(sample, ticks[0], phase[0], sd[0])


def _told(sample: float, tick: Any, phase: NDArray[np.float32], sd: NDArray[np.float32]) -> Message:
    return "tick", *wire.tick(sample, tick["wave"], phase, sd)


def _within(samples: NDArray[Any], begin: float, end: float) -> NDArray[np.intp]:
    """Which of these, that rise, lie after one sample and to another."""
    return np.arange(np.searchsorted(samples, begin, side="right"), np.searchsorted(samples, end, side="right"))
