"""What was measured, as text, tables and pictures.

plot    and as pictures; not imported here, for it needs matplotlib
show    results as text and as Markdown
"""

from edge.bench.results.show import Column, Row, latency_text, page, rows_text, streams_text, table_text

__all__ = ["Column", "Row", "latency_text", "page", "rows_text", "streams_text", "table_text"]
