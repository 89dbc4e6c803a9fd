"""What a training run is made of: one frozen dataclass a subject, filled from a recipe's TOML.

Every default stands here and nowhere else, and every number that follows from others is a property of the config
it follows from.
"""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from edge.card import ClassDecoding
from edge.errors import did_you_mean
from sed.errors import RecipeError


class Config:
    """Reads a frozen dataclass from plain values and back; an unknown key or a wrong type is an error."""

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str) -> Self:
        """Build from plain values.

        Args:
            values: what a TOML table or a checkpoint holds.
            where: how an error names the place, such as "recipe.toml [network]".

        Raises:
            RecipeError: if a key is unknown, a type is wrong or a value does not pass the class's own checks.
        """
        fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]  # subclasses are dataclasses
        hints = typing.get_type_hints(cls)
        made: dict[str, Any] = {}
        for key, value in values.items():
            if key not in fields:
                raise RecipeError(f"{where}: unknown key {key!r}{did_you_mean(key, fields)}")
            made[key] = _convert(hints[key], value, f"{where} {key}")
        try:
            return cls(**made)
        except (TypeError, ValueError) as exc:
            raise RecipeError(f"{where}: {exc}") from exc

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        values: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload]  # subclasses are dataclasses
        return values


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise RecipeError(f"{where}: expected a list, got {value!r}")
        return tuple(_convert(typing.get_args(hint)[0], item, where) for item in value)
    if origin is dict:
        inner = typing.get_args(hint)[1]
        return {key: _convert(inner, item, f"{where}.{key}") for key, item in _table(value, where).items()}
    if isinstance(hint, type) and issubclass(hint, Config):
        return hint.from_dict(_table(value, where), where)
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not any(type(value) is kind for kind in allowed):
        names = " or ".join(kind.__name__ for kind in allowed)
        raise RecipeError(f"{where}: expected {names}, got {value!r}")
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{where}: expected a table, got {value!r}")
    return value


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _require_chance(config: Config, name: str) -> None:
    _require(0.0 <= getattr(config, name) <= 1.0, f"{name} is a probability, got {getattr(config, name)}")


@dataclass(frozen=True, kw_only=True)
class FrontendConfig(Config):
    """The log-mel frontend, in the words of torchlibrosa."""

    sample_rate: int = 16000
    n_fft: int = 512
    hop_length: int = 200
    n_mels: int = 64
    fmin: float = 50.0
    fmax: float = 8000.0
    amin: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_mels"):
            _require(getattr(self, name) > 0, f"{name} must be positive, got {getattr(self, name)}")
        _require(self.amin > 0, f"amin must be positive, got {self.amin}")
        _require(self.n_fft >= 2 and self.n_fft % 2 == 0, f"n_fft must be even, got {self.n_fft}")
        _require(0 < self.hop_length <= self.n_fft, f"hop_length must be 1 to n_fft, got {self.hop_length}")
        _require(
            0 <= self.fmin < self.fmax <= self.sample_rate / 2,
            f"fmin < fmax <= sample_rate / 2 must hold, got {self.fmin}, {self.fmax} at {self.sample_rate} Hz",
        )

    @property
    def overlap_samples(self) -> int:
        """Samples that a spectrogram frame shares with the next: `n_fft - hop_length`."""
        return self.n_fft - self.hop_length


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Config):
    """The network: a block a width, each of two convolutions, then the recurrent and attending head."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    time_strides: tuple[int, ...] = (2, 2, 1, 1)
    second_time_kernels: tuple[int, ...] = (3, 3, 1, 1)
    embedding_size: int = 128
    gru_size: int = 64  # 0 leaves the recurrence out
    head_stride: int = 2
    attention_heads: int = 4  # 0 leaves the self-attention out
    dropout: float = 0.2

    def __post_init__(self) -> None:
        _require(
            len(self.widths) == len(self.time_strides) == len(self.second_time_kernels) > 0,
            "widths, time_strides and second_time_kernels need one entry a block",
        )
        _require(
            all(kernel % 2 == 1 for kernel in self.second_time_kernels),
            f"second_time_kernels must be odd, got {self.second_time_kernels}",
        )
        _require(self.head_stride >= 1, f"head_stride must be at least 1, got {self.head_stride}")
        _require(
            self.gru_size == 0 or 2 * self.gru_size == self.embedding_size,
            f"gru_size must be 0 or half of embedding_size {self.embedding_size} (two ways), got {self.gru_size}",
        )
        _require(
            self.attention_heads == 0 or (self.attention_heads > 0 and self.embedding_size % self.attention_heads == 0),
            f"attention_heads must divide embedding_size or be 0, got {self.attention_heads}, {self.embedding_size}",
        )

    @property
    def time_stride(self) -> int:
        """Spectrogram frames to one frame of the network."""
        stride = 1
        for block in self.time_strides:
            stride *= block
        return stride

    @property
    def context_spectrogram_frames(self) -> int:
        """Spectrogram frames that the valid time convolutions consume before the first frame comes out."""
        consumed, stride = 0, 1
        for block, kernel in zip(self.time_strides, self.second_time_kernels, strict=True):
            consumed += (3 - 1 + max(0, kernel - block)) * stride
            stride *= block
        return consumed


@dataclass(frozen=True, kw_only=True)
class StreamConfig(Config):
    """The sliding window that the runtime uses unless told otherwise, in seconds."""

    window: float = 10.0
    hop: float = 1.0
    lookahead: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DecodingConfig(Config):
    """How frame scores of one class become events, in the recipe's units (seconds)."""

    on: float = 0.5
    off: float = 0.3
    median: float = 0.35
    shortest: float = 0.1
    merge: float = 0.2

    def __post_init__(self) -> None:
        _require(0.0 < self.off <= self.on < 1.0, f"0 < off <= on < 1 must hold, got off {self.off}, on {self.on}")

    def to_frames(self, frame_seconds: float) -> ClassDecoding:
        """The same in frames, the median length made odd."""
        return ClassDecoding(
            on=self.on,
            off=self.off,
            median_frames=2 * max(0, round((self.median / frame_seconds - 1) / 2)) + 1,
            shortest_frames=max(1, round(self.shortest / frame_seconds)),
            merge_frames=round(self.merge / frame_seconds),
        )


@dataclass(frozen=True, kw_only=True)
class SceneConfig(Config):
    """Soundscapes mixed on the fly. Levels in dB full scale, ratios in dB of level over the bed."""

    bed_db_low: float = -70.0
    bed_db_high: float = -25.0
    snr_db_low: float = 0.0
    snr_db_high: float = 30.0
    events_mean: float = 2.5  # in scenes that are not free of events
    distractors_mean: float = 1.2
    event_free: float = 0.2
    silent_bed: float = 0.05
    silent_start: float = 0.1
    real_beds: float = 0.5  # where the data has backgrounds
    recordings: float = 0.0  # share of scenes that are crops of recordings, with the labels they have
    extended: float = 0.25
    speed_range: float = 0.2
    equalise_db: float = 6.0
    low_pass: float = 0.25

    def __post_init__(self) -> None:
        for name in ("event_free", "silent_bed", "silent_start", "real_beds", "recordings", "extended", "low_pass"):
            _require_chance(self, name)
        _require(self.equalise_db >= 0.0, f"equalise_db must not be negative, got {self.equalise_db}")
        _require(self.events_mean >= 1.0, f"events_mean must be at least 1, got {self.events_mean}")
        _require(self.distractors_mean >= 0.0, f"distractors_mean must not be negative, got {self.distractors_mean}")
        for low, high in (("bed_db_low", "bed_db_high"), ("snr_db_low", "snr_db_high")):
            _require(getattr(self, low) <= getattr(self, high), f"{low} must not be above {high}")
        _require(0.0 <= self.speed_range < 0.5, f"speed_range must be 0 to 0.5, got {self.speed_range}")


@dataclass(frozen=True, kw_only=True)
class DataConfig(Config):
    """Which clips are learnt from and which are looked at."""

    train_folds: tuple[int, ...] = (1, 2, 3)
    validation_folds: tuple[int, ...] = (4,)
    validation_scenes: int = 200

    def __post_init__(self) -> None:
        both = sorted(set(self.train_folds) & set(self.validation_folds))
        _require(not both, f"folds {both} are both trained on and validated on")


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Config):
    """What is done to a batch of scenes on the device that trains; 0 leaves a thing out."""

    gain_db: float = 0.0  # of a whole scene, up or down
    time_shift: float = 0.0  # chance of a scene to be turned around in time, labels and all
    mixup: float = 0.0  # chance of a scene to be mixed with another
    mixup_labels: str = "soft"  # by the shares of both, or "hard": whatever is in either
    filter_augment_db: float = 6.0
    mel_masks: int = 1
    mel_mask_bins: int = 12  # fewer than this a mask
    time_masks: int = 0
    time_mask_seconds: float = 0.5  # shorter than this a mask

    def __post_init__(self) -> None:
        for name in ("time_shift", "mixup"):
            _require_chance(self, name)
        for name in ("gain_db", "filter_augment_db", "mel_masks", "time_masks"):
            _require(getattr(self, name) >= 0, f"{name} must not be negative, got {getattr(self, name)}")
        _require(self.mel_mask_bins > 0, f"mel_mask_bins must be positive, got {self.mel_mask_bins}")
        _require(self.time_mask_seconds > 0, f"time_mask_seconds must be positive, got {self.time_mask_seconds}")
        _require(self.mixup_labels in ("soft", "hard"), f"mixup_labels must be soft or hard, got {self.mixup_labels!r}")


@dataclass(frozen=True, kw_only=True)
class LossConfig(Config):
    """Terms and weights of the loss; the frames' own term has the weight 1."""

    kind: str = "bce"
    focal_gamma: float = 2.0  # where kind is focal
    clip: float = 0.5
    loudest: float = 0.5
    border: float = 0.0  # how much more a frame within border_seconds of an onset or offset weighs
    border_seconds: float = 0.1
    label_smoothing: float = 0.0
    class_weights: dict[str, float] = field(default_factory=dict)  # 1 where a label has none

    def __post_init__(self) -> None:
        _require(self.kind in ("bce", "focal"), f"kind must be bce or focal, got {self.kind!r}")
        for name in ("focal_gamma", "clip", "loudest", "border", "border_seconds"):
            _require(getattr(self, name) >= 0.0, f"{name} must not be negative, got {getattr(self, name)}")
        _require(0.0 <= self.label_smoothing < 1.0, f"label_smoothing must be 0 to 1, got {self.label_smoothing}")
        wrong = sorted(label for label, weight in self.class_weights.items() if weight < 0.0)
        _require(not wrong, f"class_weights must not be negative, as for {', '.join(wrong)}")


_SELECTIONS = ("frame_map", "frame_f1", "loss", "last")
_PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """Optimiser and schedule."""

    seed: int = 1
    steps: int = 4000
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 200
    gradient_clip: float = 5.0
    ema_decay: float = 0.999
    precision: str = "32-true"
    workers: int = 1
    validate_every_steps: int = 250
    select: str = "frame_map"  # the validation figure whose best weights are kept; or the last ones
    patience: int = 0  # validations without a better figure before the run ends early; 0 for never

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "validate_every_steps"):
            _require(getattr(self, name) > 0, f"{name} must be positive, got {getattr(self, name)}")
        # Averaging of the weights begins when the warm-up ends.
        _require(
            0 < self.warmup_steps < self.steps,
            f"warmup_steps must be 1 to steps - 1, got {self.warmup_steps} of {self.steps}",
        )
        _require(
            self.steps % self.validate_every_steps == 0,
            f"steps must be a multiple of validate_every_steps, got {self.steps}, {self.validate_every_steps}",
        )
        _require(self.precision in _PRECISIONS, f"precision must be {' or '.join(_PRECISIONS)}, got {self.precision!r}")
        for name in ("workers", "patience"):
            _require(getattr(self, name) >= 0, f"{name} must not be negative, got {getattr(self, name)}")
        _require(self.select in _SELECTIONS, f"select must be {' or '.join(_SELECTIONS)}, got {self.select!r}")
        _require(
            self.patience == 0 or self.select != "last", "patience needs a figure to wait for: select must not be last"
        )


@dataclass(frozen=True, kw_only=True)
class Recipe(Config):
    """Everything that a recipe's TOML may say."""

    name: str
    description: str = ""
    licence: str = ""
    trained_on: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    decoding: dict[str, DecodingConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("window", "hop", "lookahead"):
            seconds = getattr(self.stream, name)
            frames = seconds / self.frame_seconds
            _require(
                abs(frames - round(frames)) < 1e-6 and (frames > 0.5 or (name == "lookahead" and frames == 0)),
                f"stream.{name} must be a whole number of frames of {self.frame_seconds:g} s, got {seconds:g} s",
            )
        _require(
            self.stream.window >= self.stream.hop + self.stream.lookahead, "stream.window must hold hop and lookahead"
        )
        _require(
            bool(self.data.validation_folds) or self.training.select == "last",
            'without validation_folds there is no figure to choose weights by: set training.select = "last"',
        )
        for settings in self.decoding.values():
            settings.to_frames(self.frame_seconds)  # checks itself

    def require_labels(self, labels: Collection[str]) -> None:
        """Every decoding table must be for a label of the data, or `default`, and every class weight too.

        Raises:
            RecipeError: naming the first that is not.
        """
        for table, names in (("decoding", self.decoding), ("loss.class_weights", self.loss.class_weights)):
            for name in names:
                if name not in labels and (table, name) != ("decoding", "default"):
                    raise RecipeError(f"[{table}] {name}: the data has no such label{did_you_mean(name, labels)}")

    @property
    def frame_samples(self) -> int:
        """P: samples to one frame."""
        return self.frontend.hop_length * self.network.time_stride

    @property
    def context_samples(self) -> int:
        """Samples that must precede the first frame's own."""
        overlap = self.frontend.overlap_samples
        return overlap + self.network.context_spectrogram_frames * self.frontend.hop_length

    @property
    def frame_seconds(self) -> float:
        """Length of a frame."""
        return self.frame_samples / self.frontend.sample_rate

    def frames(self, seconds: float) -> int:
        """Whole frames nearest to `seconds`."""
        return round(seconds / self.frame_seconds)

    def class_decoding(self, label: str) -> ClassDecoding:
        """Decoder settings of one class: its own table, else the table `default`, else the defaults."""
        chosen = self.decoding.get(label, self.decoding.get("default", DecodingConfig()))
        return chosen.to_frames(self.frame_seconds)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        RecipeError: if the file is missing, is no TOML, or says something that no config knows.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise RecipeError(f"{path}: cannot be read ({exc.strerror}); give the path of a recipe's TOML") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RecipeError(f"{path}: is not valid TOML: {exc}") from exc
    return Recipe.from_dict({"name": path.stem, **values}, str(path))
