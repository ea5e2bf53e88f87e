# SPDX-License-Identifier: BSD-2-Clause
"""What the Trace Event Format asks of a file of forkpool --trace, and what the manual page says is in it.

trace_rules.py TRACE [JSON]: the latter is what --json wrote in the same run.  A line for each thing that is wrong.
"""
import base64
import json
import sys
from decimal import Decimal

wrong = []


def check(holds, *what):
    if not holds:
        wrong.append(" ".join(str(word) for word in what))


raw = open(sys.argv[1], "rb").read()
check(raw[:1] == b"[", "it does not begin with a bracket")
# Whatever is in names, the file has lines and no other control character.
check(not any(byte < 32 and byte != 10 or byte == 127 for byte in raw), "a control character")
text = raw.decode()  # UTF-8, or it ends here
if not text.rstrip().endswith("]"):
    # As the viewers do it.
    check(not text.rstrip().endswith(","), "a comma at the end")
    text += "]"
events = json.loads(text, parse_float=Decimal)

pids = set()
runs = {}  # by seq
ends = {}  # by tid
named = set()
sorted_ = set()
starts, finishes = {}, {}  # of flows
last_counter = -1
for event in events:
    phase = event["ph"]
    check(phase in ("X", "i", "C", "M", "s", "f"), "phase", phase)
    check(isinstance(event["name"], str) and event["name"], "a name", event)
    check(isinstance(event["pid"], int) and isinstance(event["tid"], int), "pid, tid", event)
    check(isinstance(event.get("args", {}), dict), "args", event)
    pids.add(event["pid"])
    if phase != "M":
        check(not isinstance(event["ts"], str) and event["ts"] >= 0, "ts", event)
    if phase == "X":
        args = event["args"]
        check(event["dur"] >= 0, "dur", event)
        check(isinstance(event["cat"], str), "cat", event)
        check(event["tid"] in named, "a thread without a name", event["tid"])
        check(event["ts"] >= ends.get(event["tid"], 0), "it overlaps the one before on its track:", event)
        ends[event["tid"]] = event["ts"] + event["dur"]
        runs.setdefault(args["seq"], []).append(event)
        check(event["cat"].split(",")[0] == args["outcome"], "category", event)
        check(len(event["name"]) < 80, "a long name", event)
    elif phase == "M":
        kind = event["name"]
        check(kind in ("process_name", "process_labels", "thread_name", "thread_sort_index"), "metadata", kind)
        if kind == "thread_name":
            check(event["tid"] not in named, "a thread named twice", event)
            check(event["args"]["name"] == "worker %d" % event["tid"], event)
            named.add(event["tid"])
        if kind == "thread_sort_index":
            sorted_.add(event["tid"])
    elif phase == "i":
        check(event["s"] in ("p", "t"), "scope", event)
    elif phase == "C":
        values = event["args"].values()
        check(values and all(isinstance(value, int) and value >= 0 for value in values), "values", event)
        check(event["ts"] > last_counter, "counters in order", event)
        last_counter = event["ts"]
    else:
        of = starts if phase == "s" else finishes
        check(isinstance(event["id"], str) and event["id"] not in of, "id", event)
        of[event["id"]] = event
check(len(pids) == 1, "processes:", pids)
check(named == sorted_, "threads that are named, and sorted:", named, sorted_)
check(named == set(ends) or not ends, "threads:", named, set(ends))
check(set(starts) == set(finishes), "flows from", set(starts), "to", set(finishes))

# Each try of a job is one event, they are numbered, and an arrow leads from each to the next.
for seq, tries in runs.items():
    check([event["args"]["attempt"] for event in tries] == list(range(1, len(tries) + 1)), "tries of", seq)
    for event, following in zip(tries, tries[1:]):
        flow = "%d.%d" % (seq, event["args"]["attempt"])
        check("retry" in event["cat"].split(","), "a try that is not the last", event)
        check(flow in starts and flow in finishes, "no arrow", flow)
        if flow in starts and flow in finishes:
            for end, run in ((starts[flow], event), (finishes[flow], following)):
                check(end["tid"] == run["tid"] and run["ts"] <= end["ts"] <= run["ts"] + run["dur"], "arrow", end, run)
            check(finishes[flow]["bp"] == "e", "it binds to the enclosing run", finishes[flow])
    check("retry" not in tries[-1]["cat"].split(","), "the last try", tries[-1])

if len(sys.argv) > 2:
    began = events[0]["args"]["time"]
    check(events[0]["name"] == "begin", "the first event", events[0])
    objects = {}
    for line in open(sys.argv[2], encoding="utf-8"):
        job = json.loads(line, parse_float=Decimal)
        objects[job["seq"]] = job
    ran = {seq for seq, job in objects.items() if job["start"] is not None}
    check(set(runs) == ran, "jobs in the trace", sorted(runs), "and those that ran", sorted(ran))
    for seq in set(runs) & ran:
        job, event = objects[seq], runs[seq][-1]
        args = event["args"]
        for name in ("outcome", "attempt", "exit", "signal", "signal_name", "limit", "message", "max_rss"):
            check(args.get(name) == job[name], seq, name, args.get(name), job[name])
        check(event["tid"] == job["slot"], seq, "worker", event["tid"], job["slot"])
        check(abs(event["dur"] / 1000000 - job["duration"]) <= Decimal("0.000001"), seq, event["dur"], job["duration"])
        # An event may begin later than the record says, if the event before it on the track put it there.
        check(event["ts"] / 1000000 + began >= job["start"] - Decimal("0.000002"),
              seq, "start", event["ts"], job["start"])
        words = job.get("command") or [base64.b64decode(word) for word in job["command_base64"]]
        last = words[-1] if isinstance(words[-1], bytes) else words[-1].encode()
        command = args["command"].encode() if "command" in args else base64.b64decode(args["command_base64"])
        check(("command_base64" in args) == ("command_base64" in job), seq, "base64 where it must be")
        check(last in command or b"'" in last, seq, command, words)

for line in wrong[:20]:
    print(line)
