"""The same service as caller.ts, in Python."""

import json
import os
import urllib.request

from countersign import Countersign

KEY = os.environ["CALLER_KEY"]


def tell(what: str, body: object = None) -> None:
    urllib.request.urlopen(f"{os.environ['CALLER_LEDGER']}/{what}", json.dumps(body or {}).encode()).close()


def execute(request: dict, _release: object) -> None:
    tell("begin")
    tell("effect", request["params"])
    tell("done")


result = Countersign().govern(
    {
        "surface": "payments.refund",
        "action": "refund.create",
        "actor": {"id": "agent:support-bot", "type": "agent"},
        "resource": {"type": "order", "id": KEY},
        "params": {"amount": float(os.environ["CALLER_AMOUNT"]), "currency": "USD"},
        "context": {"environment": "production"},
    },
    execute,
    key=KEY,
    reference=lambda _: "re_1",
)
tell("end")
print(json.dumps({"status": result.status, "outcome": result.outcome}))
