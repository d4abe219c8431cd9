"""Build: the top-level source folders are installed as ``wavestim.<folder>``; metadata lives in pyproject.toml."""

import os
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
os.chdir(ROOT)
PACKAGES = ("controller", "realtime", "hardware")
DEBUG = bool(os.environ.get("WAVESTIM_CYTHON_DEBUG"))  # bounds checks on, for developers


def link_namespace() -> str:
    """Mirror the folders under build/ns/wavestim so that Cython, mypy and pytest see the import names."""
    base = ROOT / "build" / "ns" / "wavestim"
    base.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        link = base / name
        if not os.path.lexists(link):
            link.symlink_to(Path("..", "..", "..", name), target_is_directory=True)
    return str(base.parent)


def extensions() -> list[Extension]:
    """One extension per .pyx; a .pyx names the firmware C sources it needs in a ``# distutils: sources`` line.

    The same source must give the same bits on every machine: no contraction, no fast-math, no -march=native.
    """
    return [
        Extension(
            "wavestim." + ".".join(path.with_suffix("").parts),
            [path.as_posix()],
            include_dirs=[numpy.get_include(), "hardware/firmware/core"],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            extra_compile_args=["-O3", "-ffp-contract=off", "-fno-math-errno", "-Wno-unused-function"],
        )
        for name in PACKAGES
        for path in sorted(Path(name).rglob("*.pyx"))
    ]


def subpackages() -> dict[str, str]:
    """Map every folder holding an __init__.py below the top folders to its import name."""
    return {
        "wavestim." + ".".join(init.parent.parts): init.parent.as_posix()
        for name in PACKAGES
        for init in sorted(Path(name).rglob("__init__.py"))
    }


setup(
    packages=list(subpackages()),
    package_dir=subpackages(),
    package_data={"": ["*.pxd", "*.pyi", "py.typed", "*.yaml", "examples/*.yaml", "*.json", "*.npz", "*.html", "*.md", "*.h", "LICENSE*"]},
    include_package_data=False,
    ext_modules=cythonize(
        extensions(),
        include_path=[link_namespace()],
        build_dir="build/cython",
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
    zip_safe=False,
)
