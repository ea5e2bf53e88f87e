# SPDX-License-Identifier: BSD-2-Clause
"""Opens pools again and again while other threads take all kinds of locks: python_stress.py N DECODER.

If a worker waited for a lock that another thread had during forkpool_open(), its jobs would never end.  Then the time
runs out, and the stacks of all threads are printed.
"""
import ctypes
import faulthandler
import os
import sys
import threading

import forkpool
import pictures

SECONDS = 240  # far more than the program needs

faulthandler.dump_traceback_later(SECONDS, exit=True)
count, decoder = int(sys.argv[1]), sys.argv[2]
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the threads print a lot
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.malloc.argtypes = [ctypes.c_size_t]


class Rougher(pictures.Busy):
    """Threads that release the interpreter's lock while they are in the C library, as the thread that opens does."""

    def compute(self):
        for size in (24, 1000, 5000, 70000, 200000):
            for block in [libc.malloc(size) for _ in range(20)]:
                libc.free(block)

    def print(self):
        for i in range(100):
            libc.printf(b"line %d\n", i)
        libc.fflush(None)


sound = [picture for picture in pictures.pictures(40) if picture[0] in ("sound", "something behind it")]
with pictures.Busy(), Rougher():
    for i in range(count):
        isolation = ("worker", "job")[i % 2]
        with forkpool.Executor(decoder, workers=2, isolation=isolation, output="capture") as executor:
            futures = [(kind, pixels, executor.submit("decode", data)) for kind, data, pixels in sound]
            for kind, pixels, future in futures:
                became = pictures.described(pixels, future)
                if became != pictures.EXPECTED[kind]:
                    sys.exit("opened %d times: %s: %s %s" % (i, kind, became, future.details.message))
if threading.active_count() != 1:
    sys.exit("a thread is left")
