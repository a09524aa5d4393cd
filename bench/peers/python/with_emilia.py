"""EMILIA: a Trust Receipt signed by its approver, judged by its verifier, and its gate in front of the effect.

Their approvers sign on devices, and their service mints receipts. Here a key of software signs, which their verifier calls class B,
and the receipt is minted as their verifier reads it. One verifies and the other consumes, so an executor needs both.
"""

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from emilia_crewai import bind_call_action, require_receipt, using_receipt
from emilia_verify import MERKLE_V2_ALG, canonicalize, verify_trust_receipt
from scenario import AMOUNT, ASKER, LEAD, attempt, report

lead, user, log, issuer = (Ed25519PrivateKey.generate() for _ in range(4))


def b64u(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def spki(key: Ed25519PrivateKey) -> str:
    return b64u(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def digest(value: object) -> str:
    return hashlib.sha256(canonicalize(value).encode()).hexdigest()


def at(**later: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(**later)).isoformat(timespec="seconds")


def trust_receipt(key: Ed25519PrivateKey, key_id: str, approver: str) -> dict:
    """One that `key` signed as `approver`, in a log of its own."""
    action = {"action_type": "refund", "amount": str(AMOUNT), "initiator": ASKER}
    context = {
        "action_hash": digest(action),
        "policy_hash": digest("refunds"),
        "approver": approver,
        "issued_at": at(minutes=-1),
        "expires_at": at(minutes=10),
        "required_approvals": 1,
        "decision": "approved",
    }
    signed = digest(context)
    body = {
        "action": action,
        "action_hash": digest(action),
        "contexts": [context],
        "signoffs": [
            {
                "context_hash": signed,
                "approver_key_id": key_id,
                "signed_at": at(),
                "signature": b64u(key.sign(bytes.fromhex(signed))),
            }
        ],
        "consumption": {"committed_at": at()},
    }
    leaf = hashlib.sha256(b"\0" + canonicalize(body).encode()).hexdigest()
    checkpoint = {"tree_size": 1, "root_hash": leaf, "merkle_alg": MERKLE_V2_ALG}
    checkpoint["log_signature"] = b64u(log.sign(bytes.fromhex(digest(checkpoint))))
    return {**body, "log_proof": {"leaf_index": 0, "inclusion_path": [], "checkpoint": checkpoint}}


def verified(receipt: dict, *pinned: tuple[str, str, Ed25519PrivateKey]) -> None:
    """Throws what their verifier finds wrong, where `pinned` are the keys that count and whose they are."""
    directory = {key_id: {"public_key": spki(key), "approver_id": name} for key_id, name, key in pinned}
    result = verify_trust_receipt(receipt, {"approverKeys": directory, "logPublicKey": spki(log)})
    if not result["valid"]:
        raise PermissionError(", ".join(check for check, good in result["checks"].items() if not good))


@require_receipt("refund", trusted_keys=[spki(issuer)])
def pay(cents: int) -> str:
    return f"re_{cents}"


def authorization(cents: int) -> dict:
    """What the gate asks for, of an issuer whom it trusts, about exactly this call."""
    payload = {
        "receipt_id": str(uuid4()),
        "created_at": at(),
        "claim": {
            "action_type": bind_call_action("refund", "pay", {"cents": cents}),
            "outcome": "allow_with_signoff",
            "approver": LEAD,
        },
    }
    signature = b64u(issuer.sign(canonicalize(payload).encode()))
    return {"@version": "EP-RECEIPT-v1", "payload": payload, "signature": {"algorithm": "Ed25519", "value": signature}}


LEADS, USERS = ("key:lead", LEAD, lead), ("key:user", ASKER, user)
CENTS = round(AMOUNT * 100)


def refund() -> None:
    verified(trust_receipt(lead, "key:lead", LEAD), LEADS)
    with using_receipt(authorization(CENTS)):
        pay(CENTS)


def altered() -> None:
    with using_receipt(authorization(CENTS)):
        pay(CENTS + 100)


def again() -> None:
    with using_receipt(authorization(CENTS)):
        pay(CENTS)
        pay(CENTS)


def proof() -> str:
    """Two verdicts of their verifier: on a receipt as it is, and on the same with another amount."""
    receipt = trust_receipt(lead, "key:lead", LEAD)
    changed = {**receipt, "action": {**receipt["action"], "amount": "42050"}}
    return f"a receipt that is checked offline: {holds(receipt)}, and with another amount {holds(changed)}"


def holds(receipt: dict) -> str:
    return "holds" if attempt(lambda: verified(receipt, LEADS)) == "executes" else "does not hold"


answers = {
    "own": attempt(lambda: verified(trust_receipt(user, "key:user", ASKER), LEADS)),
    "ownNamed": attempt(lambda: verified(trust_receipt(user, "key:user", ASKER), LEADS, USERS)),
    "another": attempt(lambda: verified(trust_receipt(user, "key:user", LEAD), LEADS, USERS)),
    "altered": attempt(altered),
    "again": attempt(again),
    "proof": proof(),
}
report("EMILIA Protocol", refund, answers)
