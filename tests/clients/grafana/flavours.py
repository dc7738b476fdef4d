"""The package's two flavours behind one face, so that one test drives both, and its failures in one line."""

import contextlib
import inspect

import pytest
from grafana_client import AsyncGrafanaApi, GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException


def sync(_loop, credential, **options) -> GrafanaApi:
    return GrafanaApi(credential, **options)


def waited(loop, credential, **options) -> "Waited":
    return Waited(AsyncGrafanaApi(credential, **options), loop)


# Where the objects live that answer with promises.
PARTS = ("grafana_client.elements", "grafana_client.client", "niquests.async_session")


def close(api) -> None:
    """Ends a client's connections; the package leaves that to the end of the process."""
    api.client.s.close()


FLAVOURS = {"sync": sync, "async": waited}


class Waited:
    """`AsyncGrafanaApi` or a part of it: what its calls promise is waited for; all else is the package's."""

    def __init__(self, subject, loop):
        self._subject = subject
        self._loop = loop

    def __getattr__(self, name):
        return self._settle(getattr(self._subject, name))

    def __call__(self, *arguments, **named):
        return self._settle(self._subject(*arguments, **named))

    def _settle(self, value):
        if inspect.isawaitable(value):
            return self._loop.run_until_complete(value)
        part = type(value).__module__.startswith(PARTS)
        return Waited(value, self._loop) if part or callable(value) else value


@contextlib.contextmanager
def refused(status: int, message: str | None = None, kind: type[GrafanaException] = GrafanaClientError):
    """What is inside fails as the package's `kind`, with this status and the server's message."""
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.status_code == status, caught.value
    assert isinstance(caught.value.response, dict), f"no JSON: {caught.value.response!r}"
    said = caught.value.response.get("message")
    assert isinstance(said, str) and said, caught.value.response
    assert message is None or said == message
