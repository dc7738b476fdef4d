"""schemathesis, unmodified, sends what the served OpenAPI document allows, and much that it does not.

Whatever is sent, the answer is one that the document names for that operation: status, content type, headers, shape. A
5xx is one of them only where the document has that very status, and never a failure of the server itself.

WELLHEAD_OPENAPI_EXAMPLES is the number of random requests for each operation; boundary cases, as many as the schema
has, come on top. Runs of one number send the same.
"""

import os
import re
import zlib

import pytest
import requests
import schemathesis
import servers
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = int(os.environ.get("WELLHEAD_OPENAPI_EXAMPLES") or 15)
SEED = 4
ADMIN = (servers.ADMIN, servers.PASSWORD)
TIMEOUT = 60

# All that is answered without credentials, where it is in the document at all.
PUBLIC = {"/api/health", "/livez", "/readyz"}
# What HTTP and the router say of a request before anybody asks who sent it. None of it tells what there is.
BEFORE_SIGN_IN = {400, 404, 405, 414, 431}

# Streams without an end.
ENDLESS = r"^/api/(live/|plugins/events$)"
# What would end the run by taking the admin's own rights, or the org that all else is in. The admin is user 1 of org 1.
SELF_DESTRUCTION = re.compile(
    r"PUT /api/user/password|\w+ /api/admin/users/1(/.*)?|(PUT|PATCH|DELETE) /api/(users/1|orgs/1|org)(/.*)?"
)
# A call with a made-up name finds nothing. Half of them name what is there, so that more than the 404 is tried.
THERE = {"uid": "fuzz", "name": "Fuzz", "user_id": "2"}
THERE_BY_KIND = {
    "/api/datasources/{": "1",
    "/api/datasources/id/": "Fuzz",
    "/api/datasources/proxy/{": "1",
    "/api/plugins/": "grafana-testdata-datasource",
    "/api/serviceaccounts/": "1",
    "/api/orgs/{": "2",
    "/api/orgs/name/": "Fuzz",
    "/api/users/": "2",
    "/api/admin/users/": "2",
}

settings.register_profile(
    "openapi",
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
openapi = schemathesis.pytest.from_fixture("document").exclude(path_regex=ENDLESS)


@pytest.fixture(scope="module")
def server():
    """A server of this file's own: what is sent changes and deletes all that it has."""
    with servers.wellhead(own_plugins=True) as server:
        seed(server)
        yield server


def seed(server) -> None:
    """Makes what the calls with real names find. What is there already is refused, which is as good."""
    for path, body in [
        ("orgs", {"name": "Fuzz"}),
        ("admin/users", {"login": "fuzz", "password": "a password of fuzz", "OrgId": 1}),
        ("serviceaccounts", {"name": "fuzz", "role": "Viewer"}),
        ("datasources", {"name": "Fuzz", "uid": "fuzz", "type": "testdata", "access": "proxy"}),
    ]:
        answer = requests.post(f"{server.url}/api/{path}", json=body, auth=ADMIN, timeout=TIMEOUT)
        assert answer.status_code < 500, answer.text


@pytest.fixture(scope="module")
def document(server):
    """The document as the server has it."""
    url = f"{server.url}/api/openapi.json"
    config = schemathesis.Config(seed=SEED)
    return schemathesis.openapi.from_url(url, config=config, auth=ADMIN, timeout=TIMEOUT)


def test_the_document_is_openapi_3_1_and_names_every_route_of_the_clients(document):
    raw = document.raw_schema
    assert re.fullmatch(r"3\.1\.\d+", raw["openapi"])
    document.validate()
    served = {re.sub(r"\{[^}]*\}", "{}", path): set(operations) for path, operations in raw["paths"].items()}
    for path, methods in {
        "/api/datasources": {"get", "post"},
        "/api/datasources/{}": {"get", "put", "delete"},
        "/api/datasources/uid/{}": {"get", "put", "delete"},
        "/api/datasources/name/{}": {"get", "delete"},
        "/api/datasources/id/{}": {"get"},
        "/api/datasources/uid/{}/health": {"get"},
        "/api/ds/query": {"post"},
        "/api/frontend/settings": {"get"},
        "/api/health": {"get"},
        "/api/org": {"get"},
        "/api/plugins": {"get"},
    }.items():
        assert methods <= served.get(path, set()), path


def test_the_document_promises_a_message_with_every_error_and_nothing_without_sign_in(document):
    raw = document.raw_schema
    for operation in (found.ok() for found in document.get_all_operations()):
        statuses = set(operation.definition.raw["responses"])
        assert "default" not in statuses, f"{operation.label}: it would allow every status"
        open_to_all = operation.definition.raw.get("security", raw.get("security", [])) == []
        assert open_to_all <= (operation.path in PUBLIC), operation.label
        assert open_to_all or "401" in statuses, operation.label


@openapi.parametrize()
@settings(settings.get_profile("openapi"))
def test_whatever_is_sent_the_answer_is_in_the_document(case, server):
    use_what_is_there(case)
    if SELF_DESTRUCTION.fullmatch(f"{case.method} {case.formatted_path}"):
        return
    response = case.call(auth=ADMIN, timeout=TIMEOUT)
    # Grafana's answer to somebody who would change to an org that is not theirs.
    may_be_401 = case.operation.path == "/api/user/using/{id}"
    assert may_be_401 or response.status_code != 401, "the admin is signed in"
    case.validate_response(
        response,
        checks=[
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
            a_server_error_is_documented,
            an_error_has_a_message,
        ],
    )
    if case.method == "DELETE" and response.status_code < 300:
        seed(server)


@openapi.parametrize()
@settings(settings.get_profile("openapi"))
def test_without_credentials_nothing_is_answered(case):
    use_what_is_there(case)
    response = case.call(timeout=TIMEOUT)
    if case.operation.path in PUBLIC:
        assert response.status_code < 500 or response.status_code == 503
        return
    assert response.status_code == 401 or response.status_code in BEFORE_SIGN_IN, response.text
    if response.status_code == 404:
        assert response.json()["message"] == "Not found", "a stranger does not learn what there is"


def use_what_is_there(case) -> None:
    """Puts a real name into every second path, the same ones at every run."""
    if not case.path_parameters or zlib.crc32(repr(case.path_parameters).encode()) % 2:
        return
    for name in case.path_parameters:
        by_kind = (value for path, value in THERE_BY_KIND.items() if case.path.startswith(path))
        value = THERE.get(name) or (next(by_kind, None) if name in ("id", "name") else None)
        if value is not None:
            case.path_parameters[name] = value


@schemathesis.check
def a_server_error_is_documented(ctx, response, case):
    if response.status_code < 500:
        return
    documented = case.operation.definition.raw["responses"]
    assert str(response.status_code) in documented, f"{response.status_code} is not one of {sorted(documented)}"
    assert response.json().get("message") != "Internal server error", "a task of the server's own failed"


@schemathesis.check
def an_error_has_a_message(ctx, response, case):
    if response.status_code < 400 or case.method == "HEAD":
        return
    message = response.json().get("message")
    assert isinstance(message, str) and message, response.text


def test_after_all_that_the_server_is_as_it_was(server):
    """Last in the file: whoever ran before, the admin still signs in, and data sources still work."""
    source = {"name": "After", "uid": "after", "type": "testdata", "access": "proxy"}
    created = requests.post(f"{server.url}/api/datasources", json=source, auth=ADMIN, timeout=TIMEOUT)
    assert created.status_code in (200, 409), created.text
    health = requests.get(f"{server.url}/api/datasources/uid/after/health", auth=ADMIN, timeout=TIMEOUT)
    assert (health.status_code, health.json()["status"]) == (200, "OK")
