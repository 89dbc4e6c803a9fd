"""The results of measurements, as text, tables and pictures.

plot    results as pictures; not imported here, because it needs matplotlib
text    results as text and as Markdown
"""

from edge.bench.results.text import Column, Row, latency_text, page, rows_text, streams_text, table_text

__all__ = ["Column", "Row", "latency_text", "page", "rows_text", "streams_text", "table_text"]
