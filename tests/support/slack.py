"""A place like Slack's that keeps what is posted to it and misbehaves as a test says."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b"ok")


class Slack:
    """What arrived, and how the next posts are answered.

    `answers` maps a path to the answer that it gets; `serve`, where it is set, gets the request
    instead and writes what it likes to the line until `stop` is set.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Answer] = {}
        self.serve: Callable[[BaseHTTPRequestHandler, threading.Event], None] | None = None
        self.stop = threading.Event()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def address(self, path: str = "/services/T0/B0/zqsecretzq") -> str:
        return self.host + path

    def texts(self) -> list[str]:
        return [payload["text"] for _, payload in self.posts]


@contextlib.contextmanager
def slack_server() -> Iterator[Slack]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            slack.posts.append((self.path, json.loads(body)))
            if slack.serve is not None:
                with contextlib.suppress(OSError):
                    slack.serve(self, slack.stop)
                return
            status, headers, text = slack.answers.get(self.path, OK)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Nothing is said: a test's own output is enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack = Slack(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        slack.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
