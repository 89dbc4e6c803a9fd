"""The card: the description of a model that its file carries, as one JSON object.

So labels, rates, window and thresholds always come with the weights. `Card.to_json` writes a card and
`Card.from_json` reads one; nothing else does.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from edge.errors import ModelError

METADATA_KEY = "sed_edge_card"
SCHEMA = 1
PRECISIONS = ("fp32", "fp16", "int8")
_OPTIONAL = ("groups", "default_labels", "ontology_ids")
# A damaged card must not allocate all memory, nor hold integers that a float cannot represent.
_LONGEST_SECONDS, _LONGEST_CONTEXT_SECONDS = 600, 60
_MOST_FRAMES = 12_000  # the cost of attention grows with their square
_GREATEST_NUMBER = 2**53
_LEAST_HZ, _GREATEST_HZ = 1000, 768_000


@dataclass(frozen=True, kw_only=True)
class ClassDecoding:
    """How the frame scores of one class become events.

    Attributes:
        on: an event begins where the smoothed score reaches this.
        off: and ends where it falls below this.
        median_frames: length of the median filter, odd.
        shortest_frames: events shorter than this are dropped.
        merge_frames: events with a gap of at most this between them are one.
    """

    on: float
    off: float
    median_frames: int
    shortest_frames: int
    merge_frames: int

    def __post_init__(self) -> None:
        _require_whole(self, "median_frames", "shortest_frames", "merge_frames")
        if not 0.0 < self.off <= self.on < 1.0:
            raise ValueError(f"0 < off <= on < 1 must hold, got off {self.off}, on {self.on}")
        if self.median_frames < 1 or self.median_frames % 2 == 0:
            raise ValueError(f"median_frames must be odd and positive, got {self.median_frames}")
        if self.shortest_frames < 1 or self.merge_frames < 0:
            raise ValueError(
                "shortest_frames must be at least 1 and merge_frames at least 0, "
                f"got {self.shortest_frames}, {self.merge_frames}"
            )


@dataclass(frozen=True, kw_only=True)
class Card:
    """One model file's description of itself.

    Attributes:
        model_id: name and fingerprint; different weights have different ones.
        parent_sha256: of the checkpoint that the file was exported from.
        labels: event labels, in the order of the classes.
        sample_rate: Hz.
        context_samples: samples of audio needed before those of the first frame.
        frame_samples: P, samples of one frame.
        window_frames: W, frames that the head sees.
        hop_frames: frames by which the window advances by default.
        lookahead_frames: frames between the newest emitted frame and the end of the window.
        grid_frames: a window must begin at a multiple of this, counted from the source's first frame, so that the
            head averages the same frames together in every window.
        decoding: label -> settings of the decoder.
        frontend: parameters of the log-mel frontend.
        precision: one of `PRECISIONS`.
        parity: greatest difference from the trained network, for each quantity that was compared.
        training: the data, the recipe and the seed that it was trained with.
        validation: figures on validation data, and what data that was.
        licence: of the weights.
        groups: name -> labels of sounds that belong together; a name that is a label too stands for its group.
        default_labels: those that are reported unless others are asked for; all if empty.
        ontology_ids: label -> its id in AudioSet's ontology, where it has one.
    """

    model_id: str
    parent_sha256: str
    labels: tuple[str, ...]
    sample_rate: int
    context_samples: int
    frame_samples: int
    window_frames: int
    hop_frames: int
    lookahead_frames: int
    grid_frames: int
    decoding: dict[str, ClassDecoding]
    frontend: dict[str, Any]
    precision: str
    parity: dict[str, float]
    training: dict[str, Any]
    validation: dict[str, Any]
    licence: str
    groups: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    default_labels: tuple[str, ...] = ()
    ontology_ids: dict[str, str] = dataclasses.field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        positive = ("sample_rate", "frame_samples", "window_frames", "hop_frames", "grid_frames")
        _require_whole(self, *positive, "context_samples", "lookahead_frames")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.context_samples < 0 or self.lookahead_frames < 0:
            raise ValueError("context_samples and lookahead_frames must not be negative")
        if not _LEAST_HZ <= self.sample_rate <= _GREATEST_HZ:
            raise ValueError(f"sample_rate must be {_LEAST_HZ} to {_GREATEST_HZ} Hz, got {self.sample_rate}")
        if self.context_samples > _LONGEST_CONTEXT_SECONDS * self.sample_rate:
            raise ValueError(
                f"context_samples must be at most {_LONGEST_CONTEXT_SECONDS} s, got {self.context_samples}"
            )
        frames = [self.window_frames + self.grid_frames, self.hop_frames, self.lookahead_frames]
        frames += [settings.median_frames for settings in self.decoding.values()]
        if max(frames) > min(_MOST_FRAMES, _LONGEST_SECONDS * self.sample_rate / self.frame_samples):
            raise ValueError(
                f"window with grid, hop, lookahead and medians must each be at most {_LONGEST_SECONDS} s and "
                f"{_MOST_FRAMES} frames, got {max(frames)} frames"
            )
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be distinct and at least one, got {list(self.labels)}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be {' or '.join(PRECISIONS)}, got {self.precision!r}")
        if set(self.decoding) != set(self.labels):
            raise ValueError(f"decoding must have one entry a label, got {sorted(self.decoding)}")
        named = {
            *self.default_labels,
            *self.ontology_ids,
            *(label for group in self.groups.values() for label in group),
        }
        if not named <= set(self.labels):
            raise ValueError(
                "groups, default_labels and ontology_ids must name labels of the model, "
                f"got {sorted(named - set(self.labels))}"
            )

    @property
    def frame_seconds(self) -> float:
        """Length of a frame."""
        return self.frame_samples / self.sample_rate

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, where: str) -> "Card":
        """Read a card.

        Args:
            text: what `to_json` wrote.
            where: the file, as errors name it.

        Raises:
            ModelError: if a field is missing or wrong, naming it, or if the schema is newer than this runtime.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise ModelError(f"{where}: its card is not JSON ({exc}); export the model again") from exc
        if not isinstance(values, dict):
            raise ModelError(f"{where}: its card is not a JSON object; export the model again")
        names = [f.name for f in dataclasses.fields(cls)]
        # A card from before sounds had groups lacks them.
        missing = [name for name in names if name not in values and name not in _OPTIONAL]
        if missing:
            raise ModelError(f"{where}: its card lacks {', '.join(missing)}; export the model again")
        if values["schema"] != SCHEMA:
            raise ModelError(
                f"{where}: its card has schema {values['schema']!r}, this runtime reads {SCHEMA}; "
                "update sed-edge, or export the model again"
            )
        try:
            # A card of a newer version may have more fields.
            chosen = {name: values[name] for name in names if name in values}
            _require_types(chosen)
            chosen["labels"] = tuple(values["labels"])
            chosen["default_labels"] = tuple(values.get("default_labels", ()))
            chosen["groups"] = {name: tuple(labels) for name, labels in values.get("groups", {}).items()}
            chosen["decoding"] = {label: ClassDecoding(**entry) for label, entry in values["decoding"].items()}
            return cls(**chosen)
        except (TypeError, ValueError, AttributeError) as exc:
            raise ModelError(f"{where}: its card is wrong: {exc}; export the model again") from exc


def _require_types(values: dict[str, Any]) -> None:
    json.dumps(values, ensure_ascii=False).encode()  # JSON may hold text that cannot be encoded as UTF-8
    for name in ("model_id", "parent_sha256", "licence"):
        if not isinstance(values[name], str):
            raise TypeError(f"{name} must be text, got {values[name]!r}")
    for name in ("frontend", "parity", "training", "validation"):
        if not isinstance(values[name], dict):
            raise TypeError(f"{name} must be an object, got {values[name]!r}")
    if not all(
        isinstance(value, float | int) and abs(value) <= _GREATEST_NUMBER for value in values["parity"].values()
    ):
        raise TypeError(f"parity must be numbers, got {values['parity']}")
    texts = {"labels": values["labels"], "default_labels": values.get("default_labels", ())}
    texts |= {f"groups.{name}": labels for name, labels in values.get("groups", {}).items()}
    texts["ontology_ids"] = [*values.get("ontology_ids", {}).values()]
    for name, entries in texts.items():
        if not isinstance(entries, list | tuple) or not all(isinstance(entry, str) for entry in entries):
            raise TypeError(f"{name} must be text, got {entries!r}")


def _require_whole(settings: Any, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if type(value) is not int:
            raise TypeError(f"{name} must be a whole number, got {value!r}")
        if abs(value) > _GREATEST_NUMBER:
            raise ValueError(f"{name} must be at most {_GREATEST_NUMBER}")
