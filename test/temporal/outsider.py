"""An action started, followed, redeemed and reported by a stranger to this house, from docs/temporal.md and docs/formats.md alone.

outsider.py vectors FILE: opens and makes what codec.json holds.
outsider.py govern WAY KEY AMOUNT: asks for a refund; WAY is `token` (in clear), `jwe` or `codec`. Prints a line for each thing it learns.
"""

import asyncio
import base64
import hashlib
import json
import os
import sys
import urllib.request
from typing import Any, Sequence

import temporalio.api.common.v1
import temporalio.converter
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

Payload = temporalio.api.common.v1.Payload
PURPOSE = b"countersign temporal payload v1"


class Codec(temporalio.converter.PayloadCodec):
    """docs/formats.md, "Payload codec"."""

    def __init__(self, keys: list[dict[str, str]]) -> None:
        self.keys = {key["id"]: base64.b64decode(key["secret"]) for key in keys}
        self.current = keys[0]["id"]

    def encrypt(self, payload: Payload, iv: bytes) -> Payload:
        sealed = AESGCM(self.keys[self.current]).encrypt(iv, payload.SerializeToString(), PURPOSE)
        data = iv + sealed[-16:] + sealed[:-16]
        return Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": self.current.encode()}, data=data)

    def decrypt(self, payload: Payload) -> Payload:
        if payload.metadata["encoding"] != b"binary/encrypted":
            return payload
        key = self.keys[payload.metadata["encryption-key-id"].decode()]
        iv, tag, body = payload.data[:12], payload.data[12:28], payload.data[28:]
        return Payload.FromString(AESGCM(key).decrypt(iv, body + tag, PURPOSE))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.encrypt(payload, os.urandom(12)) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.decrypt(payload) for payload in payloads]


class InClear(Codec):
    """Reads answers, and writes in clear, as an SDK without the codec does."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def jwe(plaintext: bytes, jwk: dict[str, str], ephemeral: ec.EllipticCurvePrivateKey, iv: bytes) -> str:
    """docs/formats.md, "Starts through Temporal"."""
    to = ec.EllipticCurvePublicNumbers(unb64(jwk["x"]), unb64(jwk["y"]), ec.SECP256R1()).public_key()
    z = ephemeral.exchange(ec.ECDH(), to)
    key = hashlib.sha256(bytes([0, 0, 0, 1]) + z + bytes([0, 0, 0, 7]) + b"A256GCM" + bytes(8) + bytes([0, 0, 1, 0])).digest()
    point = ephemeral.public_key().public_numbers()
    epk = {"x": b64(point.x.to_bytes(32, "big")), "crv": "P-256", "kty": "EC", "y": b64(point.y.to_bytes(32, "big"))}
    header = b64(json.dumps({"alg": "ECDH-ES", "enc": "A256GCM", "kid": jwk["kid"], "epk": epk}, separators=(",", ":")).encode())
    sealed = AESGCM(key).encrypt(iv, plaintext, header.encode())
    return f"{header}..{b64(iv)}.{b64(sealed[:-16])}.{b64(sealed[-16:])}"


def call(method: str, path: str, body: Any = None) -> Any:
    headers = {"authorization": f"Bearer {os.environ['COUNTERSIGN_API_KEY']}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(os.environ["COUNTERSIGN_URL"] + path, data, headers, method=method)) as answer:
        return json.load(answer)


def refund(amount: float) -> dict[str, Any]:
    return {
        "surface": "payments.refund",
        "action": "refund.create",
        "actor": {"id": "agent:support-bot", "type": "agent"},
        "params": {"amount": amount, "currency": "USD"},
    }


def input_of(way: str, key: str, request: dict[str, Any]) -> dict[str, Any]:
    if way == "token":
        token = call("POST", "/v1/start-tokens", {"idempotencyKey": key, "request": request})["token"]
        return {"request": request, "tenant": "default", "idempotencyKey": key, "token": token}
    whole = {"request": request, "tenant": "default", "idempotencyKey": key, "token": os.environ["COUNTERSIGN_API_KEY"]}
    if way == "codec":
        return whole
    keys = call("GET", "/.well-known/jwks.json")["keys"]
    to = next(key for key in keys if key.get("use") == "enc")
    return {"jwe": jwe(json.dumps(whole).encode(), to, ec.generate_private_key(ec.SECP256R1()), os.urandom(12))}


async def verdict(handle: WorkflowHandle[Any, Any]) -> Any:
    try:
        return await handle.execute_update("verdict")
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        # It ended before the update reached it.
        return await handle.result()


async def govern(way: str, key: str, amount: float) -> None:
    with open(os.environ["CODEC_KEYS"]) as file:
        keys = json.load(file)["keys"]
    codec = Codec(keys) if way == "codec" else InClear(keys)
    converter = temporalio.converter.DataConverter(payload_codec=codec)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=converter)
    workflow = f"action/default/{hashlib.sha256(key.encode()).hexdigest()}"
    handle = await client.start_workflow(
        "governedAction", input_of(way, key, refund(amount)), id=workflow, task_queue="countersign"
    )
    action: Any = await verdict(handle)
    print(action["status"], action["id"], flush=True)
    while action["status"] == "supervised":
        await asyncio.sleep(0.2)
        action = await handle.query("action")
    if action["status"] != "released":
        print(action["status"], "; ".join(action["verdict"]["reasons"]))
        return
    permit = action["permit"]
    redeemed = call("POST", "/v1/permits/redeem", {"permit": permit, "redeemer": key})
    print("refunding", redeemed["request"]["params"]["amount"])
    await handle.execute_update("outcome", {"permit": permit, "status": "executed", "reference": "re_1"})
    print((await handle.result())["status"])


def vectors(path: str) -> None:
    with open(path) as file:
        found = json.load(file)
    key = found["key"]
    codec = Codec([key])
    digest = hashlib.sha256(b"countersign key id v1\n" + base64.b64decode(key["secret"])).hexdigest()
    assert key["id"] == digest[:16]

    def payload(said: dict[str, Any]) -> Payload:
        metadata = {name: base64.b64decode(text) for name, text in said["metadata"].items()}
        return Payload(metadata=metadata, data=base64.b64decode(said.get("data", "")))

    for case in found["payloads"]:
        clear, encrypted = payload(case["clear"]), payload(case["encrypted"])
        assert codec.decrypt(encrypted) == clear, case["name"]
        assert codec.encrypt(clear, bytes.fromhex(case["iv"])) == encrypted, case["name"]
    for case in found["refused"]:
        try:
            codec.decrypt(payload(case["encrypted"]))
        except (InvalidTag, KeyError, ValueError):
            continue
        raise AssertionError(case["name"])
    start = found["start"]
    public = ec.EllipticCurvePublicNumbers(unb64(start["ephemeral"]["x"]), unb64(start["ephemeral"]["y"]), ec.SECP256R1())
    ephemeral = ec.EllipticCurvePrivateNumbers(unb64(start["ephemeral"]["d"]), public).private_key()
    assert jwe(start["plaintext"].encode(), start["jwk"], ephemeral, bytes.fromhex(start["iv"])) == start["jwe"]
    print("agrees")


if sys.argv[1] == "vectors":
    vectors(sys.argv[2])
else:
    asyncio.run(govern(sys.argv[2], sys.argv[3], float(sys.argv[4])))
    # Threads of the SDK's core may still run while Python ends, which aborts it now and then after all is done and printed.
    sys.stdout.flush()
    os._exit(0)
