# SPDX-License-Identifier: BSD-2-Clause
"""Job functions in C, run by a pool from Python.

    with forkpool.Pool("./jobs.so", ["work"], workers=4) as pool:
        for result in pool.run(("work", data) for data in inputs):
            print(result.outcome, result.value)

The jobs are functions of a shared object, as forkpool(1) takes them (forkpool_plugin.h).  If a function crashes, hangs
or exits, that job's result says so, and the Python program goes on.

A job function may compute, allocate memory, print and use files.  It must not call Python, and must not call a function
that takes a lock which another thread may have held when the pool was opened: time zones (localtime()), setlocale(),
name service, syslog(), dlopen(), libraries with their own locks.

Unlike os.fork(), this is safe in a program with threads, as Python is.  forkpool_open() forks one process, the workers
are forked from that one, and none of them ever returns to the interpreter.  They run the library and the job functions,
which are C and touch no Python object.  So it does not matter to them which thread held the GIL, or in what state the
heap of Python was.  The other threads do not exist in them, and a lock that such a thread held stays locked; the fork()
of the C library makes sure that malloc() and the streams of stdio are not locked.  See forkpool(7), OTHER LANGUAGES.

A worker calls a function at the address that the function had when the pool was opened.  So the class Pool loads the
object first, and opens the pool after that.

This module uses ctypes, which is in the standard library and needs no compiler where the program is installed.  (cffi
would be one more package, without a gain for a library of this size.)
"""
import ctypes
import os
import threading
from ctypes import (POINTER, Structure, byref, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p,
                    sizeof)
from typing import Any, NamedTuple, Optional

ISOLATE_WORKER, ISOLATE_JOB, ISOLATE_SANDBOX = range(3)
OUTPUT_INHERIT, OUTPUT_DISCARD, OUTPUT_CAPTURE = range(3)
COOPERATIVE = 1

c_pid_t = c_int
c_uid_t = c_gid_t = c_uint
c_uintptr = c_size_t

# --------------------------------------------------------- the structures of forkpool.h, member by member

_FN = c_void_p  # the address of a job function, which Python never calls itself


class Limits(Structure):
    _fields_ = [("memory", c_int64), ("cpu_ns", c_int64), ("file_size", c_int64), ("open_files", c_int64),
                ("processes", c_int64), ("stack", c_int64), ("output", c_int64)]


class Sandbox(Structure):
    _fields_ = [("struct_size", c_size_t), ("readable", POINTER(c_char_p)), ("writable", POINTER(c_char_p)),
                ("network", c_int), ("exec", c_int), ("namespaces", c_int), ("uid", c_uid_t), ("gid", c_gid_t),
                ("cgroup", c_char_p), ("best_effort", c_int)]


class Options(Structure):
    _fields_ = [("struct_size", c_size_t), ("workers", c_uint), ("queue_limit", c_size_t), ("timeout_ns", c_int64),
                ("grace_ns", c_int64), ("max_attempts", c_uint), ("retry_on", c_uint), ("jobs_per_worker", c_uint),
                ("max_value_len", c_size_t), ("ordered", c_int), ("isolation", c_int), ("output", c_int),
                ("limits", Limits), ("sandbox", POINTER(Sandbox)), ("worker_init", c_void_p), ("worker_exit", c_void_p),
                ("worker_arg", c_void_p), ("environment", POINTER(c_char_p)), ("descriptors", POINTER(c_int)),
                ("executes", c_int)]


class Job(Structure):
    _fields_ = [("fn", _FN), ("args", c_char_p), ("args_len", c_size_t), ("id", c_char_p), ("user", c_void_p),
                ("timeout_ns", c_int64), ("max_attempts", c_uint), ("priority", c_int), ("flags", c_uint),
                ("reserved", c_uintptr * 4)]


class CResult(Structure):
    _fields_ = [("seq", c_uint64), ("id", c_char_p), ("user", c_void_p), ("outcome", c_int), ("error", c_int),
                ("signal", c_int), ("exit_code", c_int), ("core_dumped", c_int), ("limit", c_char_p),
                ("message", c_char_p), ("value", c_void_p), ("value_len", c_size_t), ("output", c_void_p),
                ("output_len", c_size_t), ("backtrace", c_char_p), ("pid", c_pid_t), ("worker", c_uint),
                ("attempts", c_uint), ("queued_ns", c_int64), ("run_ns", c_int64), ("cpu_ns", c_int64),
                ("max_rss", c_int64), ("user_ns", c_int64)]


class Stats(Structure):
    _fields_ = [("submitted", c_uint64), ("delivered", c_uint64), ("by_outcome", c_uint64 * 16), ("retries", c_uint64),
                ("reoffers", c_uint64), ("workers_started", c_uint64), ("workers_died", c_uint64), ("queued", c_size_t),
                ("running", c_size_t), ("workers_alive", c_size_t)]


# ------------------------------------------------------------------------------------------- the library

# The ".0" is the version of the binary interface that the structures above describe; options and statistics also tell
# the library their sizes.  RTLD_GLOBAL: the job functions find forkpool_reply() in it.  A CDLL and not a PyDLL: the
# other threads of the interpreter run during a call, above all forkpool_open() and forkpool_wait().
_library = ctypes.CDLL(os.environ.get("FORKPOOL_LIBRARY", "libforkpool.so.0"), mode=ctypes.RTLD_GLOBAL, use_errno=True)


def _declare(name, result, *arguments):
    function = getattr(_library, "forkpool_" + name)
    function.restype = result
    function.argtypes = arguments
    return function


_open = _declare("open", c_void_p, POINTER(Options), POINTER(c_char), c_size_t)
_close = _declare("close", c_int, c_void_p)
_submit = _declare("submit", c_int, c_void_p, POINTER(Job), POINTER(c_uint64))
_wait = _declare("wait", c_int, c_void_p, POINTER(POINTER(CResult)), c_int)
_pending = _declare("pending", c_size_t, c_void_p)
_cancel = _declare("cancel", c_int, c_void_p, c_int)
_get_stats = _declare("get_stats", c_int, c_void_p, POINTER(Stats), c_size_t)
_outcome_name = _declare("outcome_name", c_char_p, c_int)


def _failed(what):
    error = ctypes.get_errno()
    return OSError(error, "%s: %s" % (what, os.strerror(error)))


class Result(NamedTuple):
    """The result of a job: a copy, which stays valid."""
    seq: int
    id: str
    user: Any             #: the object given to submit()
    outcome: str          #: "ok", "failed", "crashed", ...
    error: int
    signal: int
    exit_code: int
    limit: Optional[str]
    message: str
    value: Optional[bytes]  #: None unless the outcome is ok
    output: bytes
    backtrace: Optional[str]
    attempts: int
    run_ns: int


def _text(data):
    return None if data is None else data.decode(errors="replace")


class Pool:
    """A pool of workers.  Use it in a with statement, which closes the pool and so ends all its processes.

    Several threads may use a pool: a lock lets one of them into the library at a time.
    """

    # The longest wait of one call: Python handles Ctrl-C between two calls.
    SLICE_MS = 200

    def __init__(self, plugin, functions, **options):
        """plugin: a shared object; functions: the names of its job functions; options: see struct forkpool_options."""
        known = {name for name, _ in Options._fields_}
        unknown = options.keys() - known
        if unknown:
            raise TypeError("no option of a pool: " + ", ".join(sorted(unknown)))
        # ctypes binds all symbols here (RTLD_NOW), so a job looks none up.  ctypes never unloads the object.
        object_ = ctypes.CDLL(os.path.abspath(plugin))
        self._functions = {name: ctypes.cast(getattr(object_, name), c_void_p).value for name in functions}
        self._users = {}
        self._lock = threading.Lock()
        error = ctypes.create_string_buffer(512)
        given = Options(struct_size=sizeof(Options), **options)
        self._pool = _open(byref(given), error, len(error))
        if not self._pool:
            raise OSError(ctypes.get_errno(), "no pool: " + _text(error.value))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        with self._lock:
            pool, self._pool = self._pool, None
            _close(pool)

    def submit(self, function, args=b"", id="", user=None, timeout=0.0):
        """Submit a job.  Returns True, or False if the queue is full: take a result first."""
        job = Job(fn=self._functions[function], args=args, args_len=len(args), id=id.encode(),
                  timeout_ns=int(timeout * 1e9))
        seq = c_uint64()
        with self._lock:
            accepted = _submit(self._pool, byref(job), byref(seq))
            if accepted == -1:
                raise _failed("forkpool_submit")
            if accepted:
                self._users[seq.value] = user
        return accepted == 1

    def take(self):
        """Wait for the next result and return it, or None if no job is left."""
        taken = POINTER(CResult)()
        while True:
            with self._lock:
                if _pending(self._pool) == 0:
                    return None
                got = _wait(self._pool, byref(taken), self.SLICE_MS)
                if got == -1:
                    raise _failed("forkpool_wait")
                if got == 1:
                    return self._copy(taken.contents)  # the next call to the library frees the original

    def _copy(self, r):
        return Result(
            seq=r.seq, id=_text(r.id), user=self._users.pop(r.seq), outcome=_text(_outcome_name(r.outcome)),
            error=r.error, signal=r.signal, exit_code=r.exit_code, limit=_text(r.limit), message=_text(r.message),
            value=None if r.value is None else ctypes.string_at(r.value, r.value_len),
            output=ctypes.string_at(r.output, r.output_len), backtrace=_text(r.backtrace), attempts=r.attempts,
            run_ns=r.run_ns)

    def results(self):
        """Yield the results of all jobs submitted, as they arrive."""
        while (result := self.take()) is not None:
            yield result

    def run(self, jobs):
        """Submit jobs, each a tuple of arguments of submit(), and yield their results.

        It takes the next job when the queue has room, so jobs may be endless.
        """
        for job in jobs:
            while not self.submit(*job):
                yield self.take()
        yield from self.results()

    def cancel(self):
        """Cancel all jobs, also those that run.  Each still has a result."""
        with self._lock:
            if _cancel(self._pool, 1) == -1:
                raise _failed("forkpool_cancel")

    def stats(self):
        stats = Stats()
        with self._lock:
            if _get_stats(self._pool, byref(stats), sizeof(stats)) == -1:
                raise _failed("forkpool_get_stats")
        return stats
