"""URLs as plugins need them: a base from the settings, a path appended, pairs in the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from ..error import PluginError

Pairs = Mapping[str, object] | Iterable[tuple[str, object]]


def path_segment(text: str) -> str:
    """One segment of a path, percent-encoded: a `/` in it stays part of the segment."""
    return quote(text, safe="")


def encode_pairs(pairs: Pairs) -> str:
    """`key=value&…`, encoded for a query or a form."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return "&".join(f"{path_segment(key)}={path_segment(_text(value))}" for key, value in items)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute `http` or `https` URL."""

    scheme: str
    authority: str
    path: str
    """Starts with `/`, percent-encoded."""
    query: str
    """Without `?`, percent-encoded; may be empty."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Reads an absolute URL. Raises a `PluginError` that names it."""
        url = url.strip()
        if not url:
            raise PluginError.bad_request("the data source has no URL: set one")

        def wrong(why: str) -> PluginError:
            return PluginError.bad_request(f'"{url}" is not an http or https URL: {why}')

        scheme, separator, rest = url.partition("#")[0].partition("://")
        if not separator:
            raise wrong("it must begin with http:// or https://")
        if scheme.lower() not in ("http", "https"):
            raise wrong(f'the scheme is "{scheme}"')
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        if not authority:
            raise wrong("it names no host")
        if "@" in authority:
            raise PluginError.bad_request(
                "a URL must not hold user name and password: use the data source's basic auth"
            )
        odd = next((c for c in rest + query if not "!" <= c <= "~"), None)
        if odd is not None:
            raise wrong(f"it has the character {odd!r}")
        return cls(scheme.lower(), authority, "/" + path, query)

    def join(self, path: str) -> Address:
        """`path` below this address, which keeps its own path and query; an absolute URL replaces all of it. A path that
        climbs out by `..` is refused."""
        if path.startswith(("http://", "https://")):
            return Address.parse(path)
        path, _, query = path.partition("?")
        if any(segment.lower().replace("%2e", ".") in (".", "..") for segment in path.split("/")):
            raise PluginError.bad_request(f'the path "{path}" has a segment of dots: name the place itself')
        odd = next((c for c in path + query if not "!" <= c <= "~" or c == "#"), None)
        if odd is not None:
            raise PluginError.bad_request(
                f'the path "{path}" has the character {odd!r}: percent-encode it with path_segment()'
            )
        joined = self.path.rstrip("/") + "/" + path.lstrip("/") if path else self.path
        return replace(self, path=joined)._and(query)

    def with_pairs(self, pairs: Pairs) -> Address:
        """With these pairs added to the query, encoded."""
        return self._and(encode_pairs(pairs))

    def _and(self, query: str) -> Address:
        return replace(self, query="&".join(part for part in (self.query, query) if part))

    @property
    def url(self) -> str:
        """All of it."""
        return str(self) + (f"?{self.query}" if self.query else "")

    def __str__(self) -> str:
        """Without the query, which may hold what is nobody's business."""
        return f"{self.scheme}://{self.authority}{self.path}"
