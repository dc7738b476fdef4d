"""A data source as its user configured it: Grafana's `DataSourceInstanceSettings`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


class Secrets:
    """Decrypted secrets by name. Printing it shows the names only, so that no log line gives one away."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[tuple[str, str]] = ()) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str | None:
        """The secret, if the user has set it."""
        return self._values.get(name)

    def __repr__(self) -> str:
        return f"Secrets({sorted(self._values)})"


@dataclass(slots=True)
class InstanceSettings(Generic[S]):
    """A configured data source. `json_data` is what the author reads `jsonData` into."""

    json_data: S
    """The plugin's own settings."""
    id: int = 0
    uid: str = ""
    """Unique within the org."""
    org_id: int = 1
    name: str = ""
    url: str = ""
    """Base URL of the upstream; may be empty."""
    user: str = ""
    database: str = ""
    basic_auth: bool = False
    basic_auth_user: str = ""
    secrets: Secrets = field(default_factory=Secrets)
    """Decrypted `secureJsonData`; empty where the manifest says `auth: host`, and then the host signs requests."""
    version: int = 0
    """Grows with every change of the data source."""
    extensions: dict[str, str] = field(default_factory=dict)
    """Values that later versions of the contract added."""
