# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the module have in common.

FORKPOOL_TEST_JOBS is jobs.c as a shared object; tests/checks/test-python.sh builds it and runs the tests.
"""
import gc
import os
import select
import subprocess
import sys
import threading
import unittest

import forkpool

JOBS = os.environ["FORKPOOL_TEST_JOBS"]
#: Far longer than anything takes: a test that gets there has failed.
LONG = 120


def sandbox_or_skip(make):
    """What make() opens; a sandbox that cannot be had here skips the test."""
    try:
        return make()
    except (OSError, ValueError) as error:
        raise unittest.SkipTest("no sandbox: %s" % error)


def no_child():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


class Gate:
    """Two pipes: a job tells that it has begun, and goes on when it may."""

    def __init__(self):
        self.begun, self.tell = os.pipe()
        self.wait, self.may = os.pipe()
        self.descriptors = [self.tell, self.wait]
        self.argument = b"%d %d" % (self.tell, self.wait)

    def await_begun(self, n=1):
        for _ in range(n):
            if not select.select([self.begun], [], [], LONG)[0]:
                raise AssertionError("no job has begun")
            os.read(self.begun, 1)

    def open(self, n=1):
        os.write(self.may, b"x" * n)

    def close(self):
        for fd in (self.begun, self.tell, self.wait, self.may):
            os.close(fd)


class Case(unittest.TestCase):
    """Nothing is left behind: no child, no descriptor, no thread."""

    def setUp(self):
        gc.collect()
        self.fds = os.listdir("/proc/self/fd")

    def tearDown(self):
        gc.collect()
        self.assertTrue(no_child(), "a process is left")
        self.assertEqual(os.listdir("/proc/self/fd"), self.fds)
        self.assertEqual([t.name for t in threading.enumerate() if t.name == "forkpool"], [])

    def executor(self, **options):
        return forkpool.Executor(JOBS, **{"workers": 2, **options})

    def pool(self, **options):
        return forkpool.Pool(JOBS, **{"workers": 2, **options})


def run_python(program, *arguments, env=None, **options):
    """Run a program in an interpreter of its own.  Its result; not one that hangs."""
    # Python 3.12 and later warn of a fork beside threads.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONG, universal_newlines=True,
                          env=None if env is None else {**os.environ, **env}, **options)
