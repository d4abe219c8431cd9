"""Build: the top-level source folders are installed as ``wavestim.<folder>``; metadata lives in pyproject.toml.

Extensions are built on all cores. What Cython would put into every module (memoryviews above all) is compiled once, as
``wavestim._cython.utility``.
"""

import copy
import os
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
os.chdir(ROOT)
PACKAGES = ("gui", "controller", "realtime", "hardware")
DEBUG = bool(os.environ.get("WAVESTIM_CYTHON_DEBUG"))  # bounds checks on, for developers
LATER = bool(os.environ.get("WAVESTIM_EXTENSIONS_LATER"))  # `make` installs the Python part first and then builds them once
JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
NAMESPACE = Path("build/ns/wavestim")
UTILITY = "wavestim._cython.utility"


def link_namespace() -> str:
    """Mirror the folders under build/ns/wavestim so that Cython, mypy and pytest see the import names."""
    (NAMESPACE / "_cython").mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        link = NAMESPACE / name
        if not os.path.lexists(link):
            link.symlink_to(Path("..", "..", "..", name), target_is_directory=True)
    return str(ROOT / NAMESPACE.parent)


def extension(name: str, source: str, depends: list[str]) -> Extension:
    """One extension; everything that shapes its code is a dependency.

    The same source must give the same bits on every machine: no contraction, no fast-math, no -march=native.
    """
    return Extension(
        name,
        [source],
        include_dirs=[numpy.get_include(), "hardware/firmware/core"],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        extra_compile_args=["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-Wno-unused-function"],
        depends=["setup.py", *depends],
    )


def extensions() -> list[Extension]:
    """One per .pyx, and what they share; a .pyx names the firmware C sources it needs in a ``# distutils: sources`` line."""
    headers = sorted(path.as_posix() for path in Path("hardware/firmware").rglob("*.h"))
    found = [extension(UTILITY, "_cython/utility.c", [])]
    for name in PACKAGES:
        for path in sorted(Path(name).rglob("*.pyx")):
            module = "wavestim." + ".".join(path.with_suffix("").parts)
            found.append(extension(module, path.as_posix(), headers if name == "hardware" else []))
    return found


def subpackages() -> dict[str, str]:
    """Map every folder holding an __init__.py below the top folders to its import name."""
    return {
        "wavestim." + ".".join(init.parent.parts): init.parent.as_posix()
        for name in PACKAGES
        for init in sorted(Path(name).rglob("__init__.py"))
    } | {UTILITY.rpartition(".")[0]: (NAMESPACE / "_cython").as_posix()}


class BuildExt(build_ext):
    """Extensions side by side: each compiles into a folder of its own, as two may need the same C source."""

    def build_extension(self, ext: Extension) -> None:
        worker = copy.copy(self)
        worker.build_temp = str(Path(self.build_temp, ext.name))
        super(BuildExt, worker).build_extension(ext)


if __name__ == "__main__":  # Cython's processes may import this file
    include_path = [link_namespace()]
    setup(
        packages=list(subpackages()),
        package_dir=subpackages(),
        package_data={
            "": [
                "*.pxd",
                "*.pyi",
                "py.typed",
                "*.yaml",
                "examples/*.yaml",
                "parameters/*.yaml",
                "*.json",
                "*.npz",
                "arrows/*.png",
                "*.html",
                "*.md",
                "*.h",
                "LICENSE*",
            ],
        },
        include_package_data=False,
        ext_modules=[]
        if LATER
        else cythonize(
            extensions(),
            nthreads=JOBS,
            include_path=include_path,
            build_dir="build/c",
            shared_utility_qualified_name=UTILITY,
            compiler_directives={
                "language_level": "3",
                "boundscheck": DEBUG,
                "wraparound": False,
                "cdivision": True,
                "initializedcheck": False,
                "embedsignature": True,
                "warn.multiple_declarators": False,
            },
        ),
        cmdclass={"build_ext": BuildExt},
        options={"build_ext": {"parallel": JOBS}},
        zip_safe=False,
    )
