"""Light acts on the mock tissue as the rig's user expects: dose, place, sign, and the positive control of the whole project."""

from __future__ import annotations

import numpy as np
import pytest
from wavestim.hardware.simulated import CortexConfig, LightConfig, SimulatedRig, Truth, load_opsin, opsin_names
from wavestim.hardware.simulated.light import aravanis, foutz, transmission

GRID = np.column_stack([a.ravel() for a in np.meshgrid(np.arange(10), np.arange(10))]) * 0.4 - 1.8
LEDS = GRID.reshape(10, 10, 2)[::2, ::2].reshape(-1, 2)
CENTRE = 44
QUIET = {"snr_db": 80.0, "line_uv": 0.0}
DARK_METAL = {"artefact_uv": 0.0, "edge_uv": 0.0}
DEPTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


@pytest.mark.parametrize(
    ("computed", "table"),
    [
        (aravanis(DEPTHS), (0.4921, 0.2867, 0.1259, 0.0671, 0.0402, 0.0260, 0.0127, 0.0056)),
        (foutz(DEPTHS), (0.5573, 0.3451, 0.1597, 0.0862, 0.0512, 0.0325, 0.0149, 0.0056)),
        (aravanis(DEPTHS, 0.25, 1.0), (0.4328, 0.2294, 0.0885, 0.0433, 0.0244, 0.0151, 0.0069, 0.0029)),
        (aravanis(DEPTHS[:4], 0.01, 1.0), (0.0155, 0.0034, 0.0006, 0.0002)),
    ],
)
def test_irradiance_at_depth(computed, table):
    assert np.allclose(computed, table, atol=6e-5)


def test_light_falls_to_the_side():
    cells = np.array([[0.0, 0.0], [0.2, 0.0], [0.4, 0.0], [0.0, 0.4], [3.0, 0.0]])
    share = transmission(np.zeros((1, 2)), cells, spot_mm=0.2, na=0.37, depth_mm=0.2, arbour_mm=0.3, wavelength_nm=470)[0]
    assert share[0] > share[1] > share[2] > share[4] == 0
    assert share[2] == pytest.approx(share[3])


def test_chr2_opens_closes_and_saturates():
    opsin = load_opsin("chr2")
    weak, strong, stronger = (opsin.respond(e, 5.0, 470, 100.0) for e in (1.0, 20.0, 200.0))
    assert 0 < weak.max() < strong.max() < stronger.max() < 1
    assert stronger.max() / strong.max() < strong.max() / weak.max()
    assert np.argmax(weak) * 0.1 == pytest.approx(5.0, abs=0.5)
    off = weak[60:] / weak[60]
    assert 5 < np.argmax(off < np.exp(-1)) * 0.1 < 20  # closes within tens of ms
    assert opsin.respond(2.0, 5.0, 620, 50.0).max() == 0  # red light does nothing to it


def test_long_light_desensitises_chr2():
    current = load_opsin("chr2").respond(10.0, 500.0, 470, 500.0)
    assert current[-1] < 0.7 * current.max()


def test_opsins_differ_as_they_should():
    assert {"chr2", "chronos", "chrimsonr", "gtacr2"} <= set(opsin_names())
    assert load_opsin("gtacr2").sign == -1
    assert load_opsin("chrimsonr").sensitivity(590) > load_opsin("chr2").sensitivity(590)

    def half_time(name: str, nm: float) -> float:
        r = load_opsin(name).respond(2.0, 5.0, nm, 200.0)
        return float(np.argmax(r[50:] < r[50] / 2))

    assert half_time("chronos", 490) < half_time("chr2", 470)
    with pytest.raises(ValueError, match="chr2"):
        load_opsin("chr3")
    assert all(load_opsin(name).source for name in opsin_names())


def evoked(edges, *, seconds=1.0, config=None, light=None) -> np.ndarray:
    """The response: the same seed with light minus without."""
    pair = []
    for lit in (False, True):
        cortex, optics = CortexConfig(**{**QUIET, **(config or {})}), LightConfig(**{**DARK_METAL, **(light or {})})
        rig = SimulatedRig(cortex, GRID, LEDS, seed=3, light=optics)
        for edge in edges if lit else ():
            rig.light(*edge)
        pair.append(rig.read(round(seconds * 1000)))
    return pair[1] - pair[0]


def pulse(t: float, led: int, ms: float = 5.0, irradiance: float = 2.0):
    return [(t, led, irradiance), (t + ms * 1e-3, led, 0.0)]


def test_nothing_happens_before_the_light():
    response = evoked(pulse(0.4, 12))
    assert np.all(response[:401] == 0)
    assert np.abs(response[402:440]).max() > 1


def test_response_is_where_the_led_is():
    peak = np.abs(evoked(pulse(0.4, 0))[400:412]).max(axis=0)
    assert np.argmax(peak) == 0
    assert peak[99] < 1e-2 * peak[0]


@pytest.mark.parametrize("ms", [0.1, 0.25, 0.5])
def test_dose_below_a_millisecond_scales(ms):
    """A pulse shorter than a step, wherever it lies in the step, gives its share of the response."""
    inside, across = (evoked(pulse(at, 12, ms))[400:480, CENTRE] for at in (0.4003, 0.40085))
    whole = evoked(pulse(0.400, 12, 1.0))[400:480, CENTRE]
    assert np.abs(inside).max() / np.abs(whole).max() == pytest.approx(ms, rel=0.05)
    assert np.abs(across).max() / np.abs(inside).max() == pytest.approx(1, rel=0.05)


def test_gtacr2_pushes_the_other_way():
    excite, inhibit = (evoked(pulse(0.4, 12), light={"opsin": name})[400:410, CENTRE].mean() for name in ("chr2", "gtacr2"))
    assert excite > 0 > inhibit


def test_edges_may_come_unordered_and_late_ones_are_counted():
    ordered = evoked(pulse(0.4, 12) + pulse(0.41, 13))
    assert np.array_equal(ordered, evoked([*pulse(0.41, 13), *reversed(pulse(0.4, 12))]))
    rig = SimulatedRig(CortexConfig(), GRID, LEDS)
    rig.read(100)
    rig.light(0.05, 0, 1.0)
    rig.light(0.2, 0, 0.0)
    assert rig.late_edges == 1


@pytest.mark.parametrize("edge", [(0.1, 25, 1.0), (0.1, -1, 1.0), (0.1, 0, -1.0), (0.1, 0, float("nan")), (float("inf"), 0, 1.0)])
def test_impossible_light_is_refused(edge):
    with pytest.raises(ValueError, match=r"led|light"):
        SimulatedRig(CortexConfig(), GRID, LEDS).light(*edge)


def test_artefact_sits_near_the_led_and_decays():
    artefact = evoked(pulse(0.4, 12), light={"gain_per_s": 0.0, "artefact_uv": 50.0, "edge_uv": 20.0})
    led_electrode = int(np.argmin(np.hypot(*(GRID - LEDS[12]).T)))
    assert artefact[404, led_electrode] == pytest.approx(100, rel=0.1)
    assert artefact[401, led_electrode] > 0
    assert artefact[404, 0] < 0.05 * artefact[404, led_electrode]
    assert np.abs(artefact[440:]).max() < 0.1
    assert np.all(artefact[:401] == 0)


def test_artefact_is_not_in_the_truth(tmp_path):
    rows = []
    for artefact in (0.0, 500.0):
        with SimulatedRig(CortexConfig(), GRID, LEDS, truth_path=tmp_path / "t", light=LightConfig(artefact_uv=artefact)) as rig:
            for edge in pulse(0.1, 12):
                rig.light(*edge)
            rig.read(300)
        rows.append(np.array(Truth(tmp_path / "t").rows["phase"]))
    assert np.array_equal(*rows)


def sweep(seed: int, tmp_path, per_condition: int = 30) -> np.ndarray:
    """Amplitude (µV, noisy electrodes) of the component along the pre-light k, 20-120 ms after light-on: (n, 2) with, against."""
    path = tmp_path / "truth"
    rig = SimulatedRig(CortexConfig(), GRID, LEDS, seed=seed, truth_path=path)
    blocks, pulses = [rig.read(1000)], []
    for sign in np.random.default_rng(seed).permutation(np.repeat([1, -1], per_condition)):
        blocks.append(rig.read(500))
        rig.flush()
        truth = Truth(path)
        row, now = truth.rows[-1], len(truth) - 1
        omega, angle = 2 * np.pi * float(row["frequency_hz"]), np.deg2rad(float(row["direction_deg"]))
        k = omega / float(row["speed_mm_s"]) * np.array([np.cos(angle), np.sin(angle)])
        start = now / 1000 + 0.02 + (-truth.phase(now, CENTRE) - omega * 0.02) % (2 * np.pi) / omega
        for led, delay in enumerate((LEDS - GRID[CENTRE]) @ k / omega):
            for edge in pulse(start + sign * delay, led):
                rig.light(*edge)
        pulses.append((start, sign, omega, k))
    blocks.append(rig.read(500))
    rig.close()
    assert rig.late_edges == 0
    samples, fits = np.concatenate(blocks).astype(float), {1: [], -1: []}
    for start, sign, omega, k in pulses:
        i = np.arange(int(start * 1000) + 21, int(start * 1000) + 121)
        t, kr = omega * (i / 1000 - start)[:, None], (GRID - GRID[CENTRE]) @ k
        design = np.stack([np.cos(t - kr), np.sin(t - kr), np.cos(t + kr), np.sin(t + kr)], axis=-1).reshape(-1, 4)
        a, b, _, _ = np.linalg.lstsq(design, (samples[i] - samples[i].mean(axis=0)).ravel(), rcond=None)[0]
        fits[sign].append(np.hypot(a, b))
    return np.column_stack([fits[1], fits[-1]])


def test_the_wave_survives_a_train_of_light(tmp_path):
    """A whole session of light, five pulses a second on every LED, leaves a wave to experiment on."""
    with SimulatedRig(CortexConfig(), GRID, LEDS, seed=5, truth_path=tmp_path / "t") as rig:
        for start in np.arange(1.0, 59.0, 0.2):
            for led in range(len(LEDS)):
                for edge in pulse(start, led):
                    rig.light(*edge)
        rig.read(62_000)
    rows = Truth(tmp_path / "t").rows
    assert np.median(rows["planarity"][5000:59000]) > 0.7
    assert rows["amplitude_uv"][5000:59000].mean() < 150
    assert rows["planarity"][61000:].mean() > 0.95  # and it recovers


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_light_with_the_wave_beats_light_against_it(seed, tmp_path):
    """The positive control: if this fails, no experiment with the mock rig can find what it is there to find."""
    fits = sweep(seed, tmp_path)
    difference = fits[:, 0].mean() - fits[:, 1].mean()
    error = np.sqrt(fits.var(axis=0, ddof=1).sum() / len(fits))
    assert difference - 3 * error > 0
    assert difference < 60  # of the order of the wave, not absurd


def evoked_in_two_colours(led: int, irradiance: float, *, inhibition: str = "gtacr2", opsin: str = "vfchrimson") -> float:
    """Mean over 10 ms at the centre; LED 0 is red and LED 1 blue, both above it."""
    light = LightConfig(**DARK_METAL, opsin=opsin, wavelength_nm=625, inhibition={"opsin": inhibition, "wavelength_nm": 470})
    pair = []
    for edges in ((), pulse(0.4, led, irradiance=irradiance)):
        rig = SimulatedRig(CortexConfig(**QUIET), GRID, np.tile(GRID[CENTRE], (2, 1)), seed=3, light=light)
        for edge in edges:
            rig.light(*edge)
        pair.append(rig.read(412)[402:, CENTRE].mean())
    return float(pair[1] - pair[0])


def test_two_colours_push_the_same_cells_both_ways():
    assert evoked_in_two_colours(0, 0.5) > 0 > evoked_in_two_colours(1, 0.5)


def test_a_colour_that_both_opsins_see_drives_both():
    """Blue opens Chrimson, too: the more sensitive one takes from what the inhibition does."""
    deaf, keen = (evoked_in_two_colours(1, 0.05, opsin=name) for name in ("vfchrimson", "chrimsonr"))
    assert deaf < keen


def test_a_second_colour_is_an_inhibiting_one_at_every_place():
    with pytest.raises(ValueError, match="does not inhibit; use one of gtacr2"):
        LightConfig(inhibition={"opsin": "chr2"})
    with pytest.raises(ValueError, match="two LEDs, and 25"):
        SimulatedRig(CortexConfig(), GRID, LEDS, light=LightConfig(inhibition={}))
