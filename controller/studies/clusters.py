"""Where a sweep is computed: Dask workers on this computer, of a scheduler that runs already, or as SLURM jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from wavestim.controller.bench.pool import ONE_THREAD
from wavestim.controller.offspring import environment
from wavestim.controller.studies.study import StudyError
from wavestim.controller.studies.sweep import Local, Slurm

PATIENCE_S = 10.0
"""So long a scheduler is asked for."""
RETRIES = 3
"""How often a piece of work whose worker died is given to another."""


@contextmanager
def workers(cluster: Local | Slurm, scheduler: str | None = None) -> Iterator[Executor]:
    """Workers, as an executor.

    Parameters
    ----------
    cluster : Local or Slurm
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``; used instead of the cluster.

    Raises
    ------
    StudyError
        When Dask is missing, or nobody answers.
    """
    try:
        import dask
        from distributed import Client
    except ModuleNotFoundError as error:
        raise StudyError(f"sweeps need {error.name}: pip install 'wavestim[studies]'") from error
    with dask.config.set({"distributed.scheduler.allowed-failures": RETRIES}):
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=PATIENCE_S, set_as_default=False)
            except (OSError, ValueError) as error:
                raise StudyError(f"{scheduler}: no Dask scheduler answers there; start one with: dask scheduler") from error
            with client:
                yield client.get_executor(retries=RETRIES)
            return
        with _started(cluster) as there, Client(there, set_as_default=False) as client:
            yield client.get_executor(retries=RETRIES)


def _started(cluster: Local | Slurm) -> Any:
    if isinstance(cluster, Local):
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=cluster.workers or os.cpu_count() or 1,
            threads_per_worker=1,
            dashboard_address=None,
            env={**ONE_THREAD, "PYTHONPATH": environment()["PYTHONPATH"]},
        )
    try:
        from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError as error:
        raise StudyError(f"SLURM jobs need {error.name}: pip install 'wavestim[studies]'") from error
    exports = [f"export {name}={value}" for name, value in ONE_THREAD.items()]
    slurm = SLURMCluster(
        cores=1,
        processes=1,
        memory=cluster.memory,
        walltime=cluster.walltime,
        queue=cluster.queue,
        account=cluster.account,
        job_script_prologue=exports,
    )
    slurm.scale(jobs=cluster.jobs)
    return slurm
