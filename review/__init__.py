"""What a person says of clips: asked on a local page, kept in `reviews.jsonl`, exported as training data; no torch.

errors   what can go wrong
store    clips on the disk, and the reviews of them
queue    which clip is asked about next, and what has come of it so far
export   reviewed clips as data that other programs read
page     the page on which clips are reviewed
cli      sed-review

A folder imports only from those above it in this list.
"""
