"""Where notifications arrive in tests: a web server and a mail server that keep what they get."""

import base64
import email.policy
import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Mailbox:
    """What arrived: posts as (path, JSON), mails, and the logins of the mail client."""

    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    web: str = ""
    smtp: str = ""

    def under(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies posted to `path`, oldest first."""
        return [body for posted, body in list(self.posts) if posted == path]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run both servers on free ports of this machine."""
    box = Mailbox()
    web = ThreadingHTTPServer(("127.0.0.1", 0), type("Web", (_Web,), {"box": box}))
    smtp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Smtp", (_Smtp,), {"box": box}))
    box.web = f"http://127.0.0.1:{web.server_address[1]}"
    box.smtp = f"127.0.0.1:{smtp.server_address[1]}"
    for server in (web, smtp):
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield box
    finally:
        for server in (web, smtp):
            server.shutdown()
            server.server_close()


class _Web(BaseHTTPRequestHandler):
    """Takes any POST of JSON, and answers as Telegram and Slack do."""

    box: Mailbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.box.posts.append((self.path, json.loads(body)))
        answer = b'{"ok": true, "result": {"message_id": 1, "chat": {"id": 1}}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Smtp(socketserver.StreamRequestHandler):
    """As much of SMTP as one client needs that logs in and sends."""

    box: Mailbox

    def handle(self) -> None:
        self._say("220 test")
        for line in self.rfile:
            command = line.decode().strip()
            verb = command.split(" ")[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                self._take()
            elif verb == "AUTH":
                self.box.logins.append(base64.b64decode(command.split(" ")[2]).decode())
            self._say(
                {"EHLO": "250-test\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 bye"}.get(
                    verb, "250 ok"
                )
            )
            if verb == "QUIT":
                return

    def _take(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        message = BytesParser(policy=email.policy.default).parsebytes(b"".join(lines))
        self.box.mails.append(message)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
