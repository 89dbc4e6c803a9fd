"""The settings of a training run: one frozen dataclass for each table of a recipe's TOML.

Defaults are only here and in `sed.recipe.training_config`; a number that follows from others is a property of the
config it follows from.
"""

import dataclasses
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import did_you_mean
from edge.model import ClassDecoding
from sed.errors import RecipeError
from sed.recipe.encoder import NO_ENCODER, EncoderConfig, load_encoder
from sed.recipe.fields import Config, require
from sed.recipe.training_config import AugmentConfig, DataConfig, LossConfig, SceneConfig, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class FrontendConfig(Config):
    """The log-mel frontend; the fields have the names of torchlibrosa."""

    sample_rate: int = 16000
    n_fft: int = 512
    hop_length: int = 200
    n_mels: int = 64
    fmin: float = 50.0
    fmax: float = 8000.0
    amin: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_mels"):
            require(getattr(self, name) > 0, f"{name} must be positive, got {getattr(self, name)}")
        require(self.amin > 0, f"amin must be positive, got {self.amin}")
        require(self.n_fft >= 2 and self.n_fft % 2 == 0, f"n_fft must be even, got {self.n_fft}")
        require(0 < self.hop_length <= self.n_fft, f"hop_length must be 1 to n_fft, got {self.hop_length}")
        require(
            0 <= self.fmin < self.fmax <= self.sample_rate / 2,
            f"fmin < fmax <= sample_rate / 2 must hold, got {self.fmin}, {self.fmax} at {self.sample_rate} Hz",
        )

    @property
    def overlap_samples(self) -> int:
        """Samples that a spectrogram frame shares with the next: `n_fft - hop_length`."""
        return self.n_fft - self.hop_length


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Config):
    """The network: a block of two convolutions for each of `widths`, then a head with recurrence and attention."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    time_strides: tuple[int, ...] = (2, 2, 1, 1)
    second_time_kernels: tuple[int, ...] = (3, 3, 1, 1)
    embedding_size: int = 128
    gru_size: int = 64  # 0 leaves the recurrence out
    head_stride: int = 2
    attention_heads: int = 4  # 0 leaves the self-attention out
    dropout: float = 0.2  # in the head
    encoder: str = NO_ENCODER  # or the name of a shipped one, or an .onnx file with a .toml beside it
    encoder_hop: float = 0.5  # seconds between the windows of the encoder

    def __post_init__(self) -> None:
        require(
            len(self.widths) == len(self.time_strides) == len(self.second_time_kernels) > 0,
            "widths, time_strides and second_time_kernels need one entry for each block",
        )
        require(
            all(kernel % 2 == 1 for kernel in self.second_time_kernels),
            f"second_time_kernels must be odd, got {self.second_time_kernels}",
        )
        for name in ("widths", "time_strides", "second_time_kernels"):
            require(min(getattr(self, name)) > 0, f"{name} must be positive, got {getattr(self, name)}")
        require(self.embedding_size > 0, f"embedding_size must be positive, got {self.embedding_size}")
        require(self.head_stride >= 1, f"head_stride must be at least 1, got {self.head_stride}")
        require(0.0 <= self.dropout < 1.0, f"dropout must be 0 or more and below 1, got {self.dropout}")
        require(
            self.gru_size == 0 or 2 * self.gru_size == self.embedding_size,
            f"gru_size must be 0 or half of embedding_size {self.embedding_size} (two ways), got {self.gru_size}",
        )
        require(
            self.attention_heads == 0 or (self.attention_heads > 0 and self.embedding_size % self.attention_heads == 0),
            f"attention_heads must divide embedding_size or be 0, got {self.attention_heads}, {self.embedding_size}",
        )

    @property
    def time_stride(self) -> int:
        """Spectrogram frames per frame of the network."""
        stride = 1
        for block in self.time_strides:
            stride *= block
        return stride

    @property
    def context_spectrogram_frames(self) -> int:
        """Spectrogram frames that the valid time convolutions need before the first frame of the network."""
        consumed, stride = 0, 1
        for block, kernel in zip(self.time_strides, self.second_time_kernels, strict=True):
            consumed += (3 - 1 + max(0, kernel - block)) * stride
            stride *= block
        return consumed


@dataclass(frozen=True, kw_only=True)
class StreamConfig(Config):
    """The sliding window that the runtime uses by default, in seconds."""

    window: float = 6.0
    hop: float = 1.0
    lookahead: float = 2.0


@dataclass(frozen=True, kw_only=True)
class DecodingConfig(Config):
    """How frame scores of one class become events; times in seconds."""

    on: float = 0.5
    off: float = 0.3
    median: float = 0.35
    shortest: float = 0.1
    merge: float = 0.2

    def __post_init__(self) -> None:
        require(0.0 < self.off <= self.on < 1.0, f"0 < off <= on < 1 must hold, got off {self.off}, on {self.on}")

    def to_frames(self, frame_seconds: float) -> ClassDecoding:
        """The same with times in frames; the median length is made odd."""
        return ClassDecoding(
            on=self.on,
            off=self.off,
            median_frames=2 * max(0, round((self.median / frame_seconds - 1) / 2)) + 1,
            shortest_frames=max(1, round(self.shortest / frame_seconds)),
            merge_frames=round(self.merge / frame_seconds),
        )


@dataclass(frozen=True, kw_only=True)
class Recipe(Config):
    """All settings of a training run: the content of a recipe's TOML."""

    name: str
    description: str = ""
    licence: str = ""
    trained_on: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)  # that `network.encoder` names; not in the TOML
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    decoding: dict[str, DecodingConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {f"stream.{name}": value for name, value in self.stream.to_dict().items()}
        for name, seconds in {"scenes.seconds": self.scenes.seconds, **lengths}.items():
            frames = seconds / self.frame_seconds
            require(
                abs(frames - round(frames)) < 1e-6 and (frames > 0.5 or (name == "stream.lookahead" and frames == 0)),
                f"{name} must be a whole number of frames of {self.frame_seconds:g} s, got {seconds:g} s",
            )
        require(
            self.stream.window >= self.stream.hop + self.stream.lookahead,
            "stream.window must be at least hop + lookahead",
        )
        require(
            bool(self.data.validation_folds) or self.training.select == "last",
            'without validation_folds no metric can choose the best weights: set training.select = "last"',
        )
        require(
            self.augment.mel_mask_bins <= self.frontend.n_mels
            and self.augment.time_mask_seconds <= self.scenes.seconds,
            f"a mask must fit: augment.mel_mask_bins {self.augment.mel_mask_bins} of {self.frontend.n_mels} bins, "
            f"augment.time_mask_seconds {self.augment.time_mask_seconds} of {self.scenes.seconds:g} s",
        )
        for settings in self.decoding.values():
            settings.to_frames(self.frame_seconds)  # it raises if a setting is wrong
        if self.has_encoder:
            self._check_encoder()

    def _check_encoder(self) -> None:
        rate, network, hop = self.frontend.sample_rate, self.network, self.network.encoder_hop
        require(bool(self.encoder.content), f"the encoder {network.encoder!r} was not read; use load_recipe")
        require(
            self.encoder.sample_rate == rate,
            f"the encoder takes audio at {self.encoder.sample_rate} Hz and the frontend at {rate} Hz: "
            "set frontend.sample_rate to the encoder's",
        )
        steps = hop / self.frame_seconds / network.head_stride
        require(
            round(steps) >= 1 and abs(steps - round(steps)) < 1e-6,
            f"network.encoder_hop must be a multiple of {network.head_stride * self.frame_seconds:g} s "
            f"(head_stride frames), got {hop:g} s",
        )
        least = hop + self.encoder.window_samples / rate / 2
        require(
            self.stream.lookahead >= least,
            f"stream.lookahead must be at least {least:g} s with this encoder (its hop and half of its window), "
            f"got {self.stream.lookahead:g} s",
        )

    def on_all_folds(self, decoding: dict[str, DecodingConfig]) -> "Recipe":
        """The recipe that trains on all folds, validates on none, and keeps the last weights.

        Args:
            decoding: the decoder's settings, by label.
        """
        return dataclasses.replace(
            self,
            data=dataclasses.replace(self.data, train_folds=(), validation_folds=()),
            training=dataclasses.replace(self.training, select="last", patience=0),
            decoding=decoding,
        )

    def require_labels(self, labels: Collection[str]) -> None:
        """Check that decoding tables and class weights are for labels of the data (or the table `default`).

        Raises:
            RecipeError: if one is not; it names the first.
        """
        for table, names in (("decoding", self.decoding), ("loss.class_weights", self.loss.class_weights)):
            for name in names:
                if name not in labels and (table, name) != ("decoding", "default"):
                    raise RecipeError(f"[{table}] {name}: the data has no such label{did_you_mean(name, labels)}")

    @property
    def frame_samples(self) -> int:
        """P: samples per frame."""
        return self.frontend.hop_length * self.network.time_stride

    @property
    def has_encoder(self) -> bool:
        """Whether the network has a pretrained encoder."""
        return self.network.encoder != NO_ENCODER

    @property
    def grid_frames(self) -> int:
        """A window of frames must begin at a multiple of this, counted from the source's first."""
        return self.frames(self.network.encoder_hop) if self.has_encoder else self.network.head_stride

    @property
    def state_size(self) -> int:
        """Numbers that a frame is known by between calls: its features and, with an encoder, as many of its vector."""
        return self.network.embedding_size * (2 if self.has_encoder else 1)

    @property
    def context_samples(self) -> int:
        """Samples that must precede those of the first frame."""
        encoder = self.encoder.window_samples - self.frame_samples if self.has_encoder else 0
        return max(encoder, self.convolution_context_samples)

    @property
    def convolution_context_samples(self) -> int:
        """Those of them that spectrogram and convolutions see."""
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
        RecipeError: if the file is missing, is not TOML, or has an unknown key or a wrong value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise RecipeError(f"{path}: cannot be read ({exc.strerror}); give the path of a recipe's TOML") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RecipeError(f"{path}: is not valid TOML: {exc}") from exc
    if "encoder" in values:
        raise RecipeError(f"{path}: [encoder] is no table of a recipe; name an encoder by [network] encoder")
    network = values.get("network")
    named = network.get("encoder", NO_ENCODER) if isinstance(network, dict) else NO_ENCODER
    if isinstance(named, str) and named != NO_ENCODER:
        values["encoder"] = load_encoder(named, path.parent).to_dict()
    return Recipe.from_dict({"name": path.stem, **values}, str(path))
