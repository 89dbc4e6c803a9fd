"""Streams over the network.

connection   what comes over one connection: opened and decoded
failures     why a stream broke or cannot be opened
https        HTTP by Python: what FFmpeg does not check, or does not tell
placement    what a stream says, placed in time
source       a stream as a source
urls         URLs of streams: what can be heard, and how it is written down
"""

from edge.sources.url.source import UrlSource
from edge.sources.url.urls import SECRET_OPTIONS, is_url, redacted

__all__ = ["SECRET_OPTIONS", "UrlSource", "is_url", "redacted"]
