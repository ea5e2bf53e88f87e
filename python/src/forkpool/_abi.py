# SPDX-License-Identifier: BSD-2-Clause
"""The library as ctypes sees it: the structures of forkpool.h, member by member, and its functions.

ctypes is in the standard library, needs no compiler where the module is installed and no other package.  cffi would
need both to be faster: what a job costs here is the Future and the threads of Python, not the two calls.
"""
import ctypes
import os
from ctypes import (POINTER, Structure, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p,
                    sizeof)
from typing import Any, Optional, Tuple

from ._version import __version__

ISOLATIONS = ("worker", "job", "sandbox")             #: indexed by enum forkpool_isolation
OUTPUTS = ("inherit", "discard", "capture")           #: enum forkpool_output
NETWORKS = ("none", "open", "loopback")               #: enum forkpool_network
COOPERATIVE = 1
CANCEL_QUEUED, CANCEL_RUNNING, CANCEL_KILL = range(3)
OK, FAILED, CRASHED, EXITED, TIMED_OUT, CANCELLED, OVER_LIMIT, DENIED, SETUP_FAILED, LOST = range(10)

c_pid_t = c_int
c_uid_t = c_gid_t = c_uint
c_strings = POINTER(c_char_p)


class Limits(Structure):
    _fields_ = [("memory", c_int64), ("cpu_ns", c_int64), ("file_size", c_int64), ("open_files", c_int64),
                ("processes", c_int64), ("stack", c_int64), ("output", c_int64), ("reserved", c_int64 * 5)]


class Sandbox(Structure):
    _fields_ = [("readable", c_strings), ("writable", c_strings), ("network", c_int), ("exec", c_int),
                ("namespaces", c_int), ("uid", c_uid_t), ("gid", c_gid_t), ("cgroup", c_char_p),
                ("best_effort", c_int), ("cgroup_pids", c_char_p), ("private_root", c_int), ("scratch", c_int64),
                ("threads", c_int), ("job_paths", c_int)]


class Options(Structure):
    _fields_ = [("workers", c_uint), ("queue_limit", c_size_t), ("timeout_ns", c_int64), ("grace_ns", c_int64),
                ("max_attempts", c_uint), ("retry_on", c_uint), ("jobs_per_worker", c_uint),
                ("max_value_len", c_size_t), ("ordered", c_int), ("isolation", c_int), ("output", c_int),
                ("limits", Limits), ("sandbox", POINTER(Sandbox)), ("worker_init", c_void_p),
                ("worker_exit", c_void_p), ("worker_arg", c_void_p), ("init_timeout_ns", c_int64),
                ("job_exit", c_void_p), ("environment", c_strings), ("descriptors", POINTER(c_int)),
                ("executes", c_int), ("core_dumps", c_int)]


class Job(Structure):
    # A function is an address to this module, which never calls it; so is user, a number that comes back.
    _fields_ = [("fn", c_void_p), ("args", c_char_p), ("args_len", c_size_t), ("id", c_char_p), ("user", c_void_p),
                ("timeout_ns", c_int64), ("max_attempts", c_uint), ("priority", c_int), ("flags", c_uint),
                ("readable", c_strings), ("writable", c_strings)]


class Result(Structure):
    _fields_ = [("seq", c_uint64), ("id", c_char_p), ("user", c_void_p), ("outcome", c_int), ("error", c_int),
                ("signal", c_int), ("exit_code", c_int), ("core_dumped", c_int), ("limit", c_int),
                ("message", c_char_p), ("value", c_void_p), ("value_len", c_size_t), ("output", c_void_p),
                ("output_len", c_size_t), ("pid", c_pid_t), ("worker", c_uint),
                ("attempts", c_uint), ("queued_ns", c_int64), ("run_ns", c_int64), ("cpu_ns", c_int64),
                ("max_rss", c_int64), ("user_ns", c_int64), ("reserved", c_uint64 * 8)]


class Stats(Structure):
    _fields_ = [("submitted", c_uint64), ("delivered", c_uint64), ("retries", c_uint64), ("reoffers", c_uint64),
                ("workers_started", c_uint64), ("workers_died", c_uint64), ("queued", c_size_t), ("running", c_size_t),
                ("workers_alive", c_size_t), ("reserved", c_uint64 * 8), ("by_outcome", c_uint64 * 16)]


class WorkerInfo(Structure):
    _fields_ = [("pid", c_pid_t), ("initialising", c_int), ("busy", c_int), ("seq", c_uint64), ("id", c_char * 64),
                ("run_ns", c_int64), ("progress_done", c_uint64), ("progress_total", c_uint64),
                ("jobs_done", c_uint64)]


#: C's names, for the test that compares the layouts.
STRUCTURES = {
    "forkpool_limits": Limits, "forkpool_sandbox": Sandbox, "forkpool_options": Options, "forkpool_job": Job,
    "forkpool_result": Result, "forkpool_stats": Stats, "forkpool_worker_info": WorkerInfo,
}


# ------------------------------------------------------------------------------------------- the library

def _load() -> Tuple[ctypes.CDLL, ctypes.PyDLL]:
    """The library, twice: functions of the first run without the interpreter's lock, those of the second with it.

    Calls that take microseconds keep the lock: to get it back, a thread waits for as long as another computes.
    """
    name = os.environ.get("FORKPOOL_LIBRARY", "libforkpool.so.1")
    try:
        # RTLD_GLOBAL: the job functions find forkpool_reply() in it.
        free = ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL, use_errno=True)
    except OSError as error:
        raise ImportError("the module forkpool needs the library of that name, and %s cannot be loaded: %s; install "
                          "it, run ldconfig, or set LD_LIBRARY_PATH or FORKPOOL_LIBRARY" % (name, error)) from None
    try:
        version_of = free.forkpool_version
    except AttributeError:
        raise ImportError("%s is not a libforkpool of version 0.2 or later" % name) from None
    version_of.restype = c_char_p
    version = version_of().decode()
    # Structures say their sizes, so a later library is fine; an earlier one may lack functions.
    if [int(n) for n in version.split(".")[:2]] < [int(n) for n in __version__.split(".")[:2]]:
        raise ImportError("the module forkpool %s needs a library of its version or later; %s is %s"
                          % (__version__, name, version))
    return free, ctypes.PyDLL(name, handle=free._handle, use_errno=True)


_free, _held = _load()


def _declare(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, "forkpool_" + name)
    function.restype = result
    function.argtypes = arguments
    return function


_pool = c_void_p
_result_at = POINTER(POINTER(Result))

version = _declare(_held, "version", c_char_p)
outcome_name = _declare(_held, "outcome_name", c_char_p, c_int)
limit_name = _declare(_held, "limit_name", c_char_p, c_int)
layer_name = _declare(_held, "layer_name", c_char_p, c_uint)
mechanism_name = _declare(_held, "mechanism_name", c_char_p, c_uint)

open_sized = _declare(_free, "open_sized", _pool, POINTER(Options), c_size_t, c_size_t, POINTER(c_char), c_size_t)
close = _declare(_free, "close", c_int, _pool)
resize = _declare(_free, "resize", c_int, _pool, c_uint)
submit_large = _declare(_free, "submit_sized", c_int, _pool, POINTER(Job), c_size_t, POINTER(c_uint64))

submit = _declare(_held, "submit_sized", c_int, _pool, POINTER(Job), c_size_t, POINTER(c_uint64))
next_result = _declare(_held, "next", c_int, _pool, _result_at)
pending = _declare(_held, "pending", c_size_t, _pool)
fd = _declare(_held, "fd", c_int, _pool)
dispatch = _declare(_held, "dispatch", c_int, _pool, c_void_p, c_size_t)
wakeup = _declare(_held, "wakeup", c_int, _pool)
cancel = _declare(_held, "cancel", c_int, _pool, c_int)
cancel_job = _declare(_held, "cancel_job", c_int, _pool, c_uint64, c_int)
set_deadline = _declare(_held, "set_deadline", c_int, _pool, c_int64)
_backtrace = _declare(_free, "backtrace", c_char_p, _pool, POINTER(Result))  # may read files
layers = _declare(_held, "layers", c_uint, _pool)
mechanisms = _declare(_held, "mechanisms", c_uint, _pool)
get_stats = _declare(_held, "get_stats_sized", c_int, _pool, POINTER(Stats), c_size_t)
worker_info = _declare(_held, "worker_info_sized", c_int, _pool, c_uint, POINTER(WorkerInfo), c_size_t)

JOB_SIZE = sizeof(Job)
#: Arguments that are longer are copied without the interpreter's lock.
LARGE = 1 << 16


def text(data: Optional[bytes]) -> str:
    return "" if data is None else data.decode(errors="replace")


def failure(what: str) -> OSError:
    """The exception for a call that has failed just now."""
    error = ctypes.get_errno()
    return OSError(error, "%s: %s" % (what, os.strerror(error)))


def backtrace(pool: int, result: Any) -> Optional[str]:
    """The backtrace of a result of that pool, if there is one."""
    frames = _backtrace(pool, ctypes.byref(result))
    return None if frames is None else text(frames)

