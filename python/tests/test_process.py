# SPDX-License-Identifier: BSD-2-Clause
"""The module in its process: forks, the end of the interpreter, signals, and the library that it finds."""
import multiprocessing
import os
import select
import subprocess
import sys
import tempfile
import unittest

import forkpool
from support import JOBS, LONG, Case, Gate, run_python

#: A pool whose one job has begun and will not end.
BUSY = """
import atexit, os, sys, threading
import forkpool
begun, tell = os.pipe()
never, _ = os.pipe()
ex = forkpool.Executor(sys.argv[1], workers=1, descriptors=[tell, never, *map(int, sys.argv[3:])],
                       **eval(sys.argv[2]))
future = ex.submit("gate", b"%d %d" % (tell, never))
queued = ex.submit("echo")
os.read(begun, 1)
print(ex.worker_info(0).pid, flush=True)
"""


def in_child(function):
    """Fork, and return what the function returns in the child: a short text."""
    there, here = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            text = function()
        except BaseException as error:
            text = "%s: %s" % (type(error).__name__, error)
        os.write(here, text.encode())
        os._exit(0)
    os.close(here)
    with open(there) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text


def raised_by(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def work_in_child(queue):
    with forkpool.Executor(JOBS, workers=1) as ex:
        queue.put(ex.submit("echo", b"of the child").result(LONG))


class Forks(Case):
    def test_a_child_has_no_part_in_it(self):
        gate = Gate()
        pool = self.pool(descriptors=gate.descriptors)
        with self.executor(descriptors=gate.descriptors) as ex:
            future = ex.submit("gate", gate.argument)
            gate.await_begun()
            done = ex.submit("echo", b"x")
            done.result(LONG)

            def child():
                said = [raised_by(call) for call in (
                    lambda: ex.submit("echo"), ex.stats, ex.cancel, lambda: ex.resize(1), future.result,
                    lambda: pool.submit("echo"), pool.take, pool.stats)]
                said += [str(future.cancel(running=True)), str(future.running()), done.result().decode()]
                import concurrent.futures
                said += [str(len(concurrent.futures.wait([future], LONG).done))]
                ex.shutdown()
                pool.close()
                with forkpool.Executor(JOBS, workers=1) as own:
                    said.append(own.submit("echo", b"its own").result(LONG).decode())
                return " ".join(said)

            self.assertEqual(in_child(child),
                             "ChildProcessError " * 8 + "False False x 1 its own")
            self.assertRegex(in_child(lambda: ex.submit("echo") and ""), "that of process %d" % os.getpid())
            gate.open()
            self.assertEqual(future.result(LONG), b"through")
        pool.close()
        gate.close()

    def test_a_lock_that_was_held(self):
        """The child does not wait for a lock that a thread of the parent had."""
        with self.executor() as ex:
            with ex._native.lock:
                self.assertEqual(in_child(lambda: raised_by(lambda: ex.submit("echo"))), "ChildProcessError")

    def test_multiprocessing(self):
        context = multiprocessing.get_context("fork")
        with self.executor() as ex:
            queue = context.SimpleQueue()
            process = context.Process(target=work_in_child, args=(queue,))
            process.start()
            self.assertEqual(queue.get(), b"of the child")
            process.join(LONG)
            self.assertEqual(process.exitcode, 0)
            process.close()
            self.assertEqual(ex.submit("echo", b"of the parent").result(LONG), b"of the parent")
            queue.close() if hasattr(queue, "close") else None
            del queue

    def test_a_child_ends_by_itself(self):
        """It goes through the end of the interpreter, with the parent's executor open."""
        program = BUSY + """
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    sys.exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if hasattr(os, "waitstatus_to_exitcode")
      else os.waitpid(pid, 0)[1] >> 8)
print(future.done(), future.cancel(running=True))
"""
        result = run_python(program, JOBS, "{}")
        self.assertEqual((result.stdout.split()[1:], result.returncode, result.stderr), (["5", "False", "True"], 0, ""))


class TheEnd(Case):
    def ended(self, then, options="{}", status=0):
        result = run_python(BUSY + then, JOBS, options)
        self.assertEqual((result.stderr, result.returncode), ("", status))
        pid, *rest = result.stdout.split("\n", 1)
        self.assertFalse(os.path.exists("/proc/" + pid), "a worker is left")
        return rest[0]

    def test_jobs_under_way(self):
        for options in ("{}", "{'isolation': 'job'}"):
            self.ended("", options)

    def test_after_shutdown_without_wait(self):
        self.ended("ex.shutdown(wait=False)")

    def test_several(self):
        self.ended("more = [forkpool.Executor(sys.argv[1], workers=1) for _ in range(3)]\n"
                   "left = [e.submit('hangs') for e in more]")

    def test_an_exception(self):
        result = run_python(BUSY + "raise SystemExit('why')", JOBS, "{}")
        self.assertEqual((result.stderr, result.returncode), ("why\n", 1))

    def test_futures_are_cancelled(self):
        """What was registered before sees it, and can do nothing more."""
        program = """
import atexit
@atexit.register
def last():
    print(future.cancelled(), queued.cancelled())
    for call in (lambda: ex.submit("echo"), lambda: forkpool.Executor(sys.argv[1])):
        try:
            call()
        except RuntimeError as error:
            print(error)
""" + BUSY
        result = run_python(program, JOBS, "{}")
        self.assertEqual((result.stdout.split("\n", 1)[1], result.stderr), (
            "True True\ncannot schedule new futures after shutdown\ncannot open a pool at interpreter shutdown\n", ""))

    def test_threads_of_the_program(self):
        """One that is no daemon has its results; one that is learns that there are none."""
        out = self.ended("""
def wait(future):
    try:
        print(future.result())
    except BaseException as error:
        print(type(error).__name__)
ex2 = forkpool.Executor(sys.argv[1], workers=1)
def work():
    threading.main_thread().join()
    print(ex2.submit("echo", b"late").result())
threading.Thread(target=work).start()
""")
        self.assertEqual(out, "b'late'\n")

    def test_a_pool_that_is_open(self):
        self.ended("pool = forkpool.Pool(sys.argv[1], workers=1)\npool.submit('hangs')\n"
                   "import warnings; warnings.simplefilter('ignore')")

    def test_no_chance_to_tidy(self):
        """Where the interpreter is killed, its workers go shortly after: they have had the write end of this pipe."""
        ends, held = os.pipe()
        process = subprocess.Popen([sys.executable, "-c", BUSY + "os.kill(os.getpid(), 9)", JOBS, "{}", str(held)],
                                   pass_fds=[held], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.close(held)
        error = process.communicate(timeout=LONG)[1]
        self.assertEqual((process.returncode, error), (-9, b""))
        self.assertEqual(select.select([ends], [], [], LONG)[0], [ends])
        self.assertEqual(os.read(ends, 1), b"")
        os.close(ends)

    def test_ctrl_c_at_a_terminal(self):
        """It goes to the whole group; the workers are not part of that."""
        program = """
import os, signal, sys
import forkpool
begun, tell = os.pipe()
wait, may = os.pipe()
with forkpool.Executor(sys.argv[1], workers=1, descriptors=[tell, wait]) as ex:
    future = ex.submit("gate", b"%d %d" % (tell, wait))
    os.read(begun, 1)
    try:
        os.killpg(0, signal.SIGINT)
        future.result()
    except KeyboardInterrupt:
        print("interrupted")
    os.write(may, b"x")
    print(future.result())
"""
        result = run_python(program, JOBS, start_new_session=True)
        self.assertEqual((result.stdout, result.stderr), ("interrupted\nb'through'\n", ""))


class TheLibrary(Case):
    def imported(self, library):
        result = run_python("import forkpool", env={"FORKPOOL_LIBRARY": library})
        self.assertEqual(result.returncode, 1)
        return result.stderr.strip().split("\n")[-1]

    def test_version(self):
        self.assertEqual(forkpool.library_version().split(".")[:2], forkpool.__version__.split(".")[:2])

    def test_there_is_none(self):
        self.assertRegex(self.imported("libforkpool-none.so.1"),
                         "ImportError: the module forkpool needs .*libforkpool-none.so.1 cannot be loaded")

    def test_another_one(self):
        with tempfile.TemporaryDirectory() as folder:
            def library(source):
                path = os.path.join(folder, "libfake%d.so" % len(os.listdir(folder)))
                subprocess.run(os.environ.get("CC", "cc").split() + ["-shared", "-fPIC", "-xc", "-", "-o", path],
                               input=source.encode(), check=True)
                return path

            self.assertRegex(self.imported(library("int other;")), "ImportError: .* is not a libforkpool of version")
            old = library('const char *forkpool_version(void) { return "0.1.9"; }')
            self.assertRegex(self.imported(old), "ImportError: .* needs a library of its version or later; .* is 0.1.9")


if __name__ == "__main__":
    unittest.main()
