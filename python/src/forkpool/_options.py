# SPDX-License-Identifier: BSD-2-Clause
"""What a pool is to be: Python's values, checked and turned into the structures of forkpool.h."""
import ctypes
import math
import operator
import os
from typing import (Any, Callable, Iterable, List, Mapping, NamedTuple, Optional, Sequence, SupportsIndex, Tuple, Type,
                    TypeVar, Union)

from . import _abi

PathLike = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Limits(NamedTuple):
    """What a job may use; None: no limit.  Sizes are bytes."""
    memory: Optional[int] = None      #: of private memory
    cpu: Optional[float] = None       #: seconds of processor time of one run ("job" and "sandbox")
    file_size: Optional[int] = None   #: that a file may grow to
    open_files: Optional[int] = None
    processes: Optional[int] = None   #: at a time ("job" and "sandbox")
    stack: Optional[int] = None
    output: Optional[int] = None      #: captured; what is past it is dropped


class Sandbox(NamedTuple):
    """What a sandbox opens up or demands; without any of it, it is the strictest.  See forkpool_sandbox(7)."""
    readable: Iterable[PathLike] = ()   #: paths that may be read, with all below
    writable: Iterable[PathLike] = ()   #: likewise: read, written, created and removed
    network: str = "none"               #: or "open" or "loopback"
    exec: bool = False
    namespaces: bool = False
    uid: Optional[int] = None           #: -1: unchanged
    gid: Optional[int] = None
    cgroup: Optional[PathLike] = None
    best_effort: bool = False
    cgroup_pids: Optional[PathLike] = None
    private_root: bool = False
    scratch: Optional[int] = None
    threads: bool = False
    job_paths: bool = False             #: submit() takes readable and writable


_T = TypeVar("_T", Limits, Sandbox)


class PoolOptions(NamedTuple):
    """The options of a pool, as Pool and Executor are given them: see Pool."""
    workers: Optional[int]
    queue_limit: Optional[int]
    timeout: Optional[float]
    grace: Optional[float]
    max_attempts: Optional[int]
    retry_on: Iterable[str]
    jobs_per_worker: Optional[int]
    max_value_len: Optional[int]
    ordered: bool
    isolation: str
    output: str
    limits: Union[Limits, Mapping[str, Any], None]
    sandbox: Union[Sandbox, Mapping[str, Any], None]
    worker_init: Optional[str]
    worker_exit: Optional[str]
    worker_arg: Optional[bytes]
    init_timeout: Optional[float]
    job_exit: Optional[str]
    core_dumps: bool
    environment: Optional[Mapping[str, str]]
    descriptors: Iterable[Any]
    executes: bool
    backtraces: bool


# ------------------------------------------------------------------------------------ one value each

def whole(name: str, value: Optional[SupportsIndex], largest: int = (1 << 63) - 1) -> int:
    """A number that is not negative; 0 for None."""
    if value is None:
        return 0
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError("%s: a whole number is wanted, not %s" % (name, type(value).__name__)) from None
    if number < 0:
        raise ValueError("%s: %d is negative" % (name, number))
    if number > largest:
        raise ValueError("%s: %d is more than %d" % (name, number, largest))
    return number


def nanoseconds(name: str, seconds: Optional[float], without: int = 0) -> int:
    """Seconds as the library has them: never 0, which means the default there.  None: 0, infinity: without."""
    if seconds is None:
        return 0
    try:
        number = float(seconds)
    except (TypeError, ValueError):
        raise TypeError("%s: seconds are wanted, not %s" % (name, type(seconds).__name__)) from None
    if math.isnan(number):
        raise ValueError("%s: no number of seconds" % name)
    if number < 0:
        raise ValueError("%s: %r is negative" % (name, seconds))
    if number >= (1 << 63) / 1e9:
        return without if math.isinf(number) else (1 << 63) - 1
    return max(int(number * 1e9), 1)


def choice(name: str, value: Any, choices: Sequence[str]) -> int:
    if value not in choices:
        raise ValueError("%s: %r is none of %s" % (name, value, ", ".join(choices)))
    return choices.index(value)


def c_text(name: str, value: Union[str, bytes]) -> bytes:
    data = os.fsencode(value) if isinstance(value, (str, bytes)) else None
    if data is None:
        raise TypeError("%s: text is wanted, not %s" % (name, type(value).__name__))
    if b"\0" in data:
        raise ValueError("%s: has a NUL" % name)
    return data


def c_path(name: str, value: Optional[PathLike]) -> Optional[bytes]:
    return None if value is None else c_text(name, os.fspath(value))


def c_list(strings: Iterable[bytes]) -> Any:
    """An array of strings up to a NULL."""
    array = list(strings) + [None]
    return (ctypes.c_char_p * len(array))(*array)


def c_paths(name: str, paths: Iterable[PathLike]) -> Any:
    """NULL where there are none."""
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError("%s: a list of paths is wanted, not one path" % name)
    encoded = [c_text(name, os.fspath(path)) for path in paths]
    return c_list(encoded) if encoded else None


# ------------------------------------------------------------------------------------- all of them

def _named(name: str, kind: Type[_T], value: Union[_T, Mapping[str, Any], None]) -> _T:
    """Limits or a Sandbox, also where a mapping was given."""
    if value is None or isinstance(value, kind):
        return kind() if value is None else value
    if not isinstance(value, Mapping):
        raise TypeError("%s: %s or a mapping is wanted, not %s" % (name, kind.__name__, type(value).__name__))
    unknown = [str(key) for key in value if key not in kind._fields]
    if unknown:
        raise TypeError("%s: there is no %s; there are %s" % (name, ", ".join(unknown), ", ".join(kind._fields)))
    return kind(**value)


def _limits(given: Limits) -> _abi.Limits:
    c = _abi.Limits()
    for name, value in given._asdict().items():
        if value is None:
            continue
        what = "limits: " + name
        number = nanoseconds(what, value) if name == "cpu" else whole(what, value)
        if number == 0:
            raise ValueError("%s: 0 is no limit; leave it out" % what)
        setattr(c, "cpu_ns" if name == "cpu" else name, number)
    return c


def _sandbox(given: Sandbox) -> _abi.Sandbox:
    def user(name: str, value: Optional[int]) -> int:
        if value == 0:
            raise ValueError("sandbox: %s: 0 would be the library's default; leave it out" % name)
        return 0xffffffff if value == -1 else whole("sandbox: " + name, value, 0xfffffffe)

    return _abi.Sandbox(
        readable=c_paths("sandbox: readable", given.readable), writable=c_paths("sandbox: writable", given.writable),
        network=choice("sandbox: network", given.network, _abi.NETWORKS), exec=bool(given.exec),
        namespaces=bool(given.namespaces), uid=user("uid", given.uid), gid=user("gid", given.gid),
        cgroup=c_path("sandbox: cgroup", given.cgroup), best_effort=bool(given.best_effort),
        cgroup_pids=c_path("sandbox: cgroup_pids", given.cgroup_pids), private_root=bool(given.private_root),
        scratch=whole("sandbox: scratch", given.scratch), threads=bool(given.threads),
        job_paths=bool(given.job_paths))


def _outcomes(names: Iterable[str]) -> int:
    if isinstance(names, str):
        raise TypeError("retry_on: a list of outcomes is wanted, not one word")
    known = [_abi.text(_abi.outcome_name(n)) for n in range(1, _abi.LOST + 1)]
    return sum(1 << choice("retry_on", name, known) + 1 for name in set(names))


def _environment(variables: Mapping[str, str]) -> Any:
    strings: List[bytes] = []
    for name, value in variables.items():
        if not name or "=" in name:
            raise ValueError("environment: %r is no name" % name)
        strings.append(c_text("environment", name) + b"=" + c_text("environment", value))
    return c_list(strings)


def _descriptors(given: Iterable[Any]) -> Any:
    numbers = [whole("descriptors", d.fileno() if hasattr(d, "fileno") else d, 0x7fffffff) for d in given] + [-1]
    return (ctypes.c_int * len(numbers))(*numbers) if len(numbers) > 1 else None


def c_options(given: PoolOptions, function: Callable[[str], int]) -> Tuple[_abi.Options, Any]:
    """The options for forkpool_open_sized(), and what has to last as long as the pool.

    function() gives the address of a function of the shared object.
    """
    def address(name: Optional[str]) -> Optional[int]:
        return None if name is None else function(name)

    unsigned = 0xffffffff
    isolation = choice("isolation", given.isolation, _abi.ISOLATIONS)
    argument = None
    if given.worker_arg is not None:  # a NUL is behind it, so that it can be a text
        argument = ctypes.create_string_buffer(bytes(memoryview(given.worker_arg)))
    c = _abi.Options(
        workers=whole("workers", given.workers, unsigned), queue_limit=whole("queue_limit", given.queue_limit),
        timeout_ns=nanoseconds("timeout", given.timeout), grace_ns=nanoseconds("grace", given.grace, (1 << 63) - 1),
        max_attempts=whole("max_attempts", given.max_attempts, unsigned), retry_on=_outcomes(given.retry_on),
        jobs_per_worker=whole("jobs_per_worker", given.jobs_per_worker, unsigned),
        max_value_len=whole("max_value_len", given.max_value_len), ordered=bool(given.ordered), isolation=isolation,
        output=choice("output", given.output, _abi.OUTPUTS),
        limits=_limits(_named("limits", Limits, given.limits)),
        worker_init=address(given.worker_init), worker_exit=address(given.worker_exit),
        worker_arg=None if argument is None else ctypes.addressof(argument),
        init_timeout_ns=nanoseconds("init_timeout", given.init_timeout, -1), job_exit=address(given.job_exit),
        core_dumps=bool(given.core_dumps), descriptors=_descriptors(given.descriptors),
        executes=bool(given.executes))
    if given.sandbox is not None:
        c.sandbox = ctypes.pointer(_sandbox(_named("sandbox", Sandbox, given.sandbox)))
    if given.environment is not None:
        c.environment = _environment(given.environment)
    return c, argument
