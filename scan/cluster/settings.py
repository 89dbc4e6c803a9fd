"""What a scan does with each file, as it is sent to the workers."""

import hashlib
import json
from typing import Any, NamedTuple

from edge.detection import Decoder
from edge.model import Card, ClassDecoding, Window


class ScanSettings(NamedTuple):
    """What a scan does with each file. What changes no row is not in its `hash`.

    Attributes:
        destination: path or URL.
        run: name of this run, in the names of its shards.
        model_hash: of the model file, a copy of which is in the destination.
        model_id: from its card.
        window: lengths of the sliding window.
        decoding: label -> settings.
        labels: reported ones; all if None.
        channel: `mix` or a number from 1.
        started_at: where times of day are looked for.
        timezone: of times without one.
        part_seconds: length of the parts of long recordings; 0 to split none.
        time_limit_seconds: for one file, or one part.
        keep_scores: whether frame scores are kept.
        provider: that runs the model.
    """

    destination: str
    run: str
    model_hash: str
    model_id: str
    window: Window
    decoding: dict[str, ClassDecoding]
    labels: list[str] | None
    channel: str
    started_at: str
    timezone: str | None
    part_seconds: float
    time_limit_seconds: float
    keep_scores: bool
    provider: str

    def described(self) -> dict[str, Any]:
        """The settings that rows depend on, as JSON takes them."""
        return {
            "window": list(self.window),
            "decoding": {
                label: [each.on, each.off, each.median_frames, each.shortest_frames, each.merge_frames]
                for label, each in self.decoding.items()
            },
            "labels": self.labels,
            "channel": self.channel,
            "started_at": self.started_at,
            "timezone": self.timezone,
        }

    @property
    def hash(self) -> str:
        """Of the model file and of `described`."""
        text = json.dumps(self.described(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256((self.model_hash + text).encode()).hexdigest()[:16]

    def make_decoder(self, card: Card) -> Decoder:
        """A decoder for one file."""
        return Decoder(card.labels, self.decoding, self.labels)
