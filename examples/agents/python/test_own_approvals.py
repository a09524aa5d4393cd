"""The frameworks' own approvals and hooks, where they let a tool run that nobody approved. Nothing of ours is in it."""

import json
import unittest
from collections.abc import Callable

import frameworks as f
from agents import function_tool
from crewai.hooks import InterceptionPoint, on
from crewai.hooks.dispatch import clear_all
from crewai.tools import tool as crew_tool
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.tools import tool as langchain_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic_ai import Tool

INPUT = {"order": "ord_1", "amount": 420.0, "currency": "USD"}
Resume = Callable[[Callable[[str], str]], None]


class OwnApprovals(unittest.TestCase):
    def setUp(self) -> None:
        self.paid = list[float]()

    def pay(self, order: str, amount: float, currency: str) -> str:
        """Refunds an order."""
        self.paid.append(amount)
        return "paid"

    def changed(self, resume: Resume) -> None:
        self.assertEqual(self.paid, [])
        resume(lambda kept: kept.replace("420.0", "1000000.0"))
        self.assertEqual(self.paid, [1_000_000])

    def replayed(self, resume: Resume) -> None:
        resume(lambda kept: kept)
        resume(lambda kept: kept)
        self.assertEqual(self.paid, [420, 420])

    def langchain(self) -> Resume:
        middleware = [HumanInTheLoopMiddleware(interrupt_on={"refund": True})]
        agent = f.langchain_agent(langchain_tool("refund")(self.pay), INPUT, "call-1", middleware=middleware, checkpointer=InMemorySaver())
        agent.invoke(f.ASKED, thread := {"configurable": {"thread_id": "1"}})
        paused = agent.get_state(thread)

        def resume(change: Callable[[str], str]) -> None:
            # As whoever may write to the thread's state can.
            call = paused.values["messages"][-1]
            call.tool_calls[0]["args"] = json.loads(change(json.dumps(INPUT)))
            at = agent.update_state(thread, {"messages": [call]}) if call.tool_calls[0]["args"] != INPUT else paused.config
            agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), at)

        return resume

    def test_langchain_runs_what_was_changed(self) -> None:
        self.changed(self.langchain())

    def test_langchain_runs_twice_what_is_sent_again(self) -> None:
        self.replayed(self.langchain())

    def openai(self) -> Resume:
        tool = function_tool(self.pay, name_override="refund", needs_approval=True)
        state = f.openai_paused(tool, INPUT, "call-1") or ""
        approved = list[str]()

        def resume(change: Callable[[str], str]) -> None:
            kept = json.loads(change(state))
            # The state has a fingerprint of the call, and no signature: whoever changes the one changes the other.
            kept["context"]["tool_invocations"] = {}
            approved[:] = approved or [f.openai_approve(tool, json.dumps(kept))]
            f.openai_resume(tool, approved[0])

        return resume

    def test_openai_runs_what_was_changed(self) -> None:
        self.changed(self.openai())

    def test_openai_runs_twice_what_is_sent_again(self) -> None:
        self.replayed(self.openai())

    def pydantic_ai(self) -> Resume:
        agent = f.pydantic_agent(Tool(self.pay, name="refund", requires_approval=True), INPUT, "call-1")
        history = f.pydantic_paused(agent) or ""
        return lambda change: f.pydantic_resume(agent, change(history), "call-1")

    def test_pydantic_ai_runs_what_was_changed(self) -> None:
        self.changed(self.pydantic_ai())

    def test_pydantic_ai_runs_twice_what_is_sent_again(self) -> None:
        self.replayed(self.pydantic_ai())

    def test_crewai_runs_when_the_hook_breaks_or_its_engine_is_down(self) -> None:
        for error in (RuntimeError("the hook broke"), ConnectionRefusedError("the engine is down"), TimeoutError("it took too long")):

            @on(InterceptionPoint.PRE_TOOL_CALL)
            def ask(_context: object) -> None:
                raise error

            f.crew_run(crew_tool("refund")(self.pay), INPUT)
            clear_all()
        self.assertEqual(self.paid, [420, 420, 420])


if __name__ == "__main__":
    unittest.main()
