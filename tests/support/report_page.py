# SPDX-License-Identifier: BSD-2-Clause
"""Tests, in Chromium, of the pages that tests/tool/report-page.sh has made; TAP on standard output."""

import collections
import os
import re
import sys

from browser import Browser
from report_data import compare, read, sums

directory = sys.argv[1]
number = 0


def check(name, got, wanted=True):
    global number
    number += 1
    if got == wanted:
        print("ok %d - %s" % (number, name), flush=True)
    else:
        print("not ok %d - %s" % (number, name))
        print("\n".join("# " + line for line in ("got: %r\nwanted: %r" % (got, wanted)).splitlines()), flush=True)


def path(name):
    return os.path.join(directory, name)


def click_on(page, selector):
    page.run("document.querySelector(%r).scrollIntoView({block: 'center', behavior: 'instant'})" % selector)
    x, y = page.run("(() => { const b = document.querySelector(%r).getBoundingClientRect();"
                    " return [b.x + b.width / 2, b.y + b.height / 2]; })()" % selector)
    page.click(x, y)
    page.settled()


def box(page, selector):
    return page.run("(() => { const b = document.querySelector(%r).getBoundingClientRect();"
                    " return [b.x, b.y, b.width, b.height]; })()" % selector)


def data(page, name):
    return page.run("document.documentElement.dataset.%s" % name)


def window(page):
    page.settled()
    return float(data(page, "from")), float(data(page, "to"))


def text_of(page, selector):
    return page.run("document.querySelector(%r).textContent" % selector)


def count_of(page, selector):
    return page.run("document.querySelectorAll(%r).length" % selector)


def cells(page, selector):
    """The texts of the cells of each row that the selector finds."""
    return page.run("[...document.querySelectorAll(%r)].map((r) => [...r.cells].map((c) => c.textContent))" % selector)


def focused(page):
    """What has the focus: its id, class, button of the lanes or tag."""
    return page.run("(() => { const e = document.activeElement;"
                    " return e.id || e.className || e.dataset.zoom || e.tagName; })()")


def rows(page):
    """The table, all pages of it: a list of texts for each row."""
    page.run("document.getElementById('page-first').click()")
    found = []
    while True:
        found += cells(page, "#runs tbody tr[data-run]")
        if page.run("document.getElementById('page-after').disabled"):
            page.run("document.getElementById('page-first').click()")
            return found
        page.run("document.getElementById('page-after').click()")


def pixels(page, selector, colours):
    """How many pixels of that canvas have the colour of each of these custom properties."""
    return page.run("""(() => {
        const shown = document.querySelector(%r), canvas = document.createElement('canvas');
        const c = canvas.getContext('2d', { willReadFrequently: true });
        canvas.width = shown.width;
        canvas.height = shown.height;
        c.drawImage(shown, 0, 0);
        const style = getComputedStyle(document.documentElement), counts = {};
        const all = c.getImageData(0, 0, canvas.width, canvas.height).data;
        for (const name of %r) {
            const hex = style.getPropertyValue('--' + name).trim();
            const rgb = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
            counts[name] = 0;
            for (let i = 0; i < all.length; i += 4) counts[name] += rgb.every((v, n) => all[i + n] === v) ? 1 : 0;
        }
        return counts;
    })()""" % (selector, list(colours)))


def quiet(page, name):
    check(name + ": nothing is said on the console", page.said, [])
    check(name + ": nothing is asked for but the page", [url for url in page.asked if not url.startswith("data:")],
          ["file://" + os.path.abspath(path(name + ".html"))])


# ------------------------------------------------------------------------------------------- a run

def what_it_shows(browser):
    run = read(path("run.html"))
    compare(run, path("run.json"))
    runs = run["runs"]
    jobs = dict(zip(run["outcomes"], run["jobs"]))
    failed = [r for r in runs if r["outcome"] not in ("ok", "cancelled") and not r["again"]]
    page = browser.open(path("run.html"))
    page.settled()
    check("the page is drawn", data(page, "state"), "ready")
    check("no text has become markup",
          count_of(page, "main img, main svg, main script, main a:not([href='#runs-title']), main b b, main i i"), 0)
    check("and no text a script", page.run("typeof window.hacked"), "undefined")
    check("it has the runs and lanes that there were", (data(page, "runs"), data(page, "lanes")), (str(len(runs)), "4"))
    check("the first line says how many failed", text_of(page, "#verdict"),
          "%d of %d jobs failed" % (len(failed), sum(run["jobs"])))
    check("and so does the title", page.run("document.title").startswith("✕ %d of " % len(failed)))
    facts = page.run("Object.fromEntries([...document.querySelectorAll('#facts > div')].map((d) =>"
                     " [d.querySelector('dt').textContent, d.querySelector('dd').firstChild.textContent]))")
    busy = 100 * sum(r["run"] for r in runs) / (run["elapsed"] * 4)
    check("how busy the workers were", abs(float(facts["Workers busy"].split()[0]) - busy) <= 0.6)
    check("how many runs were tried again", facts["Tried again"], str(sum(r["again"] for r in runs)))
    chips = page.run("Object.fromEntries([...document.querySelectorAll('.chip')].map((c) =>"
                     " [c.dataset.outcome, c.querySelector('b').textContent]))")
    wanted = {name: str(n) for name, n in jobs.items() if n > 0}
    wanted["retried"] = str(len({r["seq"] for r in runs if r["again"]}))
    check("outcomes, each with its number", chips, wanted)

    shown = rows(page)
    check("the table has every run", sorted((int(r[0]), r[1].replace(" ", "_"), r[2], int(r[3])) for r in shown),
          sorted((r["seq"], r["outcome"], r["command"], r["slot"]) for r in runs))
    columns = page.run("[...document.querySelectorAll('#durations button')].map((b) => Number(b.dataset.runs))")
    there = [n for n in run["by_duration"]]
    while there and there[0] == 0:
        there.pop(0)
    while there and there[-1] == 0:
        there.pop()
    check("the histogram has each of them", columns, there)
    workers = cells(page, "#workers tbody tr")
    check("the table of workers too", [(int(w[0]), int(w[3]), w[4], w[5]) for w in workers],
          [(n + 1, lane[1], str(lane[2] or "–"), str(lane[3] or "–")) for n, lane in enumerate(run["lanes"])])

    entries = page.run("[...document.querySelectorAll('#failures details')].map((d) =>"
                       " [Number(d.querySelector('.number').textContent),"
                       " d.querySelector('.why').firstChild.textContent])")
    check("failed jobs are listed with their explanations", sorted(entries)[:12],
          sorted([r["seq"], r["why"]] for r in failed[:12]))
    page.run("document.querySelector('#failures .more')?.click()")
    check("all of them, when asked for more", count_of(page, "#failures details"), len(failed))
    slowest = page.run("[...document.querySelectorAll('#slowest .number')].map((d) => Number(d.textContent))")
    check("the slowest come first", slowest, [r["seq"] for r in sorted(runs, key=lambda r: -r["run"])[:8]])

    # The texts of an opened entry.
    attack = next(r for r in failed if "</script>" in r["command"])
    page.run("[...document.querySelectorAll('#failures summary')]"
             ".find((s) => s.querySelector('.number').textContent === '%d').click()" % attack["seq"])
    page.settled()
    opened = page.run("(() => { const d = document.querySelector('#failures details[open]');"
                      " return [d.querySelector('dd .mono').textContent, d.querySelector('pre').textContent]; })()")
    check("what a job wrote is shown as it is", opened, [attack["command"], attack["err"]])
    check("and runs no script then either", page.run("typeof window.hacked"), "undefined")
    again = next(r for r in runs if r["again"] and "second-1" in r["command"])
    click_on(page, ".chip[data-outcome=retried]")
    check("only what was tried again, where that is asked for", sorted(int(r[0]) for r in rows(page)),
          sorted(r["seq"] for r in runs if r["again"] or r["attempt"] > 1))
    page.run("[...document.querySelectorAll('#runs .open')].find((b) => b.textContent === '%d').click()" % again["seq"])
    check("a run says what became of the other tries", "Attempt " in text_of(page, "#runs td.inner .body > .hint"))
    quiet(page, "run")
    page.close()
    return run


def the_lanes(browser, run):
    page = browser.open(path("run.html"))
    page.settled()
    runs = run["runs"]
    drawn = pixels(page, "#lanes-canvas", ["ok", "failed", "crashed", "timed_out"])
    check("each kind of outcome is in the lanes", {name for name, n in drawn.items() if n > 0},
          {"ok", "failed", "crashed", "timed_out"})
    left, top, width, height = box(page, "#lanes")
    lane = height / 4

    def place(r, part=0.5):
        begin, end = window(page)
        x = left + 34 + (r["start"] + r["run"] * part - begin) / (end - begin) * (width - 34)
        return x, top + (r["slot"] - 0.5) * lane

    slow = max((r for r in runs if r["outcome"] == "timed_out"), key=lambda r: r["run"])
    page.run("document.getElementById('lanes').scrollIntoView({block: 'center', behavior: 'instant'})")
    left, top, width, height = box(page, "#lanes")
    page.mouse("mouseMoved", *place(slow))
    check("the mouse over a run says which it is",
          "job %d, worker %d" % (slow["seq"], slow["slot"]) in text_of(page, "#tip"))
    page.click(*place(slow))
    page.settled()
    check("a click chooses it", "%d" % slow["seq"] in text_of(page, "#picked dd"))

    whole = window(page)
    check("at first all of it is shown", whole[0] == 0 and whole[1] >= run["elapsed"])
    page.mouse("mouseWheel", *place(slow), deltaX=0, deltaY=-200)
    near = window(page)
    check("the wheel zooms, where the lanes have been chosen", near[1] - near[0] < 0.8 * whole[1])
    check("around where the mouse is", near[0] < slow["start"] + slow["run"] / 2 < near[1])
    page.drag(left + width / 2, top + lane / 2, left + width / 2 + 200, top + lane / 2)
    moved = window(page)
    check("dragging moves", moved[0] < near[0] and abs((moved[1] - moved[0]) - (near[1] - near[0])) < 2)
    click_on(page, "[data-zoom=all]")
    check("a button shows all again", window(page), whole)
    for button, test in (("in", lambda w: w[1] - w[0] < 0.6 * whole[1]),
                         ("right", lambda w: w[0] > 0.3 * whole[1] and w[1] - w[0] < 0.6 * whole[1]),
                         ("left", lambda w: w[1] - w[0] < 0.6 * whole[1]),
                         ("out", lambda w: w[1] - w[0] > 0.9 * whole[1])):
        click_on(page, "[data-zoom=%s]" % button)
        check("the button " + button, test(window(page)))
    click_on(page, "[data-zoom=all]")
    page.run("document.getElementById('lanes').scrollIntoView({block: 'center', behavior: 'instant'})")
    x, y, w, h = box(page, "#overview")
    page.drag(x + 34 + (w - 34) * 0.25, y + h / 2, x + 34 + (w - 34) * 0.5, y + h / 2)
    chosen = window(page)
    near_to = [abs(at - part * whole[1]) < 0.02 * whole[1] for at, part in zip(chosen, (0.25, 0.5))]
    check("a stretch can be chosen in the strip above", near_to, [True, True])
    other = browser.open(path("run.html"))
    other.run("document.getElementById('lanes').scrollIntoView({block: 'center', behavior: 'instant'})")
    lx, ly, lw, lh = box(other, "#lanes")
    before = other.run("scrollY")
    other.run("scrollTo({top: 0, behavior: 'instant'})")
    lx, ly, lw, lh = box(other, "#lanes")
    other.mouse("mouseWheel", lx + lw / 2, ly + lh / 2, deltaX=0, deltaY=60)
    other.until("scrollY > 0")
    check("else it scrolls the page on", window(other)[0] == 0 and before >= 0)
    other.close()
    quiet(page, "run")
    page.close()


def the_keys(browser, run):
    page = browser.open(path("run.html"))
    page.settled()
    page.key("Tab")
    check("the first key leads past it all to the table", page.run("document.activeElement.className"), "skip")
    seen = [focused(page)]
    unseen = []
    while "lanes" not in seen and len(seen) < 40:
        page.key("Tab")
        seen.append(focused(page))
        if not page.run("getComputedStyle(document.activeElement).outlineStyle !== 'none'"):
            unseen.append(seen[-1])
    check("Tab goes through the filter and the buttons to the lanes", {"chip", "text", "in", "lanes"} <= set(seen))
    check("and where it is can be seen", unseen, [])
    whole = window(page)
    page.key("+", "Equal")
    zoomed = window(page)
    check("+ zooms in", abs((zoomed[1] - zoomed[0]) * 2 - whole[1]) < 2)
    page.key("ArrowRight")
    right = window(page)
    check("an arrow moves", right[0] > zoomed[0] and abs((right[1] - right[0]) - (zoomed[1] - zoomed[0])) < 2)
    page.key("ArrowLeft")
    page.key("ArrowLeft")
    check("and back", window(page)[0] < right[0])
    page.key("-", "Minus")
    page.key("-", "Minus")
    check("- zooms out", window(page), whole)
    page.key("+", "Equal")
    page.key("0", "Digit0")
    check("0 shows all", window(page), whole)
    chosen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.key(key, modifiers=8)
        page.settled()
        chosen.append(page.run("Number(document.querySelector('#picked dd').textContent)"))
    by = collections.defaultdict(list)
    for r in run["runs"]:
        by[r["slot"]].append(r)
    first = sorted(by[1], key=lambda r: r["start"])
    check("with Shift they go from run to run", chosen[:2], [r["seq"] for r in first[:2]])
    check("and to the next worker", chosen[2] in [r["seq"] for r in by[2]] and chosen[3] in [r["seq"] for r in by[2]])
    page.key("/", "Slash")
    check("/ goes to the search", page.run("document.activeElement.id"), "text")
    for letter in "bad magic":
        page.key(letter, "Key", text=letter)
    wanted = sum("bad magic" in (r.get("err") or "") for r in run["runs"])
    page.until("document.documentElement.dataset.shown === '%d'" % wanted)
    check("what is typed is looked for in output too", wanted, 6)
    check("the lists have only that", int(data(page, "failures")), 3)
    check("and it is told", text_of(page, "#shown"), "6 of %d runs shown" % len(run["runs"]))
    faded = pixels(page, "#lanes-canvas", ["skipped", "ok"])
    check("in the lanes the others fade", faded["skipped"] > 0 and faded["ok"] == 0)
    page.run("document.querySelector('#failures summary').focus()")
    before = page.run("document.activeElement.querySelector('.number').textContent")
    page.key("ArrowDown")
    check("arrows go from one failed job to the next",
          page.run("document.activeElement.querySelector('.number').textContent") != before)
    page.key("Enter")
    page.settled()
    check("Enter opens it", count_of(page, "#failures details[open] pre"), 1)
    page.run("document.getElementById('clear').click()")
    check("all are shown again", data(page, "shown"), str(len(run["runs"])))
    page.run("document.querySelector('#runs .open').focus()")
    page.key("ArrowDown")
    page.key("Enter")
    expanded = page.run("document.activeElement.getAttribute('aria-expanded')")
    check("the table's rows open as well", (expanded, count_of(page, "#runs td.inner")), ("true", 1))
    unnamed = page.run("""[...document.querySelectorAll('button, input, summary, [tabindex="0"], [role]')]
        .filter((e) => !e.hidden && !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') ||
                                      e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)""")
    filled_later = ('role="alert"', 'role="status"', 'id="picked"')
    check("all that can be reached has a name",
          [one for one in unnamed if not any(part in one for part in filled_later)], [])
    quiet(page, "run")
    page.close()


def the_filter(browser, run):
    page = browser.open(path("run.html"))
    for name in ("failed", "crashed"):
        click_on(page, ".chip[data-outcome=%s]" % name)
    wanted = [r for r in run["runs"] if r["outcome"] in ("failed", "crashed")]
    check("by outcome, two of them", sorted(int(r[0]) for r in rows(page)), sorted(r["seq"] for r in wanted))
    pressed = page.run("[...document.querySelectorAll('.chip[aria-pressed=true]')].map((c) => c.dataset.outcome)")
    check("and the buttons say so", pressed, ["failed", "crashed"])
    click_on(page, "#clear")
    bucket = page.run("Number([...document.querySelectorAll('#durations button')].pop().dataset.bucket)")
    click_on(page, "#durations button:last-child")
    low, high = run["edges"][bucket - 1], run["edges"][bucket]
    check("by duration", sorted(int(r[0]) for r in rows(page)),
          sorted(r["seq"] for r in run["runs"] if low <= r["run"] < high))
    click_on(page, "#durations button:last-child")
    page.run("document.querySelector('#runs th:nth-child(7) button').click()")
    shown = [int(r[0]) for r in cells(page, "#runs tbody tr[data-run]")]
    longest = sorted(run["runs"], key=lambda r: (-r["run"], r["seq"]))
    check("sorted by how long they took", shown[:5], [r["seq"] for r in longest[:5]])
    check("and that is told", page.run("document.querySelector('#runs th[aria-sort]').getAttribute('aria-sort')"),
          "descending")
    quiet(page, "run")
    page.close()


# ---------------------------------------------------------------------------------- other surroundings

OVERFLOW = """[...document.querySelectorAll('body *')].filter((e) =>
    !e.closest('.scroll') && e.getBoundingClientRect().right > %d + 1 && !e.closest('[hidden]') &&
    !e.classList.contains('skip')).map((e) => e.tagName + '.' + e.className)"""


def on_a_phone(browser, run):
    for width in (320, 360):
        page = browser.open(path("run.html"), width=width, height=740, phone=True)
        page.settled()
        check("at %d pixels nothing goes out at the side" % width,
              page.run("[document.documentElement.scrollWidth, innerWidth]"), [width, width])
        check("of no element", page.run(OVERFLOW % width), [])
        page.close()
    page = browser.open(path("run.html"), width=360, height=740, phone=True)
    page.settled()
    check("buttons are large enough for fingers",
          page.run("[...document.querySelectorAll('.tools button, .chip')]"
                   ".every((b) => b.getBoundingClientRect().height >= 36)"))
    page.run("document.getElementById('lanes').scrollIntoView({block: 'center', behavior: 'instant'})")
    page.settled()
    x, y, w, h = box(page, "#lanes")
    whole = window(page)
    middle, lane = x + w / 2, y + h / 2
    page.touch("touchStart", (middle - 20, lane), (middle + 20, lane))
    for by in (30, 50, 70, 90):
        page.touch("touchMove", (middle - by, lane), (middle + by, lane))
    page.touch("touchEnd")
    pinched = window(page)
    check("two fingers zoom", pinched[1] - pinched[0] < 0.6 * whole[1])
    page.touch("touchStart", (middle, lane))
    for by in (10, 30, 60):
        page.touch("touchMove", (middle + by, lane))
    page.touch("touchEnd")
    check("one finger moves", window(page)[0] < pinched[0])
    quiet(page, "run")
    page.close()


def in_the_dark(browser):
    page = browser.open(path("run.html"))
    brightness = """(() => {
        const c = document.getElementById('lanes-canvas');
        const d = c.getContext('2d').getImageData(c.width - 3, 2, 1, 1).data;
        return [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color, [...d].join()];
    })()"""
    page.settled()
    light = page.run(brightness)
    page.dark(True)
    page.settled()
    page.settled()
    dark = page.run(brightness)
    check("in dark mode paper, ink and lanes are others", [a != b for a, b in zip(light, dark)], [True, True, True])

    def luminance(colour):
        parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
        parts = [n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for name, (paper, ink, _) in (("light", light), ("dark", dark)):
        a, b = sorted((luminance(paper), luminance(ink)))
        check("text can be read, %s" % name, (b + 0.05) / (a + 0.05) > 7)
    page.close()


def on_paper(browser):
    page = browser.open(path("run.html"), dark=True)
    page.settled()
    page.print(path("run.pdf"))
    with open(path("run.pdf"), "rb") as pdf:
        check("it is printed", pdf.read(5), b"%PDF-")
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.settled()
    check("on paper it is light",
          page.run("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()"), "#17202b")
    check("without what is for hands", page.run("getComputedStyle(document.querySelector('.tools button')).display"),
          "none")
    quiet(page, "run")
    page.close()


# -------------------------------------------------------------------------------------- other sizes

def many(browser):
    if not os.path.exists(path("many.html")):
        return
    run = read(path("many.html"))
    sums(run)
    check("the page of 100,000 jobs has less than 10 MB", os.path.getsize(path("many.html")) < 10_000_000)
    page = browser.open(path("many.html"))
    page.settled()
    check("it opens", (data(page, "state"), data(page, "runs"), data(page, "lanes")), ("ready", "100000", "4"))
    check("with its failures", int(data(page, "failures")), sum(r["outcome"] != "ok" for r in run["runs"]))
    died = sum(r["died"] for r in run["runs"])
    check("each crash cost a worker", died, sum(r["outcome"] == "crashed" for r in run["runs"]))
    told = "%d workers died and were replaced" % died
    check("which is told", text_of(page, "#deaths").startswith(told) and died == 10)
    check("and marked in the lanes", pixels(page, "#lanes-canvas", ["mark"])["mark"] > 0)
    page.run("document.getElementById('text').value = 'block-000777'")
    page.run("document.getElementById('filter').requestSubmit()")
    check("one of them is found", [int(r[0]) for r in rows(page)], [777])
    check("and explained", page.run("document.querySelector('#failures .why').textContent"), "exit status 5: bad block")
    crash = next((r for r in run["runs"] if "backtrace" in r), None)
    if crash is not None:
        page.run("document.getElementById('text').value = '%s'" % crash["command"])
        page.run("document.getElementById('filter').requestSubmit()")
        page.run("document.querySelector('#failures summary').click()")
        page.settled()
        check("where it crashed is shown", page.run("document.querySelector('#failures pre').textContent"), crash["backtrace"])
    page.run("document.getElementById('lanes').focus()")
    for _ in range(12):
        page.key("+", "Equal")
    near = window(page)
    check("the lanes go down to single runs", near[1] - near[0] < run["elapsed"] / 4000)
    quiet(page, "many")
    page.close()


def wide_and_empty(browser):
    page = browser.open(path("wide.html"))
    page.settled()
    wanted = len(read(path("wide.html"))["lanes"])
    check("as many lanes as workers had a job", (data(page, "lanes"), wanted > 100), (str(wanted), True))
    check("of which some can be seen, and the others by scrolling",
          page.run("(() => { const l = document.getElementById('lanes');"
                   " return l.clientHeight <= 440 && l.scrollHeight > l.clientHeight; })()"))
    top = pixels(page, "#lanes-canvas", ["ok"])["ok"]
    page.run("document.getElementById('lanes').scrollTop = 1e6")
    page.settled()
    check("they are drawn there too", top > 0 and pixels(page, "#lanes-canvas", ["ok"])["ok"] > 0)
    quiet(page, "wide")
    page.close()
    page = browser.open(path("empty.html"))
    page.settled()
    check("a run of nothing", (data(page, "state"), text_of(page, "#verdict")), ("ready", "No job was run"))
    quiet(page, "empty")
    page.close()


with Browser(directory) as browser:
    run = what_it_shows(browser)
    the_lanes(browser, run)
    the_keys(browser, run)
    the_filter(browser, run)
    on_a_phone(browser, run)
    in_the_dark(browser)
    on_paper(browser)
    many(browser)
    wide_and_empty(browser)
