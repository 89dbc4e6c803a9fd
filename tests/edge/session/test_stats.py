from fractions import Fraction

from edge.session.tally import Tally


def test_coverage_is_of_what_was_to_be_heard() -> None:
    """A source that never came was not heard at all; where no time has passed, the share of all is told again."""
    tally = Tally()
    told = [tally.record()]
    tally.heard_seconds, tally.missed_seconds = Fraction(3), Fraction(1)
    told += [tally.record(), tally.record(), tally.record(missing_seconds=4.0)]
    assert [0.0, 0.75, 0.75, 0.375] == [record["coverage"] for record in told]
    assert [0.0, 0.75, 0.75, 0.0] == [record["recent_coverage"] for record in told]
    assert [0.0, 4.0, 0.0, 4.0] == [record["recent_seconds"] for record in told]
