"""Contenders that take turns, and the tables made of their figures."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
LANDINGS = ROOT / "benchmarks" / "landings"  # what later runs are held against


class Missing(Exception):
    """A peer can't be measured here; the message says why."""


class Contender:
    """A process that stands ready, pinned to cores, and does one run when asked.

    Runs are asked for in JSON lines, so that contenders in different environments take turns
    without starting up each time.

    Parameters
    ----------
    name : str
        What tables call it.
    python : path
        Interpreter of the environment that it needs.
    worker : str
        Module in `benchmarks.workers` that calls `serve`.
    cores : sequence of int
        Where it may run.
    environment : mapping, optional
        Variables on top of this process's.
    root : path
        Folder that `raywidget` and `benchmarks` are imported from.
    """

    def __init__(
        self,
        name: str,
        python: Path,
        worker: str,
        *,
        cores: Sequence[int] = (0,),
        environment: dict[str, str] | None = None,
        root: Path = ROOT,
    ) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [str(python), "-m", f"benchmarks.workers.{worker}"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, cores)

    def ask(self, **question: Any) -> dict[str, Any]:
        """One answer; raises `Missing` with the contender's own words if it can't."""
        self.send(**question)
        return self.receive()

    def send(self, **question: Any) -> None:
        """Only ask: several contenders can then be at work at the same time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Missing(f"{self.name} ended (exit code {self._process.wait()})") from None

    def receive(self) -> dict[str, Any]:
        """The answer to what was sent."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Missing(f"{self.name} ended (exit code {self._process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Missing(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # on a busy machine; it has nothing more to say
            self._process.kill()
            self._process.wait()


def serve(answer: Any) -> None:
    """The worker's side: `answer(question)` for each line on standard input, a dict.

    Standard output carries answers only: whatever else is printed goes to standard error.
    """
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            reply = answer(**json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        channel.write(json.dumps(reply) + "\n")
        channel.flush()


@dataclass
class Table:
    """Figures by row, each a list of runs; printed with medians and spreads."""

    title: str
    rows: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, row: str, value: float) -> None:
        """One more run."""
        self.rows.setdefault(row, []).append(value)

    def note(self, text: str) -> None:
        """A line under the table: what was missing, what the pictures' means were."""
        self.notes.append(text)

    def median(self, row: str) -> float:
        """Of the runs of a row."""
        return statistics.median(self.rows[row])

    def print(self) -> None:
        """To standard output, ready for a Markdown page."""
        print(f"\n### {self.title}\n")
        if self.rows:
            print("| what | median | lowest | highest | runs |\n|---|---|---|---|---|")
        for row, runs in self.rows.items():
            print(
                f"| {row} | {statistics.median(runs):.4g} | {min(runs):.4g} | {max(runs):.4g} "
                f"| {len(runs)} |"
            )
        for note in self.notes:
            print(f"- {note}")


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def write(
    name: str, tables: Sequence[Table], before: dict[str, Any], landing: bool = False
) -> None:
    """Print the tables, and keep all runs as JSON; of a landing, where later ones find it."""
    after = machine()
    print(f"\n## {name}")
    print(
        f"\n{before['processor']}, {before['cores']} cores, Python {before['python']}; "
        f"load average {before['load']} before, {after['load']} after"
    )
    for table in tables:
        table.print()
    folder = LANDINGS if landing else RESULTS
    folder.mkdir(exist_ok=True)
    content = {
        "machine": before,
        "load after": after["load"],
        "tables": [{"title": t.title, "rows": t.rows, "notes": t.notes} for t in tables],
    }
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
