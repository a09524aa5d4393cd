"""The published vectors hold this package's own canonicalization and verifier to the engine's."""

import json
import struct
import unittest
from pathlib import Path
from typing import Any

from countersign import CountersignError, ReplayCache, apply_changes, canonicalize, check_permit, request_hash

VECTORS = Path(__file__).parents[3] / "test" / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


class Vectors(unittest.TestCase):
    def test_canonical(self) -> None:
        found = vectors("canonical")
        for case in found["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(canonicalize(json.loads(case["json"])), case["canonical"])
        for number in found["numbers"]:
            value = struct.unpack(">d", bytes.fromhex(number["ieee"]))[0]
            with self.subTest(number["ieee"]):
                if number["text"] is None:
                    self.assertRaises(ValueError, canonicalize, value)
                else:
                    self.assertEqual(canonicalize(value), number["text"])

    def test_request_hash(self) -> None:
        for case in vectors("requests")["requests"]:
            with self.subTest(case["name"]):
                if "content" in case["request"]:
                    with self.assertRaises(CountersignError) as caught:
                        request_hash(case["request"])
                    self.assertEqual(caught.exception.code, "permit-needs-engine")
                else:
                    self.assertEqual(request_hash(case["request"]), case["requestHash"])

    def test_permits(self) -> None:
        found = vectors("permits")
        for case in found["permits"]:
            with self.subTest(case["name"]):
                code = None
                try:
                    check_permit(case["token"], found["keys"], audience=case["audience"], tenant="default", now=case["now"])
                except CountersignError as error:
                    code = error.code
                self.assertEqual(code, case["code"])


class Changes(unittest.TestCase):
    def test_the_request_given_is_not_touched(self) -> None:
        request = {"action": "a", "params": {"amount": 640, "to": {"id": 1}}}
        changed = apply_changes(request, {"params.amount": 320, "params.to.id": 2, "context.folder": "/x"})
        self.assertEqual(changed, {"action": "a", "params": {"amount": 320, "to": {"id": 2}}, "context": {"folder": "/x"}})
        self.assertEqual(request, {"action": "a", "params": {"amount": 640, "to": {"id": 1}}})

    def test_what_no_permit_may_change(self) -> None:
        for path in ("actor.id", "surface", "content.note", "action.x"):
            with self.subTest(path), self.assertRaises(CountersignError):
                apply_changes({"action": "a"}, {path: "x"})


class Replay(unittest.TestCase):
    def test_bounded(self) -> None:
        def permit(jti: str, exp: int, iat: int = 5) -> dict[str, Any]:
            return {"jti": jti, "iat": iat, "exp": exp}

        cache = ReplayCache(limit=2, now=0)
        cache.use(permit("a", 10), 5)
        cache.use(permit("b", 20), 5)
        for jti in ("a", "c"):
            self.assertRaises(CountersignError, cache.use, permit(jti, 30), 6)
        cache.use(permit("c", 30), 11)
        self.assertRaises(CountersignError, cache.use, permit("b", 20), 11)

    def test_what_the_process_before_it_may_have_used(self) -> None:
        cache = ReplayCache(now=100_000)
        for iat in (100, 100_004):
            with self.assertRaises(CountersignError) as caught:
                cache.use({"jti": "a", "iat": iat, "exp": 100_300}, 100_006)
            self.assertEqual(caught.exception.code, "unavailable")
        cache.use({"jti": "a", "iat": 100_005, "exp": 100_300}, 100_006)


if __name__ == "__main__":
    unittest.main()
