"""What the peers of Python share: trying, measuring, and one line of JSON for the bench."""

import json
import statistics
import time
from typing import Callable

RUNS = 20
AMOUNT = 420.5
LEAD = "user:finance-lead@acme.test"
ASKER = "user:requester@acme.test"


def attempt(run: Callable[[], object]) -> str:
    """Whether it was executed, or what it was refused with."""
    try:
        run()
    except Exception as refusal:  # Each peer refuses with types of its own.
        why = getattr(refusal, "reason", None) or str(refusal).splitlines()[0]
        return f"does not execute: {type(refusal).__name__}: {why}"
    return "executes"


def report(name: str, run: Callable[[], object], answers: dict[str, str]) -> None:
    """Prints the answers, with the median of runs that each ask, are approved and are executed."""
    times = []
    for _ in range(RUNS):
        since = time.perf_counter()
        run()
        times.append((time.perf_counter() - since) * 1000)
    print(json.dumps({"name": name, "milliseconds": statistics.median(times), "executed": RUNS, "answers": answers}))
