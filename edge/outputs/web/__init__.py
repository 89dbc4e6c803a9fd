"""Local web pages: who may ask, and what every answer carries. Needs the extra `page`.

access   who may ask: the address, the token, the names of this machine
files    the files of a page, as they are in the package
guard    what stands before every page: token, host, prefix, headers
page     the live page of a run
serving  a server in a thread
"""

from edge.outputs.web.access import Access
from edge.outputs.web.files import PageFiles
from edge.outputs.web.serving import WebServer

__all__ = ["Access", "PageFiles", "WebServer"]
