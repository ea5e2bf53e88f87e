# SPDX-License-Identifier: BSD-2-Clause
"""What a page of --report has in it, read as its script does, and held against --results-json of the same run."""

import html.parser
import json
import re

AGAIN, DIED = 1, 2


class Scripts(html.parser.HTMLParser):
    """The scripts of a page, and all that it has by way of elements and attributes."""

    def __init__(self):
        super().__init__()
        self.scripts, self.elements, self.inside = [], [], None

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self.inside = dict(attributes)
            self.scripts.append([self.inside, ""])

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = None

    def handle_data(self, text):
        if self.inside is not None:
            self.scripts[-1][1] += text


def parse(path):
    with open(path, encoding="utf-8", newline="") as page:
        text = page.read()
    parser = Scripts()
    parser.feed(text)
    parser.close()
    return text, parser


def read(path):
    """The data, with "runs": a dict for each row."""
    _, parser = parse(path)
    (text,) = [text for attributes, text in parser.scripts if attributes.get("type") == "application/json"]
    assert not re.search("[<>&\u2028\u2029\x00-\x09\x0b-\x1f\x7f]", text), "the data has what it should not have"
    data = json.loads(text)
    seq = start = 0
    command = ""
    data["runs"] = []
    for row in data["rows"]:
        seq += row[0]
        start += row[5]
        command = command[:row[9]] + row[11] + command[len(command) - row[10]:]
        run = dict(seq=seq, slot=row[1], outcome=data["outcomes"][row[2]], attempt=row[3], again=bool(row[4] & AGAIN),
                   died=bool(row[4] & DIED), start=start, run=row[6], exit=row[7], memory=row[8], command=command)
        if len(row) > 12:
            run.update(zip(("why", "place", "err_length", "err", "out_length", "out", "backtrace"), row[12:]))
        data["runs"].append(run)
    return data


def compare(data, json_path):
    """The last run of each job is what the object of that job says."""
    with open(json_path, encoding="utf-8") as objects:
        wanted = {o["seq"]: o for o in map(json.loads, objects)}
    last = {run["seq"]: run for run in data["runs"] if not run["again"]}
    began = {seq: o for seq, o in wanted.items() if o["start"] is not None}
    assert sorted(last) == sorted(began), (sorted(last), sorted(began))
    for seq, o in began.items():
        run = last[seq]
        assert run["outcome"] == o["outcome"], (seq, run, o)
        assert run["slot"] == o["slot"] and run["attempt"] == o["attempt"], (seq, run, o)
        assert run["exit"] == (o["exit"] if o["exit"] is not None else -1), (seq, run, o)
        assert abs(run["run"] - o["duration"] * 1e6) < 2, (seq, run, o)
        assert abs(data["began"] + run["start"] - o["start"] * 1e6) < 3, (seq, run, o)
        if o["outcome"] != "ok" and "backtrace" in o:
            lines = run.get("backtrace", "").splitlines()
            assert lines == (o["backtrace"] or [])[:len(lines)] and bool(lines) == bool(o["backtrace"]), (seq, run, o)
        for name, stream in (("err", "stderr"), ("out", "stdout")):
            if o["outcome"] != "ok" and stream in o:
                assert run[name + "_length"] == len(o[stream].encode()), (seq, run, o)
    for name, n in zip(data["outcomes"], data["jobs"]):
        assert n == sum(o["outcome"] == name for o in wanted.values()), (name, n)
    sums(data)


def sums(data):
    """What is said of all runs is what the rows add up to."""
    runs = data["runs"]
    assert data["runs_total"] == len(runs), data["runs_total"]
    assert data["again"] == sum(run["again"] for run in runs)
    failed = [run for run in runs if run["outcome"] not in ("ok", "cancelled")]
    for n, lane in enumerate(data["lanes"]):
        own = [run for run in runs if run["slot"] == n + 1]
        assert lane == [sum(run["run"] for run in own), len(own), sum(run in failed for run in own),
                        sum(run["died"] for run in own)], (n, lane)
    edges = data["edges"]
    for i, n in enumerate(data["by_duration"]):
        low, high = edges[i - 1] if i else 0, edges[i] if i < len(edges) else float("inf")
        assert n == sum(low <= run["run"] < high for run in runs), (i, n)
    assert sum(data["busy"]) == sum(run["run"] for run in runs)
    for i, (ended, wrong) in enumerate(zip(data["ended"], data["failed"])):
        there = [run for run in runs if (run["start"] + run["run"]) // data["stretch"] == i]
        assert (ended, wrong) == (len(there), sum(run in failed for run in there)), i
