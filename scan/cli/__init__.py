"""`sed-scan`, and its parts.

dry_run   what a scan would cost
group     sed-scan, and verify, export and draw
scan      sed-scan run: an archive -> one table of events
"""
