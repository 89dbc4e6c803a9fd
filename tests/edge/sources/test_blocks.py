from collections.abc import Iterator

import numpy as np
import pytest

from edge.sources.blocks import joined
from edge.sources.source import Block, Gap, Item, State


def piece(samples: int, first: int = 0, rate: int = 1000, channels: int = 1, heard_at: float | None = None) -> Block:
    """Numbered samples."""
    numbers = np.arange(first, first + samples, dtype=np.float32)
    return Block(np.repeat(numbers[:, None], channels, axis=1), rate, heard_at)


def test_blocks_hold_the_same_samples_in_their_order() -> None:
    """Whatever the pieces are; each was heard when its first piece was."""
    pieces = [piece(300, 300 * number, heard_at=10.0 + 0.3 * number) for number in range(7)]
    blocks = [item for item in joined(pieces, lambda: 1.0) if isinstance(item, Block)]
    assert [1200, 900] == [len(block.samples) for block in blocks]
    assert list(range(2100)) == np.concatenate([block.samples[:, 0] for block in blocks]).tolist()
    assert [10.0, 11.2] == pytest.approx([block.heard_at for block in blocks])


def test_a_block_is_followed_by_the_longest_rest_of_its_pieces() -> None:
    """The piece that was waited for may be any of them."""
    pieces = [piece(300)._replace(rest_seconds=rest) for rest in (0.0, 0.5, 0.0, 0.2, 0.0)]
    assert [0.5, 0.2] == [item.rest_seconds for item in joined(pieces, lambda: 0.8) if isinstance(item, Block)]


@pytest.mark.parametrize(
    "other", [Gap(0.5, "decode"), State("lost", "why"), piece(100, rate=2000), piece(100, channels=2)]
)
def test_what_does_not_fit_ends_a_block(other: Item) -> None:
    """And keeps its place."""
    kinds = [type(item).__name__ for item in joined([piece(100), piece(100), other, piece(100)], lambda: 1.0)]
    assert ["Block", type(other).__name__, "Block"] == kinds


def test_an_error_comes_after_what_was_heard_before_it() -> None:
    """Nothing is lost by it."""

    def broken() -> Iterator[Item]:
        yield piece(100)
        raise OSError("gone")

    items = joined(broken(), lambda: 1.0)
    assert 100 == len(next(items).samples)  # type: ignore[union-attr]
    with pytest.raises(OSError, match="gone"):
        next(items)


def test_the_length_may_change_on_the_way() -> None:
    """A stream that turns out to be a download."""
    lengths = iter([0.1, 1.0, 1.0])
    blocks = list(joined([piece(100), piece(500), piece(500)], lambda: next(lengths)))
    assert [100, 1000] == [len(block.samples) for block in blocks]  # type: ignore[union-attr]
