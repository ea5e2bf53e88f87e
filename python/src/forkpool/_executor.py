# SPDX-License-Identifier: BSD-2-Clause
"""Executor: concurrent.futures over functions of a shared object.

One thread for each executor waits for results and settles the futures.  What it and the executor share is the engine,
so that an executor which nobody holds any more can go, and takes its pool along.
"""
import atexit
import concurrent.futures
import errno
import heapq
import os
import select
import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple, Union

from . import _abi
from ._native import Native, Opened, Prepared
from ._options import PathLike, PoolOptions
from ._result import Result, exception_of

if TYPE_CHECKING:
    _BytesFuture = concurrent.futures.Future[bytes]
else:
    _BytesFuture = concurrent.futures.Future  # before Python 3.9 it takes no type

#: Results that the thread takes before it settles their futures.
_BATCH = 256

#: Those whose thread has not ended.
_live: Set["_Engine"] = set()
_exiting = False


class Future(_BytesFuture):
    """The future of a job.  Only an Executor makes one.

    result() returns the bytes that the job replied with, or raises a JobError: see forkpool.JobError.
    """

    #: All that is known of the job, when its result is there; else None.
    details: Optional[Result] = None

    def __init__(self, engine: Optional["_Engine"] = None) -> None:
        super().__init__()
        self._engine = engine  # until it is settled
        self._ticket = 0
        self._seq = 0

    def cancel(self, running: bool = False) -> bool:
        """Cancel the job if it has not started; else return False, as that of the standard library does.

        running: end it also while it runs, which takes up to the pool's grace where it is cooperative.  True: it will
        end as cancelled, and the future is done when it has ended.
        """
        engine = self._engine
        if engine is None:
            return super().cancel()
        return engine.cancel_one(self, running)

    def running(self) -> bool:
        """Whether a worker runs the job now."""
        engine = self._engine
        return engine is not None and engine.runs(self)

    def _cancelled(self) -> None:
        super().cancel()
        self.set_running_or_notify_cancel()

    def _settle(self, outcome: Union[Result, BaseException]) -> None:
        self._engine = None
        try:
            if isinstance(outcome, concurrent.futures.CancelledError):
                self._cancelled()
            elif isinstance(outcome, BaseException):
                self.set_exception(outcome)
            else:
                self.details = outcome
                if outcome.value is not None:
                    self.set_result(outcome.value)
                elif outcome.outcome == "cancelled":
                    self._cancelled()
                else:
                    self.set_exception(exception_of(outcome))
        except concurrent.futures.InvalidStateError:
            self._cancelled()  # it was cancelled before, and has an end that was not expected then

    def _orphan(self, error: BaseException) -> None:
        """In a forked child: nothing will settle it, and what another thread had locked stays locked."""
        self._engine = None
        self._condition = threading.Condition()
        self._waiters: List[Any] = []
        self._done_callbacks: List[Any] = []
        if not self.done():
            self.set_exception(error)


class _Bell:
    """Wakes the engine's thread, without a lock: it may be rung by the garbage collector, in any thread."""

    def __init__(self) -> None:
        self.fds: Tuple[int, ...] = os.pipe()
        for fd in self.fds:
            os.set_blocking(fd, False)

    def ring(self) -> None:
        try:
            os.write(self.fds[1], b"\0")
        except BlockingIOError:
            pass  # it rings already

    def hush(self) -> None:
        try:
            os.read(self.fds[0], 4096)
        except BlockingIOError:
            pass

    def close(self) -> None:
        fds, self.fds = self.fds, ()
        for fd in fds:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


class _Engine:
    """The pool of an executor, its futures, and its thread."""

    def __init__(self, native: Native) -> None:
        self.native = native
        self.lock = native.lock
        self.futures: Dict[int, Future] = {}
        # Jobs for which the pool's queue has had no room: by their tickets, and in the order in which they go.
        self.unsent: Dict[int, Prepared] = {}
        self.order: List[Tuple[int, int]] = []
        self.tickets = 0
        # Their results were taken; only the engine's thread uses it, and a forked child.
        self.settled: List[Tuple[Future, Union[Result, BaseException]]] = []
        self.over = False  # no more jobs
        self.bell = _Bell()
        self.finalizer: Any = None  # weakref.finalize: a type with arguments for some, for others without
        with self.lock:
            self.fd = native.fd()
        self.thread = threading.Thread(target=self._run, name="forkpool", daemon=True)
        _live.add(self)
        try:
            self.thread.start()
        except BaseException:
            _live.discard(self)
            raise

    # ------------------------------------------------------------------------------- from any thread

    def submit(self, prepared: Prepared) -> Future:
        future = Future(self)
        with self.lock:
            if self.over:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self.tickets = future._ticket = ticket = self.tickets + 1
            self.futures[ticket] = future
            try:
                if not self.unsent:
                    future._seq = self.native.send(prepared, ticket)
                if future._seq == 0:
                    self.unsent[ticket] = prepared
                    heapq.heappush(self.order, (-prepared.priority, ticket))
            except BaseException:  # Ctrl-C too: nobody has this future
                self.futures.pop(ticket, None)
                self.unsent.pop(ticket, None)
                raise
        return future

    def _cancel_unsent(self) -> List[Future]:
        futures = [self.futures.pop(ticket) for ticket in self.unsent]
        self.unsent.clear()
        self.order.clear()
        return futures

    def cancel_one(self, future: Future, running: bool) -> bool:
        self.native.check()
        if future.done():
            return future.cancelled()
        with self.lock:
            unsent = self.unsent.pop(future._ticket, None) is not None
            if unsent:
                del self.futures[future._ticket]
                if self.over and not self.futures and self.bell.fds:
                    self.bell.ring()
            elif self.futures.get(future._ticket) is not future:
                return False
            elif not self.native.cancel_job(future._seq, _abi.CANCEL_QUEUED):
                return running and self.native.cancel_job(future._seq, _abi.CANCEL_RUNNING)
        if unsent:
            future._cancelled()
            return True
        # Its result will come; the future need not wait for that.
        return concurrent.futures.Future.cancel(future)

    def cancel_all(self, how: int) -> bool:
        with self.lock:
            unsent = self._cancel_unsent()
            some = self.native._pool is not None and self.native.cancel(how)
        for future in unsent:
            future._cancelled()
        return some or bool(unsent)

    def runs(self, future: Future) -> bool:
        self.native.check()
        with self.lock:
            return future._seq != 0 and future._ticket in self.futures and self.native.runs(future._seq)

    def finish(self, wait: bool, cancel: Optional[int]) -> None:
        """Take no more jobs, and close the pool when there is none left."""
        if not self.native.is_ours():
            return
        self.over = True
        if cancel is not None:
            self.cancel_all(cancel)
        with self.lock:
            if self.bell.fds:
                self.bell.ring()
        if wait and threading.current_thread() is not self.thread:
            self.thread.join()

    def abandon(self) -> None:
        """The executor is gone: the same, where no lock can be taken."""
        if self.native.is_ours():
            self.over = True
            self.bell.ring()

    # -------------------------------------------------------------------------------- its own thread

    def _run(self) -> None:
        error: BaseException = RuntimeError("the executor's thread has ended")
        try:
            self._serve()
        except BaseException as broken:
            error = broken
            raise
        finally:
            with self.lock:
                self.over = True
                left = list(self.futures.values())
                self.futures.clear()
                pool = self.native.release()
                # Once abandon() cannot be called any more, nobody rings without the lock.
                if self.finalizer is not None and self.finalizer.detach() is not None:
                    self.bell.close()
            if pool is not None:
                _abi.close(pool)
            for future in left:
                future._settle(error)
            _live.discard(self)

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        poll.register(self.bell.fds[0], select.POLLIN)
        while True:
            pause = None
            with self.lock:
                try:
                    self.native.dispatch()
                    while len(self.settled) < _BATCH and self._take():
                        pass
                except OSError as error:
                    if error.errno != errno.ENOMEM:
                        raise
                    pause = 100  # milliseconds; the result stays, until there is memory for its value
                self._refill()
                if self.over and not self.futures and not self.settled:
                    return
            if self.settled:
                self._settle()
            else:
                poll.poll(pause)
                self.bell.hush()

    def _settle(self) -> None:
        for future, outcome in self.settled:
            future._settle(outcome)
        self.settled.clear()

    def _take(self) -> bool:
        r = self.native.take()
        if r is None:
            return False
        future = self.futures.pop(r.user, None)
        if future is None:
            return True
        outcome: Union[Result, BaseException]
        try:
            outcome = self.native.copy(r, None)
        except MemoryError as error:
            outcome = error
        self.settled.append((future, outcome))
        return True

    def _refill(self) -> None:
        """Send jobs for which there is room now."""
        while self.order:
            ticket = self.order[0][1]
            prepared = self.unsent.get(ticket)
            if prepared is not None:
                future = self.futures[ticket]
                try:
                    future._seq = self.native.send(prepared, ticket)
                    if future._seq == 0:
                        return
                except TimeoutError:  # the pool's deadline has passed
                    self.settled.append((self.futures.pop(ticket), concurrent.futures.CancelledError()))
                except OSError as error:
                    self.settled.append((self.futures.pop(ticket), error))
                del self.unsent[ticket]
            heapq.heappop(self.order)


class Executor(Opened, concurrent.futures.Executor):
    """A concurrent.futures.Executor whose jobs are functions of a shared object.

        with forkpool.Executor("./jobs.so", workers=4, isolation="job", timeout=5) as ex:
            future = ex.submit("work", data)
            print(future.result())

    as_completed() and wait() of concurrent.futures and asyncio.wrap_future() work with its futures.  What differs from
    the executors of the standard library:

    - A job is the name of a C function and one argument of bytes; its result is bytes.
    - timeout, of the executor or of submit(), ends the job.  That of result() and map() is only how long they wait.
    - cancel(running=True) of a future ends a job that runs.
    - At the end of the interpreter jobs that are left are cancelled, also those that run.

    Any number of threads may use an executor.  One that is dropped without a shutdown() takes no more jobs, and closes
    its pool when those that it has are done.  In a process that was forked from the one that opened it, futures that
    were not done raise a ChildProcessError, as does submit(); shutdown() does nothing there.
    """

    def _open(self, plugin: PathLike, options: PoolOptions) -> None:
        if _exiting:
            raise RuntimeError("cannot open a pool at interpreter shutdown")
        super()._open(plugin, options)
        try:
            self._engine = _Engine(self._native)
        except BaseException:
            _abi.close(self._native.release())
            raise
        self._engine.finalizer = weakref.finalize(self, self._engine.abandon)
        self._engine.finalizer.atexit = False

    def submit(self, function: str, args: Any = b"", *, id: str = "",  # type: ignore[override]
               timeout: Optional[float] = None, max_attempts: Optional[int] = None, priority: int = 0,
               cooperative: bool = False, readable: Iterable[PathLike] = (),
               writable: Iterable[PathLike] = ()) -> Future:
        """Submit a job, and return its future; never blocks.

        function is the name of a function of the shared object, args bytes or like bytes; the rest is as in struct
        forkpool_job.  Jobs beyond the pool's queue_limit wait in memory of this process.
        """
        native = self._native
        native.check()
        return self._engine.submit(native.prepare(function, args, id, timeout, max_attempts, priority, cooperative,
                                                  readable, writable))

    def map(self, function: str, *arguments: Iterable[Any],  # type: ignore[override]
            timeout: Optional[float] = None, chunksize: int = 1) -> Iterator[bytes]:
        """Run the function for each argument, and yield the values in the order of the arguments.

        timeout: a TimeoutError if a value is not there so many seconds after this call.  chunksize has no effect: small
        jobs share packets anyway.  The first job that does not succeed raises its exception, and where the iterator
        ends early, the jobs that have not started are cancelled.
        """
        if len(arguments) != 1:
            raise TypeError("a job has one argument, so map() takes one iterable, not %d" % len(arguments))
        return super().map(function, arguments[0], timeout=timeout)  # type: ignore[arg-type]

    def cancel(self, running: bool = False) -> bool:
        """Cancel all jobs that have not started, with running also those that run; the executor stays usable.

        False: there was nothing to cancel.
        """
        self._native.check()
        return self._engine.cancel_all(_abi.CANCEL_RUNNING if running else _abi.CANCEL_QUEUED)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs; the pool is closed when those that there are have ended.

        wait: until the pool is closed, unless this is called in a callback of a future.  cancel_futures: cancel jobs
        that have not started.
        """
        self._engine.finish(wait, _abi.CANCEL_QUEUED if cancel_futures else None)


def _at_exit() -> None:
    global _exiting
    _exiting = True
    engines = list(_live)
    for engine in engines:
        engine.finish(False, _abi.CANCEL_RUNNING)
    for engine in engines:
        engine.finish(True, None)


def _in_forked_child() -> None:
    engines = list(_live)
    _live.clear()
    for engine in engines:
        error = ChildProcessError(errno.ECHILD, "the job is one of process %d, from which this one was forked"
                                  % engine.native.pid)
        for future in [*engine.futures.values(), *(future for future, _ in engine.settled)]:
            future._orphan(error)


# The thread is a daemon, and this is run when the threads of the program have ended that are none.
atexit.register(_at_exit)
os.register_at_fork(after_in_child=_in_forked_child)
