"""CrewAI: the permit is redeemed inside ``_run``. No hook is used: of a hook, CrewAI swallows every exception but one, and runs the tool."""

from typing import Any

from countersign import GuardedTool, ToolRefused, ToolWaiting
from crewai.tools import BaseTool
from pydantic import BaseModel, PrivateAttr


class Refund(BaseModel):
    order: str
    amount: float
    currency: str


class RefundTool(BaseTool):
    """Its calls have no ids: the same input is the same call while it waits, and a new one after it ended."""

    name: str = "refund"
    description: str = "Refunds an order."
    args_schema: type[BaseModel] = Refund
    # What waits is not the answer for ever, and what ran is a new call the next time.
    cache_function: Any = lambda _arguments, _result: False
    _guarded: GuardedTool[str] = PrivateAttr()

    def __init__(self, guarded: GuardedTool[str], wait: float = 240) -> None:
        super().__init__()
        self._guarded, self._wait = guarded, wait

    _wait: float = PrivateAttr()

    def _run(self, **asked: Any) -> str:
        try:
            return self._guarded(asked, wait=self._wait)
        except (ToolWaiting, ToolRefused) as ending:
            return str(ending)
