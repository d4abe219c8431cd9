"""Writes the parts of the documentation that are made from the code: tables between ``<!-- made: NAME -->`` and ``<!-- end -->``.

python scripts/make_docs.py           write them
python scripts/make_docs.py --check   exit 1 when one of them is not what the code says
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import made_light
from pydantic import BaseModel
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment.described import what_may_stand
from wavestim.controller.preflight.plant import FOUND_BY, PLANTS
from wavestim.hardware.lights import KNOWN, known_info
from wavestim.hardware.simulated import CortexConfig, LightConfig, Tokens, load_opsin, opsin_names, state_names

DOCS = Path(__file__).resolve().parents[1] / "docs"
MADE = re.compile(r"(<!-- made: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
TITLES = {
    "Experiment": "The file",
    "Subject": "subject",
    "Conditioning": "conditioning",
    "Trigger": "trigger",
    "Leds": "leds",
    "Inhibition": "leds, inhibition",
    "Condition": "conditions, one entry",
    "Inhibiting": "conditions, pattern, inhibition",
    "Schedule": "schedule",
    "Gate": "gate",
    "Stop": "stop",
    "Stimulus": "source, stimulus",
    "Safety": "safety",
}
PARTS = {
    "source": "source",
    "sequence": "sequence",
    "probe": "probe",
    "policy": "trigger.policy",
    "light": "light",
    "pattern": "conditions, pattern",
}
ORDER = (
    *(
        "Experiment",
        "Subject",
        "source",
        "Stimulus",
        "sequence",
        "probe",
        "Conditioning",
        "Trigger",
        "policy",
        "light",
        "Leds",
        "Inhibition",
        "Condition",
        "pattern",
        "Inhibiting",
    ),
    *("Schedule", "Gate", "Stop", "Safety"),
)


def experiment_keys() -> str:
    """Every key of the experiment file: what may stand there, the default, and the docstring of the field."""
    schema = Experiment.model_json_schema()
    defs: dict[str, Any] = {"Experiment": schema, **schema["$defs"]}
    kinds = {part: _kinds(defs, part) for part in PARTS}
    text: list[str] = []
    for name in ORDER:
        if name in TITLES:
            text += [f"### {TITLES[name]}", "", defs[name].get("description", ""), "", _keys(defs[name]), ""]
            continue
        text += [f"### {PARTS[name]}", ""]
        for kind, model in kinds[name]:
            text += [f"**`kind: {kind}`**: {_sentence(defs[model].get('description', ''))}", ""]
            table = _keys(defs[model], skip=("kind",))
            text += [table, ""] if table else []
    return "\n".join(text).rstrip() + "\n"


def _kinds(defs: dict[str, Any], part: str) -> list[tuple[str, str]]:
    owner = {"policy": "Trigger", "pattern": "Condition"}.get(part, "Experiment")
    field = defs[owner]["properties"][part]
    field = next((one for one in field.get("anyOf", ()) if "discriminator" in one), field)  # where null may stand, too
    mapping = field["discriminator"]["mapping"]
    order = [one["$ref"] for one in field["oneOf"]]
    return [(kind, ref.rsplit("/", 1)[1]) for kind, ref in sorted(mapping.items(), key=lambda item: order.index(item[1]))]


def _keys(model: dict[str, Any], skip: Iterable[str] = ()) -> str:
    rows = []
    for key, field in model.get("properties", {}).items():
        if key in skip:
            continue
        default = "**required**" if key in model.get("required", ()) else _default(field.get("default"), field)
        rows.append((f"`{key}`", _type(field), default, _sentence(field.get("description", ""))))
    return _table(("key", "what may stand there", "default", "meaning"), rows) if rows else ""


def _default(value: Any, field: dict[str, Any]) -> str:
    if "oneOf" in field and isinstance(value, dict):
        value = {k: v for k, v in value.items() if v not in (None, [], {}, 0.0, 0) or k == "kind"}
        return f"`{value['kind']}`"
    if isinstance(value, dict):
        return "its own defaults" if value else "empty"
    if "default" not in field:
        return "empty"
    return f"`{json.dumps(value)}`".replace('"', "")


def _type(field: dict[str, Any]) -> str:
    """What may stand there, with a link to what is told elsewhere."""
    return what_may_stand(field, _named)


def _named(name: str) -> str:
    return f"see [{TITLES[name]}](#{re.sub(r'[^a-z -]', '', TITLES[name]).replace(' ', '-')})" if name in TITLES else name


def states() -> str:
    """Brain states of the simulated cortex."""
    rows = []
    for name in state_names():
        s = CortexConfig(state=name).wave()
        numbers = f"{s.frequency_hz:g} ± {s.frequency_sd_hz:g} Hz", f"{s.speed_mm_s:g}", f"{s.direction_deg:g}° ± {s.direction_sd_deg:g}°"
        rows.append((f"`{name}`", s.kind, *numbers, f"{s.snr_db:g}", s.source))
    return _table(("state", "kind", "frequency", "speed, mm/s", "direction", "SNR, dB", "where the values come from"), rows)


def opsins() -> str:
    """Opsins of the simulated cortex."""
    rows = []
    for name in opsin_names():
        o = load_opsin(name)
        peak = float(o.spectrum[o.spectrum[:, 1].argmax(), 0])
        rows.append((f"`{name}`", "excites" if o.sign > 0 else "inhibits", f"{peak:g}", o.source))
    return _table(("opsin", "effect", "peak, nm", "where the values come from"), rows)


def cortex_keys() -> str:
    """Keys of ``source.cortex`` and of a token sequence, and how light meets the tissue."""
    text = []
    for title, model in (("source.cortex", CortexConfig), ("source.cortex, tokens", Tokens), ("light and tissue (fixed)", LightConfig)):
        text += [f"**{title}**", "", _plain_keys(model), ""]
    return "\n".join(text).rstrip() + "\n"


def _plain_keys(model: type[BaseModel]) -> str:
    """Keys of a model whose field docstrings pydantic does not collect: they are read from its source."""
    import ast
    import inspect

    source = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(source, ast.ClassDef)
    words: dict[str, str] = {}
    for field, after in pairwise(source.body):
        said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and said:
            words[field.target.id] = _sentence(after.value.value)
    schema = model.model_json_schema()
    rows = []
    for key, field in schema["properties"].items():
        default = "as the state" if model is CortexConfig and field.get("default", 0) is None else _default(field.get("default"), field)
        kind = "the keys below" if key == "tokens" else _type(field).removesuffix(" or null")
        rows.append((f"`{key}`", kind, "none" if key in ("tokens", "seed", "band_hz", "sequence") else default, words.get(key, "")))
    return _table(("key", "what may stand there", "default", "meaning"), rows)


def _sentence(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _headed(rows: list[tuple[str, ...]]) -> str:
    return _table(rows[0], rows[1:])


def light_drivers() -> str:
    """Boards that labs own, as far as they are known without one."""
    rows = []
    for kind in KNOWN:
        i = known_info(kind)
        assert i is not None
        shortest, longest, step = (f"{us / 1000:g}" for us in (i.min_pulse_us, i.max_pulse_us, i.width_step_us))
        widths = f"{shortest} ms" if shortest == longest else f"{shortest} to {longest} ms in steps of {step} ms"
        delays = f"in steps of {i.delay_step_us / 1000:g} ms" if i.delay_step_us else "none: all LEDs of a pattern at once"
        levels = "0 to 255" if i.graded else "full light only"
        rows.append((f"`{kind}`", i.guarantee, str(i.n_sites), widths, delays, levels, f"{i.duty_max:.3g}", i.timing))
    return _table(
        ("kind", "class", "LEDs", "pulses", "delays between LEDs", "levels", "largest duty", "what is promised of the moment of light"),
        rows,
    )


def planted_faults() -> str:
    """What can be planted into a mock rig, and what the preflight said of it (``measure_planted_faults.py``)."""
    found = json.loads(Path(__file__).with_name("planted_faults.json").read_text(encoding="utf-8"))
    rows = [
        (f"`{name}`", _sentence(make.__doc__ or ""), f"`{FOUND_BY[name]}`: {found[name]['says']}", ", ".join(found[name]["red"]))
        for name, make in PLANTS.items()
    ]
    table = _table(("`--plant`", "what is wrong then", "what the check says that is there for it", "red is"), rows)
    sound = found["none"]
    red, amber = (", ".join(f"`{name}`" for name in sound[colour]) or "nothing" for colour in ("red", "amber"))
    return f"{table}\n\nThe same rig without a fault, at {sound['pace']} pace: {red} is red; amber: {amber}."


PIECES: dict[str, Callable[[], str]] = {
    "experiment-keys": experiment_keys,
    "states": states,
    "opsins": opsins,
    "cortex-keys": cortex_keys,
    "emitters": lambda: _headed(made_light.emitters()),
    "power-curves": lambda: _headed(made_light.power_curves()),
    "opsin-needs": lambda: _headed(made_light.opsin_needs()),
    "heating": lambda: _headed(made_light.heating_steps()),
    "light-drivers": light_drivers,
    "planted-faults": planted_faults,
}


def made(text: str) -> str:
    """A page with its made parts as the code has them now."""
    return MADE.sub(lambda found: found[1] + "\n" + PIECES[found[2]]().strip() + "\n\n" + found[4], text)


def main() -> int:
    """Write or check every page."""
    stale = []
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        new = made(text)
        if new == text:
            continue
        stale.append(page)
        if "--check" not in sys.argv:
            page.write_text(new, encoding="utf-8")
    for page in stale:
        print(f"{page.relative_to(DOCS.parent)}: {'is not what the code says; run make docs' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
