"""Reviewed clips as data that other programs read, sed-train among them.

examples   what is known of the sound of each reviewed clip
formats    the tables beside the sound
writing    a folder of examples, in one of the formats
"""

from review.export.examples import Example, Left, examples_of
from review.export.formats import FORMATS
from review.export.writing import Summary, export

__all__ = ["FORMATS", "Example", "Left", "Summary", "examples_of", "export"]
