"""A page in headless Chromium, driven by the DevTools protocol over a pipe: no further package."""

import json
import os
import select
import shutil
import subprocess
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)


def find_chromium() -> str:
    """The browser's program. Without one the test is skipped; `make test`, which installs it where
    it may, then says so."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    pytest.skip("no Chromium was found: install Debian's package chromium to test the page")


# Seconds for one answer; a busy machine is slow, and a browser that hangs must not hang the tests.
PATIENCE = 120


class Chromium:
    """One page. `problems` collects what its console says, errors and failed loads."""

    def __init__(self) -> None:
        browser = find_chromium()  # first: where there is none, nothing is left behind
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # Chromium reads commands from file descriptor 3 and answers on 4, each message with a
        # zero byte behind it.
        (commands, self._commands), (self._answers, answers) = os.pipe(), os.pipe()
        # The shell puts the pipes at these numbers, whatever they are here.
        script = f'exec "$@" 3<&{commands} 4>&{answers}'
        profile = f"--user-data-dir={self._profile.name}"
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", browser, *OPTIONS, profile, "about:blank"],
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._received = b""
        self._sent = 0
        self._session: str | None = None
        self.problems: list[str] = []
        targets = self.ask("Target.getTargets")["targetInfos"]
        target = next(info["targetId"] for info in targets if info["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; raises AssertionError for an error."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._sent:
            self._notice(answer)
        assert "error" not in answer, f"{method}: {answer}"
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, f"Chromium did not answer within {PATIENCE} s"
            read = os.read(self._answers, 1 << 20)
            assert read, "Chromium ended before it answered"
            self._received += read
        line, self._received = self._received.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _notice(self, event: dict[str, Any]) -> None:
        method, details = event.get("method"), event.get("params", {})
        bad = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        if method in bad or method == "Network.loadingFailed":
            self.problems.append(json.dumps(details))
        address = details.get("request", {}).get("url", "")
        if method == "Network.requestWillBeSent" and not address.startswith(("file:", "data:")):
            self.problems.append(f"the page asks the network for {address}")

    def open(self, page: Path) -> None:
        """Load a file, and wait until it is there."""
        self.ask("Page.navigate", url=page.resolve().as_uri())
        self.evaluate(
            "new Promise((done) => document.readyState === 'complete' && location.protocol === "
            "'file:' ? done() : addEventListener('load', () => done()))"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited; raises AssertionError if it throws."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def resize(self, width: int, height: int = 900) -> None:
        """The size of the page's window in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def prefer(self, media: str = "", **features: str) -> None:
        """Media type and features such as prefers_color_scheme="dark"."""
        named = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.ask("Emulation.setEmulatedMedia", media=media, features=named)

    def screenshot(self, file: Path) -> None:
        """The whole page as PNG."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(b64decode(shot["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.ask("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()
