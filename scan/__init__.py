"""Archives of recordings -> one table of events, on one machine or on a cluster, without torch.

errors      what can go wrong with a destination
archive     which files there are, and how they are read
recording   one recording -> its log: whole, or in parts of which several machines take one each
table       the destination: manifest, rows, summary
cluster     Ray Data: many recordings at once
cli         sed-scan

A folder imports only from those above it in this list; `archive` and `recording` know nothing of each other.
"""
