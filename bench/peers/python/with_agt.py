"""Microsoft's Agent Governance Toolkit: its approval protocol, which binds a yes to the digest of one action."""

from dataclasses import replace

from agentmesh.governance.approval_protocol import (
    ActionBinding,
    ActionTarget,
    ApprovalChain,
    ApprovalCoordinator,
    ApprovalStage,
    ApproverKind,
    EntryDecision,
    InMemoryApprovalStore,
)
from scenario import AMOUNT, ASKER, LEAD, attempt, report

POLICY = "2026.11"
CHAINS = [
    ApprovalChain("lead", "1", (ApprovalStage(0, allowed_identities=frozenset({LEAD})),)),
    ApprovalChain("lead-or-asker", "1", (ApprovalStage(0, allowed_identities=frozenset({LEAD, ASKER})),)),
]
store = InMemoryApprovalStore()
coordinator = ApprovalCoordinator(store, {chain.chain_id: chain for chain in CHAINS})


def action(amount: float = AMOUNT) -> ActionBinding:
    target = ActionTarget("refund", "1", resource="ord_991")
    return ActionBinding("tool.invoke", "agent:support-bot", target, {"amount": amount}, subject_id=ASKER)


def ask(chain: str = "lead") -> str:
    _, request = coordinator.open_request(
        action(), policy_rule_id="refunds", policy_version=POLICY, chain_id=chain, ttl_seconds=600
    )
    return request.approval_request_id


def approve(request: str, approver: str) -> None:
    """Whoever calls it says who approves."""
    coordinator.submit_entry(
        request,
        stage_index=0,
        approver_kind=ApproverKind.HUMAN,
        approver_identity=approver,
        identity_assurance="oidc",
        decision=EntryDecision.ALLOW,
    )


def execute(request: str, amount: float = AMOUNT) -> str:
    verdict = coordinator.validate_for_execution(
        request,
        current_action_digest=action(amount).digest(),
        current_policy_version=POLICY,
        current_chain_version="1",
    )
    if not verdict.allowed:
        raise PermissionError(verdict.reason_code)
    return f"re_{amount}"


def refund(approver: str = LEAD, chain: str = "lead", amount: float = AMOUNT) -> str:
    request = ask(chain)
    approve(request, approver)
    execute(request, amount)
    return request


def proof() -> str:
    """Whether what is kept of a yes still holds after whoever keeps it wrote another name there."""
    (entry,) = store.get_entries(refund())
    holds = replace(entry, approver_identity="user:nobody@acme.test").seal().verify_digest()
    return f"digests without a key; with another approver's name written in, they {'hold' if holds else 'do not hold'}"


def again() -> str:
    request = refund()
    return attempt(lambda: execute(request))


answers = {
    "own": attempt(lambda: refund(ASKER)),
    "ownNamed": attempt(lambda: refund(ASKER, "lead-or-asker")),
    # Nothing that the caller shows is tied to the name that it gives.
    "another": attempt(lambda: refund(LEAD)),
    "altered": attempt(lambda: refund(amount=AMOUNT + 1)),
    "again": again(),
    "proof": proof(),
}
report("Microsoft's Agent Governance Toolkit", refund, answers)
