"""The decoder's settings, chosen on recordings.

candidates    how every setting of the decoder would do
choice        which of them to take
"""

from sed.tuning.choice import Aim, to_toml, tune

__all__ = ["Aim", "to_toml", "tune"]
