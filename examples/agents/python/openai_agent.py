"""OpenAI Agents SDK: the permit is redeemed inside the tool; ``needs_approval`` is only the pause of the framework."""

import asyncio
from typing import Any

from agents import FunctionTool, RunContextWrapper, function_tool
from agents.tool_context import ToolContext
from countersign import GuardedTool, ToolRefused, ToolWaiting


def openai_tool(guarded: GuardedTool[str]) -> FunctionTool:
    """While a human of the policy is awaited, the run ends with an interruption: keep its state, and approve the interruption when they
    decided. Approving it releases nothing: a state that somebody edited, or that is run twice, finds no permit."""

    async def waits(_context: RunContextWrapper[Any], asked: dict[str, Any], call_id: str) -> bool:
        # A hook that raises ends the run, and nothing was executed.
        try:
            await asyncio.to_thread(guarded.ask, asked, id=call_id)
        except ToolWaiting:
            return True
        except ToolRefused:
            return False  # the tool says why
        return False

    def ending(_context: RunContextWrapper[Any], error: Exception) -> str:
        # The SDK's own text tells the model to try again.
        if isinstance(error, (ToolWaiting, ToolRefused)):
            return str(error)
        raise error

    @function_tool(needs_approval=waits, failure_error_function=ending)
    async def refund(context: ToolContext[Any], order: str, amount: float, currency: str) -> str:
        """Refunds an order."""
        asked = {"order": order, "amount": amount, "currency": currency}
        return await asyncio.to_thread(guarded, asked, id=context.tool_call_id, wait=0)

    return refund
