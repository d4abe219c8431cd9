"""Does the cells of a study on whatever computes them, and keeps each as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import contextmanager

from wavestim.controller.bench.pool import pool
from wavestim.controller.studies import study
from wavestim.controller.studies.study import Cell, Row
from wavestim.controller.studies.table import Table

Progress = Callable[[str, float], None]
"""Told what is being done and which part of it is finished."""


def work(cell: Cell) -> list[Row]:
    """Do one cell, wherever it was sent."""
    return study(cell.study).work(cell)


def compute(cells: Sequence[Cell], table: Table, executor: Executor | None, progress: Progress = lambda *_: None) -> None:
    """Do what is not in the table yet.

    Parameters
    ----------
    cells : sequence of Cell
    table : Table
        Takes each cell's rows as soon as it is done.
    executor : Executor, optional
        Where; without one in this process.
    progress : callable
    """
    waiting = [cell for cell in cells if not table.has(cell)]
    done = len(cells) - len(waiting)
    progress(f"{done} of {len(cells)} cells", done / max(len(cells), 1))
    for cell, rows in _results(waiting, executor):
        table.put(cell, rows)
        done += 1
        progress(f"{done} of {len(cells)} cells", done / len(cells))


def _results(cells: Sequence[Cell], executor: Executor | None) -> Iterator[tuple[Cell, list[Row]]]:
    if executor is None:
        for cell in cells:
            yield cell, work(cell)
        return
    sent: dict[Future[list[Row]], Cell] = {executor.submit(work, cell): cell for cell in cells}
    failure: Exception | None = None
    try:
        for future in as_completed(sent):  # those that are done already are kept, whatever failed beside them
            try:
                rows = future.result()
            except CancelledError:
                continue
            except Exception as error:
                failure = failure or error
                _cancel(sent)
                continue
            yield sent[future], rows
    finally:
        _cancel(sent)
    if failure is not None:
        raise failure


def _cancel(futures: Iterable[Future[list[Row]]]) -> None:
    for future in futures:
        future.cancel()


@contextmanager
def local(workers: int) -> Iterator[Executor | None]:
    """Processes of this computer; none beside this one for a single worker."""
    if workers <= 1:
        yield None
        return
    with pool(workers) as executor:
        yield executor
