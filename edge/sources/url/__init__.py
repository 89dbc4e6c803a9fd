"""Streams over the network.

camera       how a camera is asked for its sound
connection   what comes over one connection: opened and decoded
downloads    what has an end, and is heard once
entries      plays the entries of a playlist
failures     why a stream broke or cannot be opened
https        HTTP by Python: what FFmpeg does not check, or does not report
placement    the sound of a stream, placed in time
playlists    playlists that name streams and files
source       a stream as a source
urls         URLs of streams: what can be heard, and how it is written down
"""

from edge.sources.url.camera import CAMERA_NOTE
from edge.sources.url.entries import PlaylistFile, is_playlist_file
from edge.sources.url.source import UrlSource
from edge.sources.url.urls import SECRET_OPTIONS, is_url, redacted

__all__ = ["CAMERA_NOTE", "SECRET_OPTIONS", "PlaylistFile", "UrlSource", "is_playlist_file", "is_url", "redacted"]
