"""The guard in front of an agent's tools: a permit for these very arguments is redeemed where the tool runs, and no framework gets around it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._client import Countersign, Governed, Release
from ._http import CountersignError, Json, Skip
from ._verify import canonicalize

T = TypeVar("T")


class ToolWaiting(Exception):
    """A human is awaited: the message says whom, until when, and what an agent is not to do meanwhile. Call again with the same input and id."""

    def __init__(self, action: Json) -> None:
        approval = action.get("approval")
        people = ", ".join(approval["stages"][approval["stage"]]["approvers"]) if approval else "a verdict"
        until = f" until {approval['expiresAt']}" if approval else ""
        super().__init__(
            f"waiting for {people}{until} ({action['id']}); nothing was done yet. do not repeat it before somebody decided, and do not try another way"
        )
        self.action = action


class ToolRefused(Exception):
    """It was not executed, and this call never will be. ``code``: ``refused``, ``expired``, ``already-executed``, ``input-changed``, …"""

    def __init__(self, code: str, why: str, *, final: bool = False, action: Json | None = None) -> None:
        super().__init__(f"{why}; nothing was done. {'this is final: do not ask again, and ' if final else ''}do not try another way")
        self.code, self.final, self.action = code, final, action


@dataclass(frozen=True)
class ToolRules:
    """How a tool's arguments become a request, and a released request becomes arguments.

    ``input(released, asked)`` is needed only where ``params`` renames or computes; by default each released param replaces the argument
    of that name.
    """

    surface: str | None = None
    action: str = "tool.call"
    params: Callable[[Json], Json] | None = None
    resource: Callable[[Json], Json] | None = None
    context: Callable[[Json], Json] | None = None
    input: Callable[[Json, Json], Json] | None = None


class GuardedTool(Generic[T]):
    """A tool that executes only what was released. ``schema`` is as it was given, for the framework."""

    def __init__(self, guard: AgentGuard, name: str, schema: Any, execute: Callable[..., T], rules: ToolRules) -> None:
        self.name, self.schema, self._guard, self._execute, self._rules = name, schema, guard, execute, rules
        self._ended: dict[str, int] = {}

    def __call__(self, input: Mapping[str, Any], *, id: str | None = None, session: str | None = None, wait: float | None = None) -> T:
        """Executes what was released, once, or raises ``ToolWaiting``, ``ToolRefused`` or ``CountersignError``.

        ``id``: the call's own, as its framework names it; without one the same input is the same call until it ended.
        """
        asked, patience = dict(input), self._guard.wait if wait is None else wait

        def act(released: Json, release: Release) -> T:
            return self._execute(**self._released(asked, released, release))

        try:
            value = _value(self._guard.client.govern(self._request(asked), act, key=self._key(asked, id, session), timeout=patience))
        except CountersignError as error:
            raise _ending(error) from None
        except ToolRefused:
            self._end(asked, id)
            raise
        self._end(asked, id)
        return value

    def ask(self, input: Mapping[str, Any], *, id: str | None = None, session: str | None = None) -> Json:
        """Asks, and executes nothing: the released action. Raises as a call does; an engine that cannot be asked is a no."""
        asked = dict(input)
        try:
            action = self._guard.client.request(self._request(asked), key=self._key(asked, id, session))
        except CountersignError as error:
            raise _ending(error) from None
        if action["status"] == "released":
            return action
        if action["status"] in ("supervised", "evaluating"):
            raise ToolWaiting(action)
        raise ToolRefused(action["status"], f"this is {action['status']}", final=True, action=action)

    def _request(self, asked: Json) -> Json:
        rules, surface = self._rules, self._rules.surface or f"agent.{self.name.lower()}"
        made = {"params": rules.params or dict, "resource": rules.resource, "context": rules.context}
        request = {"surface": surface, "action": rules.action, "actor": self._guard.actor}
        return {**request, **{name: make(asked) for name, make in made.items() if make}}

    def _released(self, asked: Json, released: Json, release: Release) -> Json:
        if self._rules.input:
            return self._rules.input(released, asked)
        if not release.changes:
            return asked
        if self._rules.params is None and all(path.startswith("params.") for path in release.changes):
            return {**asked, **(released.get("params") or {})}
        raise Skip("it was released with changes that its arguments cannot carry by themselves; give the tool's rules `input`")

    def _key(self, asked: Json, id: str | None, session: str | None) -> str:
        text = _text(asked)
        call = id if id is not None else f"{text}:{self._ended.get(text, 0)}"
        parts = [self._guard.actor["id"], self._guard.session if session is None else session, self.name, call]
        return f"tool:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"

    def _end(self, asked: Json, id: str | None) -> None:
        if id is None:
            self._ended[_text(asked)] = self._ended.get(_text(asked), 0) + 1


class AgentGuard:
    """Makes the tools of one agent. ``session`` keeps one conversation's calls apart from another's; ``wait``: seconds in place for people."""

    def __init__(self, actor: str | Json, *, url: str | None = None, key: str | None = None, session: str = "", wait: float = 45,
                 retry_for: float = 30) -> None:  # fmt: skip
        self.client, self.session, self.wait = Countersign(url, key, retry_for=retry_for), session, wait
        kind = "service" if isinstance(actor, str) and actor.startswith("service:") else "agent"
        self.actor: Json = {"id": actor, "type": kind} if isinstance(actor, str) else actor

    def tool(self, name: str, schema: Any, execute: Callable[..., T], rules: ToolRules = ToolRules()) -> GuardedTool[T]:
        """``execute`` gets the released arguments by name."""
        return GuardedTool(self, name, schema, execute, rules)


def create_guard(actor: str | Json, **options: Any) -> AgentGuard:
    """The guard of one agent; options as of :class:`AgentGuard`. In every doubt it raises, and nothing is executed."""
    return AgentGuard(actor, **options)


def _text(asked: Json) -> str:
    # Frameworks read 420 as 420.0 where a schema says number: it is the same call.
    return canonicalize(asked)


def _value(governed: Governed[T]) -> T:
    status, action = governed.status, governed.action
    if status == "executed":
        return governed.value  # type: ignore[return-value]
    if status == "waiting" and action is not None:
        raise ToolWaiting(action)
    if status == "refused":
        why = " ".join(governed.reasons).rstrip(".; ") or "policy refused this"
        raise ToolRefused("refused", why, final=governed.final, action=action)
    if status == "skipped":
        raise ToolRefused("skipped", " ".join(governed.reasons), action=action)
    if status == "already":
        raise ToolRefused(f"already-{governed.outcome}", f"this very call ended before as {governed.outcome}", final=True, action=action)
    if status == "begun":
        raise ToolRefused("already-begun", "this very call was begun before, and its end is not known", final=True, action=action)
    raise ToolRefused(status, f"this is {status}", action=action)


def _ending(error: CountersignError) -> Exception:
    if error.code == "idempotency-key-reused":
        return ToolRefused("input-changed", "this call was asked for with other input before", final=True)
    if error.code == "action-refused":
        action = error.problem.get("action")
        why = " ".join(((action or {}).get("verdict") or {}).get("reasons", [])).rstrip(".; ") or str(error)
        return ToolRefused("refused", why, final=error.problem.get("final") is True, action=action)
    return error
