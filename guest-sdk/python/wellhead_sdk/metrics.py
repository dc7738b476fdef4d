"""Numbers about the plugin itself. The host exports them with plugin and data source as labels; it limits the number of
series, so labels take few values.

::

    RETRIES = Counter("retries_total")
    RETRIES.add(1, reason="timeout")
"""

from __future__ import annotations

from . import host


class _Metric:
    def __init__(self, name: str) -> None:
        self.name = name

    def _tell(self, kind: host.MetricKind, value: float, labels: dict[str, str]) -> None:
        host.current().metric(kind, self.name, value, list(labels.items()))


class Counter(_Metric):
    """A number that only grows; its name ends in `_total`."""

    def add(self, value: float = 1.0, **labels: str) -> None:
        """Adds a value that is not negative."""
        self._tell(host.MetricKind.ADD, value, labels)


class Gauge(_Metric):
    """A number that goes up and down: how this instance is now. The host adds up those of a data source's instances."""

    def set(self, value: float, **labels: str) -> None:
        """Sets the value."""
        self._tell(host.MetricKind.SET, value, labels)


class Histogram(_Metric):
    """How numbers are distributed; its name ends in the unit, `_seconds` or `_bytes`."""

    def observe(self, value: float, **labels: str) -> None:
        """Adds an observation."""
        self._tell(host.MetricKind.OBSERVE, value, labels)
