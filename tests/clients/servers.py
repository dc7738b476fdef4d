"""The processes that the tests talk to: a `wellhead serve`, a Prometheus, an upstream that tells what it was sent.

Each has a folder and a port of its own and ends with its `with` block, by its process id. What they answer is left to
the tests.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
BINARY = Path(os.environ.get("WELLHEAD_BIN") or TARGET / "release/wellhead")
PLUGINS = TARGET / "plugins"

ADMIN = "admin"
PASSWORD = "a-password-of-the-tests"

# Generous: the machine may be busy with other tests, and plugins are compiled at the first start.
STARTUP = 120
SHUTDOWN = 60
POLL = 0.05

# `nobody` of Debian: servers of others do not run as root, even where tests do.
NOBODY = 65_534

# The first and the last second for which the Prometheus has samples: 2024-05-01T00:00:00Z and ten minutes later.
SAMPLES_FROM = 1_714_521_600
SAMPLES_TO = SAMPLES_FROM + 600

# Servers that run now: where a test fails, their logs are shown.
running: list["Wellhead"] = []


@dataclass(frozen=True)
class Wellhead:
    """A `wellhead serve` that answers."""

    url: str
    folder: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def log(self, lines: int = 80) -> str:
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def wellhead(provisioning: str | None = None, own_plugins: bool = False):
    """Starts a host with an admin, and the data sources of a provisioning file where one is given.

    With `own_plugins` it has copies of the plugins, for tests that may remove them.
    """
    with tempfile.TemporaryDirectory(prefix="wellhead-clients-") as name:
        folder = Path(name)
        plugins = PLUGINS
        if own_plugins:
            plugins = Path(shutil.copytree(PLUGINS, folder / "plugins"))
        # The folder has no wellhead.toml, and none of the caller's variables reach the host: the defaults are tested.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("WELLHEAD_")}
        environment["WELLHEAD_ADMIN_PASSWORD"] = PASSWORD
        arguments = ["--listen", "127.0.0.1:0", "--data", folder / "data", "--plugins", plugins]
        if provisioning is not None:
            (folder / "provisioning").mkdir()
            (folder / "provisioning/datasources.yaml").write_text(provisioning)
            arguments += ["--provisioning", folder / "provisioning"]
        with open(folder / "stdout", "wb") as stdout, open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [BINARY, "serve", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=log
            )
        try:
            server = Wellhead(_wait_for_url(process, folder), folder)
            running.append(server)
            try:
                yield server
            finally:
                running.remove(server)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SHUTDOWN) == 0, f"wellhead did not drain on SIGTERM; its log:\n{server.log()}"
        finally:
            _end(process)


def _wait_for_url(process: subprocess.Popen, folder: Path) -> str:
    def url() -> str | None:
        ready = re.search(r"wellhead is ready at (http://\S+)", (folder / "stdout").read_text())
        return ready and ready[1].rstrip("/")

    return _wait(process, url, "wellhead", folder / "log")


@contextlib.contextmanager
def prometheus():
    """Starts a Prometheus that scrapes nothing and has ten minutes of a counter; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="wellhead-prometheus-") as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text("scrape_configs: []\n")
        (folder / "samples").write_text(_samples())
        import_samples = ["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "samples", folder / "data"]
        subprocess.run(import_samples, check=True, capture_output=True)
        user = NOBODY if os.getuid() == 0 else None
        if user is not None:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, user, user)
        port = _free_port()
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                cwd=folder,
                user=user,
                group=user,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            yield _wait(process, lambda: url if _answers(f"{url}/-/ready") else None, "prometheus", folder / "log")
        finally:
            _end(process)


def _samples() -> str:
    rows = [
        f'shop_orders_total{{shop="{shop}"}} {second * factor} {SAMPLES_FROM + second}'
        for shop, factor in [("east", 1), ("north", 2)]
        for second in range(0, SAMPLES_TO - SAMPLES_FROM + 1, 15)
    ]
    return "\n".join(["# TYPE shop_orders counter", *rows, "# EOF", ""])


class Upstream(http.server.ThreadingHTTPServer):
    """Answers every request with what was sent, as JSON, and with a cookie of its own."""

    daemon_threads = True

    class _Echo(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body.decode(errors="replace"),
            }
            answer = json.dumps(sent).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Set-Cookie", "upstream=secret")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def upstream():
    """Starts an upstream in this process."""
    with Upstream(("127.0.0.1", 0), Upstream._Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def unused_url() -> str:
    """A URL at which nobody answers."""
    return f"http://127.0.0.1:{_free_port()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _wait(process: subprocess.Popen, look, name: str, log: Path):
    """What `look` finds, asked again until it finds something, the process ends, or time is up."""
    deadline = time.monotonic() + STARTUP
    while True:
        found = look()
        if found:
            return found
        ended = process.poll()
        assert ended is None, f"{name} ended with {ended}; its log:\n{log.read_text(errors='replace')}"
        assert time.monotonic() < deadline, f"{name} did not start; its log:\n{log.read_text(errors='replace')}"
        time.sleep(POLL)


def _end(process: subprocess.Popen) -> None:
    """It is ours to reap, whether or not it is still alive."""
    process.kill()
    process.wait()
