# SPDX-License-Identifier: BSD-2-Clause
"""Pool: the library's own way of working, submit and take."""
import select
import threading
import time
import warnings
import weakref
from types import TracebackType
from typing import Any, Dict, Iterable, Iterator, Optional, Set, Tuple, Type

from . import _abi, _options
from ._native import Native, Opened
from ._options import PathLike, PoolOptions
from ._result import Result

_CANCEL = ("queued", "running", "kill")  # enum forkpool_cancel


class _Waiters:
    """The threads that wait for a result.  None of them is in poll() any more when the pool is closed."""

    def __init__(self, native: Native) -> None:
        self.native = native
        self.threads: Set[int] = set()
        self.left = threading.Condition(native.lock)
        self.closing = False

    def close(self) -> None:
        native = self.native
        if not native.is_ours():
            return
        with self.left:
            self.closing = True
            while native._pool is not None and self.threads - {threading.get_ident()}:
                _abi.wakeup(native.handle())  # nobody takes that up, so it wakes all of them
                self.left.wait()
            pool = native.release()
        if pool is not None:
            _abi.close(pool)


def _forgotten(waiters: _Waiters) -> None:
    if waiters.native._pool is not None and not waiters.closing:
        warnings.warn("a forkpool.Pool was not closed", ResourceWarning, stacklevel=2)
    waiters.close()


class Pool(Opened):
    """A pool of workers.  Use it in a with statement, which closes the pool and so ends all its processes.

        with forkpool.Pool("./jobs.so", workers=4) as pool:
            for result in pool.run(("work", data) for data in inputs):
                print(result.outcome, result.value)

    Every job has one Result, and nothing is raised for a job.  Any number of threads may use a pool.  One that is
    dropped without being closed closes itself, with a ResourceWarning.
    """

    def _open(self, plugin: PathLike, options: PoolOptions) -> None:
        super()._open(plugin, options)
        self._users: Dict[int, Any] = {}
        self._tickets = 0
        self._waiters = _Waiters(self._native)
        self._finalizer = weakref.finalize(self, _forgotten, self._waiters)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """End and reap every process of the pool; jobs that run are ended, which takes up to the grace.

        Results that were not taken are gone.  In a process that was forked from the one that opened the pool, it
        does nothing.
        """
        self._waiters.close()
        self._finalizer.detach()

    def submit(self, function: str, args: Any = b"", id: str = "", user: Any = None, *,
               timeout: Optional[float] = None, max_attempts: Optional[int] = None, priority: int = 0,
               cooperative: bool = False, readable: Iterable[PathLike] = (),
               writable: Iterable[PathLike] = ()) -> int:
        """Submit a job; never blocks.  Its number, or 0 if the queue is full: take a result first.

        function is the name of a function of the shared object, args bytes or like bytes; user comes back in the
        result; the rest is as in struct forkpool_job.
        """
        native = self._native
        native.check()
        prepared = native.prepare(function, args, id, timeout, max_attempts, priority, cooperative, readable,
                                  writable)
        with native.lock:
            self._tickets = ticket = self._tickets + 1
            if user is not None:
                self._users[ticket] = user
            seq = 0
            try:
                seq = native.send(prepared, ticket)
            finally:
                if seq == 0:
                    self._users.pop(ticket, None)
        return seq

    def take(self, timeout: Optional[float] = None) -> Optional[Result]:
        """Wait for the next result and return it, or None: no job is left, or none came within so many seconds."""
        native, me = self._native, threading.get_ident()
        native.check()
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                with native.lock:
                    if self._waiters.closing:
                        raise ValueError("the pool is closed")
                    r = native.take()
                    if r is not None:
                        return self._taken(r)
                    if _abi.pending(native.handle()) == 0:
                        return None
                    fd = native.fd()
                    self._waiters.threads.add(me)
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                poll = select.poll()
                poll.register(fd, select.POLLIN)
                # It goes on after a signal, and ends where a handler raises, as that of Ctrl-C does.
                poll.poll(None if left is None else left * 1000 + 1)
            finally:
                if me in self._waiters.threads:
                    with self._waiters.left:
                        self._waiters.threads.discard(me)
                        self._waiters.left.notify_all()

    def _taken(self, r: Any) -> Result:
        native = self._native
        user = self._users.pop(r.user, None)
        if self._waiters.threads and _abi.pending(native.handle()) == 0:
            _abi.wakeup(native.handle())  # those who wait for another result wait in vain
        return native.copy(r, user)

    def results(self) -> Iterator[Result]:
        """Yield the results of all jobs submitted, as they arrive."""
        result = self.take()
        while result is not None:
            yield result
            result = self.take()

    def run(self, jobs: Iterable[Tuple[Any, ...]]) -> Iterator[Result]:
        """Submit jobs, each a tuple of arguments of submit(), and yield their results.

        It takes the next job when the queue has room, so jobs may be endless.
        """
        for job in jobs:
            while not self.submit(*job):
                result = self.take()
                while result is not None:
                    yield result
                    result = self.take(0)
        yield from self.results()

    def cancel(self, how: str = "running") -> bool:
        """Cancel all jobs: those that are "queued", those that are "running" as well, or "kill" these at once.

        Each still has a result.  False: there was nothing to cancel.
        """
        native = self._native
        native.check()
        number = _options.choice("how", how, _CANCEL)
        with native.lock:
            return native.cancel(number)

    def cancel_job(self, seq: int, how: str = "running") -> bool:
        """The same for one job.  True: it will end as cancelled."""
        native = self._native
        native.check()
        number = _options.choice("how", how, _CANCEL)
        with native.lock:
            return native.cancel_job(seq, number)

    def pending(self) -> int:
        """The jobs whose result has not been taken."""
        native = self._native
        native.check()
        with native.lock:
            return int(_abi.pending(native.handle()))
