# SPDX-License-Identifier: BSD-2-Clause
"""Job functions in C, called from Python: forkpool(3) by ctypes, which is in the standard library and needs no compiler
where the program is installed (cffi would be a package more, and for a library of this size gains nothing).

    with forkpool.Pool("./jobs.so", ["work"], workers=4) as pool:
        for result in pool.run(("work", data) for data in inputs):
            print(result.outcome, result.value)

The jobs are functions of a shared object, as forkpool(1) takes them (forkpool_plugin.h).  Whatever one of them does to
its process costs that one result; the Python program goes on.

Why this is safe although Python has threads, where os.fork() is not: forkpool_open() forks once, and neither that process
nor a worker forked from it ever returns to the interpreter.  They run the library and the job functions, which are C, and
touch no Python object; so it does not matter there who held the GIL, or in what state the heap of Python was.  The other
threads do not exist in them, and what those had locked stays locked; the C library's fork() sees to it that malloc()
and the streams of stdio are not.  So a job function may compute, allocate, print, and use files.  It may not call Python,
nor what takes another lock that a thread may have held at that moment: time zones (localtime()), setlocale(), name service,
syslog(), dlopen(), libraries with locks of their own.  forkpool(7), OTHER LANGUAGES, says more.

The object has to be loaded before the pool is opened, since a worker finds a function at the address that it had then; the
class Pool does both, in that order.
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

_FN = c_void_p  # of a job function: an address, since it is never called from here


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
                ("signal", c_int), ("exit_code", c_int), ("core_dumped", c_int), ("limit", c_char_p), ("message", c_char_p),
                ("value", c_void_p), ("value_len", c_size_t), ("output", c_void_p), ("output_len", c_size_t),
                ("backtrace", c_char_p), ("pid", c_pid_t), ("worker", c_uint), ("attempts", c_uint), ("queued_ns", c_int64),
                ("run_ns", c_int64), ("cpu_ns", c_int64), ("max_rss", c_int64),
                ("user_ns", c_int64)]


class Stats(Structure):
    _fields_ = [("submitted", c_uint64), ("delivered", c_uint64), ("by_outcome", c_uint64 * 16), ("retries", c_uint64),
                ("reoffers", c_uint64), ("workers_started", c_uint64), ("workers_died", c_uint64), ("queued", c_size_t),
                ("running", c_size_t), ("workers_alive", c_size_t)]


# ------------------------------------------------------------------------------------------- the library

# Its name has the version of the binary interface that the structures above describe; options and statistics say their
# sizes besides.  Global, for what the job functions call of it is found there.  A CDLL, and not a PyDLL: other threads of
# the interpreter run while a call is under way, forkpool_open() and forkpool_wait() above all.
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
    """What became of a job; a copy, which lasts."""
    seq: int
    id: str
    user: Any             #: as given to submit()
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
    """A pool of workers, to be used in a with statement: it is closed at its end, and no process of it is left.

    A pool belongs to one thread at a time; the lock sees to that.
    """

    # How long a call may wait: Ctrl-C gets a hearing between two.
    SLICE_MS = 200

    def __init__(self, plugin, functions, **options):
        """plugin: a shared object, functions: of it, by name; options: as in struct forkpool_options."""
        known = {name for name, _ in Options._fields_}
        unknown = options.keys() - known
        if unknown:
            raise TypeError("no option of a pool: " + ", ".join(sorted(unknown)))
        # ctypes binds at once (RTLD_NOW), so a job has no symbol to look up, and never unloads.
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
        """Hand in a job: True, or False where the queue is full and a result has to be taken first."""
        job = Job(fn=self._functions[function], args=args, args_len=len(args), id=id.encode(), timeout_ns=int(timeout * 1e9))
        seq = c_uint64()
        with self._lock:
            accepted = _submit(self._pool, byref(job), byref(seq))
            if accepted == -1:
                raise _failed("forkpool_submit")
            if accepted:
                self._users[seq.value] = user
        return accepted == 1

    def take(self):
        """The next result, waited for; None where no job is left."""
        taken = POINTER(CResult)()
        while True:
            with self._lock:
                if _pending(self._pool) == 0:
                    return None
                got = _wait(self._pool, byref(taken), self.SLICE_MS)
                if got == -1:
                    raise _failed("forkpool_wait")
                if got == 1:
                    return self._copy(taken.contents)  # before the next call takes it back

    def _copy(self, r):
        return Result(
            seq=r.seq, id=_text(r.id), user=self._users.pop(r.seq), outcome=_text(_outcome_name(r.outcome)), error=r.error,
            signal=r.signal, exit_code=r.exit_code, limit=_text(r.limit), message=_text(r.message),
            value=None if r.value is None else ctypes.string_at(r.value, r.value_len),
            output=ctypes.string_at(r.output, r.output_len), backtrace=_text(r.backtrace), attempts=r.attempts,
            run_ns=r.run_ns)

    def results(self):
        """The results of all jobs handed in."""
        while (result := self.take()) is not None:
            yield result

    def run(self, jobs):
        """jobs: the arguments of submit(), each a tuple; taken as there is room, so they may be without an end."""
        for job in jobs:
            while not self.submit(*job):
                yield self.take()
        yield from self.results()

    def cancel(self):
        """End all jobs, those that run as well; each has its result still."""
        with self._lock:
            if _cancel(self._pool, 1) == -1:
                raise _failed("forkpool_cancel")

    def stats(self):
        stats = Stats()
        with self._lock:
            if _get_stats(self._pool, byref(stats), sizeof(stats)) == -1:
                raise _failed("forkpool_get_stats")
        return stats
