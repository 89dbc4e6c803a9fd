"""The command `sed-review`.

group   its parts: the page, and the export
"""
