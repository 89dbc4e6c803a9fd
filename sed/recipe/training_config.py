"""The tables of a recipe that are used by training alone: data, scenes, augmentation, loss, optimiser."""

from dataclasses import dataclass, field

from sed.recipe.fields import Config, require, require_probability


@dataclass(frozen=True, kw_only=True)
class SceneConfig(Config):
    """Soundscapes mixed on the fly. Levels are in dB full scale; SNRs are in dB over the bed, the background noise."""

    seconds: float = 10.0  # length of a scene
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
    recordings: float = 0.0  # share of scenes that are crops of recordings, with their labels
    extended: float = 0.25
    speed_range: float = 0.2
    equalise_db: float = 6.0
    low_pass: float = 0.25

    def __post_init__(self) -> None:
        for name in ("event_free", "silent_bed", "silent_start", "real_beds", "recordings", "extended", "low_pass"):
            require_probability(self, name)
        require(self.equalise_db >= 0.0, f"equalise_db must not be negative, got {self.equalise_db}")
        require(self.events_mean >= 1.0, f"events_mean must be at least 1, got {self.events_mean}")
        require(self.distractors_mean >= 0.0, f"distractors_mean must not be negative, got {self.distractors_mean}")
        for low, high in (("bed_db_low", "bed_db_high"), ("snr_db_low", "snr_db_high")):
            require(getattr(self, low) <= getattr(self, high), f"{low} must not be above {high}")
        require(0.0 <= self.speed_range < 0.5, f"speed_range must be 0 to 0.5, got {self.speed_range}")


@dataclass(frozen=True, kw_only=True)
class DataConfig(Config):
    """Which sounds are events, and which folds are for training and for validation.

    Attributes:
        labels: of the events; sounds with other labels are not events. Empty: all labels of the data.
        train_folds: for training; empty: all folds that are not for validation.
        validation_folds: for validation; may be empty.
        validation_scenes: number of scenes that are mixed from the validation folds.
        fewest_sounds: the least number of events of each label that can be cut out for training; 0: any.
    """

    labels: tuple[str, ...] = ()
    train_folds: tuple[int, ...] = ()
    validation_folds: tuple[int, ...] = (5,)
    validation_scenes: int = 200
    fewest_sounds: int = 0

    def __post_init__(self) -> None:
        both = sorted(set(self.train_folds) & set(self.validation_folds))
        require(not both, f"folds {both} are both trained on and validated on")
        require(self.validation_scenes > 0, f"validation_scenes must be positive, got {self.validation_scenes}")
        require(self.fewest_sounds >= 0, f"fewest_sounds must not be negative, got {self.fewest_sounds}")


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Config):
    """Augmentation of batches of scenes, on the device that trains; 0 turns one off."""

    gain_db: float = 0.0  # of a whole scene, up or down
    time_shift: float = 0.0  # probability that a scene and its labels are rotated in time
    mixup: float = 0.0  # probability that a scene is mixed with another
    mixup_labels: str = "soft"  # weighted by the shares of both scenes, or "hard": the labels of both
    filter_augment_db: float = 6.0
    mel_masks: int = 1
    mel_mask_bins: int = 12  # a mask has fewer than this
    time_masks: int = 0
    time_mask_seconds: float = 0.5  # a mask is shorter than this

    def __post_init__(self) -> None:
        for name in ("time_shift", "mixup"):
            require_probability(self, name)
        for name in ("gain_db", "filter_augment_db", "mel_masks", "time_masks"):
            require(getattr(self, name) >= 0, f"{name} must not be negative, got {getattr(self, name)}")
        require(self.mel_mask_bins > 0, f"mel_mask_bins must be positive, got {self.mel_mask_bins}")
        require(self.time_mask_seconds > 0, f"time_mask_seconds must be positive, got {self.time_mask_seconds}")
        require(self.mixup_labels in ("soft", "hard"), f"mixup_labels must be soft or hard, got {self.mixup_labels!r}")


@dataclass(frozen=True, kw_only=True)
class LossConfig(Config):
    """Terms and weights of the loss; the term of the frames has the weight 1."""

    kind: str = "bce"
    focal_gamma: float = 2.0  # if kind is focal
    clip: float = 0.5
    loudest: float = 0.5
    border: float = 0.0  # additional weight of a frame within border_seconds of an onset or offset
    border_seconds: float = 0.1
    label_smoothing: float = 0.0
    class_weights: dict[str, float] = field(default_factory=dict)  # 1 if a label has none

    def __post_init__(self) -> None:
        require(self.kind in ("bce", "focal"), f"kind must be bce or focal, got {self.kind!r}")
        for name in ("focal_gamma", "clip", "loudest", "border", "border_seconds"):
            require(getattr(self, name) >= 0.0, f"{name} must not be negative, got {getattr(self, name)}")
        require(0.0 <= self.label_smoothing < 1.0, f"label_smoothing must be 0 to 1, got {self.label_smoothing}")
        wrong = sorted(label for label, weight in self.class_weights.items() if weight < 0.0)
        require(not wrong, f"class_weights must not be negative, as for {', '.join(wrong)}")


MAX_SEED = 2**32 - 1  # the greatest that numpy accepts
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
    select: str = "frame_map"  # the metric of validation by which the best weights are kept; or "last"
    patience: int = 0  # validations without a better value before the run stops early; 0: never

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "validate_every_steps", "learning_rate", "gradient_clip"):
            require(getattr(self, name) > 0, f"{name} must be positive, got {getattr(self, name)}")
        require(0 <= self.seed <= MAX_SEED, f"seed must be 0 to {MAX_SEED}, got {self.seed}")
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
            self.patience == 0 or self.select != "last", "patience needs a metric to watch: select must not be last"
        )
