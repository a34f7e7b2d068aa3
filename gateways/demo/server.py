"""The demo gateway over a socket on this machine, for tests and for BRAINTREE_ENVIRONMENT=development.

`python -m gateways.demo.server --port 3000 --data var` runs it by itself.
"""

import argparse
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gateways.demo import wire
from gateways.demo.faults import Lost
from gateways.demo.gateway import DemoGateway, Reply, open_gateway


def _handler(gateway: DemoGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > wire.MOST_BYTES:
                self._say(Reply(413, ""))
                return
            body = self.rfile.read(length)
            try:
                reply = gateway.handle(self.command, self.path, self.headers.get("Authorization", ""), body)
            except Lost as lost:
                self._lose(lost)
                return
            self._say(reply)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 -- the names that http.server asks for

        def _lose(self, lost: Lost) -> None:
            self.close_connection = True
            if lost.kind == "hang":
                time.sleep(lost.seconds)
                return
            # Closed with a reset instead of a goodbye.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def _say(self, reply: Reply) -> None:
            content = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_anything: Any) -> None:  # noqa: ANN401 -- http.server's
            """Nothing: no request of the gateway's is written anywhere."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_anything: Any) -> None:  # noqa: ANN401 -- http.server's
        """A client that hung up is no news."""


@contextmanager
def serving(gateway: DemoGateway, port: int = 0) -> Iterator[int]:
    """Serve it from threads of this process; yields the port, a free one unless given."""
    server = _Quiet(("127.0.0.1", port), _handler(gateway))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve this install's demo gateway until it is stopped; says with which keys."""
    asked = argparse.ArgumentParser(description="Latchkey's demo payment gateway on this machine.")
    asked.add_argument("--port", type=int, default=3000)
    asked.add_argument("--data", type=Path, default=Path("var"))
    given = asked.parse_args()
    gateway = open_gateway(given.data)
    keys = gateway.keys
    with serving(gateway, given.port) as port:
        print(f"BRAINTREE_ENVIRONMENT=development GATEWAY_PORT={port} BRAINTREE_MERCHANT_ID={keys.merchant_id}")
        print(f"The keys are in {given.data / 'demo_gateway_keys'}.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
