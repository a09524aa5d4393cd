"""What ``govern`` ends with, on a running engine that answers for the approvers (``COUNTERSIGN_URL``, ``COUNTERSIGN_API_KEY``)."""

import asyncio
import unittest
import uuid
from typing import Any

from countersign import AsyncCountersign, Countersign, CountersignError, OutcomeUnknown, Skip


def refund(amount: float) -> dict[str, Any]:
    return {
        "surface": "payments.refund",
        "action": "refund.create",
        "actor": {"id": "agent:support-bot", "type": "agent"},
        "params": {"amount": amount, "currency": "USD"},
    }


def never(*_: Any) -> Any:
    raise AssertionError("it was executed")


class Govern(unittest.TestCase):
    def setUp(self) -> None:
        self.client, self.key = Countersign(), str(uuid.uuid4())

    def test_approved_once(self) -> None:
        result = self.client.govern(
            refund(42), lambda request, _: request["params"]["amount"], key=self.key, reference=lambda amount: f"re_{amount}"
        )
        self.assertEqual((result.status, result.value, result.decision, result.reported), ("executed", 42, "approve", True))
        again = self.client.govern(refund(42), never, key=self.key)
        self.assertEqual((again.status, again.outcome), ("already", "executed"))

    def test_approved_by_a_human(self) -> None:
        told: list[Any] = []
        result = self.client.govern(refund(420.5), lambda request, _: "done", key=self.key, on_waiting=told.append)
        self.assertEqual((result.status, result.decision, len(told)), ("executed", "supervise", 1))

    def test_refused(self) -> None:
        result = self.client.govern(refund(5000), never, key=self.key)
        self.assertEqual((result.status, result.reasons), ("refused", ["Refunds above 1,000 go through the treasury desk."]))
        self.assertEqual((result.receipt or {})["kind"], "countersign.receipt/v1")

    def test_what_execute_raises_is_reported_and_raised_again(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            self.client.govern(refund(43), lambda *_: 1 / 0, key=self.key)
        again = self.client.govern(refund(43), never, key=self.key)
        self.assertEqual((again.status, again.outcome), ("already", "failed"))

    def test_skip(self) -> None:
        def skip(*_: Any) -> None:
            raise Skip("it is another order now")

        result = self.client.govern(refund(44), skip, key=self.key)
        self.assertEqual((result.status, result.reported, (result.action or {})["status"]), ("skipped", True, "skipped"))

    def test_unknown_is_not_repeated_but_by_a_named_redeemer(self) -> None:
        def unknown(*_: Any) -> None:
            raise OutcomeUnknown

        with self.assertRaises(OutcomeUnknown):
            self.client.govern(refund(45), unknown, key=self.key, redeemer=self.key)
        self.assertEqual(self.client.govern(refund(45), never, key=self.key).status, "begun")
        result = self.client.govern(refund(45), lambda *_: "done", key=self.key, redeemer=self.key)
        self.assertEqual(result.status, "executed")

    def test_errors(self) -> None:
        with self.assertRaises(CountersignError) as caught:
            self.client.request({**refund(1), "surface": "NOT"}, key=self.key)
        error = caught.exception
        self.assertEqual((error.code, error.status, error.problem["errors"][0]["pointer"]), ("invalid-request", 400, "/surface"))
        with self.assertRaises(CountersignError) as caught:
            Countersign("http://127.0.0.1:1", "k", retry_for=0).evaluate(refund(1))
        self.assertEqual(caught.exception.code, "unreachable")


class Awaited(unittest.IsolatedAsyncioTestCase):
    async def test_many_at_once(self) -> None:
        client = AsyncCountersign()

        async def execute(request: dict[str, Any], _: Any) -> float:
            await asyncio.sleep(0)
            return request["params"]["amount"]

        results = await asyncio.gather(
            *(client.govern(refund(amount), execute, key=str(uuid.uuid4())) for amount in (1, 2, 420.5, 421.5))
        )
        self.assertEqual([(result.status, result.value) for result in results], [("executed", n) for n in (1, 2, 420.5, 421.5)])
        self.assertEqual((await client.evaluate(refund(5000)))["verdict"]["decision"], "refuse")

    async def test_cancelled_it_executes_nothing(self) -> None:
        client = AsyncCountersign()
        task = asyncio.ensure_future(client.govern(refund(46), never, key=str(uuid.uuid4())))
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    unittest.main()
