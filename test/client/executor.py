"""An executor behind the guard of the Python client: one surface over HTTP, as the attack matrix calls it."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from countersign import CountersignError, PermitVerifier

verify_permit = PermitVerifier(sys.argv[2], offline=sys.argv[3:] == ["offline"])


class Executor(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        try:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = 200, verify_permit(self.headers["countersign-permit"], body).request
        except CountersignError as error:
            status, answer = 403, {"code": error.code, "detail": str(error)}
        except Exception as error:  # noqa: BLE001
            status, answer = 500, {"code": "crash", "detail": repr(error)}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        return


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Executor).serve_forever()
