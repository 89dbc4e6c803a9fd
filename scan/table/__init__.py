"""A destination and the table in it: one row for every file of the manifest.

checking      rows against the manifest, and a summary of them
destination   what was scanned with what, and by whom now
exporting     the table in formats that other programs read
manifest      the files that are to have a row
picture       what was found, by date and hour of day
schema        the columns
shards        Parquet files of some rows each
"""

from scan.table.checking import summarise, summary_text, verify
from scan.table.destination import MODEL, locked, make_description, read_description, require_usable, write_description
from scan.table.exporting import FORMATS, export_table
from scan.table.manifest import Manifest
from scan.table.picture import draw
from scan.table.schema import Row, make_row, schema
from scan.table.shards import ROWS, drop_numbers, failed_numbers, merge_shards, read_shards, settle, write_shard

__all__ = [
    "FORMATS",
    "MODEL",
    "ROWS",
    "Manifest",
    "Row",
    "draw",
    "drop_numbers",
    "export_table",
    "failed_numbers",
    "locked",
    "make_description",
    "make_row",
    "merge_shards",
    "read_description",
    "read_shards",
    "require_usable",
    "schema",
    "settle",
    "summarise",
    "summary_text",
    "verify",
    "write_description",
    "write_shard",
]
