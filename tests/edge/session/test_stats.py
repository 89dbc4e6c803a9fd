from fractions import Fraction

from edge.session.stats import SourceStats


def test_coverage_is_of_what_was_to_be_heard() -> None:
    """A source that never came was not heard at all; where no time has passed, the share of all is records again."""
    stats = SourceStats()
    records = [stats.record()]
    stats.heard_samples[2], stats.heard_samples[4], stats.missed_seconds = 4, 4, Fraction(1)
    records += [stats.record(), stats.record(), stats.record(missing_seconds=4.0)]
    assert [0.0, 0.75, 0.75, 0.375] == [record["coverage"] for record in records]
    assert [0.0, 0.75, 0.75, 0.0] == [record["recent_coverage"] for record in records]
    assert [0.0, 4.0, 0.0, 4.0] == [record["recent_seconds"] for record in records]
