"""Bad input of every kind is refused with a 4xx and a message, and changes nothing.

Requests are written by hand: a client library would straighten what is crooked here.
"""

import base64
import contextlib
import http.client
import json

import pytest
import servers

GOOD = {"name": "Bad", "uid": "bad", "type": "prometheus", "access": "proxy", "url": "http://127.0.0.1:9090"}
VICTIM = {**GOOD, "name": "Victim", "uid": "victim"}
MEGABYTE = "n" * 2**20

# What is wrong with one field of a body that is else good.
FIELDS = {
    "name of 191": {"name": "n" * 191},
    "name of 1 MB": {"name": MEGABYTE},
    "name is a number": {"name": 5},
    "name is a list": {"name": ["Bad"]},
    "name with NUL": {"name": "Ba\0d"},
    "url of 256": {"url": "http://127.0.0.1/" + "u" * 239},
    "url of 1 MB": {"url": f"http://127.0.0.1/{MEGABYTE}"},
    "url is an object": {"url": {}},
    "url without a host": {"url": "http://"},
    "url without a scheme": {"url": "://127.0.0.1:9090"},
    "url with half an address": {"url": "http://[::1"},
    "url with a space": {"url": "http://127.0.0.1 :9090"},
    "url with a port too high": {"url": "http://127.0.0.1:99999"},
    "url with NUL": {"url": "http://127.0.0.1:9090/\0"},
    "url of another kind": {"url": "javascript:alert(1)"},
    "url of a file": {"url": "file:///etc/passwd"},
    "uid of 41": {"uid": "u" * 41},
    "uid of 1 MB": {"uid": MEGABYTE},
    "uid is a number": {"uid": 5},
    "uid goes up": {"uid": "../../etc/passwd"},
    "uid is dots": {"uid": ".."},
    "uid with a slash": {"uid": "a/b"},
    "uid with a space": {"uid": "a b"},
    "uid with NUL": {"uid": "a\0b"},
    "uid with a line feed": {"uid": "a\nb"},
    "uid of emoji": {"uid": "📈"},
    "type unknown": {"type": "no-such-plugin"},
    "type empty": {"type": ""},
    "type is null": {"type": None},
    "type is a number": {"type": 5},
    "type of 1 MB": {"type": MEGABYTE},
    "type goes up": {"type": "../prometheus"},
    "type of emoji": {"type": "📈"},
    "access unknown": {"access": "sideways"},
    "access is a number": {"access": 1},
    "isDefault is a text": {"isDefault": "yes"},
    "basicAuth is a number": {"basicAuth": 1},
    "version is a text": {"version": "one"},
    "version is broken": {"version": 1.5},
    "version too large": {"version": 2**70},
    "jsonData is a list": {"jsonData": []},
    "jsonData is a text": {"jsonData": "{}"},
    "secureJsonData is a list": {"secureJsonData": ["secret"]},
    "a secret is a number": {"secureJsonData": {"password": 5}},
    "a secret is an object": {"secureJsonData": {"password": {}}},
}

NESTED = b"[" * 100_000 + b"]" * 100_000

# Bodies that are bad as a whole.
BODIES = {
    "empty": b"",
    "no JSON": b"name=Bad&type=prometheus",
    "half": json.dumps(GOOD).encode()[:-1],
    "two": json.dumps(GOOD).encode() * 2,
    "null": b"null",
    "a list": b"[]",
    "a text": b'"Bad"',
    "no UTF-8": json.dumps(GOOD).encode().replace(b'"Bad"', b'"\xff\xfe"'),
    "half a surrogate": json.dumps(GOOD).encode().replace(b'"Bad"', b'"\\ud800"'),
    "deep": NESTED,
    "deep inside": json.dumps(GOOD).encode()[:-1] + b', "jsonData": {"a": ' + NESTED + b"}}",
}

# Last parts of paths, as they go over the wire.
SEGMENTS = {
    "goes up, encoded": "..%2f..%2fetc%2fpasswd",
    "dots, encoded": "%2e%2e",
    "goes up": "../../../etc/passwd",
    "NUL": "%00",
    "emoji": "%F0%9F%93%88",
    "no UTF-8": "%ff%fe",
    "half an escape": "%e",
    "long": "u" * 4096,
    "too large a number": str(2**70),
    "below zero": "-1",
}


class Wire:
    """Sends what it is told, to the byte."""

    def __init__(self, port: int):
        self._port = port
        self._credentials = base64.b64encode(f"{servers.ADMIN}:{servers.PASSWORD}".encode()).decode()

    def send(self, method: str, path: str, body: bytes | dict | None = None, **more: str) -> tuple[int, bytes]:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Authorization": f"Basic {self._credentials}", "Content-Type": "application/json", **more}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def read(self, path: str):
        status, body = self.send("GET", path)
        assert status == 200, body
        return json.loads(body)

    def everything(self):
        """What may not change: the list, and each with its version."""
        listed = self.read("/api/datasources")
        return listed, [self.read(f"/api/datasources/uid/{source['uid']}") for source in listed]


@pytest.fixture(scope="module")
def wire():
    """A server with one data source of a client; no bad input may change it."""
    with servers.wellhead() as server:
        wire = Wire(server.port)
        status, body = wire.send("POST", "/api/datasources", VICTIM)
        assert status == 200, body
        yield wire


@pytest.fixture(autouse=True)
def unchanged(wire):
    """Nothing is stored and nothing is lost by a test of this file, and the server still answers."""
    before = wire.everything()
    yield
    assert wire.everything() == before


def check_refused(status: int, body: bytes) -> None:
    assert 400 <= status < 500, f"{status}: {body[:500]!r}"
    message = json.loads(body)["message"]
    assert isinstance(message, str) and message
    assert len(body) < 4096, "what is too long is not repeated"


CHANGES = {"POST": "/api/datasources", "PUT": "/api/datasources/uid/victim"}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("method", CHANGES)
def test_a_bad_field_is_refused(wire, method, field):
    good = GOOD if method == "POST" else VICTIM
    check_refused(*wire.send(method, CHANGES[method], {**good, **FIELDS[field]}))


COMMANDS = [*CHANGES.items(), ("POST", "/api/ds/query"), ("POST", "/api/serviceaccounts")]
# A service account has no jsonData: what it does not know is read past, however deep.
REFUSED = [(*command, body) for command in COMMANDS for body in BODIES if (command[1], body) != (COMMANDS[-1][1], "deep inside")]


@pytest.mark.parametrize("method,path,body", REFUSED)
def test_a_bad_body_is_refused(wire, method, path, body):
    check_refused(*wire.send(method, path, BODIES[body]))


@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("folder", ["", "uid/", "name/", "id/", "proxy/", "proxy/uid/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_bad_path_is_refused(wire, method, folder, segment):
    body = VICTIM if method == "PUT" else None
    check_refused(*wire.send(method, f"/api/datasources/{folder}{SEGMENTS[segment]}", body))


def test_a_path_of_a_megabyte_is_refused(wire):
    """By HTTP itself, before there is anybody to write a message; it may hang up while the rest is on its way."""
    with contextlib.suppress(ConnectionError):
        status, _ = wire.send("GET", f"/api/datasources/uid/{MEGABYTE}")
        assert status in (414, 431)


@pytest.mark.parametrize(
    "rest",
    ["..", "../health", "%2e%2e/health", "..%2fhealth", "a/%2e%2e/%2e%2e/admin", "a%00b", "a%0d%0aX-Key:%20b", "a%5c..%5cb"],
)
@pytest.mark.parametrize("through", ["uid/victim/resources", "proxy/uid/victim"])
def test_no_path_leaves_its_data_source(wire, through, rest):
    check_refused(*wire.send("GET", f"/api/datasources/{through}/{rest}"))


@pytest.mark.parametrize("org_id", ["0", "-1", "1.5", "one", str(2**70), "1, 2", ""])
def test_a_bad_org_is_refused(wire, org_id):
    check_refused(*wire.send("GET", "/api/datasources", **{"X-Grafana-Org-Id": org_id}))
