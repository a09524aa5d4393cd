from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256

from ._client import Countersign
from ._http import CountersignError, Json, Transport


def canonicalize(value: Any) -> str:
    """RFC 8785."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(float(value))
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(canonicalize, value))}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{canonicalize(k)}:{canonicalize(value[k])}" for k in sorted(value, key=lambda k: k.encode("utf-16-be"))) + "}"
    if not isinstance(value, (str, bool, type(None))):
        raise ValueError(f"a {type(value).__name__} is not JSON")
    return json.dumps(value, ensure_ascii=False).encode().decode()  # Lone surrogates are no text.


def _number(number: float) -> str:
    """As ECMAScript writes it."""
    sign, parts, exponent = Decimal(repr(number)).normalize().as_tuple()
    digits, point = "".join(map(str, parts)), len(parts) + int(exponent)  # No number for what is not finite: ValueError.
    if 0 < point <= 21:
        text = digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        text = f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
    return f"{'-' if sign and number else ''}{text}"


def request_hash(request: Mapping[str, Any]) -> str:
    """The hash that a permit binds. With ``content`` in the request only the engine can tell."""
    if "content" in request:
        raise CountersignError("permit-needs-engine", "the commitment of `content` is salted, so its hash cannot be checked here; redeem at the engine")
    try:
        return "sha256:" + hashlib.sha256(canonicalize({k: v for k, v in request.items() if k != "callback"}).encode()).hexdigest()
    except (ValueError, RecursionError, AttributeError) as error:
        raise CountersignError("permit-request-differs", "the request holds what is not JSON; do not execute") from error


def apply_changes(request: Any, changes: Mapping[str, Any]) -> Json:
    """The request with the values that a permit's ``changes`` set, by dotted paths."""
    if not isinstance(request, Mapping):
        raise CountersignError("permit-request-differs", "the request is no object; do not execute")
    changed = dict(request)
    for path, value in changes.items():
        if not re.match(r"action$|params\.|resource\.|context\.", path):
            raise _invalid(f"changes `{path}`, which no permit may")
        *above, name = path.split(".")
        inner = changed
        for step in above:
            inner[step] = dict(inner[step]) if isinstance(inner.get(step), Mapping) else {}
            inner = inner[step]
        inner[name] = value
    return changed


def check_permit(token: Any, keys: Sequence[Json], *, audience: str, tenant: str, issuer: str | None = None, now: float) -> Json:
    """Checks form, key and signature, and only then what the permit says. Returns its claims."""
    if not isinstance(token, str) or not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token[:131072], re.ASCII):
        raise _invalid("is not a compact JWS")
    head, body, signature = token.split(".")
    header, claims = _decoded(head), _decoded(body)
    key = next((key for key in keys if key.get("kid") == header.get("kid") and key.get("use") != "enc"), {})
    # The key decides the algorithm, never the token (RFC 8725 section 3.1).
    if not key or header != {"alg": key.get("alg"), "kid": key["kid"], "typ": "permit+jwt"}:
        raise _invalid("has a header that permits do not have, or names a key that is not known")
    try:
        _check_signature(key, _bytes(signature), f"{head}.{body}".encode())
    except (InvalidSignature, ValueError, KeyError) as error:
        raise _invalid("has a signature that does not fit: it was changed") from error
    texts = all(isinstance(claims.get(name), str) and claims[name] for name in ("iss", "aud", "sub", "jti", "tenant", "act", "req", "rec"))
    if not texts or not isinstance(claims.get("changes", {}), dict) or any(type(claims.get(name)) is not int for name in ("iat", "nbf", "exp")):
        raise _invalid("has claims that permits do not have")
    if claims["aud"] != audience:
        raise CountersignError("permit-audience", f"the permit is for `{claims['aud']}`, not for `{audience}`; do not execute")
    if claims["tenant"] != tenant or issuer not in (None, claims["iss"]) or now + 5 < claims["nbf"]:
        raise _invalid("belongs to another tenant or issuer, or is not valid yet")
    if now >= claims["exp"]:
        raise CountersignError("permit-expired", "the permit has expired; do not execute. take a fresh one")
    return claims


def _check_signature(key: Json, signature: bytes, message: bytes) -> None:
    kind = (key.get("alg"), key.get("kty"), key.get("crv"))
    if kind == ("EdDSA", "OKP", "Ed25519"):
        ed25519.Ed25519PublicKey.from_public_bytes(_bytes(key["x"])).verify(signature, message)
    elif kind == ("ES256", "EC", "P-256") and len(signature) == 64:
        x, y, r, s = (int.from_bytes(part, "big") for part in (_bytes(key["x"]), _bytes(key["y"]), signature[:32], signature[32:]))
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    else:
        raise InvalidSignature


def _bytes(text: str) -> bytes:
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return decoded


def _decoded(part: str) -> Json:
    with suppress(ValueError, RecursionError):
        if isinstance(value := json.loads(_bytes(part)), dict):
            return value
    raise _invalid("is not a compact JWS")


def _invalid(why: str) -> CountersignError:
    return CountersignError("permit-invalid", f"the permit {why}; do not execute. ask for the action again")


class ReplayCache:
    """The permits that one process has used, until they expire; bounded. For one executor alone, and permits issued since it was made."""

    def __init__(self, limit: int = 100_000, *, now: float | None = None) -> None:
        self._limit, self._used, self._lock = limit, dict[str, int](), threading.Lock()
        self._since = time.time() if now is None else now

    def use(self, claims: Mapping[str, Any], now: float) -> None:
        """Uses a permit, once. Full of permits that live, or too young to know whether it was used, it refuses."""
        if claims["iat"] < self._since + 5:  # Seconds that clocks may differ by.
            raise CountersignError("unavailable", "this permit was issued before this executor began to remember which ones it used; do not execute offline")
        with self._lock:
            if len(self._used) >= self._limit:
                self._used = {known: until for known, until in self._used.items() if until > now}
            if claims["jti"] in self._used or len(self._used) >= self._limit:
                raise CountersignError("permit-already-redeemed", "this permit was redeemed before, or no more can be remembered; do not execute")
            self._used[claims["jti"]] = claims["exp"]


@dataclass(frozen=True)
class Granted:
    """``request`` is the request as released: execute this and nothing else, then ``report(status, reference=…)``."""

    claims: Json
    request: Json
    report: Callable[..., Json]


class PermitVerifier:
    """The guard of one surface: ``verify_permit(permit, request)`` returns only where execution is allowed, once."""

    def __init__(self, surface: str, *, url: str | None = None, key: str | None = None, tenant: str = "default",
                 issuer: str | None = None, offline: bool | ReplayCache = False, now: Callable[[], float] = time.time) -> None:  # fmt: skip
        self._client, self._keys, self._read_at, self._now = Countersign(url, key), list[Json](), float("-inf"), now
        self._surface, self._tenant, self._issuer = surface, tenant, issuer
        self._offline = ReplayCache(now=now()) if offline is True else offline or None

    def __call__(self, permit: str | None, request: Mapping[str, Any], *, version: str | None = None) -> Granted:
        """Checks a permit for exactly this request and uses it. Raises :class:`CountersignError` in every doubt."""
        if not permit:
            raise CountersignError("permit-missing", f"`{self._surface}` is executed with a permit only; ask for the action first")
        now, keys = self._now(), self._key_set(_decoded(str(permit).split(".")[0]).get("kid"))
        claims = check_permit(permit, keys, audience=self._surface, tenant=self._tenant, issuer=self._issuer, now=now)
        if self._offline is not None and claims.get("offline") is not True:
            raise CountersignError("permit-needs-engine", "policy does not let this permit be used without the engine; redeem it there")
        released = apply_changes(request, claims.get("changes", {}))
        if not ("content" in released and self._offline is None) and request_hash(released) != claims["req"]:
            raise CountersignError("permit-request-differs", "what is about to run differs from the request that was released")
        if claims.get("ver", version) != version:
            raise CountersignError("permit-version-differs", f"version {claims['ver']} was judged, and {version} is found; skip it")
        redeemer, taken = str(uuid.uuid4()), {}
        if self._offline is None:
            self._client.redeem(permit, redeemer=redeemer, request=released, audience=self._surface)
        else:
            self._offline.use(claims, now)
            taken = {"redeemer": redeemer, "redeemedAt": datetime.fromtimestamp(now, timezone.utc).isoformat()}
        return Granted(claims, released, lambda status, **more: self._client.report(claims["act"], permit, status, **taken, **more))

    def _key_set(self, kid: Any) -> list[Json]:
        if (age := time.monotonic() - self._read_at) > 600 or (age > 10 and all(key.get("kid") != kid for key in self._keys)):
            try:
                self._keys, self._read_at = Transport(self._client.url, None, 0).send("GET", ".well-known/jwks.json", timeout=5)["keys"], time.monotonic()
            except CountersignError as error:
                if age > 3600:  # Keys read before hold for an hour, not for ever.
                    raise CountersignError("unavailable", "the permit keys cannot be read; do not execute") from error
        return self._keys
