"""What a run learns from and how: the tables of a recipe that matter to training alone."""

from dataclasses import dataclass, field

from sed.recipe.fields import Config, require, require_chance


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
            require_chance(self, name)
        require(self.equalise_db >= 0.0, f"equalise_db must not be negative, got {self.equalise_db}")
        require(self.events_mean >= 1.0, f"events_mean must be at least 1, got {self.events_mean}")
        require(self.distractors_mean >= 0.0, f"distractors_mean must not be negative, got {self.distractors_mean}")
        for low, high in (("bed_db_low", "bed_db_high"), ("snr_db_low", "snr_db_high")):
            require(getattr(self, low) <= getattr(self, high), f"{low} must not be above {high}")
        require(0.0 <= self.speed_range < 0.5, f"speed_range must be 0 to 0.5, got {self.speed_range}")


@dataclass(frozen=True, kw_only=True)
class DataConfig(Config):
    """Which sounds are events, and which clips are learnt from and held out.

    Attributes:
        labels: of the events; what else the data has a label for is no event. Empty: all labels of the data.
        train_folds: learnt from; empty: every fold that is not held out.
        validation_folds: held out, to validate on; may be empty.
        validation_scenes: how many to mix of these.
    """

    labels: tuple[str, ...] = ()
    train_folds: tuple[int, ...] = ()
    validation_folds: tuple[int, ...] = (5,)
    validation_scenes: int = 200

    def __post_init__(self) -> None:
        both = sorted(set(self.train_folds) & set(self.validation_folds))
        require(not both, f"folds {both} are both trained on and validated on")
        require(self.validation_scenes > 0, f"validation_scenes must be positive, got {self.validation_scenes}")


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
            require_chance(self, name)
        for name in ("gain_db", "filter_augment_db", "mel_masks", "time_masks"):
            require(getattr(self, name) >= 0, f"{name} must not be negative, got {getattr(self, name)}")
        require(self.mel_mask_bins > 0, f"mel_mask_bins must be positive, got {self.mel_mask_bins}")
        require(self.time_mask_seconds > 0, f"time_mask_seconds must be positive, got {self.time_mask_seconds}")
        require(self.mixup_labels in ("soft", "hard"), f"mixup_labels must be soft or hard, got {self.mixup_labels!r}")


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
        require(self.kind in ("bce", "focal"), f"kind must be bce or focal, got {self.kind!r}")
        for name in ("focal_gamma", "clip", "loudest", "border", "border_seconds"):
            require(getattr(self, name) >= 0.0, f"{name} must not be negative, got {getattr(self, name)}")
        require(0.0 <= self.label_smoothing < 1.0, f"label_smoothing must be 0 to 1, got {self.label_smoothing}")
        wrong = sorted(label for label, weight in self.class_weights.items() if weight < 0.0)
        require(not wrong, f"class_weights must not be negative, as for {', '.join(wrong)}")


MOST_SEED = 2**32 - 1  # that numpy takes
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
        for name in ("steps", "batch_size", "validate_every_steps", "learning_rate", "gradient_clip"):
            require(getattr(self, name) > 0, f"{name} must be positive, got {getattr(self, name)}")
        require(0 <= self.seed <= MOST_SEED, f"seed must be 0 to {MOST_SEED}, got {self.seed}")
        require(0.0 <= self.ema_decay < 1.0, f"ema_decay must be 0 or more and below 1, got {self.ema_decay}")
        # Averaging of the weights begins when the warm-up ends.
        require(
            0 < self.warmup_steps < self.steps,
            f"warmup_steps must be 1 to steps - 1, got {self.warmup_steps} of {self.steps}",
        )
        require(
            self.steps % self.validate_every_steps == 0,
            f"steps must be a multiple of validate_every_steps, got {self.steps}, {self.validate_every_steps}",
        )
        require(self.precision in _PRECISIONS, f"precision must be {' or '.join(_PRECISIONS)}, got {self.precision!r}")
        for name in ("weight_decay", "workers", "patience"):
            require(getattr(self, name) >= 0, f"{name} must not be negative, got {getattr(self, name)}")
        require(self.select in _SELECTIONS, f"select must be {' or '.join(_SELECTIONS)}, got {self.select!r}")
        require(
            self.patience == 0 or self.select != "last", "patience needs a figure to wait for: select must not be last"
        )
