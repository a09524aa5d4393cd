"""For tests of a service: a whole engine on this machine, which answers for the approvers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ._client import Countersign


@contextmanager
def test_engine(auto: str = "approve", policies: str | None = None, command: Sequence[str] = ("npx", "countersign")) -> Iterator[Countersign]:
    """A client of an engine that runs meanwhile. ``auto``: ``approve``, ``refuse``, or ``ask`` for the Slack sandbox."""
    with tempfile.TemporaryDirectory() as data:
        args = [*command, "start", "--json", "--auto", auto, "--port", "0", "--data", data, *(["--policies", policies] if policies else [])]
        with subprocess.Popen(args, stdout=subprocess.PIPE, start_new_session=True) as engine:
            try:
                places = json.loads(engine.stdout.readline() if engine.stdout else b"")
                yield Countersign(places["url"], places["firstKey"])
            finally:
                if engine.poll() is None:
                    os.killpg(engine.pid, signal.SIGTERM)
