"""What `pip install .` puts on a disk: a file that is missing there is missed by a user, not by a developer."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("controller", "gui", "hardware", "realtime")
DATA = (".yaml", ".npz", ".json", ".md", ".pyi", ".pxd", ".typed")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python part of a build, without compiling."""
    lib = tmp_path_factory.mktemp("build")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(lib)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return lib / "wavestim"


def test_every_module_and_data_file_is_installed(installed: Path) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", *DATA) and "__pycache__" not in path.parts
    }
    wanted.discard("hardware/firmware/README.md")
    found = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    assert wanted - found == set()


def test_tests_and_docs_are_not_installed(installed: Path) -> None:
    assert {path.name for path in installed.iterdir()} == set(PACKAGES)
