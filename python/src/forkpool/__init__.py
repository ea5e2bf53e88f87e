# SPDX-License-Identifier: BSD-2-Clause
"""Functions of a shared object, run by a pool of forked worker processes in which they may crash.

    with forkpool.Executor("./jobs.so", workers=4, isolation="job", timeout=5) as ex:
        futures = [ex.submit("work", data) for data in inputs]
        for future in concurrent.futures.as_completed(futures):
            try:
                print(future.result())
            except forkpool.JobError as error:
                print(error)            # crashed, timed out, over a limit, ...; the others go on

Executor is a concurrent.futures.Executor; Pool is the library's own way of working.  The functions are C, as
forkpool_plugin.h has them.  They may compute, allocate memory, print and use files.  They must not call Python, nor
what takes a lock that another thread may have held when the pool was opened: time zones (localtime()), setlocale(),
name service, syslog(), dlopen(), libraries with their own locks.

Unlike os.fork(), this is safe in a program with threads.  One process is forked, the workers are forked from that one,
and none of them returns to the interpreter: they run the library and the functions, which are C and touch no Python
object.  So it does not matter what the other threads were doing.  See forkpool(7), OTHER LANGUAGES.
"""
from . import _abi
from ._executor import Executor, Future
from ._native import Stats, WorkerInfo
from ._options import Limits, Sandbox
from ._pool import Pool
from ._result import (BrokenJob, JobCrashed, JobDenied, JobError, JobExited, JobFailed, JobLost, JobOverLimit,
                      JobSetupFailed, JobTimedOut, Result)
from ._version import __version__

__all__ = [
    "BrokenJob", "Executor", "Future", "JobCrashed", "JobDenied", "JobError", "JobExited", "JobFailed", "JobLost",
    "JobOverLimit", "JobSetupFailed", "JobTimedOut", "Limits", "Pool", "Result", "Sandbox", "Stats", "WorkerInfo",
    "__version__", "library_version",
]


def library_version() -> str:
    """The version of the library that the module runs with."""
    return _abi.text(_abi.version())
