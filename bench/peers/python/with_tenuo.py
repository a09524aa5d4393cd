"""Tenuo: a warrant with an approval gate. Approvals are signed, and so are the receipts of what was allowed."""

import tempfile
from pathlib import Path

from scenario import AMOUNT, ASKER, LEAD, attempt, report
from tenuo import HolderIdentity, Range, Runtime, SigningKey, Warrant, configure, guard, verify_receipt
from tenuo.approval import sign_approval

issuer, lead, user = (SigningKey.generate() for _ in range(3))
configure(trusted_roots=[issuer.public_key], audit_log=False)
agent = HolderIdentity.load_or_create(str(Path(tempfile.mkdtemp()) / "holder.key"))
runtime = Runtime(identity=agent, trusted_roots=[issuer.public_key], receipts="collect")


def warrant_of(approver: SigningKey) -> Warrant:
    """The agent may refund up to 1000, and `approver` approves each."""
    return (
        Warrant.mint_builder()
        .capability("refund", amount=Range.max_value(1000))
        .holder(agent.public_key)
        .ttl(600)
        .required_approvers([approver.public_key])
        .approval_gates({"refund": None})
        .mint(issuer)
    )


def refund(warrant: Warrant, approval, amount: float = AMOUNT) -> str:
    @guard(tool="refund", approval_handler=approval)
    def paid(amount: float) -> str:
        return f"re_{amount}"

    with runtime.session_scope(runtime.session_from_wire(str(warrant))):
        return paid(amount=amount)


def yes(key: SigningKey, name: str):
    return lambda request: sign_approval(request, key, external_id=name)


kept = []


def keeping(request):
    """The lead's yes, of which a copy is kept."""
    kept.append(sign_approval(request, lead, external_id=LEAD))
    return kept[-1]


def proof() -> str:
    """The last receipt, with no more at hand than its bytes and the approver's public key."""
    receipt = runtime.drain_receipts()[-1]
    verified = verify_receipt(receipt)
    names = "contains" if lead.public_key.to_bytes().hex() in receipt else "does not contain"
    return f"a receipt that verifies by itself says {verified.outcome} {verified.action}, and {names} the approver's key"


warrant = warrant_of(lead)
refund(warrant, keeping)
answers = {
    "own": attempt(lambda: refund(warrant, yes(user, ASKER))),
    "ownNamed": attempt(lambda: refund(warrant_of(user), yes(user, ASKER))),
    "another": attempt(lambda: refund(warrant, yes(user, LEAD))),
    "altered": attempt(lambda: refund(warrant, lambda _: kept[0], AMOUNT + 1)),
    "again": attempt(lambda: refund(warrant, lambda _: kept[0])),
}
refund(warrant, yes(lead, LEAD))
report("Tenuo", lambda: refund(warrant_of(lead), yes(lead, LEAD)), {**answers, "proof": proof()})
