"""Pydantic AI: the permit is redeemed inside the tool; ``ApprovalRequired`` is only the pause of the framework."""

from countersign import GuardedTool, ToolRefused, ToolWaiting
from pydantic_ai import ApprovalRequired, RunContext, Tool


def pydantic_ai_tool(guarded: GuardedTool[str]) -> Tool[None]:
    """While a human of the policy is awaited, the run ends with ``DeferredToolRequests`` (give the agent that ``output_type``): keep its
    messages, and go on with them when they decided. What ``DeferredToolResults`` says releases nothing."""

    def refund(context: RunContext[None], order: str, amount: float, currency: str) -> str:
        """Refunds an order."""
        asked = {"order": order, "amount": amount, "currency": currency}
        try:
            return guarded(asked, id=context.tool_call_id, wait=0)
        except ToolRefused as refused:
            return str(refused)
        except ToolWaiting as waiting:
            if context.tool_call_approved:
                return str(waiting)
            raise ApprovalRequired(metadata={"action": waiting.action["id"], "waiting": str(waiting)}) from None

    return Tool(refund)
