"""One line governs Temporal activities by name. Needs ``countersign[temporal]``.

    Worker(client, task_queue="payments", workflows=[...], activities=only_governed([refund]),
           plugins=[CountersignPlugin(actor="service:payments", activities={"refund": Designation("payments.refund", "refund.create")})])

The designated activity asks before it runs. Approved, it runs with the parameters as released; refused, it fails for good with policy's
own sentence; while a human is awaited it is retried, so that no slot is held and the history does not grow.
"""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import hashlib
import hmac
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from temporalio import activity
from temporalio.converter import value_to_type
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.plugin import SimplePlugin
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, WorkerConfig

from ._client import AsyncCountersign
from ._http import CountersignError, Json, Skip
from ._verify import canonicalize
from .temporal_workflow import WAITED

# The name of the designated activity that was released and runs here.
_running: contextvars.ContextVar[str | None] = contextvars.ContextVar("countersign_running", default=None)


@dataclass(frozen=True)
class Designation:
    """One activity that runs only when it is released.

    ``params``, ``resource`` and ``context`` make what policy reads from the activity's arguments; by default ``params`` are its one
    argument, a mapping or a dataclass. ``args`` makes the arguments from the request as released, where ``params`` renames or computes:
    by default each released param replaces the field of that name. ``reference``: the executor's own id, of what was returned.
    """

    surface: str
    action: str
    params: Callable[..., Json] | None = None
    resource: Callable[..., Json] | None = None
    context: Callable[..., Json] | None = None
    args: Callable[[Json, Sequence[Any]], Sequence[Any]] | None = None
    reference: Callable[[Any], str | None] | None = None


class CountersignPlugin(SimplePlugin):
    """The plugin of a worker. ``longest_pause``: seconds between two looks at an action that waits for a human, at most."""

    def __init__(self, *, actor: str | Json, activities: Mapping[str, Designation], url: str | None = None, key: str | None = None,
                 longest_pause: float = 30) -> None:  # fmt: skip
        client = AsyncCountersign(url, key, retry_for=5)
        self._governor = _Governor(client, key or os.environ["COUNTERSIGN_API_KEY"], actor, activities, longest_pause)
        super().__init__("countersign", interceptors=[self._governor], activities=[self._governor.decide, self._governor.withdraw])

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        # What `governed()` hands over is plain JSON, which becomes what the designated activity declares.
        for definition in (getattr(fn, "__temporal_activity_definition", None) for fn in config.get("activities") or []):
            if definition is not None and definition.name is not None:
                self._governor.types[definition.name] = definition.arg_types or []
        return super().configure_worker(config)


def only_governed(activities: Iterable[Callable[..., Any]], names: Iterable[str] | None = None) -> list[Callable[..., Any]]:
    """Activities that refuse to run unreleased, even on a worker that was started without the plugin. ``names``: which; all by default."""
    return [_guarded(fn, name) if names is None or name in names else fn for fn in activities for name in [_name_of(fn)]]


def _name_of(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__temporal_activity_definition").name or fn.__name__


def _guarded(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    def check() -> None:
        if _running.get() != name:
            raise _refused(f"`{name}` is governed, and this worker runs without the plugin; add it to the worker's `plugins`")

    if inspect.iscoroutinefunction(fn):

        @functools.wraps(fn)
        async def awaited(*args: Any) -> Any:
            check()
            return await fn(*args)

        return _defined(awaited, name)

    @functools.wraps(fn)
    def called(*args: Any) -> Any:
        check()
        return fn(*args)

    return _defined(called, name)


def _defined(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The definition that `wraps` copied would run what is wrapped."""
    delattr(fn, "__temporal_activity_definition")
    return activity.defn(name=name)(fn)


class _Governor(Interceptor):
    def __init__(self, client: AsyncCountersign, key: str, actor: str | Json, activities: Mapping[str, Designation],
                 longest_pause: float) -> None:  # fmt: skip
        self.client, self.secret, self.activities, self.longest_pause = client, key.encode(), activities, longest_pause
        kind = "agent" if isinstance(actor, str) and actor.startswith("agent:") else "service"
        self.actor = {"id": actor, "type": kind} if isinstance(actor, str) else actor
        self.types: dict[str, Sequence[Any]] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Inbound(self, next)

    async def execute(self, info: activity.Info, input: ExecuteActivityInput, run: Callable[[], Any]) -> Any:
        """Runs an activity. A designated one runs only when released, with the released arguments."""
        designation = self.activities.get(info.activity_type)
        if designation is None:
            return await run()
        asked = _request(designation, self.actor, input.args)
        # `governed()` waited already, so Temporal's limits bound the activity alone.
        waited = info.activity_id.startswith(WAITED)
        try:
            if not waited:
                self._require_retries(info)
                if info.attempt == 1:
                    await self._require_patience(info, asked)
            action = await self._ask(asked, key := _key(info, info.activity_id))
            if action["status"] in ("supervised", "evaluating"):
                raise _refused("nobody has decided yet; let `governed()` wait for that", action) if waited else _waiting(
                    action, info.attempt, self.longest_pause
                )
            # All attempts share the redeemer, and nobody can compute it without the API key.
            redeemer = hmac.new(self.secret, f"countersign temporal redeemer v1\n{key}".encode(), hashlib.sha256).hexdigest()
            permit, redeemed = await self._take(action, redeemer)
            input.args = _args(designation, asked, redeemed["request"], input.args)
            return await self._act(info, designation, action["id"], permit, run)
        except CountersignError as error:
            raise _failure(error) from None

    @activity.defn(name="countersignDecision")
    async def decide(self, call: Json) -> Json:
        """For ``governed()``: asks for an activity that is to be scheduled, and is retried until it is decided. Our id and status."""
        info, designation = activity.info(), self.activities.get(call["activityType"])
        if designation is None:
            raise _refused(f"`{call['activityType']}` is not designated in the plugin of this worker; name it in `activities`")
        hints = self.types.get(call["activityType"], [])
        args = [value_to_type(hints[n], value) if n < len(hints) else value for n, value in enumerate(call["args"])]
        try:
            action = await self._ask(_request(designation, self.actor, args), _key(info, call["activityId"]))
        except CountersignError as error:
            raise _failure(error) from None
        if action["status"] in ("supervised", "evaluating"):
            raise _waiting(action, info.attempt, self.longest_pause)
        return {"action": action["id"], "status": action["status"]}

    @activity.defn(name="countersignWithdraw")
    async def withdraw(self, call: Json) -> None:
        """For ``governed()`` in a workflow that is cancelled: nobody is asked any longer."""
        key = _key(activity.info(), call["activityId"])
        try:
            await self.client.cancel(f"act_{hashlib.sha256(key.encode()).hexdigest()}")
        except CountersignError as error:
            # It was never asked, or somebody decided meanwhile.
            if error.code not in ("not-found", "not-open"):
                raise _failure(error) from None

    def _require_retries(self, info: activity.Info) -> None:
        if info.is_local:
            raise _refused(f"`{info.activity_type}` is governed, and a local activity cannot wait; make it an activity")
        if info.retry_policy is not None and info.retry_policy.maximum_attempts == 1:
            raise _refused(
                f"`{info.activity_type}` is governed, and with `maximum_attempts=1` it cannot wait for a human; leave `maximum_attempts` out"
            )

    async def _require_patience(self, info: activity.Info, asked: Json) -> None:
        """Refuses without asking anybody when Temporal would give up before the approvers' deadline."""
        close = (info.schedule_to_close_timeout or timedelta()).total_seconds()
        attempts = info.retry_policy.maximum_attempts if info.retry_policy else 0
        if close == 0 and attempts == 0:
            return
        plan = (await self.client.evaluate(asked)).get("plan")
        if plan is None:
            return
        patience = plan["expiresMs"] / 1000
        if 0 < close < patience:
            raise _refused(f"`schedule_to_close_timeout` is {close:g} s, and people have {patience:g} s to answer; make it longer, or leave it out")
        # The first pauses are shorter than the longest; each look at a waiting action is an attempt.
        looks = math.ceil(patience / self.longest_pause) + 10
        if 0 < attempts < looks:
            raise _refused(
                f"`maximum_attempts` is {attempts}, and waiting for people takes up to {looks}; leave it out, and bound what fails by `non_retryable_error_types`"
            )

    async def _ask(self, asked: Json, key: str) -> Json:
        action: Json = await self.client.request(asked, key=key)
        status = action["status"]
        if status in ("evaluating", "supervised", "released"):
            return action
        if status == "executed":
            raise _refused("this activity ran before, and its result was lost with its worker", action, "CountersignRan")
        if status in ("failed", "skipped"):
            raise _refused(f"this activity ended before as {status}", action, "CountersignRan")
        if status == "unreported":
            raise _refused("this activity began before, and what became of it is not known; look", action, "CountersignBegun")
        raise _refused(_sentence(action) or f"the action is {status}", action)

    async def _take(self, action: Json, redeemer: str) -> tuple[str, Json]:
        permit = action.get("permit")
        fresh = permit is None
        while True:
            try:
                permit = (await self.client.permit(action["id"])).get("permit") if fresh else permit
                if permit is None:
                    raise _refused("the action is no longer released", action)
                return permit, await self.client.redeem(permit, redeemer=redeemer)
            except CountersignError as error:
                if fresh or error.code not in ("permit-expired", "permit-invalid"):
                    raise
                fresh = True

    async def _act(self, info: activity.Info, designation: Designation, action: str, permit: str, run: Callable[[], Any]) -> Any:
        """Runs it and reports. A failure that Temporal will retry is not reported: the retries use the same permit."""

        async def report(status: str, **more: str | None) -> None:
            try:
                await self.client.report(action, permit, status, **{name: text for name, text in more.items() if text})
            except CountersignError:
                pass  # The effect stands, reported or not; the engine shows it as unreported, and an owner reconciles.

        token = _running.set(info.activity_type)
        try:
            result = await run()
        except Skip as error:
            await report("skipped", detail=str(error)[:2000])
            raise _refused(str(error), None, "CountersignSkipped") from None
        except Exception as error:
            if _is_last(info, error):
                await report("failed", detail=type(error).__name__)
            raise
        finally:
            _running.reset(token)
        await report("executed", reference=designation.reference(result) if designation.reference else None)
        return result


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, governor: _Governor, next: ActivityInboundInterceptor) -> None:
        super().__init__(next)
        self.governor = governor

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        return await self.governor.execute(activity.info(), input, lambda: self.next.execute_activity(input))


def _request(designation: Designation, actor: Json, args: Sequence[Any]) -> Json:
    params = designation.params(*args) if designation.params else _fields(args[0] if len(args) == 1 else None)
    if params is None:
        raise _refused(f"this activity does not take one mapping or dataclass; give `params` for `{designation.surface}`")
    more = {"resource": designation.resource, "context": designation.context}
    return {"surface": designation.surface, "action": designation.action, "actor": actor, "params": params,
            **{name: make(*args) for name, make in more.items() if make}}  # fmt: skip


def _args(designation: Designation, asked: Json, released: Json, args: Sequence[Any]) -> Sequence[Any]:
    """The arguments for the request as released; nothing may run where they cannot be made."""
    if designation.args:
        return designation.args(released, args)
    if _same(asked, released):
        return args
    given, before, after = (_fields(args[0]) if len(args) == 1 else None), asked["params"], released.get("params") or {}
    carried = _same({**asked, "params": None}, {**released, "params": None})
    if not carried or given is None or any(name not in given or not _same(given[name], value) for name, value in before.items()):
        raise _refused(
            "the request was released with changes that the arguments of this activity cannot carry by themselves; "
            f"give `args` for `{designation.surface}`"
        )
    try:
        return [{**given, **after} if isinstance(args[0], Mapping) else dataclasses.replace(args[0], **after)]
    except TypeError as error:
        raise _refused(f"the released params are not fields of the activity's argument; give `args` for `{designation.surface}`") from error


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: True is not 1."""
    return canonicalize(one) == canonicalize(other)


def _fields(value: Any) -> Json | None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return dict(value) if isinstance(value, Mapping) else None


def _key(info: activity.Info, id: str) -> str:
    """One key for one scheduled activity: its retries are the same action."""
    workflow, run = (info.workflow_id, info.workflow_run_id) if info.workflow_id else ("standalone", info.activity_run_id)
    return f"temporal:{info.namespace}:{workflow}:{run}:{id}"


def _is_last(info: activity.Info, error: Exception) -> bool:
    """True where Temporal will not try again."""
    attempts = info.retry_policy.maximum_attempts if info.retry_policy else 0
    named = (error.type if isinstance(error, ApplicationError) else None) or type(error).__name__
    never = (info.retry_policy.non_retryable_error_types if info.retry_policy else None) or ()
    return 0 < attempts <= info.attempt or (isinstance(error, ApplicationError) and error.non_retryable) or named in never


def _sentence(action: Json | None) -> str:
    return "; ".join((((action or {}).get("verdict")) or {}).get("reasons", []))


def _waiting(action: Json, attempt: int, longest: float) -> ApplicationError:
    """A benign retry. It holds no slot, the history does not grow, and Temporal's UI shows who is awaited and until when."""
    approval = action.get("approval")
    people = ", ".join(approval["stages"][approval["stage"]]["approvers"]) if approval else "a verdict"
    until = f" until {approval['expiresAt']}" if approval else ""
    pause = timedelta(seconds=min(longest, 2 ** min(attempt - 1, 20)))
    return ApplicationError(f"waiting for {people}{until} ({action['id']})", type="CountersignWaiting", next_retry_delay=pause,
                            category=ApplicationErrorCategory.BENIGN)  # fmt: skip


def _refused(message: str, action: Json | None = None, type: str = "CountersignRefused") -> ApplicationError:
    """A refusal that no retry changes. Other people's histories get our ids and nothing else."""
    details = [] if action is None else [{"action": action["id"], "status": action["status"]}]
    return ApplicationError(message, *details, type=type, non_retryable=True)


def _failure(error: CountersignError) -> ApplicationError:
    if error.code == "permit-held":
        # Approved, and held by policy so that it can be withdrawn: the retry comes when that is over.
        until = datetime.fromisoformat(str(error.problem["notBefore"]).replace("Z", "+00:00"))
        pause = max(timedelta(seconds=1), until - datetime.now(timezone.utc))
        return ApplicationError(str(error), type="CountersignHeld", next_retry_delay=pause, category=ApplicationErrorCategory.BENIGN)
    if error.code == "action-refused":
        action = error.problem.get("action")
        return _refused(_sentence(action) or str(error), action)
    if error.status is not None and error.status < 500 and error.status != 429 and error.code != "frozen":
        return _refused(str(error))
    return ApplicationError(str(error), type="CountersignUnavailable")
