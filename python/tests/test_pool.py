# SPDX-License-Identifier: BSD-2-Clause
"""forkpool.Pool, and the options that it has in common with Executor."""
import array
import ctypes
import errno
import gc
import math
import os
import platform
import resource
import signal
import tempfile
import threading
import unittest
import unittest.mock
import warnings

import forkpool
from forkpool import _abi
from support import JOBS, LONG, Case, Gate, sandbox_or_skip


class Jobs(Case):
    def test_results_are_copies(self):
        with self.pool() as pool:
            seqs = [pool.submit("echo", b"%d" % n, "job %d" % n, n) for n in range(5)]
            self.assertEqual(seqs, [1, 2, 3, 4, 5])
            results = sorted(pool.results())
            self.assertIsNone(pool.take())
        self.assertEqual([(r.seq, r.id, r.user, r.value, r.outcome) for r in results],
                         [(n + 1, "job %d" % n, n, b"%d" % n, "ok") for n in range(5)])
        self.assertEqual({(r.error, r.signal, r.exit_code, r.limit, r.backtrace) for r in results},
                         {(0, 0, -1, None, None)})

    def test_run_is_lazy(self):
        drawn = []

        def endless():
            while True:
                drawn.append(None)
                yield "echo", b"%d" % len(drawn)

        with self.pool(queue_limit=10, ordered=True) as pool:
            values = []
            for result in pool.run(endless()):
                values.append(int(result.value))
                if len(values) == 100:
                    break
            self.assertEqual(values, list(range(1, 101)))
            self.assertLess(len(drawn), 130)

    def test_a_full_queue(self):
        gate = Gate()
        with self.pool(queue_limit=2, descriptors=gate.descriptors) as pool:
            self.assertEqual([pool.submit("gate", gate.argument) for _ in range(3)], [1, 2, 0])
            gate.open(2)
            self.assertEqual([r.value for r in pool.results()], [b"through"] * 2)
        gate.close()

    def test_bytes_of_all_kinds(self):
        given = [b"ab", bytearray(b"ab"), memoryview(b"a-b-")[::2], memoryview(b"ab"), array.array("B", b"ab")]
        with self.pool(ordered=True) as pool:
            for argument in given:
                pool.submit("echo", argument)
            pool.submit("echo")
            values = [r.value for r in pool.results()]
        self.assertEqual(values, [b"ab"] * 5 + [b""])

    def test_large_values(self):
        large = os.urandom(1 << 20) * 48
        with self.pool() as pool:
            pool.submit("echo", large)
            self.assertEqual(pool.take().value == large, True)

    def test_time_runs_out(self):
        gate = Gate()
        with self.pool(descriptors=gate.descriptors) as pool:
            self.assertIsNone(pool.take(0))
            pool.submit("gate", gate.argument)
            self.assertIsNone(pool.take(0.01))
            self.assertEqual(pool.pending(), 1)
            gate.open()
            self.assertEqual(pool.take(LONG).outcome, "ok")
        gate.close()

    def test_cancel(self):
        gate = Gate()
        with self.pool(workers=1, descriptors=gate.descriptors, ordered=True) as pool:
            running, queued = pool.submit("gate", gate.argument), pool.submit("echo")
            gate.await_begun()
            self.assertFalse(pool.cancel_job(running, "queued"))
            self.assertTrue(pool.cancel_job(queued))
            self.assertTrue(pool.cancel("kill"))
            self.assertEqual([(r.outcome, r.attempts) for r in pool.results()], [("cancelled", 1), ("cancelled", 0)])
            self.assertFalse(pool.cancel())
            with self.assertRaisesRegex(ValueError, "how: 'all' is none of queued, running, kill"):
                pool.cancel("all")
        gate.close()

    def test_what_it_tells(self):
        gate = Gate()
        with self.pool(workers=1, descriptors=gate.descriptors) as pool:
            seq = pool.submit("gate", gate.argument, "its name")
            gate.await_begun()
            info = pool.worker_info(0)
            self.assertEqual((info.busy, info.seq, info.id, info.initialising), (True, seq, "its name", False))
            with self.assertRaises(IndexError):
                pool.worker_info(1)
            gate.open()
            pool.take()
            stats = pool.stats()
            self.assertEqual((stats.submitted, stats.delivered, stats.by_outcome["ok"], stats.workers_alive),
                             (1, 1, 1, 1))
            pool.resize(3)
            self.assertEqual(pool.worker_info(2).busy, False)
            self.assertEqual((pool.layers(), pool.mechanisms()), ((), ()))
        with self.pool(isolation="job") as pool:
            self.assertEqual(pool.layers()[0], "process")
        gate.close()

    def test_deadline(self):
        with self.pool() as pool:
            pool.submit("hangs")
            pool.set_deadline(0)
            self.assertEqual(pool.take(LONG).outcome, "cancelled")
            with self.assertRaises(TimeoutError):
                pool.submit("echo")
            pool.set_deadline(None)
            pool.submit("echo")
            self.assertEqual(pool.take(LONG).outcome, "ok")

    def test_threads_that_wait(self):
        """Each of four threads gets results or learns that there are none, and a close() ends all waits."""
        for closes in (False, True):
            gate = Gate()
            pool = self.pool(descriptors=gate.descriptors)
            pool.submit("gate", gate.argument)
            gate.await_begun()
            got = []

            def take():
                try:
                    got.append(pool.take())
                except ValueError as error:
                    got.append(str(error))

            threads = [threading.Thread(target=take) for _ in range(4)]
            for thread in threads:
                thread.start()
            if closes:
                pool.close()
            else:
                gate.open()
            for thread in threads:
                thread.join(LONG)
                self.assertFalse(thread.is_alive())
            pool.close()
            if closes:
                self.assertEqual(got, ["the pool is closed"] * 4)
            else:
                self.assertEqual(sorted(r is None for r in got), [False, True, True, True])
            gate.close()

    def test_closed(self):
        pool = self.pool()
        pool.close()
        pool.close()
        for call in (pool.take, pool.pending, pool.stats, pool.cancel, lambda: pool.submit("echo")):
            with self.assertRaisesRegex(ValueError, "the pool is closed"):
                call()

    def test_dropped(self):
        pool = self.pool()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del pool
            gc.collect()
        self.assertEqual([w.category for w in caught], [ResourceWarning])


class Options(Case):
    def value(self, function, argument=b"", **options):
        with self.pool(**options) as pool:
            pool.submit(function, argument)
            return pool.take()

    def test_worker_init(self):
        """The hooks of a plug-in are called where they are named, and not else."""
        self.assertEqual(self.value("state").error, errno.ENOENT)
        self.assertEqual(self.value("state", worker_init="forkpool_plugin_init", worker_arg=b"of all").value, b"of all")
        lost = self.value("echo", worker_init="refuses")
        self.assertEqual(lost.outcome, "lost")
        self.assertIn("Operation not permitted", lost.message)

    def test_init_timeout(self):
        lost = self.value("echo", worker_init="init_hangs", init_timeout=0.02)
        self.assertEqual(lost.outcome, "lost")
        self.assertIn("did not return within 0.02 s", lost.message)
        started = self.value("state", worker_init="forkpool_plugin_init", worker_arg=b"x", init_timeout=math.inf)
        self.assertEqual(started.value, b"x")

    def test_job_exit(self):
        """It is called in the process of a job that has returned, and what it prints is the job's."""
        options = {"isolation": "job", "output": "capture", "job_exit": "says_at_the_end"}
        self.assertEqual(self.value("says", b"hello", **options).output, b"hello, and at the end")
        self.assertEqual(self.value("crashes", **options).output, b"before")

    def test_core_dumps(self):
        """Jobs have the limit of this process, or one that leaves no core file."""
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, (soft, hard))
        own = 8192 if hard == resource.RLIM_INFINITY or hard >= 8192 else hard
        resource.setrlimit(resource.RLIMIT_CORE, (own, hard))
        for level in ("worker", "job"):
            self.assertLessEqual(int(self.value("core_limit", isolation=level).value), 1)
            self.assertEqual(int(self.value("core_limit", isolation=level, core_dumps=True).value), own)

    def test_executes(self):
        """A job that becomes a program ends as that does."""
        options = {"isolation": "job", "output": "capture", "executes": True}
        result = self.value("shell", b"echo a program; exit 3\0", **options)
        self.assertEqual((result.outcome, result.exit_code, result.output), ("exited", 3, b"a program\n"))
        result = self.value("shell", b"kill -KILL $$\0", **options)
        self.assertEqual((result.outcome, result.signal), ("crashed", signal.SIGKILL))

    def test_backtraces(self):
        """They are looked up for those that can have one, and not where nobody wants them."""
        with unittest.mock.patch.object(_abi, "backtrace", wraps=_abi.backtrace) as asked:
            for function, options in (("echo", {}), ("fails", {}), ("exits", {}), ("hangs", {"timeout": 0.01}),
                                      ("crashes", {"output": "discard", "backtraces": False})):
                self.assertIsNone(self.value(function, **options).backtrace)
            self.assertEqual(asked.call_count, 0)
            crashed = self.value("crashes", output="discard")
            self.assertEqual(asked.call_count, 1)
        if platform.libc_ver()[0] == "glibc":  # others may have no backtrace(3)
            self.assertIsNotNone(crashed.backtrace)
            self.assertIn("crashes", crashed.backtrace)

    def test_environment(self):
        self.assertEqual(self.value("variable", b"A", isolation="job", environment={"A": "b=c"}).value, b"b=c")
        self.assertEqual(self.value("variable", b"PATH", isolation="job").error, errno.ENOENT)

    def test_limits(self):
        result = self.value("devours", isolation="job", limits={"memory": 64 << 20})
        self.assertEqual((result.outcome, result.limit), ("over_limit", "memory"))
        result = self.value("spins", isolation="job", limits=forkpool.Limits(cpu=0.2))
        self.assertEqual((result.outcome, result.limit), ("over_limit", "cpu"))

    def test_output(self):
        self.assertEqual(self.value("says", b"hello", output="capture").output, b"hello")
        self.assertEqual(self.value("says", b"hello", output="discard").output, b"")
        self.assertEqual(self.value("says", b"hello", output="capture", limits={"output": 2}).output, b"he")

    def test_retries(self):
        result = self.value("crashes_once", b"x", max_attempts=2, retry_on=["crashed"])
        self.assertEqual((result.value, result.attempts), (b"x", 2))
        self.assertEqual(self.value("crashes_once", max_attempts=2, retry_on=["timed_out"]).outcome, "crashed")

    def test_timeouts(self):
        self.assertEqual(self.value("hangs", timeout=0.01).outcome, "timed_out")
        with self.pool(timeout=0.01, descriptors=[]) as pool:
            pool.submit("echo", timeout=math.inf)
            self.assertEqual(pool.take().outcome, "ok")

    def test_sandbox(self):
        pool = sandbox_or_skip(lambda: self.pool(isolation="sandbox"))
        with pool:
            self.assertIn("syscalls", pool.layers())
            self.assertTrue(pool.mechanisms())
            pool.submit("connects")
            self.assertIn(pool.take().outcome, ("denied", "failed"))
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "file")
            with open(path, "w") as file:
                file.write("what is in it")
            self.assertNotEqual(self.value("reads", path.encode(), isolation="sandbox").outcome, "ok")
            for sandbox in (forkpool.Sandbox(readable=[folder]), {"readable": [folder]}):
                result = sandbox_or_skip(
                    lambda: self.value("reads", path.encode(), isolation="sandbox", sandbox=sandbox))
                self.assertEqual(result.value, b"what is in it")
            pool = sandbox_or_skip(lambda: self.pool(isolation="sandbox", sandbox={"job_paths": True}))
            with pool:
                pool.submit("reads", path.encode(), readable=[os.path.realpath(path)])
                self.assertEqual(pool.take().value, b"what is in it")

    def test_what_is_wrong(self):
        for kind, wanted, options in (
                (TypeError, "wokers", {"wokers": 2}),
                (TypeError, "workers: a whole number is wanted, not str", {"workers": "2"}),
                (ValueError, "workers: -1 is negative", {"workers": -1}),
                (ValueError, "workers: 5000 is more than 4096", {"workers": 5000}),
                (ValueError, "timeout: -0.5 is negative", {"timeout": -0.5}),
                (ValueError, "timeout: no number", {"timeout": math.nan}),
                (TypeError, "timeout: seconds are wanted, not str", {"timeout": "x"}),
                (ValueError, "isolation: 'jail' is none of worker, job, sandbox", {"isolation": "jail"}),
                (ValueError, "output: 1 is none of", {"output": 1}),
                (ValueError, "retry_on: 'ok' is none of failed, crashed", {"retry_on": ["ok"]}),
                (TypeError, "retry_on: a list", {"retry_on": "crashed"}),
                (TypeError, "limits: there is no mem; there are memory, cpu", {"limits": {"mem": 1}}),
                (TypeError, "limits: Limits or a mapping is wanted, not int", {"limits": 5}),
                (ValueError, "limits: memory: -1 is negative", {"limits": {"memory": -1}}),
                (ValueError, "limits: cpu: must not|limits", {"limits": {"cpu": 1.0}}),  # not at WORKER
                (ValueError, "limits: memory: 0 is no limit", {"limits": {"memory": 0}}),
                (TypeError, "sandbox: there is no files", {"sandbox": {"files": 1}}),
                (TypeError, "sandbox: readable: a list of paths", {"sandbox": {"readable": "/tmp"}}),
                (ValueError, "sandbox: network: 'all'", {"sandbox": {"network": "all"}}),
                (ValueError, "sandbox", {"sandbox": {}}),  # not at WORKER
                (ValueError, "executes", {"executes": True}),  # not at WORKER
                (ValueError, "core_dumps", {"core_dumps": True, "isolation": "sandbox"}),
                (ValueError, "job_exit", {"job_exit": "says_at_the_end"}),  # not at WORKER
                (AttributeError, "no function 'no_such'", {"job_exit": "no_such", "isolation": "job"}),
                (ValueError, "init_timeout: -1 is negative", {"init_timeout": -1}),
                (AttributeError, "no function 'no_such'", {"worker_init": "no_such"}),
                (ValueError, "environment: 'A=b' is no name", {"environment": {"A=b": "c"}, "isolation": "job"}),
                (ValueError, "environment: has a NUL", {"environment": {"A": "b\0"}, "isolation": "job"}),
                (ValueError, "descriptors: -1 is negative", {"descriptors": [-1]})):
            for what in (forkpool.Pool, forkpool.Executor):
                with self.subTest(options=options, what=what), self.assertRaisesRegex(kind, wanted):
                    what(JOBS, **options)

    def test_wrong_jobs(self):
        def python():
            pass

        callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
        with self.pool() as pool, self.executor() as executor:
            for kind, wanted, arguments, options in (
                    (TypeError, "not the Python function 'python': a worker is forked", (python,), {}),
                    (TypeError, "not the Python function '<lambda>'", (lambda: 0,), {}),
                    (TypeError, "not the Python function", (callback.__call__,), {}),
                    (TypeError, "not a function of ctypes", (callback,), {}),
                    (TypeError, "not a function of ctypes", (ctypes.CDLL(JOBS).echo,), {}),
                    (TypeError, "not int", (5,), {}),
                    (TypeError, "not list", ([],), {}),
                    (AttributeError, "has no function 'no_such'", ("no_such",), {}),
                    (AttributeError, "has no function", ("echo\0",), {}),
                    (TypeError, "bytes or like bytes, not str: encode the text", ("echo", "text"), {}),
                    (TypeError, "bytes or like bytes, not int", ("echo", 5), {}),
                    (TypeError, "bytes or like bytes, not NoneType", ("echo", None), {}),
                    (ValueError, "timeout: -1 is negative", ("echo",), {"timeout": -1}),
                    (ValueError, "priority: 1099511627776", ("echo",), {"priority": 1 << 40}),
                    (ValueError, "id: more than 255 bytes", ("echo",), {"id": "x" * 256}),
                    (ValueError, "id: has a NUL", ("echo",), {"id": "\0"}),
                    (TypeError, "readable: a list of paths", ("echo",), {"readable": "/tmp"}),
                    (OSError, "Invalid argument", ("echo",), {"readable": ["/tmp"]})):
                for what in (pool, executor):
                    with self.subTest(arguments=arguments, what=what), self.assertRaisesRegex(kind, wanted):
                        what.submit(*arguments, **options)
            self.assertEqual(executor.submit("echo", b"x").result(), b"x")

    def test_bad_objects(self):
        with tempfile.TemporaryDirectory() as folder:
            text = os.path.join(folder, "text.so")
            with open(text, "w") as file:
                file.write("no object")
            for path in (text, folder, os.path.join(folder, "none.so")):
                with self.assertRaises(OSError):
                    forkpool.Pool(path)
        with self.assertRaises(TypeError):
            forkpool.Pool(5)
        for wrong in ({}, {"plugin": JOBS, "workers": None, "wokers": 1}):
            with self.assertRaises(TypeError):
                forkpool.Pool(**wrong)


class Signals(Case):
    def test_a_handler_that_raises(self):
        """take() is left when a handler raises, as that of Ctrl-C does, and the pool can be used further."""
        gate = Gate()
        with self.pool(descriptors=gate.descriptors) as pool:
            pool.submit("gate", gate.argument)
            gate.await_begun()
            timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
            with self.assertRaises(KeyboardInterrupt):
                timer.start()
                pool.take()
            timer.join()
            gate.open()
            self.assertEqual(pool.take().value, b"through")
        gate.close()


if __name__ == "__main__":
    unittest.main()
