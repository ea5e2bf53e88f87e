# SPDX-License-Identifier: BSD-2-Clause
"""The module for Python and its peer, each an executor of concurrent.futures that gives bytes back.

    python_executor.py forkpool JOBS WORKERS PLUGIN
    python_executor.py processes JOBS WORKERS CHUNKSIZE

map() of forkpool.Executor over a function of a plug-in, and of ProcessPoolExecutor over a Python function that does the
same.  The clock stops when the last value is in.
"""
import concurrent.futures
import sys
import time


def echo(data):
    return data + b"\n"


def main():
    which, jobs, workers, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    inputs = [b"%d" % n for n in range(jobs)]
    if which == "forkpool":
        import forkpool
        executor, function, chunksize = forkpool.Executor(last, workers=workers), "echo", 1
    else:
        executor, function, chunksize = concurrent.futures.ProcessPoolExecutor(workers), echo, int(last)
    with executor:
        list(executor.map(function, inputs[:jobs // 10 + 1], chunksize=chunksize))
        start = time.perf_counter()
        values = list(executor.map(function, inputs, chunksize=chunksize))
        elapsed = time.perf_counter() - start
    if values != [echo(data) for data in inputs]:
        sys.exit("python_executor: a wrong value")
    print(f"rate\t{jobs / elapsed:.6g}\tjobs/s")


if __name__ == "__main__":
    main()
