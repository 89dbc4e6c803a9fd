"""Pieces of sound as they come from a decoder, joined into longer ones: what is done once a block costs less."""

from collections.abc import Iterable, Iterator

import numpy as np

from edge.sources.source import Block, Item


def joined(items: Iterable[Item], seconds: float) -> Iterator[Item]:
    """The same sound in blocks that last so long, or a little longer.

    Whatever is no block, and a block of another rate or of other channels, ends the block before it. A joined block
    was heard when its first piece was.

    Args:
        items: of one source, in their order.
        seconds: that a block should last.

    >>> halves = [Block(np.zeros((500, 1), dtype=np.float32), 1000) for _ in range(5)]
    >>> [len(item.samples) for item in joined(halves, 1.0)]
    [1000, 1000, 500]
    """
    waiting: list[Block] = []
    samples = 0
    for item in items:
        if waiting and not (isinstance(item, Block) and _fits(waiting[-1], item)):
            yield _block(waiting)
            waiting, samples = [], 0
        if not isinstance(item, Block):
            yield item
            continue
        waiting.append(item)
        samples += len(item.samples)
        if samples >= seconds * item.sample_rate:
            yield _block(waiting)
            waiting, samples = [], 0
    if waiting:
        yield _block(waiting)


def _fits(before: Block, block: Block) -> bool:
    return before.sample_rate == block.sample_rate and before.samples.shape[1] == block.samples.shape[1]


def _block(pieces: list[Block]) -> Block:
    if len(pieces) == 1:
        return pieces[0]
    return pieces[0]._replace(samples=np.concatenate([piece.samples for piece in pieces]))
