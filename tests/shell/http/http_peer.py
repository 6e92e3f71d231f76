"""A real TCP peer whose behaviour is a script: what a server, a proxy or a network can do to a client."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OK_BODY = b'{"success":true,"entitiesSuccess":1}'
OK = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nX-RateLimit-Limit: 600\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(OK_BODY), OK_BODY)
)

Script = Callable[["Visit"], None]


@dataclass
class Visit:
    """One accepted connection."""

    sock: socket.socket
    peer: "Peer"

    def read_request(self) -> bytes:
        """Read one whole request; empty where the client closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            if not part:
                return b""
            data += part
        head, _, begun = data.partition(b"\r\n\r\n")
        wanted = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        body = bytearray(begun)  # bytes would be copied as a whole with each part
        while len(body) < wanted:
            part = self.sock.recv(65536)
            if not part:
                return b""
            body += part
        self.peer.requests.append(head + b"\r\n\r\n" + body)
        return data

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.sock.close()

    def until_closed(self) -> None:
        """Do nothing until the client is gone."""
        while self.sock.recv(65536):
            pass


@dataclass
class Peer:
    """The address for the client, and the bytes that it has sent."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}/v1"


def answering(*answers: bytes) -> Script:
    """Answer each request of a connection by the next of `answers`, then by the last of them."""

    def script(visit: Visit) -> None:
        turn = 0
        while visit.read_request():
            visit.sock.sendall(answers[min(turn, len(answers) - 1)])
            turn += 1

    return script


def closing(answer: bytes) -> Script:
    """Send `answer` to the first request and close."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(answer)

    return script


@contextmanager
def peer(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Serve `script` to each connection in a separate thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    this = Peer(listener.getsockname()[1])

    def serve(sock: socket.socket) -> None:
        try:
            with tls.wrap_socket(sock, server_side=True) if tls else sock as inner:
                script(Visit(inner, this))
        except OSError:
            return  # the client hung up first, which many of these scripts are about

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return  # closed below
            this.connections += 1
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield this
    finally:
        this.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def repeating(head: bytes, part: bytes) -> Script:
    """Begin an answer with `head` and continue with `part` forever, in pieces of about 64 KiB."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(head)
        while True:
            visit.sock.sendall(part * (65536 // len(part)))

    return script
