"""Clients that are slow, idle, large or gone cost only themselves."""

import contextlib
import io
import json
import socket
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from pipeline.dataset.served.tables import read_served
from tests.commands.serve.test_reload import Clients
from tests.support import serving as support
from tests.support.serving import Running, serving, write_model

SHORT = """
import pipeline.serving.http.connections as connections
import pipeline.serving.http.limits as limits
from pipeline.commands.serve import __main__ as serve
from pipeline.commands.serve.arguments import parser

connections.HEAD_SECONDS, connections.LINGER_SECONDS = 1.0, 1.0
limits.BODY_SECONDS, limits.SEND_SECONDS = 1.0, 1.0
connections.MOST_CONNECTIONS = 40
serve.main(parser().parse_args())
"""
PREDICT = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def impatient(tmp_path, monkeypatch):
    """A server whose limits are small, so that tests need not wait."""
    write_model(tmp_path / "models/serving")
    monkeypatch.setattr(support, "SERVE", [sys.executable, "-c", SHORT])
    with serving(tmp_path) as server:
        yield server


def connect(server: Running, *sent: bytes) -> socket.socket:
    made = socket.create_connection((server.host, server.port), timeout=30)
    for part in sent:
        made.sendall(part)
    return made


def read_all(made: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := made.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"POST /pre", b"HTTP/1.1 408 Request Timeout"),
        (PREDICT + b"Content-Length: 10\r\n", b"HTTP/1.1 408 Request Timeout"),
        (PREDICT + b"Content-Length: 10\r\n\r\nhalf", b"HTTP/1.1 408 Request Timeout"),
        (PREDICT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhalf", b"HTTP/1.1 408 Request Timeout"),
    ],
)
def test_half_a_request_is_given_up(impatient, sent, answer):
    made = connect(impatient, sent)
    start = time.monotonic()
    assert read_all(made).startswith(answer)
    assert time.monotonic() - start < 10


def test_drops_do_not_keep_a_head_alive(impatient):
    """Each byte in time, the head never whole; and a second request behind a whole one."""
    for before in (b"", b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
        made = connect(impatient, before)
        start = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100:
                made.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - start < 10


def test_idle_connections_do_not_keep_others_out(impatient, image):
    """Five times as many as are allowed; who waits the longest makes room."""
    idle = [connect(impatient, b"GET / HT") for _ in range(200)]
    start = time.monotonic()
    for number in range(5):
        assert impatient.ask_json("POST", "/predict", image(number))[0] == 200
    assert time.monotonic() - start < 10
    assert len(psutil.Process(impatient.process.pid).net_connections()) < 60
    for made in idle:
        made.close()


def test_a_head_is_not_endless(impatient):
    made = connect(impatient, b"GET / HTTP/1.1\r\n")
    with contextlib.suppress(OSError):
        for number in range(2000):
            made.sendall(b"x%d: %s\r\n" % (number, b"y" * 1000))
    assert read_all(made).startswith((b"HTTP/1.1 431", b""))
    assert psutil.Process(impatient.process.pid).memory_info().rss < 400 << 20
    assert impatient.ask("GET", "/v2/health/live")[0] == 200


def test_large_bodies_are_refused_unread(impatient):
    before = psutil.Process(impatient.process.pid).memory_info().rss
    made = connect(impatient, PREDICT + b"Content-Length: 200000000\r\n\r\n")
    assert b"413" in read_all(made).split(b"\r\n")[0]
    chunks = connect(impatient, PREDICT + b"Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(200):
            chunks.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
    read_all(chunks)
    assert psutil.Process(impatient.process.pid).memory_info().rss - before < 64 << 20
    assert impatient.metric('groundwork_rejected_total{reason="size"}') == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"\0" * 100,
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        PREDICT + b"Content-Length: -5\r\n\r\n",
        PREDICT + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        PREDICT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PREDICT + b"X: " + b"\xff\0" * 20 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_http_gets_no_answer_of_the_model(impatient, sent):
    made = connect(impatient, sent)
    made.shutdown(socket.SHUT_WR)
    status = read_all(made).split(b"\r\n")[0]
    assert b" 200 " not in status
    assert b" 500 " not in status
    assert impatient.ask("GET", "/v2/health/live")[0] == 200


def test_who_goes_before_the_answer_costs_nothing(impatient, image):
    for _ in range(20):
        made = connect(impatient, PREDICT + b"Content-Length: %d\r\n\r\n" % len(image(0)), image(0))
        made.close()
    assert impatient.ask_json("POST", "/predict", image(0))[0] == 200
    assert "Traceback" not in "".join(impatient.lines)


def test_a_bomb_delays_nobody_but_itself(impatient, image):
    """Of 15 megapixels in 50 kB; small images are answered while it is decoded."""
    buffer = io.BytesIO()
    Image.new("RGB", (5000, 3000), "red").save(buffer, "PNG")
    bomb = buffer.getvalue()
    assert len(bomb) < 100_000
    took: list[float] = []
    with Clients(impatient, bomb, 6) as bombs:
        while not bombs.answers:
            time.sleep(0.01)
        for number in range(10):
            start = time.monotonic()
            assert impatient.ask_json("POST", "/predict", image(number))[0] == 200
            took.append(time.monotonic() - start)
    assert {status for status, _ in bombs.answers} <= {200, 503, 504}
    assert sorted(took)[5] < 2
    assert psutil.Process(impatient.process.pid).memory_info().rss < 1 << 30


def test_too_many_get_503_and_when_to_come_back(tmp_path, monkeypatch, image):
    write_model(tmp_path / "models/serving")
    few = SHORT.replace(
        "serve.main", "import pipeline.serving.batcher as b\nb.MOST_WAITING = 2\nserve.main"
    )
    monkeypatch.setattr(support, "SERVE", [sys.executable, "-c", few])
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 4000), "red").save(buffer, "PNG")
    found: list[tuple[int, dict, bytes]] = []
    with serving(tmp_path) as server:
        threads = [
            threading.Thread(
                target=lambda: found.append(server.ask("POST", "/predict", buffer.getvalue()))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [(headers, body) for status, headers, body in found if status == 503]
        assert refused
        for headers, body in refused:
            assert headers["retry-after"] == "1"
            assert json.loads(body)["error"].startswith("too many requests wait already")
        assert server.ask_json("POST", "/predict", image(0))[0] == 200


def test_an_end_answers_what_has_come(tmp_path, image):
    """SIGTERM under load: whoever was accepted has an answer, or never sent a request."""
    write_model(tmp_path / "models/serving")
    with serving(tmp_path) as server:
        with Clients(server, image(0), 4) as clients:
            while len(clients.answers) < 20:
                time.sleep(0.01)
            assert server.end() == 0
        cut = [values["error"].lower() for status, values in clients.answers if status == 0]
        # The system resets connections that it holds for a server, which knows of none of them.
        assert all("refused" in error or "reset" in error for error in cut), cut[:3]
        answered = {values["id"] for status, values in clients.answers if status == 200}
        assert {status for status, _ in clients.answers} <= {0, 200}
    served = read_served(tmp_path / ".groundwork/serving")
    assert set(served.answers["id"].to_pylist()) == answered


def test_a_server_whose_disk_is_full_answers_and_says_so(tmp_path, monkeypatch, image):
    """Under a limit of file size, which the system keeps as it keeps that of a disk."""
    write_model(tmp_path / "models/serving")
    full = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n" + SHORT
    )
    monkeypatch.setattr(support, "SERVE", [sys.executable, "-c", full])
    with serving(tmp_path) as server:
        answers = [server.ask_json("POST", "/predict", image(n))[1] for n in range(20)]
        lost = [answer for answer in answers if answer.get("recorded") is False]
        assert 0 < len(lost) < 20
        assert server.metric("groundwork_records_lost_total") == len(lost)
        server.wait_for(r"serve: records are lost: .*(File too large|No space left)")
        assert "could not be written" in server.ask("GET", "/")[2].decode()
    from pipeline.dataset.served.tables import read_served

    served = read_served(Path(tmp_path) / ".groundwork/serving")
    assert served.num_torn == 0
    assert served.answers.num_rows == 20 - len(lost)
