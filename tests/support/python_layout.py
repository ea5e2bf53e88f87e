# SPDX-License-Identifier: BSD-2-Clause
"""The structures of examples/python/forkpool.py, as ctypes lays them out: python_layout.py.

With --source: a C program that prints the same of forkpool.h.  What differs between the two is wrong in forkpool.py; a
member that it lacks shows in the size, if nowhere else.
"""
import ctypes
import sys

import forkpool

STRUCTURES = {
    "forkpool_limits": forkpool.Limits, "forkpool_sandbox": forkpool.Sandbox, "forkpool_options": forkpool.Options,
    "forkpool_job": forkpool.Job, "forkpool_result": forkpool.CResult, "forkpool_stats": forkpool.Stats,
}
CONSTANTS = ["ISOLATE_WORKER", "ISOLATE_JOB", "ISOLATE_SANDBOX", "OUTPUT_INHERIT", "OUTPUT_DISCARD", "OUTPUT_CAPTURE",
             "COOPERATIVE"]


def is_number(type_):
    return issubclass(type_, ctypes._SimpleCData) and type_ not in (ctypes.c_char_p, ctypes.c_void_p)


def source():
    yield "#include <stddef.h>\n#include <stdio.h>\n#include <forkpool.h>\nint\nmain(void)\n{"
    for name, structure in STRUCTURES.items():
        yield f'\tprintf("{name} %zu\\n", sizeof(struct {name}));'
        for member, type_ in structure._fields_:
            what = f"((struct {name} *)0)->{member}"
            # An enum is an int to ctypes; its sign is the compiler's choice, so do not compare the sign.
            sign = f"(__typeof__({what}))-1 < 0" if is_number(type_) and type_ is not ctypes.c_int else "-1"
            place = f"offsetof(struct {name}, {member})"
            yield f'\tprintf("{name}.{member} %zu %zu %d\\n", {place}, sizeof {what}, {sign});'
    for name in CONSTANTS:
        yield f'\tprintf("{name} %d\\n", (int)FORKPOOL_{name});'
    yield "\treturn 0;\n}"


def layout():
    for name, structure in STRUCTURES.items():
        yield f"{name} {ctypes.sizeof(structure)}"
        for member, type_ in structure._fields_:
            field = getattr(structure, member)
            sign = int(type_(-1).value < 0) if is_number(type_) and type_ is not ctypes.c_int else -1
            yield f"{name}.{member} {field.offset} {field.size} {sign}"
    for name in CONSTANTS:
        yield f"{name} {getattr(forkpool, name)}"


print("\n".join(source() if sys.argv[1:] == ["--source"] else layout()))
