"""A whole Orderflow in a process of its own: `orderflow up` in a new home, as a person starts it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0  # seconds; more than a busy machine needs


@dataclass(slots=True)
class House:
    """`program` starts the command line; `variables` are its whole environment."""

    root: Path
    program: tuple[str, ...]
    variables: Mapping[str, str]
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        """Starts it and waits until it has told its address."""
        with (self.root / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [*self.program, "up"],
                env=self.variables,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.wait_for(lambda: "To end" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return (self.root / "said").read_text("utf-8")

    @property
    def port(self) -> int:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.said)
        assert found, self.said
        return int(found[1])

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Another command of the same installation, with the same environment."""
        return subprocess.run(
            [*self.program, *words], env=self.variables, cwd=self.root, capture_output=True, text=True, check=False
        )

    def ask(self, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Asks the web server; gives status and the JSON of the answer, or its text."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            line.request(
                "POST" if body is not None else "GET", path, json.dumps(body) if body is not None else None, head
            )
            answer = line.getresponse()
            text = answer.read().decode()
        finally:
            line.close()
        return answer.status, json.loads(text) if "json" in (answer.headers["Content-Type"] or "") else text

    def parts(self, word: str) -> list[psutil.Process]:
        """The living parts whose command line says this word."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if word in words or word in Path(words[0] if words else "").name:
                found.append(process)
        return found

    def wait_for(self, true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, self.said
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def house(
    root: Path, *, program: tuple[str, ...] = (sys.executable, "-m", "builder.cli"), **told: str
) -> Iterator[House]:
    """A house that is not started yet; whatever of it lives at the end is ended."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ORDERFLOW_")}
    variables = {"PYTHONPATH": str(ROOT), **kept, "ORDERFLOW_HOME": str(root / "var"), **told}
    made = House(root, program, variables)
    yield made
    if hasattr(made, "process"):
        end(made.process)


def end(process: "subprocess.Popen[bytes]") -> None:
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
