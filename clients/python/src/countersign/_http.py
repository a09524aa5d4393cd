from __future__ import annotations

import json
import random
import time
import uuid
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib import parse, request

Json = dict[str, Any]


class CountersignError(Exception):
    """What is neither an answer nor a verdict. The message says what to do next; branch on ``code``."""

    def __init__(self, code: str, message: str, *, status: int | None = None, request_id: str | None = None, problem: Any = None):
        super().__init__(message)
        self.code, self.status, self.request_id = code, status, request_id
        self.problem: Json = problem or {}  # The engine's problem document (RFC 9457), whole.


class Skip(Exception):
    """Raised by ``execute``: it decided not to act. Nothing happened."""


class OutcomeUnknown(Exception):
    """Raised by ``execute``: whether the effect happened is not known. Nothing is reported, so an owner is told to look."""


class Transport:
    """One HTTP call: its time, its errors, and asking again where that is safe."""

    def __init__(self, url: str, key: str | None, retry_for: float) -> None:
        self.url, self._key, self._retry_for = url.rstrip("/"), key, retry_for
        # It follows no redirect, for the key is for one server alone, and takes every status for an answer.
        self._opener = request.OpenerDirector()
        for handler in (request.ProxyHandler, request.UnknownHandler, request.HTTPHandler, request.HTTPSHandler):
            self._opener.add_handler(handler())

    def send(self, method: str, path: str, body: Any = None, *, query: Json | None = None, wait: int = 0,
             key: str | None = None, timeout: float | None = None, repeatable: bool = True) -> Json:  # fmt: skip
        """The answer's JSON. Tries again, while the server is away, only what is safe to repeat."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        patience, pause = min(end, time.monotonic() + self._retry_for), 0.25
        text = parse.urlencode({name: value for name, value in {**(query or {}), "wait": wait or None}.items() if value is not None})
        while True:
            try:
                return self._once(method, f"{path}?{text}", body, key, min(end - time.monotonic(), 20 + wait))
            except CountersignError as error:
                passing = error.code in ("unreachable", "timeout") or error.status in (429, 502, 503, 504)
                rest = max(pause * random.uniform(0.5, 1), float(error.problem.get("retryAfter") or 0))
                if not (repeatable and passing) or time.monotonic() + rest > patience:
                    raise
                time.sleep(rest)
                pause = min(pause * 2, 8)

    def _once(self, method: str, path: str, body: Any, key: str | None, limit: float) -> Json:
        request_id = str(uuid.uuid4())
        headers = {"idempotency-key": key, "x-request-id": request_id, "content-type": "application/json",
                   "authorization": f"Bearer {self._key}" if self._key else None}  # fmt: skip
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        sent = request.Request(f"{self.url}/{path}", data, {k: v for k, v in headers.items() if v}, method=method)
        try:
            with self._opener.open(sent, timeout=max(limit, 0.001)) as response:
                status, answer = response.status, response.read()
        except (OSError, HTTPException) as error:
            late = isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError)
            code, what = ("timeout", "does not answer in time") if late else ("unreachable", "cannot be reached; check COUNTERSIGN_URL")
            raise CountersignError(code, f"{self.url} {what}; ask again with the same key", request_id=request_id) from error
        parsed: Any = None
        with suppress(ValueError):
            parsed = json.loads(answer)
        if 200 <= status < 300 and isinstance(parsed, dict):
            return parsed
        other = {"code": "not-countersign", "detail": f"what answers at {self.url} with {status} is not Countersign"}
        said = parsed if isinstance(parsed, dict) and "code" in parsed else other
        raise CountersignError(said["code"], str(said.get("detail")), status=status, request_id=said.get("incident", request_id), problem=said)
