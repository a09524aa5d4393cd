"""The tool of the examples: it moves money. Every adapter gets the same one, guarded."""

from collections.abc import Callable
from typing import Any

from countersign import GuardedTool, ToolRules, create_guard

SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string"}, "amount": {"type": "number"}, "currency": {"type": "string"}},
    "required": ["order", "amount", "currency"],
    "additionalProperties": False,
}

RULES = ToolRules(
    surface="payments.refund",
    action="refund.create",
    params=lambda asked: {"amount": asked["amount"], "currency": asked["currency"]},
    resource=lambda asked: {"type": "order", "id": asked["order"]},
    context=lambda asked: {"environment": "production"},
    # `params` leaves the order out, so what an approver changed is put back by hand.
    input=lambda released, asked: {**asked, "amount": released["params"]["amount"]},
)


def refund_tool(ledger: Callable[..., str], actor: str, **options: Any) -> GuardedTool[str]:
    """``ledger`` really pays; options as of :class:`countersign.AgentGuard`."""
    return create_guard(actor, **options).tool("refund", SCHEMA, ledger, RULES)
