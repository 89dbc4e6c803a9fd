from edge.session.hop_control import HopControl


def run(control: HopControl, queued: float, step: float, begin: float, end: float) -> list[int]:
    """The factors that it takes in turn, asked ten times a second."""
    factors = []
    for tenth in range(round(10 * begin), round(10 * end)):
        if control.update(queued, step, tenth / 10):
            factors.append(control.factor)
    return factors


def test_a_hop_doubles_while_sound_waits() -> None:
    """After two hops each time, up to what the window allows."""
    control = HopControl(1.0, 9)
    assert [] == run(control, 2.5, 1.5, 0.0, 2.0)
    assert [2, 4, 8] == run(control, 2.5, 1.5, 2.0, 60.0)


def test_a_burst_is_no_overload() -> None:
    """Five seconds of old sound, worked off in less than two hops."""
    control = HopControl(1.0, 9)
    assert [] == run(control, 5.0, 0.1, 0.0, 1.9) + run(control, 0.1, 0.1, 1.9, 4.0) + run(control, 5.0, 0.1, 4.0, 5.9)


def test_a_hop_is_halved_once_half_of_it_would_do() -> None:
    """A step of a second and a half fits a hop of two seconds and not one of one second."""
    control = HopControl(1.0, 9)
    run(control, 3.0, 1.5, 0.0, 4.5)
    assert 4 == control.factor
    assert [2] == run(control, 0.0, 1.5, 4.5, 100.0)
    assert [1] == run(control, 0.0, 0.5, 100.0, 200.0)


def test_a_window_without_room_leaves_the_hop_alone() -> None:
    """There is nothing to widen."""
    assert [] == run(HopControl(1.0, 1), 10.0, 2.0, 0.0, 60.0)
