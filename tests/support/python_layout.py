# SPDX-License-Identifier: BSD-2-Clause
"""The structures of the module for Python, as ctypes lays them out, and its constants: python_layout.py.

With --source: a C program that prints the same of forkpool.h.  What differs between the two is wrong in
python/src/forkpool/_abi.py; a member that it lacks shows in the size, if nowhere else.
"""
import ctypes
import sys

from forkpool import _abi, _pool, __version__

CONSTANTS = {"COOPERATIVE": _abi.COOPERATIVE}
for prefix, words in (("ISOLATE_", _abi.ISOLATIONS), ("OUTPUT_", _abi.OUTPUTS), ("NETWORK_", _abi.NETWORKS),
                      ("CANCEL_", _pool._CANCEL)):
    CONSTANTS.update((prefix + word.upper(), number) for number, word in enumerate(words))
for outcome in ("OK", "FAILED", "CRASHED", "EXITED", "TIMED_OUT", "CANCELLED", "OVER_LIMIT", "DENIED", "SETUP_FAILED",
                "LOST", "CANCEL_QUEUED", "CANCEL_RUNNING", "CANCEL_KILL"):
    CONSTANTS[outcome] = getattr(_abi, outcome)


def is_number(type_):
    return issubclass(type_, ctypes._SimpleCData) and type_ not in (ctypes.c_char_p, ctypes.c_void_p)


def source():
    yield "#include <stddef.h>\n#include <stdio.h>\n#include <forkpool.h>\nint\nmain(void)\n{"
    for name, structure in _abi.STRUCTURES.items():
        yield f'\tprintf("{name} %zu\\n", sizeof(struct {name}));'
        for member, type_ in structure._fields_:
            what = f"((struct {name} *)0)->{member}"
            # An enum is an int to ctypes; its sign is the compiler's choice, so do not compare the sign.
            sign = f"(__typeof__({what}))-1 < 0" if is_number(type_) and type_ is not ctypes.c_int else "-1"
            place = f"offsetof(struct {name}, {member})"
            yield f'\tprintf("{name}.{member} %zu %zu %d\\n", {place}, sizeof {what}, {sign});'
    for name in CONSTANTS:
        yield f'\tprintf("{name} %d\\n", (int)FORKPOOL_{name});'
    yield "\tputs(FORKPOOL_VERSION);\n\treturn 0;\n}"


def layout():
    for name, structure in _abi.STRUCTURES.items():
        yield f"{name} {ctypes.sizeof(structure)}"
        for member, type_ in structure._fields_:
            field = getattr(structure, member)
            sign = int(type_(-1).value < 0) if is_number(type_) and type_ is not ctypes.c_int else -1
            yield f"{name}.{member} {field.offset} {field.size} {sign}"
    for name, number in CONSTANTS.items():
        yield f"{name} {number}"
    yield __version__


print("\n".join(source() if sys.argv[1:] == ["--source"] else layout()))
