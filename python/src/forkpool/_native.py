# SPDX-License-Identifier: BSD-2-Clause
"""A pool of the library's behind a lock, for the classes Pool and Executor."""
import ctypes
import errno
import os
import threading
from ctypes import POINTER, byref, sizeof
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, SupportsIndex, Tuple, Union

from . import _abi, _options
from ._options import Limits, PathLike, PoolOptions, Sandbox
from ._result import Result, copy_of

_REFUSED = ("a job is the name of a C function in the shared object, not %s: a worker is forked without the threads "
            "and the lock of this interpreter and never runs Python; concurrent.futures.ProcessPoolExecutor runs Python "
            "functions, and the command forkpool runs programs")

#: Kept, since asking the system for it would cost each job a call.
_process = os.getpid()


def _in_forked_child() -> None:
    global _process
    _process = os.getpid()


os.register_at_fork(after_in_child=_in_forked_child)


class WorkerInfo(NamedTuple):
    """What a worker does now: struct forkpool_worker_info."""
    pid: int
    initialising: bool
    busy: bool
    seq: int
    id: str
    run_ns: int
    progress_done: int
    progress_total: int
    jobs_done: int


class Stats(NamedTuple):
    """The numbers of a pool: struct forkpool_stats."""
    submitted: int
    delivered: int
    retries: int
    reoffers: int
    workers_started: int
    workers_died: int
    queued: int
    running: int
    workers_alive: int
    by_outcome: Dict[str, int]


class Prepared(NamedTuple):
    """A job whose members have been checked."""
    fn: int
    args: bytes
    id: Optional[bytes]
    timeout_ns: int
    max_attempts: int
    priority: int
    flags: int
    readable: Any
    writable: Any


def _argument(args: Any) -> bytes:
    if type(args) is bytes:
        return args
    try:
        return memoryview(args).tobytes()
    except TypeError:
        raise TypeError("a job's argument is bytes or like bytes, not %s%s" % (
            type(args).__name__, ": encode the text" if isinstance(args, str) else "")) from None


def _refused(function: Any) -> TypeError:
    if isinstance(function, ctypes._CFuncPtr):  # type: ignore[attr-defined]
        return TypeError(_REFUSED % "a function of ctypes (one of the object is given by its name)")
    if callable(function):
        return TypeError(_REFUSED % ("the Python function %r" % getattr(function, "__name__", function)))
    return TypeError("a job is the name of a C function in the shared object, not %s" % type(function).__name__)


class Native:
    """The pool.  Whoever calls a method holds .lock, unless the method says otherwise, and has called check()."""

    def __init__(self, plugin: PathLike, options: PoolOptions) -> None:
        self.path = os.path.abspath(os.fsdecode(plugin))
        # A worker calls a function at the address that it has here now, so the object is loaded first.  ctypes binds
        # all its symbols (RTLD_NOW), so that a job looks none up, and never unloads it.
        self._object = ctypes.CDLL(self.path)
        self._functions: Dict[str, int] = {}
        self.lock = threading.Lock()
        self.pid = _process
        self._backtraces = bool(options.backtraces)
        self._pool: Optional[int] = None
        self._result = POINTER(_abi.Result)()
        self._job = _abi.Job()
        self._seq = ctypes.c_uint64()
        self._open(options)

    def _open(self, options: PoolOptions) -> None:
        c, self._lasts = _options.c_options(options, self.function)
        error = ctypes.create_string_buffer(512)
        self._pool = _abi.open_sized(byref(c), sizeof(c), sizeof(_abi.Sandbox), error, len(error))
        if self._pool is None:
            number = ctypes.get_errno()
            why = _abi.text(error.value) or os.strerror(number)
            if number == errno.EINVAL:
                raise ValueError("no pool: " + why)
            raise OSError(number, "no pool: " + why)

    # Without the lock:

    def is_ours(self) -> bool:
        """Whether this is the process that has the pool, and not one that was forked from it."""
        return _process == self.pid

    def check(self) -> None:
        """Raise ChildProcessError in a process that was forked from the one that has the pool.

        There another thread may have held the lock for ever, so this comes before the lock.
        """
        if _process != self.pid:
            raise ChildProcessError(errno.ECHILD, "the pool is that of process %d, from which this one was forked: "
                                    "open another one here" % self.pid)

    def function(self, name: Any) -> int:
        """The address of a function of the shared object."""
        try:
            return self._functions[name]
        except (KeyError, TypeError):
            pass
        if not isinstance(name, str):
            raise _refused(name)
        try:
            address = ctypes.cast(self._object[name], ctypes.c_void_p).value
        except (AttributeError, ValueError):
            address = None
        if address is None or "\0" in name:
            raise AttributeError("%s has no function %r" % (self.path, name))
        self._functions[name] = address
        return address

    def prepare(self, function: str, args: Any, id: str, timeout: Optional[float], max_attempts: Optional[int],
                priority: int, cooperative: bool, readable: Iterable[PathLike],
                writable: Iterable[PathLike]) -> Prepared:
        """Check a job; what is wrong is a TypeError, a ValueError, or an AttributeError for the function."""
        name = _options.c_text("id", id) if id else None
        if name is not None and len(name) > 255:
            raise ValueError("id: more than 255 bytes")
        if type(priority) is not int or not -1 << 31 <= priority < 1 << 31:
            raise ValueError("priority: %r is no number of 32 bits" % (priority,))
        return Prepared(
            self.function(function), _argument(args), name,
            0 if timeout is None else _options.nanoseconds("timeout", timeout, -1),
            0 if max_attempts is None else _options.whole("max_attempts", max_attempts, 0xffffffff),
            priority, _abi.COOPERATIVE if cooperative else 0,
            _options.c_paths("readable", readable) if readable else None,
            _options.c_paths("writable", writable) if writable else None)

    # With it:

    def handle(self) -> int:
        if self._pool is None:
            raise ValueError("the pool is closed")
        return self._pool

    def send(self, prepared: Prepared, user: int) -> int:
        """Submit a job.  Its number, or 0: the queue is full."""
        job = self._job
        (job.fn, job.args, job.id, job.timeout_ns, job.max_attempts, job.priority, job.flags, job.readable,
         job.writable) = prepared
        job.args_len = length = len(prepared.args)
        job.user = user
        call = _abi.submit if length < _abi.LARGE else _abi.submit_large
        accepted: int = call(self.handle(), job, _abi.JOB_SIZE, self._seq)
        if accepted == -1:
            raise _abi.failure("forkpool_submit")
        return self._seq.value if accepted else 0

    def take(self) -> Any:
        """The next result that is there, or None.  It is the library's own, until the next call."""
        got: int = _abi.next_result(self.handle(), self._result)
        if got == -1:
            raise _abi.failure("forkpool_next")
        return self._result.contents if got else None

    def copy(self, r: Any, user: Any) -> Result:
        """A copy of the result that was taken last."""
        return copy_of(self.handle(), r, user, self._backtraces)

    def done(self, what: str, answer: int) -> int:
        if answer == -1:
            raise _abi.failure("forkpool_" + what)
        return answer

    def dispatch(self) -> None:
        self.done("dispatch", _abi.dispatch(self.handle(), None, 0))

    def fd(self) -> int:
        return self.done("fd", _abi.fd(self.handle()))

    def cancel(self, how: int) -> bool:
        return self.done("cancel", _abi.cancel(self.handle(), how)) == 1

    def cancel_job(self, seq: int, how: int) -> bool:
        return self.done("cancel_job", _abi.cancel_job(self.handle(), seq, how)) == 1

    def worker_info(self, worker: int) -> Optional[WorkerInfo]:
        """None: there is no such worker."""
        c = _abi.WorkerInfo()
        if _abi.worker_info(self.handle(), worker, byref(c), sizeof(c)) == -1:
            return None
        return WorkerInfo(c.pid, bool(c.initialising), bool(c.busy), c.seq, _abi.text(c.id), c.run_ns,
                          c.progress_done, c.progress_total, c.jobs_done)

    def runs(self, seq: int) -> bool:
        worker = 0
        info = self.worker_info(worker)
        while info is not None and not (info.busy and info.seq == seq):
            worker += 1
            info = self.worker_info(worker)
        return info is not None

    def release(self) -> Optional[int]:
        """No call can be made any more; what is returned is to be closed, without the lock."""
        pool, self._pool = self._pool, None
        return pool


class Opened:
    """What Pool and Executor have in common: how they are opened, and what they can tell."""

    _native: Native

    def __init__(
            self, plugin: PathLike, *, workers: Optional[int] = None, queue_limit: Optional[int] = None,
            timeout: Optional[float] = None, grace: Optional[float] = None, max_attempts: Optional[int] = None,
            retry_on: Iterable[str] = (), jobs_per_worker: Optional[int] = None, max_value_len: Optional[int] = None,
            ordered: bool = False, isolation: str = "worker", output: str = "inherit",
            limits: Union[Limits, Mapping[str, Any], None] = None,
            sandbox: Union[Sandbox, Mapping[str, Any], None] = None, worker_init: Optional[str] = None,
            worker_exit: Optional[str] = None, worker_arg: Optional[bytes] = None,
            init_timeout: Optional[float] = None, job_exit: Optional[str] = None, core_dumps: bool = False,
            environment: Optional[Mapping[str, str]] = None, descriptors: Iterable[Any] = (),
            executes: bool = False, backtraces: bool = True) -> None:
        """plugin is the path of a shared object; the rest is as in struct forkpool_options, with Python's types.

        None is the library's default.  Times are seconds; an infinite timeout is none.  isolation is "worker", "job"
        or "sandbox", output is "inherit", "discard" or "capture", retry_on has names of outcomes, worker_init,
        worker_exit and job_exit are names of functions of the object.  Nothing of the object is called that was not
        named: forkpool_plugin_init() is given as worker_init="forkpool_plugin_init", its text as worker_arg.

        backtraces is of this module alone.  A backtrace is made when the result is taken, for which the first crash
        has debug information read (as much as half a second), and each further one takes some 0.1 ms.  False spares
        that: results have none, and their messages still say where a job died.

        OSError: the object cannot be loaded, or there is no such pool to be had here.  ValueError, TypeError,
        AttributeError: an option is wrong, or names a function that is not there.
        """
        self._open(plugin, PoolOptions(
            workers, queue_limit, timeout, grace, max_attempts, retry_on, jobs_per_worker, max_value_len, ordered,
            isolation, output, limits, sandbox, worker_init, worker_exit, worker_arg, init_timeout, job_exit,
            core_dumps, environment, descriptors, executes, backtraces))

    def _open(self, plugin: PathLike, options: PoolOptions) -> None:
        self._native = Native(plugin, options)

    def stats(self) -> Stats:
        """The numbers of the pool."""
        native, c = self._native, _abi.Stats()
        native.check()
        with native.lock:
            native.done("get_stats", _abi.get_stats(native.handle(), byref(c), sizeof(c)))
        return Stats(c.submitted, c.delivered, c.retries, c.reoffers, c.workers_started, c.workers_died, c.queued,
                     c.running, c.workers_alive,
                     {_abi.text(_abi.outcome_name(n)): c.by_outcome[n] for n in range(_abi.LOST + 1)})

    def worker_info(self, worker: int) -> WorkerInfo:
        """What a worker does now; IndexError: there is none of that number."""
        native = self._native
        native.check()
        with native.lock:
            info = native.worker_info(_options.whole("worker", worker, 0xffffffff))
        if info is None:
            raise IndexError("there is no worker %d" % worker)
        return info

    def resize(self, workers: SupportsIndex) -> None:
        """Change the number of workers."""
        native = self._native
        native.check()
        number = _options.whole("workers", workers, 0xffffffff)
        with native.lock:
            native.done("resize", _abi.resize(native.handle(), number))

    def set_deadline(self, seconds: Optional[float]) -> None:
        """The deadline of the whole pool, from now; None lifts it.

        At it the jobs that run are ended, and all that are unfinished end as cancelled; submit() raises a
        TimeoutError from then on, until the deadline is lifted or set anew.
        """
        native = self._native
        native.check()
        ns = -1 if seconds is None else 0 if seconds == 0 else _options.nanoseconds("seconds", seconds, -1)
        with native.lock:
            native.done("set_deadline", _abi.set_deadline(native.handle(), ns))

    def _set(self, of: Any, name: Any) -> Tuple[str, ...]:
        native = self._native
        native.check()
        with native.lock:
            bits: int = of(native.handle())
        names: List[str] = [_abi.text(name(1 << n)) for n in range(32) if bits & 1 << n]
        return tuple(names)

    def layers(self) -> Tuple[str, ...]:
        """What holds each job, as it was tried out: "process", "files", ..."""
        return self._set(_abi.layers, _abi.layer_name)

    def mechanisms(self) -> Tuple[str, ...]:
        """By what it holds: "files:landlock", ..."""
        return self._set(_abi.mechanisms, _abi.mechanism_name)
