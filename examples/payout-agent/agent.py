"""An agent that pays sellers: what policy lets through at once is paid, what a human has to see waits, what is refused is said."""

import json
import sys
from dataclasses import dataclass

from countersign import Countersign, CountersignError


@dataclass
class Payout:
    seller: str
    amount: float
    first: bool


def pay(countersign, payout, period, bank):
    """Pays one seller at most once in a period, whatever dies where. Returns what became of it."""
    request = {
        "surface": "market.payout",
        "action": "payout.send",
        "actor": {"id": "agent:payouts", "type": "agent"},
        "resource": {"type": "period", "id": period},
        "params": {"amount": payout.amount, "recipient": payout.seller, "firstPayout": payout.first},
    }
    try:
        # One key is one effect: the same seller and period, run again, is the same payout.
        done = countersign.govern(request, lambda released, _: bank(released["params"]), key=f"payout-{period}-{payout.seller}")
    except CountersignError as refused:
        return f"refused ({refused.code})"
    return done.status


if __name__ == "__main__":
    client, month = Countersign(), sys.argv[1]
    for line in sys.stdin:
        payout = Payout(**json.loads(line))
        print(payout.seller, pay(client, payout, month, lambda params: print("paying", params["amount"])))
