"""``governed()`` for workflow code: waits for people as long as policy lets them take, whatever the limits of the activity are.

    with workflow.unsafe.imports_passed_through():
        from countersign.temporal_workflow import governed

    await governed("refund", Refund(order, 420), start_to_close_timeout=timedelta(minutes=1))

The activity is scheduled only when it is released. Waiting holds nothing: no slot is taken and the history does not grow. A refusal fails the
call for good, as an ``ActivityError`` whose cause has policy's own sentence; where the workflow is cancelled while it waits, the action is
withdrawn. The worker has the plugin of ``countersign.temporal``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

# Prefix of the ids of activities that are scheduled once they are decided.
WAITED = "countersign-"

# The signal that makes all that wait in a workflow look at once. It carries nothing and grants nothing.
DECIDED_SIGNAL = "countersign"


@dataclass
class _Seen:
    """Calls and signals of one workflow so far; counted anew when it is replayed."""

    calls: int = 0
    signals: int = 0


async def governed(name: str | Callable[..., Any], *args: Any, task_queue: str | None = None, **options: Any) -> Any:
    """Runs a designated activity when it is released, with the parameters as released. ``options``: as of ``workflow.execute_activity``."""
    seen = _seen()
    seen.calls += 1
    id = f"{WAITED}{seen.calls}"
    kind = name if isinstance(name, str) else getattr(name, "__temporal_activity_definition").name
    await _released({"activityType": kind, "activityId": id, "args": list(args)}, seen, task_queue)
    return await workflow.execute_activity(name, args=list(args), activity_id=id, task_queue=task_queue, **options)


def _seen() -> _Seen:
    instance = workflow.instance()
    seen: _Seen | None = getattr(instance, "_countersign_seen", None)
    if seen is None:
        seen = _Seen()
        setattr(instance, "_countersign_seen", seen)

        def decided() -> None:
            seen.signals += 1

        workflow.set_signal_handler(DECIDED_SIGNAL, decided)
    return seen


async def _released(call: dict[str, Any], seen: _Seen, task_queue: str | None) -> None:
    """Looks until somebody decided; between two looks it waits for the activity's next retry, or for a signal."""
    where: dict[str, Any] = {"task_queue": task_queue, "start_to_close_timeout": timedelta(minutes=1)}
    look: workflow.ActivityHandle[Any] | None = None
    try:
        while True:
            before = seen.signals
            look = workflow.start_activity("countersignDecision", call, **where)
            signalled = asyncio.ensure_future(workflow.wait_condition(lambda: seen.signals != before))
            try:
                await workflow.wait([look, signalled], return_when=asyncio.FIRST_COMPLETED)
            finally:
                signalled.cancel()
            if not look.done():
                look.cancel()
            try:
                # It may have been answered while it was cancelled.
                await look
                return
            except ActivityError as error:
                if not is_cancelled_exception(error):
                    raise
    except asyncio.CancelledError:
        if look is not None:
            look.cancel()
        await workflow.execute_activity("countersignWithdraw", call, **where)
        raise
