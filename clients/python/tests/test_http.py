"""What stands between a client and the engine: nothing of it is taken for an answer, and the key goes to one server alone."""

import threading
import unittest
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Iterator

from countersign import Countersign, CountersignError

OK = (200, {}, b'{"id":"act_1","status":"released"}')


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[Countersign, list[Any]]]:
    """A server that gives these answers, one after another, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, text = answers[len(asked)]
            asked.append((self.path, self.headers, body))
            self.send_response(status)
            for name, value in ({"content-length": str(len(text))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Countersign(f"http://127.0.0.1:{server.server_port}", "csk_planted"), asked
    finally:
        server.shutdown()
        server.server_close()


class Http(unittest.TestCase):
    def code(self, client: Countersign) -> str:
        with self.assertRaises(CountersignError) as caught:
            client.request({"surface": "s"}, key="k")
        self.assertNotIn("csk_planted", str(caught.exception))
        return caught.exception.code

    def test_follows_no_redirect(self) -> None:
        with answering(*[OK] * 4) as (elsewhere, asked):
            for status in (301, 302, 307, 308):
                with self.subTest(status), answering((status, {"location": f"{elsewhere.url}/v1/actions"}, b"{}")) as (client, _):
                    self.assertEqual(self.code(client), "not-countersign")
        self.assertEqual(asked, [])

    def test_what_is_no_answer_of_the_engine(self) -> None:
        for status, text in ((200, b"<html>"), (200, b"[]"), (200, b'"released"'), (404, b"nothing here"), (500, b"{}"), (200, b"")):
            with self.subTest(text), answering((status, {}, text)) as (client, _):
                self.assertEqual(self.code(client), "not-countersign")

    def test_an_answer_that_breaks_off_is_asked_for_again_with_the_same_key(self) -> None:
        with answering((200, {"content-length": "500"}, b'{"id":'), OK) as (client, asked):
            self.assertEqual(client.request({"surface": "s"}, key="k")["status"], "released")
        self.assertEqual([headers["idempotency-key"] for _, headers, _ in asked], ["k", "k"])

    def test_is_asked_again_when_the_server_says_so_but_only_what_is_safe(self) -> None:
        busy = (503, {}, b'{"code":"overloaded","detail":"busy","retryAfter":0}')
        with answering(busy, OK) as (client, asked):
            self.assertEqual(client.request({"surface": "s"}, key="k")["status"], "released")
        self.assertEqual(len(asked), 2)
        with answering(busy, OK) as (client, asked), self.assertRaises(CountersignError) as caught:
            client.redeem("x")
        self.assertEqual((caught.exception.code, caught.exception.status, len(asked)), ("overloaded", 503, 1))

    def test_a_filter_that_is_not_set_is_not_sent(self) -> None:
        with answering(OK) as (client, asked):
            client.actions(status=None, surface="payments.refund")
        self.assertEqual(asked[0][0], "/v1/actions?surface=payments.refund")

    def test_a_place_that_is_no_server(self) -> None:
        for url in ("foo://x", "http://127.0.0.1:1"):
            with self.subTest(url):
                self.assertEqual(self.code(Countersign(url, "csk_planted", retry_for=0)), "unreachable")


if __name__ == "__main__":
    unittest.main()
