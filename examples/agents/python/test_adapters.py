"""Whatever a framework does wrong, the tool runs only with a permit for these very arguments.

Against a running engine: ``COUNTERSIGN_URL``, ``COUNTERSIGN_API_KEY``, and ``LEAD_TOKEN`` of whoever approves.
"""

import os
import unittest
import uuid
from typing import Any

import frameworks as f
from countersign import Countersign, GuardedTool, ToolRefused, ToolWaiting
from crewai.hooks import InterceptionPoint, on
from crewai.hooks.dispatch import clear_all
from crewai_agent import RefundTool
from langchain_agent import countersign_middleware, langchain_tool
from openai_agent import openai_tool
from pydantic_ai_agent import pydantic_ai_tool
from refunds import refund_tool


class Adapter:
    class FiveFailures(unittest.TestCase):
        def run_tool(self, guarded: GuardedTool[str], input: f.Input, id: str) -> None:
            """Lets the framework run one call; where it asks for an approval of its own, that is given."""
            raise NotImplementedError

        def setUp(self) -> None:
            self.paid, self.order = list[float](), f"ord_{uuid.uuid4()}"
            self.guarded = self.guard()

        def guard(self, **options: Any) -> GuardedTool[str]:
            def pay(order: str, amount: float, currency: str) -> str:
                self.paid.append(amount)
                return f"re_{order}"

            return refund_tool(pay, "agent:support-bot", session=self.order, retry_for=0, **options)

        def input(self, amount: float) -> f.Input:
            return {"order": self.order, "amount": amount, "currency": "USD"}

        def quietly(self, amount: float, id: str, guarded: GuardedTool[str] | None = None) -> None:
            try:
                self.run_tool(guarded or self.guarded, self.input(amount), id)
            except Exception:  # noqa: BLE001  whatever it says, what counts is whether the tool ran
                pass

        def approve(self, amount: float, id: str | None) -> None:
            with self.assertRaises(ToolWaiting) as caught:
                self.guarded.ask(self.input(amount), id=id)
            lead = Countersign(key=os.environ["LEAD_TOKEN"])
            lead._send("POST", f"v1/actions/{caught.exception.action['id']}/decisions", {"decision": "approve", "reason": "fine"})

        named = True

        def id(self, name: str) -> str | None:
            return name if self.named else None

        def test_runs_what_is_approved_and_what_people_approve_once(self) -> None:
            self.run_tool(self.guarded, self.input(42), "call-1")
            self.assertEqual(self.paid, [42])
            self.quietly(420, "call-2")
            self.assertEqual(self.paid, [42])
            self.approve(420, self.id("call-2"))
            self.run_tool(self.guarded, self.input(420), "call-2")
            # The history is replayed.
            self.quietly(420, "call-2")
            self.quietly(420, "call-2", self.guard())
            self.assertEqual(self.paid, [42, 420])

        def test_arguments_changed_after_the_approval(self) -> None:
            self.approve(430, self.id("call-1"))
            self.quietly(900, "call-1")
            self.assertEqual(self.paid, [])

        def test_a_hook_that_breaks_or_says_yes_releases_nothing(self) -> None:
            for number, ask in enumerate((self.breaks, self.says_yes)):
                self.guarded.ask = ask  # type: ignore[method-assign]
                self.quietly(5000, f"call-{number}")
                self.quietly(440, f"other-{number}")
            self.assertEqual(self.paid, [])

        def test_a_hook_that_is_ended_by_a_time_limit_releases_nothing(self) -> None:
            # Whoever ends the hook runs the tool without its answer.
            def gone(*_args: Any, **_more: Any) -> Any:
                raise TimeoutError("the hook took too long")

            self.guarded.ask = gone  # type: ignore[method-assign]
            self.quietly(5000, "call-1")
            with self.assertRaises(ToolRefused):
                self.guarded(self.input(5000), id="call-1", wait=0)
            self.assertEqual(self.paid, [])

        def test_the_engine_is_down(self) -> None:
            self.quietly(42, "call-1", self.guard(url="http://127.0.0.1:9"))
            self.assertEqual(self.paid, [])

        @staticmethod
        def breaks(*_args: Any, **_more: Any) -> Any:
            raise RuntimeError("the hook broke")

        @staticmethod
        def says_yes(*_args: Any, **_more: Any) -> Any:
            return {"status": "released"}


class Langchain(Adapter.FiveFailures):
    def run_tool(self, guarded: GuardedTool[str], input: f.Input, id: str) -> None:
        f.langchain_agent(langchain_tool(guarded), input, id, middleware=[countersign_middleware]).invoke(f.ASKED)


class OpenaiAgents(Adapter.FiveFailures):
    def run_tool(self, guarded: GuardedTool[str], input: f.Input, id: str) -> None:
        tool = openai_tool(guarded)
        state = f.openai_paused(tool, input, id)
        if state is not None:
            f.openai_resume(tool, f.openai_approve(tool, state))


class PydanticAi(Adapter.FiveFailures):
    def run_tool(self, guarded: GuardedTool[str], input: f.Input, id: str) -> None:
        agent = f.pydantic_agent(pydantic_ai_tool(guarded), input, id)
        history = f.pydantic_paused(agent)
        if history is not None:
            f.pydantic_resume(agent, history, id)


class CrewAi(Adapter.FiveFailures):
    named = False

    def run_tool(self, guarded: GuardedTool[str], input: f.Input, id: str) -> None:
        f.crew_run(RefundTool(guarded, wait=0), input)

    def test_a_hook_that_breaks_or_says_yes_releases_nothing(self) -> None:
        @on(InterceptionPoint.PRE_TOOL_CALL)
        def ask(_context: object) -> None:
            raise RuntimeError("the hook broke")

        self.addCleanup(clear_all)
        self.quietly(5000, "")
        self.quietly(440, "")
        self.assertEqual(self.paid, [])


if __name__ == "__main__":
    unittest.main()
