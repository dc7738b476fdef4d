"""What an upstream answered. Reading is bounded, whatever it sends."""

from __future__ import annotations

import http
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from ..decode import DecodeError, decode
from ..error import PluginError
from .address import Address
from .error import Failure, HttpFailure

QUOTE = 512
"""How much of an error's body is quoted, in bytes."""

LINE = 16 << 20
"""Most bytes of a line: what has no end for so long is no text of lines."""

READ = 64 << 10
"""What one read asks for at most."""

Headers = Sequence[tuple[str, bytes]]


class Incoming:
    """An answer as a transport gives it: status, headers, and a body that is read or closed."""

    __slots__ = ("status", "headers", "read", "close")

    def __init__(
        self,
        status: int,
        headers: Headers,
        read: Callable[[int], Awaitable[bytes]],
        close: Callable[[], None],
    ) -> None:
        self.status = status
        self.headers = headers
        self.read = read
        """At most so many bytes, none at the end."""
        self.close = close
        """Gives the rest up."""


class _Answer:
    def __init__(self, method: str, address: Address, incoming: Incoming) -> None:
        self._method = method
        self._address = address
        self.status = incoming.status
        """The HTTP status."""
        self._headers = incoming.headers

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case of letters."""
        name = name.lower()
        return next((value.decode("latin-1") for key, value in self._headers if key.lower() == name), None)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def _says_no(self, body: bytes) -> PluginError:
        quoted = quote(body)
        reason = phrase(self.status)
        said = f"{self._method} {self._address}: the server answered {self.status} {reason}"
        return PluginError.upstream_status(self.status, said + (f": {quoted}" if quoted else ""))


class Response(_Answer):
    """An answer with its whole body."""

    def __init__(self, method: str, address: Address, incoming: Incoming, body: bytes) -> None:
        super().__init__(method, address, incoming)
        self.body = body
        """The bytes as they came, decompressed."""

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become `U+FFFD`, and a byte order mark is no part of it."""
        return self.body.decode(errors="replace").removeprefix("\ufeff")

    def json(self, into: Any = Any) -> Any:
        """The body as JSON, read into a type if one is given. An error names the key that is not as expected."""
        try:
            return decode("answer", json.loads(self.body), into)
        except DecodeError as error:
            what = str(error)
        except ValueError as error:
            what = f"answer: {error}"
        begins = json.dumps(quote(self.body), ensure_ascii=False)
        raise PluginError.downstream(f"{self._method} {self._address}: {what}; it begins {begins}")

    def raise_for_status(self) -> Response:
        """Makes every status but 2xx an error with that status, blamed as Grafana does, which quotes the body."""
        if not self.ok:
            raise self._says_no(self.body)
        return self


class StreamedResponse(_Answer):
    """An answer whose body still comes: for bodies too large to hold. Iterate over it for chunks of bytes; a body that
    is not read to its end is given up by `close()`, or by leaving an `async with`."""

    def __init__(self, method: str, address: Address, incoming: Incoming) -> None:
        super().__init__(method, address, incoming)
        self._incoming = incoming

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self._incoming.read(READ):
                yield chunk
        except HttpFailure as failure:
            raise failure.of(self._method, self._address) from None
        finally:
            self.close()

    async def lines(self) -> AsyncIterator[bytes]:
        """The body's lines without their ends: NDJSON and the like. A line of more than 16 MiB is a `PluginError`."""
        rest = bytearray()
        async for chunk in self:
            first, *lines = chunk.split(b"\n")
            rest += first
            for line in lines:
                yield bytes(rest).removesuffix(b"\r")
                rest = bytearray(line)
            if len(rest) > LINE:
                self.close()
                failure = HttpFailure(Failure.TOO_LARGE, f"a line has more than the {LINE} bytes allowed")
                raise failure.of(self._method, self._address)
        if rest:
            yield bytes(rest)

    def close(self) -> None:
        """Gives up what has not been read."""
        self._incoming.close()

    async def __aenter__(self) -> StreamedResponse:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


async def collect(method: str, incoming: Incoming, limit: int) -> bytes:
    """The whole body, no more than the limit."""
    length = _announced(method, incoming)
    too_large = HttpFailure(Failure.TOO_LARGE, f"{limit} bytes are allowed: ask for less")
    try:
        if length is not None and length > limit:
            raise too_large
        body = bytearray()
        while chunk := await incoming.read(READ):
            body += chunk
            if len(body) > limit:
                raise too_large
    finally:
        incoming.close()
    # The contract's `fetch` has no word for a body that breaks off.
    if length is not None and len(body) < length:
        raise HttpFailure(Failure.BROKEN, "it ended before the answer was whole")
    return bytes(body)


def _announced(method: str, incoming: Incoming) -> int | None:
    """How long the body will be, where the server says so and does not mean the one that another request would get (RFC
    9110, 8.6)."""
    if method == "HEAD" or incoming.status == 304:
        return None
    length = next((value for key, value in incoming.headers if key.lower() == "content-length"), b"")
    return int(length) if length.isdigit() else None


async def beginning(incoming: Incoming) -> bytes:
    """As much of an error's body as is quoted. One that breaks off is quoted as far as it came."""
    body = b""
    try:
        while len(body) < QUOTE and (chunk := await incoming.read(READ)):
            body += chunk
    except HttpFailure:
        pass
    finally:
        incoming.close()
    return body[:QUOTE]


def quote(body: bytes) -> str:
    """The beginning of a body, on one line."""
    return " ".join(body[:QUOTE].decode(errors="replace").split())


def phrase(status: int) -> str:
    """What the status is called."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "<unknown status code>"
