"""The other program: a local HTTP server that notes what it is sent, and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Peer:
    """`peer.answers` are the statuses of the next messages (then 200); "hang" and "drip" never come to an end."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int | str] = []
        self.arrived = threading.Event()
        self.let_go = threading.Event()
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _path, headers, _body in self.got]


@contextmanager
def listening() -> Iterator[Peer]:
    """A peer on this machine until the end of the block."""
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            peer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = peer.answers.pop(0) if peer.answers else 200
            peer.arrived.set()
            if answer == "hang":
                peer.let_go.wait(30)
                return
            if answer == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not peer.let_go.wait(0.05):
                    try:
                        self.wfile.write(b"X-Slow: 1\r\n")
                    except OSError:
                        return
                return
            self.send_response(int(answer))
            if answer == 302:
                self.send_header("Location", f"{peer.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    peer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.let_go.set()
        server.shutdown()
        server.server_close()
