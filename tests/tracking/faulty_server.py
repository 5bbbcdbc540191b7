"""A real `mlflow server`, and a door before it that can be slow, shut, full or gone."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def mlflow_server(folder: Path, backend: str) -> Iterator[str]:
    """Yield the address of a server whose files are in `folder`."""
    port = free_port()
    words = ["server", "--backend-store-uri", backend, "--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            start_new_session=True,
        )
        try:
            _wait_for(port, process, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # asked to, it would wait for its clients
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.3)
    pytest.fail(f"mlflow server did not come up: {log.read_text()}")


class Door:
    """Passes requests on to a server, as `mode` says: open, slow (1 s each), full (507), error (500), silent, shut.

    Shut, nobody listens at its address, and connections break; set to another mode, it listens there again.
    """

    def __init__(self, server: str, mode: str = "open") -> None:
        self.asked = self.passed = self._port = 0
        self._target, self._mode = server.removeprefix("http://"), mode
        self._server: ThreadingHTTPServer | None = None
        self._listen()
        self.uri = f"http://127.0.0.1:{self._port}"

    @property
    def mode(self) -> str:
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode == "shut":
            self._mode = mode
            self.close()
        elif self._mode == "shut":
            self._listen()
        self._mode = mode

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _listen(self) -> None:
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                door.asked += 1
                while door.mode == "silent":
                    time.sleep(0.1)
                if door.mode == "shut":
                    self.close_connection = True
                    return
                if door.mode in ("full", "error"):
                    self._send(507 if door.mode == "full" else 500, b'{"error_code": "INTERNAL_ERROR"}')
                    return
                if door.mode == "slow":
                    time.sleep(1.0)
                connection = http.client.HTTPConnection(door._target, timeout=120)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                try:
                    connection.request(self.command, self.path, body, headers)
                    answer = connection.getresponse()
                    content = answer.read()
                except (OSError, http.client.HTTPException):  # the test is over
                    self.close_connection = True
                    return
                door.passed += 1
                self._send(answer.status, content)

            def _send(self, status: int, content: bytes) -> None:
                with suppress(OSError):  # who asked may have left
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
