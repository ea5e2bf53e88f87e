# SPDX-License-Identifier: BSD-2-Clause
"""forkpool.Executor and its futures."""
import asyncio
import concurrent.futures
import errno
import gc
import math
import os
import pickle
import platform
import signal
import threading
import unittest
import weakref

import forkpool
from support import LONG, Case, Gate, sandbox_or_skip


class Results(Case):
    def test_submit(self):
        with self.executor() as ex:
            future = ex.submit("echo", b"a value", id="its name")
            self.assertIsInstance(future, concurrent.futures.Future)
            self.assertEqual(future.result(LONG), b"a value")
            self.assertEqual((future.done(), future.running(), future.cancelled(), future.exception()),
                             (True, False, False, None))
            self.assertEqual((future.details.id, future.details.attempts), ("its name", 1))
            self.assertEqual(ex.submit("nothing").result(LONG), b"")
            self.assertEqual(ex.stats().delivered, 2)

    def test_map(self):
        inputs = [b"%d" % n for n in range(3000)]
        with self.executor() as ex:
            self.assertEqual(list(ex.map("echo", inputs, chunksize=7)), inputs)
            self.assertEqual(list(ex.map("echo", [])), [])
            with self.assertRaisesRegex(TypeError, "map.. takes one iterable, not 2"):
                ex.map("echo", [b""], [b""])
            with self.assertRaises(forkpool.JobCrashed):
                list(ex.map("crashes", [b""]))

    def test_map_in_order(self):
        """The first job ends last."""
        gate = Gate()
        with self.executor(descriptors=gate.descriptors) as ex:
            first = ex.map("gate", [gate.argument])
            gate.await_begun()
            rest = ex.map("echo", [b"1", b"2"])
            self.assertEqual(list(rest), [b"1", b"2"])
            gate.open()
            self.assertEqual(list(first), [b"through"])
        gate.close()

    def test_map_waits_so_long(self):
        gate = Gate()
        with self.executor(workers=1, descriptors=gate.descriptors) as ex:
            first = ex.submit("gate", gate.argument)
            gate.await_begun()
            values = ex.map("echo", [b"1", b"2"], timeout=0.01)
            with self.assertRaises(concurrent.futures.TimeoutError) as caught:
                next(values)
            self.assertNotIsInstance(caught.exception, forkpool.JobError)
            gate.open()
            self.assertEqual(first.result(LONG), b"through")
            # Where map() ends early, what has not started is cancelled, but in an older Python not the one waited for.
            ex.submit("nothing").result(LONG)
            self.assertIn(ex.stats().by_outcome["cancelled"], (1, 2))
        gate.close()

    def test_as_completed(self):
        gate = Gate()
        with self.executor(descriptors=gate.descriptors) as ex:
            last, first = ex.submit("gate", gate.argument), ex.submit("echo", b"1")
            ended = concurrent.futures.as_completed([last, first], timeout=LONG)
            self.assertIs(next(ended), first)
            gate.open()
            self.assertIs(next(ended), last)
            done, not_done = concurrent.futures.wait([first, last])
            self.assertEqual((done, not_done), ({first, last}, set()))
        gate.close()

    def test_callbacks(self):
        seen = []
        with self.executor() as ex:
            def then(future):
                seen.append((future.result(), threading.current_thread().name))
                if len(seen) == 1:
                    ex.submit("echo", b"2").add_done_callback(then)
                else:
                    ex.shutdown()  # does not wait here: that would be for ever

            ex.submit("echo", b"1").add_done_callback(then)
            ex._engine.thread.join(LONG)
        self.assertEqual(seen, [(b"1", "forkpool"), (b"2", "forkpool")])

    def test_more_than_the_queue_has_room_for(self):
        gate = Gate()
        with self.executor(workers=1, queue_limit=2, descriptors=gate.descriptors) as ex:
            ended = []
            futures = [ex.submit("gate", gate.argument)]
            gate.await_begun()
            futures += [ex.submit("echo", b"%d" % n, priority=n) for n in range(10)]
            self.assertTrue(futures[5].cancel())
            for future in futures[:5] + futures[6:]:
                future.add_done_callback(lambda future: ended.append(future.result()))
            gate.open()
            concurrent.futures.wait(futures, LONG)
        # What waits in the executor goes in the order of its priority.
        self.assertEqual(ended[0], b"through")
        self.assertEqual([int(n) for n in ended[1:] if n != b"0"], [9, 8, 7, 6, 5, 3, 2, 1])
        gate.close()

    def test_large(self):
        large = os.urandom(1 << 20)
        with self.executor() as ex:
            values = list(ex.map("echo", [large * n for n in range(1, 40)]))
            self.assertTrue(all(value == large * n for n, value in enumerate(values, 1)))
        with self.executor(max_value_len=100) as ex:
            with self.assertRaises(forkpool.JobFailed) as caught:
                ex.submit("echo", large).result()
            self.assertEqual(caught.exception.errno, errno.EMSGSIZE)

    def test_threads(self):
        """Eight threads submit 500 jobs each: every one has its own value, and each job ran once."""
        each = 500
        wrong = []
        with self.executor(queue_limit=200) as ex:
            def work(me):
                futures = [(n, ex.submit("echo", b"%d %d" % (me, n))) for n in range(each)]
                wrong.extend(n for n, future in futures if future.result(LONG) != b"%d %d" % (me, n))

            threads = [threading.Thread(target=work, args=(me,)) for me in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            stats = ex.stats()
        self.assertEqual((wrong, stats.submitted, stats.delivered, stats.by_outcome["ok"]),
                         ([], 8 * each, 8 * each, 8 * each))

    def test_asyncio(self):
        async def main(ex):
            future = asyncio.wrap_future(ex.submit("echo", b"1"))
            broken = asyncio.wrap_future(ex.submit("crashes"))
            loop = asyncio.get_running_loop()
            values = [await future, await loop.run_in_executor(ex, "echo", b"2")]
            with self.assertRaises(forkpool.JobCrashed):
                await broken
            return values + await asyncio.gather(*(asyncio.wrap_future(ex.submit("echo", b"%d" % n))
                                                   for n in range(3, 100)))

        with self.executor(output="discard") as ex:
            self.assertEqual(asyncio.run(main(ex)), [b"%d" % n for n in range(1, 100)])

    def test_many(self):
        executors = [self.executor(workers=1) for _ in range(8)]
        futures = [ex.submit("echo", b"%d" % n) for n, ex in enumerate(executors)]
        self.assertEqual([future.result() for future in futures], [b"%d" % n for n in range(8)])
        for ex in executors:
            ex.shutdown()


class Failures(Case):
    LEVELS = ("worker", "job", "sandbox")

    def error(self, level, function, argument=b"", **options):
        make = lambda: self.executor(isolation=level, output="capture", **options)  # noqa: E731
        with (sandbox_or_skip(make) if level == "sandbox" else make()) as ex:
            with self.assertRaises(forkpool.JobError) as caught:
                ex.submit(function, argument, id="its name").result(LONG)
            # Without the timeout of the executor, which this one may need longer than on a busy machine.
            self.assertEqual(ex.submit("echo", b"after it", timeout=math.inf).result(LONG), b"after it")
        error = caught.exception
        self.assertEqual((error.seq, error.id, error.attempts, error.result.value), (1, "its name", 1, None))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(again), again.result, str(again)), (type(error), error.result, str(error)))
        return error

    def at_each_level(self):
        for level in self.LEVELS:
            with self.subTest(level=level):
                yield level

    def test_failed(self):
        for level in self.at_each_level():
            error = self.error(level, "fails", b"why it did")
            self.assertIs(type(error), forkpool.JobFailed)
            self.assertNotIsInstance(error, forkpool.BrokenJob)
            self.assertEqual((error.outcome, error.errno, error.signal), ("failed", errno.EIO, 0))
            self.assertIn("why it did", error.message)
            self.assertRegex(str(error), r"^job 1 \(its name\): failed: .*why it did")

    def test_crashed(self):
        for level in self.at_each_level():
            error = self.error(level, "crashes")
            self.assertIs(type(error), forkpool.JobCrashed)
            self.assertIsInstance(error, forkpool.BrokenJob)
            self.assertEqual((error.outcome, error.signal, error.output), ("crashed", signal.SIGABRT, b"before"))
            self.assertIn("Aborted", str(error))
            if platform.libc_ver()[0] == "glibc":  # others may have no backtrace(3)
                self.assertIsNotNone(error.backtrace)
                self.assertIn("crashes", error.backtrace)

    def test_exited(self):
        for level in self.at_each_level():
            error = self.error(level, "exits")
            self.assertEqual((type(error), error.outcome, error.exit_code), (forkpool.JobExited, "exited", 7))

    def test_timed_out(self):
        for level in self.at_each_level():
            error = self.error(level, "hangs", timeout=0.02)
            self.assertEqual((type(error), error.outcome), (forkpool.JobTimedOut, "timed_out"))
            self.assertIsInstance(error, TimeoutError)

    def test_over_limit(self):
        for level in self.at_each_level():
            error = self.error(level, "devours", limits={"memory": 64 << 20})
            if level == "worker":  # there the job is told, and nothing else knows
                self.assertEqual((type(error), error.errno), (forkpool.JobFailed, errno.ENOMEM))
            else:
                self.assertEqual((type(error), error.outcome, error.limit),
                                 (forkpool.JobOverLimit, "over_limit", "memory"))
        # The job after it has this limit, too: it is far more than that takes.
        error = self.error("job", "spins", limits=forkpool.Limits(cpu=0.5))
        self.assertEqual((type(error), error.limit), (forkpool.JobOverLimit, "cpu"))

    def test_denied(self):
        error = self.error("sandbox", "connects")
        if isinstance(error, forkpool.JobDenied):
            self.assertEqual((error.outcome, error.signal), ("denied", signal.SIGSYS))
            self.assertIn("socket", error.message)
        else:
            self.assertIsInstance(error, forkpool.JobFailed)

    def test_setup_failed(self):
        make = lambda: self.executor(isolation="sandbox", sandbox={"job_paths": True})  # noqa: E731
        with sandbox_or_skip(make) as ex:
            with self.assertRaises(forkpool.JobSetupFailed) as caught:
                ex.submit("echo", readable=["/no/such/path"]).result(LONG)
            self.assertEqual(caught.exception.errno, errno.ENOENT)
            self.assertIn("/no/such/path", caught.exception.message)

    def test_lost(self):
        with self.executor(worker_init="refuses") as ex:
            with self.assertRaises(forkpool.JobLost) as caught:
                ex.submit("echo").result(LONG)
            self.assertEqual(caught.exception.outcome, "lost")

    def test_one_hierarchy(self):
        broken = [forkpool.JobCrashed, forkpool.JobExited, forkpool.JobTimedOut, forkpool.JobOverLimit,
                  forkpool.JobDenied, forkpool.JobSetupFailed, forkpool.JobLost]
        self.assertTrue(all(issubclass(kind, forkpool.BrokenJob) for kind in broken))
        self.assertTrue(issubclass(forkpool.BrokenJob, forkpool.JobError))
        self.assertTrue(issubclass(forkpool.JobFailed, forkpool.JobError))


class Cancelling(Case):
    def test_queued(self):
        gate = Gate()
        with self.executor(workers=1, descriptors=gate.descriptors) as ex:
            running, queued = ex.submit("gate", gate.argument), ex.submit("echo")
            gate.await_begun()
            self.assertTrue(running.running())
            self.assertFalse(queued.running())
            self.assertFalse(running.cancel())
            self.assertTrue(queued.cancel())
            self.assertTrue(queued.cancel())
            self.assertTrue(queued.cancelled())
            with self.assertRaises(concurrent.futures.CancelledError):
                queued.result()
            done, _ = concurrent.futures.wait([queued], LONG)
            self.assertEqual(done, {queued})
            gate.open()
            self.assertEqual(running.result(LONG), b"through")
            self.assertFalse(running.cancel(running=True))
            self.assertEqual(ex.stats().by_outcome["cancelled"], 1)
        gate.close()

    def test_running(self):
        gate = Gate()
        with self.executor(descriptors=gate.descriptors) as ex:
            for options in ({}, {"cooperative": True}):
                function, argument = ("polite", b"%d" % gate.tell) if options else ("gate", gate.argument)
                future = ex.submit(function, argument, **options)
                gate.await_begun()
                self.assertTrue(future.cancel(running=True))
                with self.assertRaises(concurrent.futures.CancelledError):
                    future.result(LONG)
                self.assertEqual((future.cancelled(), future.details.attempts), (True, 1))
        gate.close()

    def test_all(self):
        gate = Gate()
        with self.executor(workers=1, queue_limit=2, descriptors=gate.descriptors) as ex:
            futures = [ex.submit("gate", gate.argument)]
            gate.await_begun()
            futures += [ex.submit("echo") for _ in range(5)]
            self.assertTrue(ex.cancel())
            concurrent.futures.wait(futures[1:], LONG)
            self.assertEqual([future.cancelled() for future in futures], [False] + [True] * 5)
            self.assertTrue(ex.cancel(running=True))
            concurrent.futures.wait(futures, LONG)
            self.assertTrue(futures[0].cancelled())
            self.assertFalse(ex.cancel(running=True))
            self.assertEqual(ex.submit("echo", b"x").result(LONG), b"x")
        gate.close()

    def test_deadline(self):
        with self.executor(workers=1, queue_limit=1) as ex:
            futures = [ex.submit("hangs") for _ in range(3)]
            ex.set_deadline(0.01)
            for future in futures:
                with self.assertRaises(concurrent.futures.CancelledError):
                    future.result(LONG)
            with self.assertRaises(TimeoutError):
                ex.submit("echo")
            ex.set_deadline(None)
            self.assertEqual(ex.submit("echo", b"x").result(LONG), b"x")


class Ends(Case):
    def test_shutdown_waits(self):
        ex = self.executor()
        futures = [ex.submit("echo") for _ in range(100)]
        ex.shutdown()
        self.assertTrue(all(future.done() and not future.cancelled() for future in futures))
        ex.shutdown()
        with self.assertRaisesRegex(RuntimeError, "after shutdown"):
            ex.submit("echo")
        with self.assertRaisesRegex(ValueError, "closed"):
            ex.stats()
        self.assertFalse(ex.cancel())

    def test_shutdown_does_not_wait(self):
        gate = Gate()
        ex = self.executor(descriptors=gate.descriptors)
        future = ex.submit("gate", gate.argument)
        gate.await_begun()
        ex.shutdown(wait=False)
        self.assertFalse(future.done())
        gate.open()
        self.assertEqual(future.result(LONG), b"through")
        ex.shutdown()
        gate.close()

    def test_shutdown_cancels(self):
        gate = Gate()
        ex = self.executor(workers=1, queue_limit=3, descriptors=gate.descriptors)
        futures = [ex.submit("gate", gate.argument)]
        gate.await_begun()
        futures += [ex.submit("echo") for _ in range(10)]
        ex.shutdown(wait=False, cancel_futures=True)
        gate.open()
        ex.shutdown()
        self.assertEqual([future.cancelled() for future in futures], [False] + [True] * 10)
        self.assertEqual(futures[0].result(), b"through")
        gate.close()

    def test_dropped(self):
        """The pool of an executor that is gone does the jobs that it has, and closes."""
        gate = Gate()
        ex = self.executor(descriptors=gate.descriptors)
        future, thread, gone = ex.submit("gate", gate.argument), ex._engine.thread, weakref.ref(ex)
        gate.await_begun()
        del ex
        gc.collect()
        self.assertIsNone(gone())
        gate.open()
        self.assertEqual(future.result(LONG), b"through")
        thread.join(LONG)
        self.assertFalse(thread.is_alive())
        gate.close()

    def test_dropped_idle(self):
        ex = self.executor()
        thread = ex._engine.thread
        ex = None
        gc.collect()
        thread.join(LONG)
        self.assertFalse(thread.is_alive())

    def test_a_future_keeps_nothing(self):
        ex = self.executor()
        future = ex.submit("echo", b"x")
        future.result(LONG)
        engine = weakref.ref(ex._engine)
        ex.shutdown()
        ex = None
        gc.collect()
        self.assertIsNone(engine())

    def test_no_thread_to_be_had(self):
        start, threading.Thread.start = threading.Thread.start, None
        try:
            with self.assertRaises(TypeError):
                self.executor()
        finally:
            threading.Thread.start = start

    def test_ctrl_c(self):
        """An interrupt in result() leaves the executor and its jobs as they are."""
        gate = Gate()
        with self.executor(descriptors=gate.descriptors) as ex:
            future = ex.submit("gate", gate.argument)
            gate.await_begun()
            timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
            with self.assertRaises(KeyboardInterrupt):
                timer.start()
                future.result(LONG)
            timer.join()
            gate.open()
            self.assertEqual(future.result(LONG), b"through")
        gate.close()


if __name__ == "__main__":
    unittest.main()
