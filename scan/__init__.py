"""Archives of recordings -> one table of events, on one machine or on a cluster, without torch.

recording   one recording -> its log: whole, or in parts of which several machines take one each
"""
