#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Decodes pictures of strangers by C code that has bugs, in a Python program that has threads.

    pictures.py [--sandbox] [--pictures N]

Each picture is a job in a process of its own.  Most pictures are sound, and the decoder (decoder.c) returns each pixel
as it was drawn.  The other pictures make the decoder crash, loop, exit, or take all memory; each of them loses its own
job and no other.  Three other threads of this program compute, allocate and print from before the pool is opened until
the last result has arrived.

Exit status: 0 each job ended as expected; 1 one did not; 2 this system cannot open such a pool.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import signal
import sys
import threading

import forkpool

HERE = os.path.dirname(os.path.abspath(__file__))


# -------------------------------------------------------------------------------------------- pictures

def length(number):
    """The length of a run: seven bits a byte, the lowest first."""
    data = bytearray()
    while number > 0x7f:
        data.append(number & 0x7f | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def encode(width, height, runs):
    return (b"RLP1" + width.to_bytes(4, "little") + height.to_bytes(4, "little") +
            b"".join(bytes([colour]) + length(n) for colour, n in runs))


def draw(dice):
    """Draw a picture: its width, height, runs and pixels."""
    width, height = dice.randint(1, 200), dice.randint(1, 200)
    runs, left = [], width * height
    while left > 0:
        n = min(left, dice.randint(1, 500))
        runs.append((dice.randrange(256), n))
        left -= n
    return width, height, runs, b"".join(bytes([colour]) * n for colour, n in runs)


#: Of each forty pictures, those that are not sound.
ODD = {
    3: "something behind it", 23: "something behind it",
    7: "cut off", 27: "cut off",
    11: "a run that does not fit", 31: "a run that does not fit",
    15: "a run of no length",
    19: "no picture",
    35: "larger than memory",
}


def pictures(count):
    """Yield the kind of each picture, the bytes of its file, and the pixels that were drawn."""
    dice = random.Random(1)
    for i in range(count):
        width, height, runs, pixels = draw(dice)
        data = encode(width, height, runs)
        kind = ODD.get(i % 40, "sound")
        if kind == "something behind it":
            data += b"more"
        elif kind == "cut off":
            data = data[:-1]
        elif kind == "a run that does not fit":
            data = encode(width, height, runs[:-1] + [(0, 1 << 44)])
        elif kind == "a run of no length":
            data = encode(width, height, [(0, 0)] + runs)
        elif kind == "no picture":
            data = b"GIF89a" + data
        elif kind == "larger than memory":
            data = encode(60000, 60000, runs)
        yield kind, data, pixels


EXPECTED = {
    "sound": "ok, each pixel right",
    "something behind it": "ok, each pixel right, said: 4 bytes behind the picture",
    "cut off": "failed",
    "a run that does not fit": "crashed, SIGSEGV",
    "a run of no length": "over_limit, cpu",
    "no picture": "exited, status 1, said: not a picture",
    "larger than memory": "over_limit, memory",
}


def described(pixels, future):
    """What became of a picture, in a few words."""
    try:
        words = ["ok", "each pixel right" if future.result() == pixels else "WRONG PIXELS"]
    except forkpool.JobCrashed as error:
        words = ["crashed", signal.Signals(error.signal).name]
    except forkpool.JobExited as error:
        words = ["exited", "status %d" % error.exit_code]
    except forkpool.JobOverLimit as error:
        words = ["over_limit", error.limit]
    except (forkpool.JobSetupFailed, forkpool.JobLost) as error:
        words = [error.outcome, error.message]
    except forkpool.JobError as error:
        words = [error.outcome]
    output = future.details.output
    if output:
        words.append("said: " + output.decode(errors="replace").strip())
    return ", ".join(words)


# ------------------------------------------------------------------------------------- the other threads

class Busy:
    """Three threads that take the locks of the interpreter, the C library and their file all the time."""

    def __init__(self):
        self.stop = threading.Event()
        self.under_way = threading.Barrier(4)
        works = (self.compute, self.allocate, self.print)
        self.threads = [threading.Thread(target=self.loop, args=(work,)) for work in works]

    def __enter__(self):
        self.sink = open(os.devnull, "w")
        for thread in self.threads:
            thread.start()
        self.under_way.wait()
        return self

    def __exit__(self, *exception):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.sink.close()

    def loop(self, work):
        work()
        self.under_way.wait()
        while not self.stop.is_set():
            work()

    def compute(self):
        sum(i * i for i in range(1000))

    def allocate(self):
        for blocks in [[bytearray(random.randrange(1 << 16)) for _ in range(20)] for _ in range(5)]:
            blocks.clear()

    def print(self):
        for i in range(100):
            print("line", i, file=self.sink, flush=True)


# ------------------------------------------------------------------------------------------------- main

def main():
    parser = argparse.ArgumentParser(description="Decode pictures of strangers by C code that crashes.")
    parser.add_argument("--sandbox", action="store_true", help="hold each job in a sandbox as well")
    parser.add_argument("--pictures", type=int, default=200, metavar="N", help="so many (200)")
    given = parser.parse_args()

    table = collections.Counter()
    with Busy():
        try:
            executor = forkpool.Executor(
                os.path.join(HERE, "decoder.so"), isolation="sandbox" if given.sandbox else "job", output="capture",
                limits=forkpool.Limits(memory=256 << 20, cpu=0.3, output=4096))
        except OSError as error:
            print("pictures:", error.strerror, file=sys.stderr)
            return 2
        with executor:
            drawn = {executor.submit("decode", data, id="picture %d" % i): (kind, pixels)
                     for i, (kind, data, pixels) in enumerate(pictures(given.pictures))}
            for future in concurrent.futures.as_completed(drawn):
                kind, pixels = drawn[future]
                table[kind, described(pixels, future)] += 1
            stats = executor.stats()

    wrong = 0
    for (kind, became), count in sorted(table.items()):
        right = became == EXPECTED[kind]
        wrong += 0 if right else count
        print("%4d  %-24s %s%s" % (count, kind, became, "" if right else "   <- not as expected"))
    if sum(table.values()) != given.pictures or stats.delivered != given.pictures:
        print("results are missing")
        wrong += 1
    if stats.workers_died != 0:
        print("%d workers died" % stats.workers_died)
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
