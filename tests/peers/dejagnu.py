# SPDX-License-Identifier: BSD-2-Clause
"""A case of findutils' test suite of xargs, without DejaGnu: dejagnu.py XARGS CASE.exp

A case is one line of Tcl, xargs_start STATUS OPTIONS INPUT ERRORS COMMAND, and beside it are files
with what is to come out, .xo and .xe.  Prints what is wrong, if something is; the status says so.
"""
import os
import re
import subprocess
import sys

ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def unescape(text):
    """Tcl's backslashes, as in a word without braces."""
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[1]), text)


def words(line, variables):
    """The words of a command in Tcl: in braces as they are, else with variables and backslashes."""
    found, at = [], 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        end = at + 1
        if line[at] == "{":
            depth = 1
            while depth > 0:
                if line[end] == "\\":
                    end += 1
                depth += {"{": 1, "}": -1}.get(line[end], 0)
                end += 1
            found.append(line[at + 1:end - 1])
        elif line[at] == '"':
            while line[end] != '"':
                end += 2 if line[end] == "\\" else 1
            text = line[at + 1:end]
            found.append(unescape(re.sub(r"\$(\w+)", lambda match: variables[match[1]], text)))
            end += 1
        else:
            while end < len(line) and not line[end].isspace():
                end += 2 if line[end] == "\\" else 1
            found.append(unescape(line[at:end]))
        at = end
    return found


def read(path):
    """The file's bytes; none where there is no such file."""
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def main():
    xargs, case = sys.argv[1:]
    variables = {"XARGS": xargs, "XARGSFLAGS": ""}
    with open(case, encoding="latin-1") as file:
        calls = [words(line, variables) for line in file if line.startswith("xargs_start")]
    if len(calls) != 1:
        sys.exit("not one call of xargs_start but %d" % len(calls))
    _, wanted, options, source, errors, command = (calls[0] + [""] * 4)[:6]
    status = {"p": 0, "f": 1}.get(wanted[0]) if not wanted.isdigit() else int(wanted)
    inputs = os.path.join(os.path.dirname(os.path.dirname(case)), "inputs")
    with open(os.path.join(inputs, source) if source else "/dev/null", "rb") as given:
        ran = subprocess.run(words(command or xargs + " " + options, variables), stdin=given,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    wrong = []
    if ran.returncode != status:
        wrong.append("status %d, wanted %d" % (ran.returncode, status))
    base = case[:-len(".exp")]
    outputs = [(ran.stdout, ".xo")]
    if not errors.startswith("s"):
        outputs.append((re.sub(rb"(?m)^.*xargs:", b"xargs:", ran.stderr), ".xe"))
    for output, ending in outputs:
        if output != read(base + ending):
            wrong.append("%s: %r, wanted %r" % (ending, output[:200], read(base + ending)[:200]))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(len(wrong) > 0)


main()
