from edge.session.pace import Pacer


def run(pacer: Pacer, queued: float, step: float, begin: float, end: float) -> list[int]:
    """The factors that it takes in turn, asked ten times a second."""
    factors = []
    for tenth in range(round(10 * begin), round(10 * end)):
        if pacer.update(queued, step, tenth / 10):
            factors.append(pacer.factor)
    return factors


def test_a_hop_doubles_while_sound_waits() -> None:
    """After two hops each time, up to what the window allows."""
    pacer = Pacer(1.0, 9)
    assert [] == run(pacer, 2.5, 1.5, 0.0, 2.0)
    assert [2, 4, 8] == run(pacer, 2.5, 1.5, 2.0, 60.0)


def test_a_burst_is_no_overload() -> None:
    """Five seconds of old sound, worked off in less than two hops."""
    pacer = Pacer(1.0, 9)
    assert [] == run(pacer, 5.0, 0.1, 0.0, 1.9) + run(pacer, 0.1, 0.1, 1.9, 4.0) + run(pacer, 5.0, 0.1, 4.0, 5.9)


def test_a_hop_is_halved_once_half_of_it_would_do() -> None:
    """A step of a second and a half fits a hop of two seconds and not one of one second."""
    pacer = Pacer(1.0, 9)
    run(pacer, 3.0, 1.5, 0.0, 4.5)
    assert 4 == pacer.factor
    assert [2] == run(pacer, 0.0, 1.5, 4.5, 100.0)
    assert [1] == run(pacer, 0.0, 0.5, 100.0, 200.0)


def test_a_window_without_room_leaves_the_hop_alone() -> None:
    """There is nothing to widen."""
    assert [] == run(Pacer(1.0, 1), 10.0, 2.0, 0.0, 60.0)
