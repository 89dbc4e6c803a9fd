"""What is wrong with this installation or a source, and what to do about it.

examination     the examination
installation    versions, known troubles, speed
report          findings of an examination
sound_check     a few seconds of sound, judged
"""

from edge.doctor.examination import examine
from edge.doctor.report import describe_report

__all__ = ["describe_report", "examine"]
