"""The page on which clips are reviewed. Needs the extra `page`.

app          what the page asks for: the next clips, their sound and picture; and the verdicts that it sends
spectrogram  a clip as a picture
"""

from review.page.app import make_app

__all__ = ["make_app"]
