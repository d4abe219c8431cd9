"""Work on several processes, each with one thread of BLAS, results in the order of the work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Job = tuple[Callable[..., Any], tuple[Any, ...]]
Progress = Callable[[float], None]
T = TypeVar("T")

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def run_jobs(jobs: Sequence[Job], workers: int, done: Progress) -> list[Any]:
    """Results of function and arguments, in order; ``done`` is told how many are finished. One worker: in this process."""
    results = []
    for result in _results(jobs, workers):
        results.append(result)
        done(len(results))
    return results


def _results(jobs: Sequence[Job], workers: int) -> Iterator[Any]:
    if workers <= 1 or len(jobs) <= 1:
        for function, arguments in jobs:
            yield function(*arguments)
        return
    with pool(workers) as processes:
        futures = [processes.submit(function, *arguments) for function, arguments in jobs]
        for future in futures:
            yield future.result()


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes with one thread of BLAS each; what is still waiting at the end is not done."""
    # spawned, not forked: BLAS reads its number of threads when it is loaded
    with _environment(ONE_THREAD), ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as processes:
        try:
            yield processes
        finally:
            processes.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
