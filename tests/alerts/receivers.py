"""Where notifications arrive in tests: a web server and a mail server that keep what they get, and refuse what theirs would."""

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

# Telegram refuses more characters, tags apart; Alertmanager counts those too, and sends an error in place of a longer message.
TELEGRAM = 4096
# What Slack shows of an attachment whole, and of a title.
SLACK, SLACK_TITLE = 3000, 1024
# PagerDuty and others take no more than so many bytes at once.
WEBHOOK = 512 * 1024
# What Gmail shows without cutting the mail off, in bytes of HTML; and the length of a line of a header.
MAIL, SUBJECT = 102_000, 255


def too_long(path: str, body: bytes) -> str:
    """Say what the real receiver would refuse, or show in part only."""
    content = json.loads(body)
    if path.endswith("/sendMessage") and len(content["text"]) > TELEGRAM:
        return f"Bad Request: message is too long ({len(content['text'])})"
    if path.startswith("/slack"):
        (shown,) = content["attachments"]
        if len(shown["text"]) > SLACK or len(shown["title"]) > SLACK_TITLE:
            return f"msg_too_long ({len(shown['text'])}, {len(shown['title'])})"
    return f"{path}: {len(body)} bytes" if len(body) > WEBHOOK else ""


@dataclass
class Mailbox:
    """What arrived: posts as (path, JSON), mails, and the logins of the mail client; `refused` says what was too long, and how."""

    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
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
        problem = too_long(self.path, body)
        if problem:
            self.box.refused.append(problem)
        else:
            self.box.posts.append((self.path, json.loads(body)))
        answer = b'{"ok": true, "result": {"message_id": 1, "chat": {"id": 1}}}'
        self.send_response(400 if problem else 200)
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
        raw = b"".join(lines)
        message = BytesParser(policy=email.policy.default).parsebytes(raw)
        html = message.get_body(("html",))
        size = len(html.get_content().encode()) if html else 0
        if size > MAIL or len(str(message["Subject"])) > SUBJECT:
            self.box.refused.append(f"mail of {size} bytes: {message['Subject']}")
        else:
            self.box.mails.append(message)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
