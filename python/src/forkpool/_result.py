# SPDX-License-Identifier: BSD-2-Clause
"""What became of a job: its Result, and the exceptions that a Future raises for it.

    JobError                     it did not succeed; has the Result, and its members as its own
      JobFailed                  the function returned an error: errno, message
      BrokenJob                  the function did not come to its end
        JobCrashed               killed by a signal: signal, backtrace
        JobExited                it ended its process: exit_code
        JobTimedOut              its deadline passed; a TimeoutError as well
        JobOverLimit             it went over a limit: limit
        JobDenied                it made a system call that its sandbox denies
        JobSetupFailed           its process or sandbox could not be set up, and it was not called: errno, message
        JobLost                  no worker can be had any more, or what became of it is unknown

A job that was cancelled raises concurrent.futures.CancelledError.
"""
import ctypes
from typing import Any, Dict, NamedTuple, Optional, Tuple, Type

from . import _abi


class Result(NamedTuple):
    """What became of a job: a copy, which stays valid."""
    seq: int                    #: the number that submit() of a Pool returned
    id: str
    outcome: str                #: "ok", "failed", "crashed", ...: enum forkpool_outcome
    value: Optional[bytes]      #: what the function replied; None unless the outcome is "ok"
    output: bytes               #: captured, where asked for
    error: int                  #: "failed": what the function returned; "setup_failed": errno; else 0
    signal: int                 #: that its process died of, else 0
    exit_code: int              #: else -1
    core_dumped: bool
    limit: Optional[str]        #: "over_limit": "memory", "cpu", ...
    message: str                #: one line for a person
    backtrace: Optional[str]    #: "crashed", "over_limit", "denied": one frame a line, where it can be had
    pid: int                    #: of the process that ran it last; 0: none did
    worker: int
    attempts: int               #: runs started
    queued_ns: int
    run_ns: int
    cpu_ns: int                 #: -1 where it had no process of its own, and so on
    max_rss: int
    user_ns: int
    user: Any = None            #: the object given to submit() of a Pool


class JobError(Exception):
    """A job did not succeed.  result has all that is known; its members can be had from the exception as well."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        r = self.result
        name = "job %d%s" % (r.seq, " (%s)" % r.id if r.id else "")
        return "%s: %s%s" % (name, r.outcome, ": " + r.message if r.message else "")

    @property
    def errno(self) -> int:
        return self.result.error

    @property
    def seq(self) -> int:
        return self.result.seq

    @property
    def id(self) -> str:
        return self.result.id

    @property
    def outcome(self) -> str:
        return self.result.outcome

    @property
    def message(self) -> str:
        return self.result.message

    @property
    def signal(self) -> int:
        return self.result.signal

    @property
    def exit_code(self) -> int:
        return self.result.exit_code

    @property
    def limit(self) -> Optional[str]:
        return self.result.limit

    @property
    def backtrace(self) -> Optional[str]:
        return self.result.backtrace

    @property
    def output(self) -> bytes:
        return self.result.output

    @property
    def attempts(self) -> int:
        return self.result.attempts


class JobFailed(JobError):
    """The function returned an error: errno and message."""


class BrokenJob(JobError):
    """The function did not come to its end."""


class JobCrashed(BrokenJob):
    """The job was killed by a signal that the pool did not send."""


class JobExited(BrokenJob):
    """The function ended its process: exit_code."""


class JobTimedOut(BrokenJob, TimeoutError):  # type: ignore[misc]  # errno is ours, and not that of OSError
    """The job's deadline passed before it returned.

    Where result(timeout) waited too long the exception is a TimeoutError, but not this one.
    """


class JobOverLimit(BrokenJob):
    """The job went over a limit of the pool: limit says which."""


class JobDenied(BrokenJob):
    """The job made a system call that its sandbox denies: message says which."""


class JobSetupFailed(BrokenJob):
    """The job's process, limits or sandbox could not be set up, and its function was not called."""


class JobLost(BrokenJob):
    """No worker can be had any more, or what became of the job is unknown."""


_EXCEPTIONS: Dict[str, Type[JobError]] = {
    "failed": JobFailed, "crashed": JobCrashed, "exited": JobExited, "timed_out": JobTimedOut,
    "over_limit": JobOverLimit, "denied": JobDenied, "setup_failed": JobSetupFailed, "lost": JobLost,
}


def exception_of(result: Result) -> JobError:
    """The exception for a result that is neither "ok" nor "cancelled"."""
    return _EXCEPTIONS.get(result.outcome, BrokenJob)(result)


_OUTCOMES = {n: _abi.text(_abi.outcome_name(n)) for n in range(_abi.LOST + 1)}


#: Of no other there is a backtrace, and to ask for one costs a call without the interpreter's lock.
_WITH_BACKTRACE = frozenset((_abi.CRASHED, _abi.OVER_LIMIT, _abi.DENIED))


def copy_of(pool: int, r: Any, user: Any, backtraces: bool) -> Result:
    """A copy of the library's result, which the next call that takes one frees.

    So a backtrace is looked up now or never: the library has its frames no longer than the result.
    """
    outcome = r.outcome
    name = _OUTCOMES.get(outcome) or _abi.text(_abi.outcome_name(outcome))
    value = ctypes.string_at(r.value, r.value_len) if outcome == _abi.OK else None
    output = ctypes.string_at(r.output, r.output_len) if r.output_len else b""
    if outcome == _abi.OK:
        rest: Tuple[Any, ...] = (0, 0, -1, False, None, _abi.text(r.message), None)
    else:
        rest = (r.error, r.signal, r.exit_code, bool(r.core_dumped),
                _abi.text(_abi.limit_name(r.limit)) if r.limit else None, _abi.text(r.message),
                _abi.backtrace(pool, r) if backtraces and outcome in _WITH_BACKTRACE else None)
    return Result._make((r.seq, _abi.text(r.id), name, value, output, *rest, r.pid, r.worker, r.attempts,
                         r.queued_ns, r.run_ns, r.cpu_ns, r.max_rss, r.user_ns, user))
