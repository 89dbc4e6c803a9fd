"""What a person says of clips: asked on a local page, kept in `reviews.jsonl`, exported as training data; no torch.

errors   what can go wrong
store    clips on the disk, and the reviews of them

A folder imports only from those above it in this list.
"""
