# SPDX-License-Identifier: BSD-2-Clause
"""The peer in Python: multiprocessing.Pool.imap_unordered.

    python_pool.py JOBS WORKERS CHUNKSIZE

The clock stops when the last value is in; the values are checked after that, so checking costs
this peer nothing.
"""
import multiprocessing
import sys
import time


def value(i):
    return 3 * i + 7


def main():
    jobs, workers, chunksize = map(int, sys.argv[1:4])
    with multiprocessing.Pool(workers) as pool:
        list(pool.imap_unordered(value, range(jobs // 10 + 1), chunksize))
        start = time.perf_counter()
        values = list(pool.imap_unordered(value, range(jobs), chunksize))
        elapsed = time.perf_counter() - start
    values.sort()
    if values != [value(i) for i in range(jobs)]:
        sys.exit("python_pool: a wrong value, or one is missing or came twice")
    print(f"rate\t{jobs / elapsed:.6g}\tjobs/s")


if __name__ == "__main__":
    main()
