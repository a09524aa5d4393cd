from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from urllib.parse import quote

from ._http import CountersignError, Json, OutcomeUnknown, Skip, Transport

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class Release:
    """What comes with a released request. ``version``: raise :class:`Skip` where the state you find is another."""

    permit: str
    version: str | None
    changes: Json | None
    action: Json


@dataclass(frozen=True)
class Governed(Generic[T]):
    """How a governed call ended.

    ``status``: ``executed``, ``skipped``, ``refused`` (``final``: asking again cannot help), ``expired``, ``lapsed``, ``cancelled``,
    ``waiting`` (after ``timeout``: call again with the same key), ``already`` (an earlier call came to its end, see ``outcome``) or
    ``begun`` (another call redeemed and reported nothing yet: do not repeat the effect, look).
    """

    status: str
    action: Json | None
    value: T | None = None
    decision: str | None = None
    request: Json | None = None
    reported: bool = False
    final: bool = False
    reasons: list[str] = field(default_factory=list)
    receipt: Json | None = None
    outcome: str | None = None
    redeemed_at: str | None = None


class Countersign:
    """Countersign over HTTP. Every method raises :class:`CountersignError` for what is neither an answer nor a verdict."""

    def __init__(self, url: str | None = None, key: str | None = None, *, retry_for: float = 30) -> None:
        key = key or os.environ.get("COUNTERSIGN_API_KEY")
        if not key:
            raise CountersignError("configuration", "there is no key; pass `key`, or set COUNTERSIGN_API_KEY")
        self.url = url or os.environ.get("COUNTERSIGN_URL") or "http://127.0.0.1:8787"
        self._send = Transport(self.url, key, retry_for).send

    def request(self, request: Mapping[str, Any], *, key: str, wait: int = 0, timeout: float | None = None) -> Json:
        """Asks for an action; the same key and body are the same action for ever. A refusal raises ``action-refused``."""
        return self._send("POST", "v1/actions", request, wait=wait, key=key, timeout=timeout)

    def wait(self, action: str, *, timeout: float = float("inf")) -> Json:
        """Waits until an action is decided; after ``timeout`` seconds it returns the action as it then is."""
        end = time.monotonic() + timeout
        while (found := self._send("GET", _path(action), wait=_poll(end)))["status"] in ("supervised", "evaluating") and time.monotonic() < end:
            pass
        return found

    def permit(self, action: str) -> Json:
        """A fresh permit of a released action that nobody redeemed yet; the one before is dead."""
        return self._send("POST", _path(action, "permit"), {})

    def redeem(self, /, permit: str, **more: Any) -> Json:
        """Takes a permit: once, or again by the same ``redeemer`` until the outcome. Also: ``request``, ``audience``."""
        return self._send("POST", "v1/permits/redeem", {"permit": permit, **more}, repeatable="redeemer" in more)

    def report(self, /, action: str, permit: str, status: str, **more: str) -> Json:
        """Reports ``executed``, ``failed`` or ``skipped``, with ``reference`` and ``detail``. The same again is the same answer."""
        return self._send("POST", _path(action, "outcome"), {"permit": permit, "status": status, **more})

    def cancel(self, action: str) -> Json:
        """Withdraws an action that waits for a human."""
        return self._send("POST", _path(action, "cancel"), {}, repeatable=False)

    def evaluate(self, request: Mapping[str, Any]) -> Json:
        """What policy would say. Nothing is started, nothing is sealed."""
        return self._send("POST", "v1/evaluate", request)

    def plan(self, plan: Mapping[str, Any], *, key: str, wait: int = 0) -> Json:
        """Has up to 100 steps reviewed as one: a verdict for each and for the whole. The same key and plan is the same plan for ever."""
        return self._send("POST", "v1/plans", plan, key=key, wait=wait)

    def read_plan(self, plan: str, *, wait: int = 0) -> Json:
        """A plan as it stands, after ``wait`` seconds at most while people decide it. Each step is an action, taken by its own ``id``."""
        return self._send("GET", f"v1/plans/{quote(plan, safe='')}", wait=wait)

    def actions(self, /, **filters: Any) -> Json:
        """What the caller may see, newest first, by the filters of ``GET /v1/actions``."""
        return self._send("GET", "v1/actions", query=filters)

    def inbox(self) -> Json:
        """What waits for this person, by deadline."""
        return self._send("GET", "v1/inbox")

    def govern(self, request: Mapping[str, Any], execute: Callable[[Json, Release], T], *, key: str, timeout: float = float("inf"),
               redeemer: str | None = None, reference: Callable[[T], str | None] | None = None, stop: threading.Event | None = None,
               on_waiting: Callable[[Json], None] | None = None) -> Governed[T]:  # fmt: skip
        """Asks, waits for humans, redeems, lets ``execute(request, release)`` act on the request as released, and reports.

        The effect happens at most once for one ``key``, whatever dies and comes back; a human is asked once. ``timeout``: seconds to wait
        for humans. ``redeemer``: only where ``execute`` may safely run again. ``reference``: the executor's own id, of what was returned.
        ``stop``: set, nothing is executed any more, and nobody is waited for beyond the next answer, 15 s later.
        """
        # Every call is a redeemer of its own: what a process that died has taken is never used again.
        redeemer, longest, stop = redeemer or str(uuid.uuid4()), 60 if stop is None else 15, stop or threading.Event()
        end, wait, known = time.monotonic() + timeout, 0, None
        while True:
            try:
                known = action = self.request(request, key=key, wait=wait)
                if action["status"] == "released" and not stop.is_set():
                    permit, redeemed = _take(self, action, redeemer)
                    break
                if action["status"] not in ("evaluating", "supervised", "released"):
                    return _ended(action)
                held = 0.0
                if wait == 0 and on_waiting is not None:
                    on_waiting(action)
            except CountersignError as error:
                if error.code not in ("not-open", "permit-held"):
                    return _refusal(error, known)
                held = _seconds_until(error.problem.get("notBefore")) + 0.1
            if stop.is_set() or time.monotonic() + held >= end:
                return Governed("waiting", known)
            stop.wait(min(60, held))  # What is held may be withdrawn meanwhile, so it is looked at again.
            wait = _poll(end, longest)

        def report(status: str, **more: str | None) -> Json | None:
            try:
                return self.report(action["id"], permit, status, **{name: text for name, text in more.items() if text})
            except CountersignError:
                return None  # A report that cannot be made changes nothing about the effect.

        try:
            if stop.is_set():
                raise Skip("the caller stopped before it began")
            value = execute(redeemed["request"], Release(permit, redeemed.get("version"), redeemed.get("changes"), action))
        except Skip as error:
            told = report("skipped", detail=str(error)[:2000])
            return Governed("skipped", told or action, reasons=[str(error)], reported=told is not None)
        except Exception as error:
            if not isinstance(error, OutcomeUnknown):
                report("failed", detail=type(error).__name__)  # The message of somebody else's error may hold a secret.
            raise
        told = report("executed", reference=reference(value) if reference else None)
        return Governed("executed", told or action, value, action["verdict"]["decision"], redeemed["request"], told is not None)


def _awaited(method: Callable[Concatenate[Countersign, P], T]) -> Callable[Concatenate[AsyncCountersign, P], Awaitable[T]]:
    def on_a_thread(it: AsyncCountersign, /, *args: P.args, **more: P.kwargs) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(it._pool, lambda: method(it.sync, *args, **more))

    return on_a_thread


class AsyncCountersign:
    """Every method of :class:`Countersign`, awaited, on threads of its own."""

    def __init__(self, url: str | None = None, key: str | None = None, *, retry_for: float = 30, threads: int = 64) -> None:
        self.sync = Countersign(url, key, retry_for=retry_for)
        self._pool = ThreadPoolExecutor(threads, "countersign")

    request, wait, permit, cancel = _awaited(Countersign.request), _awaited(Countersign.wait), _awaited(Countersign.permit), _awaited(Countersign.cancel)
    redeem, report, evaluate, inbox = _awaited(Countersign.redeem), _awaited(Countersign.report), _awaited(Countersign.evaluate), _awaited(Countersign.inbox)
    plan, read_plan, actions = _awaited(Countersign.plan), _awaited(Countersign.read_plan), _awaited(Countersign.actions)

    async def govern(self, request: Mapping[str, Any], execute: Callable[[Json, Release], Any], *, key: str, **options: Any) -> Governed[Any]:
        """See :meth:`Countersign.govern`; ``execute`` may be a coroutine function. Cancelled, it executes nothing any more."""
        loop, stop = asyncio.get_running_loop(), threading.Event()

        async def act(request: Json, release: Release) -> Any:
            value = execute(request, release)
            return await value if isinstance(value, Awaitable) else value

        try:
            on_loop = lambda *given: asyncio.run_coroutine_threadsafe(act(*given), loop).result()  # noqa: E731
            return await _awaited(Countersign.govern)(self, request, on_loop, key=key, stop=stop, **options)
        finally:
            stop.set()


def _path(action: str, *below: str) -> str:
    return "/".join(["v1/actions", quote(action, safe=""), *below])


def _poll(end: float, longest: int = 60) -> int:
    """Seconds of the next long poll: at most what the engine holds, and less where it may be stopped meanwhile."""
    return int(max(0, min(longest, end - time.monotonic() + 1)))


def _take(client: Countersign, action: Json, redeemer: str) -> tuple[str, Json]:
    """Redeems, with a fresh permit where the first came too late: another call may have taken one, which makes it invalid."""
    if permit := action.get("permit"):
        try:
            return permit, client.redeem(permit, redeemer=redeemer)
        except CountersignError as error:
            if error.code not in ("permit-expired", "permit-invalid"):
                raise
    if permit := client.permit(action["id"]).get("permit"):
        return permit, client.redeem(permit, redeemer=redeemer)
    raise CountersignError("not-open", "it changed meanwhile; ask how it stands")


def _seconds_until(moment: Any) -> float:
    return max(0, datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() - time.time()) if moment else 0


def _ended(action: Json) -> Governed[Any]:
    if (status := action["status"]) in ("executed", "failed", "skipped"):
        return Governed("already", action, outcome=status)
    if status in ("refused", "expired", "cancelled", "lapsed"):
        return Governed(status, action, reasons=(action.get("verdict") or {}).get("reasons", []))
    # `unreported`, and whatever a newer engine says: not known to be safe to begin.
    return Governed("begun", action, redeemed_at=action.get("redeemedAt"))


def _refusal(error: CountersignError, known: Json | None) -> Governed[Any]:
    problem, action = error.problem, error.problem.get("action") or known
    if error.code == "permit-already-redeemed":
        return Governed("begun", action, redeemed_at=problem.get("redeemedAt"))
    if error.code not in ("action-refused", "frozen"):
        raise error
    told = _ended(action) if error.code == "action-refused" and action else Governed("refused", action)
    final, receipt = problem.get("final") is True, problem.get("receipt")
    return Governed(told.status, action, final=final, reasons=told.reasons or [str(error)], receipt=receipt)
