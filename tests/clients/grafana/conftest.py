"""What the tests share: servers that run for the whole session, clients of both flavours, a clean table for each test."""

import asyncio

import pytest
import servers
from flavours import FLAVOURS, close, sync
from grafana_client import GrafanaApi

# One data source that clients may not change, with a secret that they may not see.
PROVISIONED = "provisioned"
PROVISIONED_SECRET = "a-secret-of-the-file"
PROVISIONING = f"""\
apiVersion: 1
datasources:
  - name: Provisioned
    uid: {PROVISIONED}
    type: prometheus
    access: proxy
    url: http://127.0.0.1:9
    editable: false
    jsonData:
      httpHeaderName1: X-Key
    secureJsonData:
      httpHeaderValue1: {PROVISIONED_SECRET}
"""


@pytest.fixture(scope="session")
def wellhead():
    """The server that most tests talk to. What they make there, they or `api` remove."""
    with servers.wellhead(PROVISIONING) as server:
        yield server


@pytest.fixture(scope="session")
def prometheus() -> str:
    """The URL of a Prometheus with samples."""
    with servers.prometheus() as url:
        yield url


@pytest.fixture(scope="session")
def upstream():
    """A server that answers with what it was sent."""
    with servers.upstream() as server:
        yield server


@pytest.fixture(scope="session")
def loop():
    """The loop on which every asynchronous client of the session lives."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(params=FLAVOURS)
def connect(request, wellhead, loop):
    """Makes clients of one flavour; every test that uses it runs once for each."""
    made = []

    def connect(credential=(servers.ADMIN, servers.PASSWORD), **options):
        options = {"host": "127.0.0.1", "port": wellhead.port, "timeout": 30, **options}
        made.append(FLAVOURS[request.param](loop, credential, **options))
        return made[-1]

    yield connect
    for client in made:
        close(client)


@pytest.fixture
def api(connect, admin) -> GrafanaApi:
    """The admin's client. Data sources that a test made and left are gone after it."""
    yield connect()
    for source in admin.datasource.list_datasources():
        if not source["readOnly"]:
            admin.datasource.delete_datasource_by_uid(source["uid"])


@pytest.fixture(scope="session")
def admin(wellhead) -> GrafanaApi:
    """A plain client for what a test needs around it."""
    return sync(None, (servers.ADMIN, servers.PASSWORD), host="127.0.0.1", port=wellhead.port, timeout=30)
