"""A webhook receiver on loopback that checks every signature, and answers as a test wants."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of the Standard Webhooks documents


class Listening:
    """`taken` has what verified under the secret, `answers` what is answered, status and headers, by number of request."""

    def __init__(self, secret: str = SECRET) -> None:
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.connections = 0
        self.answer: Callable[[int], tuple[int, dict[str, str]]] = lambda _n: (204, {})
        listening = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                listening.connections += 1
                super().handle()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                said = Webhook(secret).verify(body, dict(self.headers.items()))
                listening.ids.append(self.headers["webhook-id"])
                status, headers = listening.answer(len(listening.ids))
                if status < 300:
                    listening.taken.append(said)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?for=alarms"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
