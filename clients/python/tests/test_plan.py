"""A plan is reviewed as one, and carried out step by step (``COUNTERSIGN_URL``, ``COUNTERSIGN_API_KEY``, ``LEAD_TOKEN``)."""

import os
import time
import unittest
import uuid
from typing import Any

from countersign import Countersign


def plan(*amounts: float) -> dict[str, Any]:
    order = f"ord_{uuid.uuid4()}"
    steps = [
        {
            "surface": "payments.refund",
            "action": "refund.create",
            "actor": {"id": "agent:support-bot", "type": "agent"},
            "resource": {"type": "order", "id": f"{order}-{number}"},
            "params": {"amount": amount, "currency": "USD"},
        }
        for number, amount in enumerate(amounts)
    ]
    return {"steps": steps, "title": "three refunds"}


class Plans(unittest.TestCase):
    def setUp(self) -> None:
        self.client, self.key = Countersign(), str(uuid.uuid4())

    def decide(self, asked: dict[str, Any], decision: str) -> None:
        lead = Countersign(key=os.environ["LEAD_TOKEN"])
        lead._send("POST", f"v1/plans/{asked['id']}/decisions", {"decision": decision, "reason": "looked at"})

    def stands(self, asked: dict[str, Any], *statuses: str) -> dict[str, Any]:
        """The plan, once its first steps stand so: what people and reports change is followed a moment later."""
        end = time.monotonic() + 60
        while True:
            found = self.client.read_plan(asked["id"])
            first = tuple(step["status"] for step in found["steps"][: len(statuses)])
            if first == statuses or time.monotonic() > end:
                self.assertEqual(first, statuses)
                return found
            time.sleep(0.2)

    def test_three_steps_are_approved_as_one_and_carried_out_in_order(self) -> None:
        steps = plan(42, 420, 43)
        asked = self.client.plan(steps, key=self.key)
        self.assertEqual((asked["status"], asked["of"], asked["verdict"]["decision"]), ("supervised", 3, "supervise"))
        self.assertEqual(self.client.plan(steps, key=self.key)["id"], asked["id"])
        self.decide(asked, "approve")
        for index in range(3):
            found = self.stands(asked, *["executed"] * index, "released")
            self.assertEqual([step["permit"] is not None for step in found["steps"]][index + 1 :], [False] * (2 - index))
            step = found["steps"][index]
            redeemed = self.client.redeem(step["permit"], redeemer=self.key)
            self.assertEqual(redeemed["request"]["params"], steps["steps"][index]["params"])
            self.assertEqual(self.client.report(step["id"], step["permit"], "executed")["status"], "executed")
        self.assertEqual(self.stands(asked, *["executed"] * 3)["status"], "executed")

    def test_one_that_a_person_refuses_is_refused_as_one(self) -> None:
        asked = self.client.plan(plan(420, 421, 422), key=self.key)
        self.decide(asked, "refuse")
        self.stands(asked, *["refused"] * 3)

    def test_one_with_a_step_that_policy_refuses_is_withdrawn(self) -> None:
        asked = self.client.plan(plan(42, 5000, 43), key=self.key)
        self.assertEqual(asked["verdict"]["decision"], "refuse")
        self.stands(asked, "cancelled", "refused", "cancelled")


if __name__ == "__main__":
    unittest.main()
