"""The core is C99 for any compiler: it has to stay free of warnings, also in the sizes of a small board."""

import shutil
import subprocess
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "hardware" / "firmware"
CC = shutil.which("gcc") or shutil.which("cc")


@pytest.mark.skipif(CC is None, reason="no C compiler here")
@pytest.mark.parametrize("sizes", [[], ["-DWL_SLOTS=16", "-DWL_ENTRIES=32", "-DWL_QUEUE=8", "-DWL_SITES=32"]])
def test_compiles_without_a_warning(sizes):
    sources = [*sorted(str(p) for p in (FIRMWARE / "core").glob("*.c")), str(FIRMWARE / "host" / "wl_host.c")]
    command = [str(CC), "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *sizes, *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_core_knows_no_hardware_and_no_heap():
    for path in (FIRMWARE / "core").glob("*.[ch]"):
        text = path.read_text()
        includes = {line.split()[1] for line in text.splitlines() if line.startswith("#include")}
        assert includes <= {"<stdbool.h>", "<stddef.h>", "<stdint.h>", "<string.h>"} | {f'"{p.name}"' for p in path.parent.glob("*.h")}
        assert "malloc" not in text
