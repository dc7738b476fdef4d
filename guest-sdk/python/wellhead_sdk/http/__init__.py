"""Async HTTP to the data source's own URL: requests, bounded answers, failures with Grafana's statuses."""

from .address import path_segment
from .client import Http
from .error import Failure, HttpFailure
from .response import Response, StreamedResponse

__all__ = ["Failure", "Http", "HttpFailure", "Response", "StreamedResponse", "path_segment"]
