# SPDX-License-Identifier: BSD-2-Clause
"""Prometheus' text exposition format 0.0.4, strictly, and what forkpool --metrics-file promises beyond that.

metrics_rules.py FILE [JSON]     a line for each thing that is wrong; JSON is what --json wrote in the same run
metrics_rules.py --watch FILE    reads it again and again until standard input ends; at the end how many files it has
                                 seen there, after a line for each thing that is wrong
"""
import json
import os
import re
import select
import sys
from decimal import Decimal

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
HELP = re.compile(rf"# HELP ({NAME}) ([^\\]|\\\\|\\n)+")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} ([0-9]+(?:\.[0-9]+)?)")


def parse(raw, wrong):
    """Families by name: type, and samples as (name, labels, value) in their order."""
    text = raw.decode()
    families, current = {}, None
    seen = set()
    if not text.endswith("\n"):
        wrong.append("no newline at the end")
    for line in text[:-1].split("\n"):
        help_, type_, sample = HELP.fullmatch(line), TYPE.fullmatch(line), SAMPLE.fullmatch(line)
        if help_:
            current = help_[1]
            if current in families:
                wrong.append("a family in two places: " + line)
            families[current] = {"type": None, "samples": []}
        elif type_:
            if type_[1] != current or families[current]["samples"] or families[current]["type"]:
                wrong.append("a type in a wrong place: " + line)
            families[current]["type"] = type_[2]
        elif sample and current is not None and families[current]["type"]:
            family = families[current]
            name, value = sample[1], Decimal(sample[3])
            labels = dict(re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"', sample[2]))
            suffix = name[len(current):] if name.startswith(current) else None
            if suffix not in (("_bucket", "_sum", "_count") if family["type"] == "histogram" else ("",)):
                wrong.append("a sample of another family: " + line)
            if (name, sample[2]) in seen:
                wrong.append("a sample twice: " + line)
            seen.add((name, sample[2]))
            family["samples"].append((name, labels, value))
        else:
            wrong.append("not of the format: " + line)
    return families


def check(families, wrong):
    runs = set()
    for name, family in families.items():
        if not family["samples"]:
            wrong.append("no sample: " + name)
        if not name.startswith("forkpool_"):
            wrong.append("a name of others: " + name)
        if (family["type"] == "counter") != name.endswith("_total"):
            wrong.append("_total is for counters: " + name)
        runs |= {labels.get("run") for _, labels, _ in family["samples"]}
        if family["type"] == "histogram":
            buckets = [(labels["le"], value) for n, labels, value in family["samples"] if n.endswith("_bucket")]
            count = [value for n, _, value in family["samples"] if n.endswith("_count")]
            if buckets[-1][0] != "+Inf" or [buckets[-1][1]] != count:
                wrong.append("the last bucket has all: %s %s" % (buckets[-1], count))
            bounds = [float(le) for le, _ in buckets]
            if bounds != sorted(set(bounds)) or [v for _, v in buckets] != sorted(v for _, v in buckets):
                wrong.append("buckets rise: %s" % buckets)
            if len([n for n, _, _ in family["samples"] if n.endswith("_sum")]) != 1:
                wrong.append("one sum")
    if len(runs) != 1 or None in runs:
        wrong.append("one label run for all: %s" % runs)


def value(families, name, **wanted):
    family = families.get("forkpool_" + name) or families["forkpool_" + re.sub("_(sum|count|bucket)$", "", name)]
    found = [v for n, labels, v in family["samples"] if n == "forkpool_" + name and wanted.items() <= labels.items()]
    return found[0] if len(found) == 1 else None


def compare(families, path, wrong):
    jobs = [json.loads(line, parse_float=Decimal) for line in open(path, encoding="utf-8")]
    counted = {}
    for job in jobs:
        counted[job["outcome"]] = counted.get(job["outcome"], 0) + 1
    for _, labels, number in families["forkpool_jobs_total"]["samples"]:
        if number != counted.pop(labels["outcome"], 0):
            wrong.append("%s: %s, and not as --json has it" % (labels, number))
    if counted:
        wrong.append("outcomes without a sample: %s" % counted)
    tries = sum(job["attempt"] or 0 for job in jobs)
    for name, wanted in (
        ("run_duration_seconds_count", tries),
        ("retries_total", tries - sum(1 for job in jobs if job["attempt"])),
        ("jobs_known", len(jobs)),
        ("jobs_running", 0),
        ("jobs_waiting", 0),
    ):
        if value(families, name) != wanted:
            wrong.append("%s is %s, and not %s" % (name, value(families, name), wanted))
    if tries == len(jobs):  # else --json does not know of all runs
        total = sum(job["duration"] for job in jobs)
        if abs(value(families, "run_duration_seconds_sum") - total) > Decimal("0.000001") * len(jobs):
            wrong.append("durations: %s and not %s" % (value(families, "run_duration_seconds_sum"), total))
        for _, labels, number in families["forkpool_run_duration_seconds"]["samples"]:
            if "le" in labels:
                # --json has microseconds: what is that near to a bound may be on either side.
                least = sum(1 for job in jobs if job["duration"] + Decimal("0.000001") <= Decimal(labels["le"]))
                most = sum(1 for job in jobs if job["duration"] - Decimal("0.000001") <= Decimal(labels["le"]))
                if not least <= number <= most:
                    wrong.append("%s: %s, and not %s" % (labels["le"], number, least))
        for stream in ("stdout", "stderr"):
            written = sum(len(job[stream].encode()) for job in jobs)
            if value(families, "output_bytes_total", stream=stream) != written:
                wrong.append("%s: %s" % (stream, written))
    starts = [job["start"] for job in jobs if job["start"] is not None]
    if starts and not value(families, "start_time_seconds") <= min(starts) <= value(families, "end_time_seconds"):
        wrong.append("the first start is between start and end")


def watch(path):
    wrong, seen = [], set()
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        try:
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
                seen.add((status.st_ino, status.st_mtime_ns))
                raw = file.read()
        except FileNotFoundError:
            if seen:
                wrong.append("it was not there for a moment")
            continue
        families = parse(raw, wrong)
        check(families, wrong)
        if "forkpool_start_time_seconds" not in families:
            wrong.append("half of it")
    for line in wrong[:20]:
        print(line)
    print(len(seen))


if sys.argv[1] == "--watch":
    watch(sys.argv[2])
else:
    problems = []
    found = parse(open(sys.argv[1], "rb").read(), problems)
    check(found, problems)
    if len(sys.argv) > 2:
        compare(found, sys.argv[2], problems)
    for problem in problems[:20]:
        print(problem)
