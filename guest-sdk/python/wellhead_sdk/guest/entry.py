"""Imported last while a component is made: puts the host in place, and keeps what a guest cannot read later."""

from __future__ import annotations

from .. import host, log
from ..fault import remember_sources
from . import event_loop
from .imports import GuestHost

event_loop.install()
host.install(GuestHost())
log.install()
remember_sources()
