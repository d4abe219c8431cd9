"""What the documentation shows works: commands run, code runs, experiments load, links lead somewhere, made parts are what the code says.

A user whose first copied line fails goes away.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner
from wavestim.controller.cli import app
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record.records import DEVICE_EVENT, PULSE, PULSE_TRUTH
from wavestim.controller.studies.sweep import load_sweep
from wavestim.realtime import ModelOptions
from wavestim.realtime.records import DECISION

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECONDS = "6"
"""Whatever length the page gives; long enough for the model to learn and for some pulses."""
WITH_CODE = ("README.md", "docs/session-folder.md", "docs/mock-rig.md", "docs/wave-model.md", "docs/experiments.md")
"""Pages whose Python is meant to be run (architecture.md shows signatures)."""


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(page.read_text(encoding="utf-8")) if language in languages]


def commands() -> list[list[str]]:
    """Every line of the README's shell blocks that starts with ``wavestim``."""
    lines = [line.strip() for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("wavestim ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with the files that the pages speak of."""
    desk = tmp_path_factory.mktemp("desk")
    for block in blocks(ROOT / "README.md", "yaml"):
        named = re.match(r"# (\S+\.yaml)\n", block)
        if named:
            (desk / named[1]).write_text(block, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        result = CliRunner().invoke(app, ["demo", "--seconds", SECONDS, "--out", "my-session"])
    assert result.exit_code == 0, result.output
    return desk


@pytest.fixture(scope="module")
def ran(folder: Path) -> Path:
    """Every command of the README, in its order, in one place: later ones use what earlier ones made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in commands():
            if "--seconds" in words:
                words[words.index("--seconds") + 1] = SECONDS
            elif words[0] in ("demo", "run"):
                words += ["--seconds", SECONDS]
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, f"wavestim {' '.join(words)}\n{result.output}"
    return folder


def test_the_readme_shows_the_commands_a_user_starts_with() -> None:
    shown = {words[0] for words in commands()}
    assert {"demo", "run", "replay", "verify", "recover", "report", "sources", "lights"} <= shown
    assert "make demo" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", WITH_CODE)
def test_python_on_the_page_runs(page: str, ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ran)
    shown = blocks(ROOT / page, "python")
    assert shown
    for code in shown:
        exec(compile(code, page, "exec"), {})


def test_sql_on_the_page_runs(folder: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(folder / "my-session" / "journal.sqlite")
    try:
        for query in blocks(ROOT / "docs/session-folder.md", "sql"):
            assert connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_experiments_and_sweeps_on_the_page_are_what_can_be_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "yaml"):
        if "study" in yaml.safe_load(block):
            (tmp_path / "sweep.yaml").write_text(block, encoding="utf-8")
            assert load_sweep(tmp_path / "sweep.yaml").vary
        else:
            parse_experiment(block, str(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, f"{page.name}: {target}"


def test_parts_made_from_the_code_are_what_the_code_says() -> None:
    check = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_docs.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        env=_env(),
        cwd=ROOT,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_every_column_of_a_session_is_explained() -> None:
    text = (ROOT / "docs/session-folder.md").read_text(encoding="utf-8")
    for layout in (DECISION, PULSE, DEVICE_EVENT, np.dtype(PULSE_TRUTH.descr[1:])):
        for name in layout.names or ():
            assert f"| `{name}` |" in text, name


def test_every_constant_of_the_model_is_given_with_its_value() -> None:
    text = (ROOT / "docs/wave-model.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    options = ModelOptions()
    assert {name: str(getattr(options, name)) for name in options.__dataclass_fields__} == {n: v.strip() for n, v in rows.items()}


def test_the_picture_is_there_and_small() -> None:
    picture = ROOT / "docs" / "images" / "demo.png"
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert picture.stat().st_size < 300_000


def test_the_figures_of_the_benchmark_name_the_command_that_made_them() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "\nMade by `wavestim bench` on " in page
    assert page.count("\n## ") >= 14


def _env() -> dict[str, str]:
    """The environment, with the package as these tests see it."""
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(["build/ns", *([p] if (p := os.environ.get("PYTHONPATH")) else [])])}
