# SPDX-License-Identifier: BSD-2-Clause
"""A browser for tests of pages: Chromium, driven over two pipes (--remote-debugging-pipe) by Python's standard library
alone.  Its profile is in an empty directory, and it needs no network.

    with Browser(directory) as browser:
        page = browser.open(path)
        page.run("document.title")

Whatever the page says on its console, or asks of the network, is kept in page.said and page.asked.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time

NAMES = ("chromium", "chromium-browser")
TIMEOUT = float(os.environ.get("FORKPOOL_BROWSER_TIMEOUT", "120"))


class Trouble(Exception):
    pass


def program():
    """Where it is, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    def __init__(self, directory):
        self.profile = os.path.join(directory, "profile")
        os.mkdir(self.profile)
        ours, theirs = os.pipe(), os.pipe()  # its output, its input
        self.log = open(os.path.join(directory, "browser.log"), "wb")

        def descriptors():
            # Where it looks for them; first out of the way of each other.
            there, here = os.dup(theirs[0]), os.dup(ours[1])
            os.dup2(there, 3)
            os.dup2(here, 4)

        self.process = subprocess.Popen(
            [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--disable-default-apps", "--no-default-browser-check", "--hide-scrollbars",
             "--force-color-profile=srgb", "--remote-debugging-pipe", "--user-data-dir=" + self.profile,
             "--window-size=1280,900", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, close_fds=False, preexec_fn=descriptors,
            start_new_session=True, env={**os.environ, "HOME": directory, "XDG_CONFIG_HOME": directory,
                                         "XDG_CACHE_HOME": directory})
        os.close(theirs[0])
        os.close(ours[1])
        self.input, self.output = theirs[1], ours[0]
        self.rest = b""
        self.last = 0
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (Trouble, OSError):
            pass
        os.close(self.input)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        # What it started is in its session; that has ended too, or ends now.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.output)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def take(self, deadline):
        """The next message; what it tells of a page goes there."""
        while b"\0" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.output], [], [], left)[0]:
                raise Trouble("the browser does not answer")
            data = os.read(self.output, 1 << 20)
            if not data:
                raise Trouble("the browser has ended")
            self.rest += data
        message, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(message)
        page = self.pages.get(message.get("sessionId"))
        if page is not None and "method" in message:
            page.event(message["method"], message["params"])
        return message

    def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.input, data):]
        deadline = time.monotonic() + TIMEOUT
        while True:
            got = self.take(deadline)
            if got.get("id") == self.last:
                if "error" in got:
                    raise Trouble("%s: %s" % (method, got["error"]["message"]))
                return got["result"]

    def open(self, path, **emulation):
        return Page(self, path, **emulation)


class Page:
    """One tab.  width, height, dark, touch: how it is shown, from the beginning."""

    def __init__(self, browser, path, width=1280, height=900, dark=False, phone=False):
        self.browser = browser
        self.said, self.asked, self.loaded = [], [], set()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.pages[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if phone else 1, mobile=phone)
        if phone:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.dark(dark)
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        loader = self.call("Page.navigate", url="file://" + os.path.abspath(path))["loaderId"]
        deadline = time.monotonic() + TIMEOUT
        while loader not in self.loaded:
            browser.take(deadline)

    def event(self, method, params):
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.said.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append("console.%s: %s" % (params["type"], [a.get("value") for a in params["args"]]))
        elif method == "Log.entryAdded":
            self.said.append(params["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.said.append("dialog: " + params["message"])
            raise Trouble("the page opened a dialog: " + params["message"])
        elif method == "Page.lifecycleEvent" and params["name"] == "load":
            self.loaded.add(params["loaderId"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def call(self, method, **params):
        return self.browser.call(method, session=self.session, **params)

    def run(self, expression):
        """Its value; a promise is awaited."""
        got = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in got:
            details = got["exceptionDetails"]
            raise Trouble(details.get("exception", {}).get("description") or details["text"])
        return got["result"].get("value")

    def settled(self):
        """Until what was asked for has been drawn."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def until(self, expression):
        """Until it is true, looked at whenever something was drawn."""
        deadline = time.monotonic() + TIMEOUT
        while not self.run(expression):
            if time.monotonic() > deadline:
                raise Trouble("this does not come true: " + expression)
            self.settled()

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def key(self, key, code=None, modifiers=0, text=None):
        """One key of the keyboard: "Tab", "+"; modifiers: 8 is shift."""
        numbers = {"Tab": 9, "Enter": 13, "Escape": 27,
                   "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = text if text is not None else "\r" if key == "Enter" else key if len(key) == 1 else ""
        common = {"key": key, "code": code or key, "modifiers": modifiers, "windowsVirtualKeyCode": numbers.get(key, 0)}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def mouse(self, kind, x, y, button="none", **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button,
                  buttons=1 if button == "left" else 0, clickCount=1 if button == "left" else 0, **more)

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, "left")
        self.mouse("mouseReleased", x, y, "left")

    def drag(self, x, y, to_x, to_y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, "left")
        for step in range(1, 6):
            self.mouse("mouseMoved", x + (to_x - x) * step / 5, y + (to_y - y) * step / 5, "left")
        self.mouse("mouseReleased", to_x, to_y, "left")

    def touch(self, kind, *points):
        touched = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        self.call("Input.dispatchTouchEvent", type=kind, touchPoints=touched)

    def picture(self, path, whole=True):
        got = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as out:
            out.write(base64.b64decode(got["data"]))

    def print(self, path):
        got = self.call("Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69)
        with open(path, "wb") as out:
            out.write(base64.b64decode(got["data"]))

    def close(self):
        self.browser.pages.pop(self.session, None)
        self.browser.call("Target.closeTarget", targetId=self.target)
