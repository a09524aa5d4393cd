"""Somebody else's workflow, governed by one line of its worker, on a running engine and a real server (``TEMPORAL_ADDRESS``)."""

import asyncio
import hashlib
import os
import threading
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from countersign import Countersign, CountersignError
from countersign.temporal import CountersignPlugin, Designation, only_governed
from countersign.temporal_workflow import DECIDED_SIGNAL, governed


@dataclass
class Refund:
    order: str
    amount: float
    currency: str = "USD"


# What was paid, and how often the ledger is to fail before it pays an order.
paid: list[Refund] = []
failing: dict[str, int] = {}
lock = threading.Lock()


@activity.defn
async def refund(input: Refund) -> str:
    with lock:
        failing[input.order] = failing.get(input.order, 0) - 1
        if failing[input.order] >= 0:
            raise RuntimeError("ledger 503")
        paid.append(input)
    return f"re_{input.order}"


@activity.defn(name="refund-sync")
def refund_sync(input: Refund) -> str:
    with lock:
        paid.append(input)
    return f"re_{input.order}"


@workflow.defn(name="refunding")
class Refunding:
    @workflow.run
    async def run(self, input: Refund, options: dict[str, Any]) -> str:
        retry = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=options.get("attempts", 0))
        close = timedelta(seconds=options["close"]) if "close" in options else None
        if options.get("local"):
            return await workflow.execute_local_activity("refund", input, start_to_close_timeout=timedelta(minutes=1))
        return await workflow.execute_activity(
            options.get("name", "refund"), input, result_type=str, start_to_close_timeout=timedelta(minutes=1), retry_policy=retry,
            schedule_to_close_timeout=close,
        )  # fmt: skip


@workflow.defn(name="refunding-when-released")
class RefundingWhenReleased:
    @workflow.run
    async def run(self, input: Refund) -> str:
        once = RetryPolicy(maximum_attempts=1)
        return str(await governed("refund", input, start_to_close_timeout=timedelta(minutes=1), retry_policy=once, result_type=str))


DESIGNATION = Designation(
    "payments.refund",
    "refund.create",
    resource=lambda input: {"type": "order", "id": input.order},
    params=lambda input: {"amount": input.amount, "currency": input.currency},
    reference=lambda id: id,
)


def action_of(handle: WorkflowHandle[Any, Any]) -> str:
    key = f"temporal:default:{handle.id}:{handle.first_execution_run_id}:1"
    return f"act_{hashlib.sha256(key.encode()).hexdigest()}"


class Governed(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
        self.order, self.queue = f"ord_{uuid.uuid4()}", f"python-{uuid.uuid4()}"

    def worker(self, plugin: bool = True, longest_pause: float = 1) -> Worker:
        plugins = [CountersignPlugin(actor="service:payments", longest_pause=longest_pause, activities={"refund": DESIGNATION, "refund-sync": DESIGNATION})]
        return Worker(
            self.client, task_queue=self.queue, workflows=[Refunding, RefundingWhenReleased], activities=only_governed([refund, refund_sync]),
            activity_executor=ThreadPoolExecutor(4), workflow_runner=UnsandboxedWorkflowRunner(), plugins=plugins if plugin else [],
        )  # fmt: skip

    async def start(self, amount: float, **options: Any) -> WorkflowHandle[Any, Any]:
        args = [Refund(self.order, amount), options]
        return await self.client.start_workflow("refunding", args=args, id=self.order, task_queue=self.queue, result_type=str)

    async def failure(self, handle: WorkflowHandle[Any, Any]) -> ApplicationError:
        with self.assertRaises(WorkflowFailureError) as caught:
            await handle.result()
        cause: BaseException | None = caught.exception
        while cause is not None and cause.__cause__ is not None:
            cause = cause.__cause__
        assert isinstance(cause, ApplicationError)
        return cause

    async def waiting(self, handle: WorkflowHandle[Any, Any]) -> str:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            for pending in (await handle.describe()).raw_description.pending_activities:
                if pending.last_failure.message.startswith("waiting"):
                    return pending.last_failure.message
            await asyncio.sleep(0.1)
        raise AssertionError("it never waited")

    def paid(self) -> list[Refund]:
        return [one for one in paid if one.order == self.order]

    async def test_approved_runs_at_once(self) -> None:
        async with self.worker():
            for name in ("refund", "refund-sync"):
                self.order = f"ord_{uuid.uuid4()}"
                self.assertEqual(await (await self.start(42, name=name)).result(), f"re_{self.order}")
                self.assertEqual(len(self.paid()), 1)

    async def test_refused_fails_for_good_with_the_sentence_of_policy(self) -> None:
        async with self.worker():
            error = await self.failure(await self.start(5000))
        self.assertEqual((error.type, error.message), ("CountersignRefused", "Refunds above 1,000 go through the treasury desk."))
        self.assertEqual(self.paid(), [])

    async def test_waits_over_a_restart_of_its_worker_and_runs_once_as_released(self) -> None:
        async with self.worker():
            handle = await self.start(420)
            message = await self.waiting(handle)
            length = (await handle.describe()).history_length
        self.assertRegex(message, r"^waiting for .*user:finance-lead@acme\.test.* until \d{4}-\d\d-\d\dT.* \(act_\w+\)$")
        lead = Countersign(key=os.environ["LEAD_TOKEN"])
        action = message.rsplit("(", 1)[1][:-1]
        decision = {"decision": "approve", "reason": "half", "changes": {"params.amount": 210}}
        lead._send("POST", f"v1/actions/{action}/decisions", decision)
        async with self.worker():
            self.assertEqual(await handle.result(), f"re_{self.order}")
        self.assertEqual(self.paid(), [Refund(self.order, 210)])
        self.assertLessEqual((await handle.describe()).history_length - length, 6)
        async for event in handle.fetch_history_events():
            self.assertNotIn(b"eyJ", event.SerializeToString())

    async def wait_in_code(self, amount: float) -> WorkflowHandle[Any, Any]:
        return await self.client.start_workflow(
            "refunding-when-released", Refund(self.order, amount), id=self.order, task_queue=self.queue, result_type=str
        )

    async def test_governed_waits_whatever_the_limits_are_and_a_signal_makes_it_look(self) -> None:
        # Nothing but the signal ends the pause.
        async with self.worker(longest_pause=86400):
            handle = await self.wait_in_code(420)
            message = await self.waiting(handle)
            length = (await handle.describe()).history_length
            lead = Countersign(key=os.environ["LEAD_TOKEN"])
            decision = {"decision": "approve", "reason": "half", "changes": {"params.amount": 210}}
            lead._send("POST", f"v1/actions/{message.rsplit('(', 1)[1][:-1]}/decisions", decision)
            await handle.signal(DECIDED_SIGNAL)
            self.assertEqual(await handle.result(), f"re_{self.order}")
        self.assertEqual((self.paid(), length), ([Refund(self.order, 210)], 5))
        async for event in handle.fetch_history_events():
            self.assertNotIn(b"eyJ", event.SerializeToString())

    async def test_governed_fails_with_the_sentence_of_policy_and_withdraws_what_is_cancelled(self) -> None:
        async with self.worker():
            error = await self.failure(await self.wait_in_code(5000))
            self.assertEqual((error.type, error.message), ("CountersignRefused", "Refunds above 1,000 go through the treasury desk."))
            self.order = f"ord_{uuid.uuid4()}"
            handle = await self.wait_in_code(421)
            message = await self.waiting(handle)
            await handle.cancel()
            with self.assertRaises(WorkflowFailureError):
                await handle.result()
        self.assertEqual(Countersign().wait(message.rsplit("(", 1)[1][:-1], timeout=0)["status"], "cancelled")
        self.assertEqual(self.paid(), [])

    async def test_keeps_its_permit_when_it_fails_twice_before_it_succeeds(self) -> None:
        failing[self.order] = 2
        async with self.worker():
            handle = await self.start(43)
            self.assertEqual(await handle.result(), f"re_{self.order}")
        self.assertEqual(Countersign().wait(action_of(handle))["status"], "executed")
        self.assertEqual(len(self.paid()), 1)

    async def test_is_refused_before_anybody_is_asked(self) -> None:
        async with self.worker():
            for options, name in (
                ({"attempts": 1}, "maximum_attempts=1"),
                ({"attempts": 5}, "maximum_attempts"),
                ({"close": 300}, "schedule_to_close_timeout"),
                ({"local": True}, "local activity"),
            ):
                self.order = f"ord_{uuid.uuid4()}"
                handle = await self.start(422, **options)
                error = await self.failure(handle)
                self.assertEqual(error.type, "CountersignRefused")
                self.assertIn(name, error.message)
                with self.subTest(name), self.assertRaises(CountersignError) as caught:
                    Countersign().wait(action_of(handle), timeout=0)
                self.assertEqual(caught.exception.code, "not-found")

    async def test_is_refused_on_a_worker_without_the_plugin(self) -> None:
        async with self.worker(plugin=False):
            for name in ("refund", "refund-sync"):
                self.order = f"ord_{uuid.uuid4()}"
                error = await self.failure(await self.start(42, name=name))
                self.assertEqual((error.type, "plugins" in error.message), ("CountersignRefused", True))
                self.assertEqual(self.paid(), [])


if __name__ == "__main__":
    unittest.main()
