"""Pieces of sound as a decoder gives them, joined into blocks: what is done once a block then costs less."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from edge.sources.source import Block, Item


def joined(items: Iterable[Item], block_seconds: Callable[[], float]) -> Iterator[Item]:
    """The same sound in blocks that last at least so long, and less than one piece more.

    Anything else than a block, and a block of another rate or other channels, ends the block before it; so does an
    error, which is raised after it. The `heard_at` of a block is that of its first piece, `rest_seconds` the longest.

    Args:
        items: of one source, in their order.
        block_seconds: asked again for every block, since a source may turn out not to be live.

    >>> pieces = [Block(np.zeros((500, 1), dtype=np.float32), 1000) for _ in range(5)]
    >>> [len(item.samples) for item in joined(pieces, lambda: 1.0)]
    [1000, 1000, 500]
    """
    waiting: list[Block] = []
    samples = 0
    try:
        for item in items:
            if waiting and not (isinstance(item, Block) and _fits(waiting[-1], item)):
                yield _block(waiting)
                waiting, samples = [], 0
            if not isinstance(item, Block):
                yield item
                continue
            waiting.append(item)
            samples += len(item.samples)
            if samples >= block_seconds() * item.sample_rate:
                yield _block(waiting)
                waiting, samples = [], 0
    except Exception:
        if waiting:
            yield _block(waiting)
        raise
    if waiting:
        yield _block(waiting)


def first_joined(waiting: deque[Item], least_seconds: float) -> Item:
    """Take the first item out of those that wait; a block together with those after it, until it lasts so long.

    >>> pieces = deque(Block(np.zeros((500, 1), dtype=np.float32), 1000) for _ in range(5))
    >>> len(first_joined(pieces, 1.0).samples), len(pieces)
    (1000, 3)
    """
    first = waiting.popleft()
    if not isinstance(first, Block):
        return first
    blocks, seconds = [first], first.seconds
    while seconds < least_seconds and waiting and isinstance(waiting[0], Block) and _fits(first, waiting[0]):
        blocks.append(waiting[0])
        seconds += waiting[0].seconds
        waiting.popleft()
    return _block(blocks)


def _fits(before: Block, block: Block) -> bool:
    return before.sample_rate == block.sample_rate and before.samples.shape[1] == block.samples.shape[1]


def _block(pieces: list[Block]) -> Block:
    if len(pieces) == 1:
        return pieces[0]
    samples = np.concatenate([piece.samples for piece in pieces])
    return pieces[0]._replace(samples=samples, rest_seconds=max(piece.rest_seconds for piece in pieces))
