"""A guarded tool runs only with a permit for these very arguments (``COUNTERSIGN_URL``, ``COUNTERSIGN_API_KEY``, ``LEAD_TOKEN``)."""

import asyncio
import os
import unittest
import uuid
from typing import Any

from countersign import AsyncCountersign, Countersign, CountersignError, GuardedTool, ToolRefused, ToolRules, ToolWaiting, create_guard

RULES = ToolRules(
    surface="payments.refund",
    action="refund.create",
    params=lambda input: {"amount": input["amount"], "currency": input["currency"]},
    resource=lambda input: {"type": "order", "id": input["order"]},
    input=lambda released, asked: {**asked, "amount": released["params"]["amount"]},
)


class Guarded(unittest.TestCase):
    def setUp(self) -> None:
        self.order, self.paid = f"ord_{uuid.uuid4()}", list[float]()
        self.tool = self.guarded(create_guard("agent:support-bot", session=self.order, wait=0))

    def guarded(self, guard: Any) -> GuardedTool[str]:
        def pay(order: str, amount: float, currency: str) -> str:
            self.paid.append(amount)
            return f"re_{order}"

        return guard.tool("refund", {"type": "object"}, pay, RULES)

    def input(self, amount: float) -> dict[str, Any]:
        return {"order": self.order, "amount": amount, "currency": "USD"}

    def decide(self, waiting: ToolWaiting, **more: Any) -> None:
        lead = Countersign(key=os.environ["LEAD_TOKEN"])
        lead._send("POST", f"v1/actions/{waiting.action['id']}/decisions", {"decision": "approve", "reason": "fine", **more})

    def waits(self, amount: float, **more: Any) -> ToolWaiting:
        with self.assertRaises(ToolWaiting) as caught:
            self.tool(self.input(amount), **more)
        return caught.exception

    def refused(self, amount: float, **more: Any) -> ToolRefused:
        with self.assertRaises(ToolRefused) as caught:
            self.tool(self.input(amount), **more)
        return caught.exception

    def test_approved_runs_once_for_one_call(self) -> None:
        self.assertEqual(self.tool(self.input(42), id="1"), f"re_{self.order}")
        again = self.refused(42, id="1")
        self.assertEqual((again.code, again.final, self.paid), ("already-executed", True, [42]))

    def test_refused_in_the_words_of_policy(self) -> None:
        self.assertRegex(str(self.refused(5000, id="1")), "^Refunds above 1,000 go through the treasury desk; nothing was done")
        with self.assertRaises(ToolRefused):
            self.tool.ask(self.input(5001), id="2")
        self.assertEqual(self.paid, [])

    def test_waits_and_runs_once_as_released(self) -> None:
        waiting = self.waits(420)
        self.assertIn("user:finance-lead@acme.test", str(waiting))
        self.assertEqual(self.waits(420.0).action["id"], waiting.action["id"])
        self.decide(waiting, changes={"params.amount": 210})
        self.assertEqual(self.tool.ask(self.input(420))["status"], "released")
        self.assertEqual(self.tool(self.input(420)), f"re_{self.order}")
        self.assertEqual(self.paid, [210])
        self.assertNotEqual(self.waits(420).action["id"], waiting.action["id"])

    def test_arguments_changed_after_the_approval(self) -> None:
        self.decide(self.waits(430, id="1"))
        for amount in (900, 50):
            self.assertEqual(self.refused(amount, id="1").code, "input-changed")
        self.assertEqual(self.paid, [])

    def test_the_engine_is_down(self) -> None:
        tool = self.guarded(create_guard("agent:a", url="http://127.0.0.1:9", session=self.order, retry_for=0))
        for call in (tool, tool.ask):
            with self.assertRaises(CountersignError):
                call(self.input(42), id="1")
        self.assertEqual(self.paid, [])


class Stopped(unittest.IsolatedAsyncioTestCase):
    async def test_cancelled_while_people_are_awaited_it_executes_nothing_after_their_yes(self) -> None:
        client, key, waits = AsyncCountersign(), str(uuid.uuid4()), asyncio.Event()
        loop, acted = asyncio.get_running_loop(), list[Any]()
        request = {
            "surface": "payments.refund",
            "action": "refund.create",
            "actor": {"id": "agent:support-bot", "type": "agent"},
            "resource": {"type": "order", "id": key},
            "params": {"amount": 420, "currency": "USD"},
        }
        waiting = lambda _: loop.call_soon_threadsafe(waits.set)  # noqa: E731
        task = asyncio.ensure_future(client.govern(request, lambda *given: acted.append(given), key=key, on_waiting=waiting))
        await waits.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        action = await client.request(request, key=key)
        lead = Countersign(key=os.environ["LEAD_TOKEN"])
        lead._send("POST", f"v1/actions/{action['id']}/decisions", {"decision": "approve", "reason": "fine"})
        self.assertEqual((await client.wait(action["id"]))["status"], "released")
        # Ends once the call that was under way has been answered.
        client._pool.shutdown()
        self.assertEqual(((await asyncio.to_thread(Countersign().wait, action["id"]))["status"], acted), ("released", []))


if __name__ == "__main__":
    unittest.main()
