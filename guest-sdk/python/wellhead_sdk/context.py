"""Who asks, within which bounds. The host fills it; a plugin reads it and hands it to `Http`."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in user, as far as plugins may know."""

    login: str
    name: str
    email: str
    role: str
    """`Viewer`, `Editor` or `Admin`."""


@dataclass(slots=True)
class RequestContext:
    """Everything about a call that is not the question itself."""

    org_id: int = 1
    user: User | None = None
    """Who asks; there only where the manifest asks `forward: user`."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Headers to send upstream, lower-case names; there only where the manifest asks `forward: headers`. `Http` sends
    them along by itself."""
    traceparent: str | None = None
    """W3C trace context of the host's span for this call; `Http` sends it along by itself."""
    budget: float = 30.0
    """Seconds from the start of the call until it is cancelled; infinite for a stream's run, which goes on."""
    extensions: dict[str, str] = field(default_factory=dict)
    """Values that later versions of the contract added."""
    _started: float = field(default_factory=time.monotonic)

    @property
    def remaining(self) -> float:
        """What is left of the budget, in seconds."""
        if math.isinf(self.budget):
            return self.budget
        return max(0.0, self.budget - (time.monotonic() - self._started))
