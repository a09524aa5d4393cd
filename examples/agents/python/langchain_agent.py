"""LangChain: ``wrap_tool_call`` sits round the execution and needs no checkpointer; the permit is redeemed inside the tool all the same."""

from collections.abc import Callable
from typing import Annotated

from countersign import GuardedTool, ToolRefused, ToolWaiting
from langchain.agents.middleware import wrap_tool_call
from langchain.messages import ToolMessage
from langchain.tools import InjectedToolCallId, tool
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.tools import BaseTool
from langgraph.types import Command


def langchain_tool(guarded: GuardedTool[str]) -> BaseTool:
    @tool
    def refund(order: str, amount: float, currency: str, call: Annotated[str, InjectedToolCallId]) -> str:
        """Refunds an order."""
        return guarded({"order": order, "amount": amount, "currency": currency}, id=call, wait=0)

    return refund


@wrap_tool_call
def countersign_middleware(
    request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command]
) -> ToolMessage | Command:
    """Tells the model in a message what waits or was refused. Everything else goes on as the error that it is, and nothing ran."""
    try:
        return handler(request)
    except (ToolWaiting, ToolRefused) as ending:
        return ToolMessage(str(ending), tool_call_id=request.tool_call["id"], status="error")
