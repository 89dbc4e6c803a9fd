import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import Result
from numpy.typing import NDArray

from edge.detection.events import Event
from edge.errors import SettingError
from edge.model.inference import Floats, Model, Step
from edge.model.library import shipped_model
from edge.model.score_stream import window_of
from export.checks import (
    Agreement,
    agreement,
    event_f1,
    limits_of,
    made_signals,
    require_alike,
    shared_events,
    stream_difference,
)
from export.cli.verify import verify
from export.write import save
from sed.evaluation.metrics import event_f1 as reference_f1
from tests.conftest import DEMO, command, invoke


def run_verify(*arguments: object) -> Result:
    """Run sed-verify in this process."""
    return invoke(verify, *arguments)


class Forgetful:
    """A model that scales its scores by how much it had heard before: no stream of it equals its windows."""

    def __init__(self, model: Model) -> None:
        self.card, self.embedding_size = model.card, model.embedding_size
        self._model = model

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        step = self._model.step(audio, embeddings)
        return step._replace(scores=step.scores * (0.5 if embeddings.shape[1] else 1.0))


def changed(path: Path, out: Path) -> Path:
    """A file whose last layer says something else."""
    proto = onnx.load(path)
    bias = next(tensor for tensor in proto.graph.initializer if tensor.name.endswith("classify_coarse.bias"))
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(3.0), bias.name))
    save(proto, Model(path).card, out)
    return out


def test_the_shipped_model_proves_itself() -> None:
    """On recordings, and on sounds made up where none are given; the verdict names the provider."""
    done = subprocess.run([command("sed-verify"), shipped_model(), DEMO], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    without = run_verify(shipped_model())
    assert (0, "") == (without.exit_code, without.stderr), without.stdout
    for output in (done.stdout, without.stdout):
        assert "OK on CPU: stream equals scratch within" in output


def test_a_file_agrees_with_itself_and_not_with_another(tmp_path: Path) -> None:
    """The difference, the events of both (twice the demo, for few say little), the verdict and the exit code."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "twice.wav", np.concatenate([audio, audio]), rate)
    done = run_verify(shipped_model(), tmp_path / "twice.wav", "--against", shipped_model())
    assert 0 == done.exit_code
    assert "agree within 0.0e+00 (limit 2e-05), event F1 1.000" in done.stdout
    done = run_verify(changed(shipped_model(), tmp_path / "c.onnx"), DEMO, "--against", shipped_model())
    assert 1 == done.exit_code
    assert f"FAILED: {DEMO}: a score differs from the other model's by" in done.stdout
    assert "OK" not in done.stdout


def test_a_file_agrees_with_its_checkpoint(tiny_run: Path, tiny_file: Path) -> None:
    """The one use that needs torch."""
    done = run_verify(tiny_file, DEMO, "--against", tiny_run / "model.ckpt")
    assert 0 == done.exit_code, done.stdout + done.stderr
    assert "the two agree within" in done.stdout


def test_a_stream_that_is_not_its_windows_is_found(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """By half of the highest score."""
    assert stream_difference(model, demo_audio, window_of(model.card)) <= 1e-5
    assert stream_difference(Forgetful(model), demo_audio, window_of(model.card)) > 0.3


def test_events_are_shared_by_the_fields_rule() -> None:
    """The same F1 as sed_scores_eval, for events whose borders were shaken."""
    rng = np.random.default_rng(0)
    starts = np.arange(0, 2000, 100)
    events = [Event(label="a", onset_frame=s, offset_frame=s + 40, confidence=1.0, closed_by="silence") for s in starts]
    shaken = [
        dataclasses.replace(event, onset_frame=event.onset_frame + on, offset_frame=event.offset_frame + off)
        for event, (on, off) in zip(events, rng.integers(-12, 13, size=(len(events), 2)) * [1, 2], strict=True)
        if event.onset_frame + on >= 0
    ]
    seconds = [[(e.onset_frame / 20, e.offset_frame / 20, e.label) for e in log] for log in (shaken, events)]
    expected = reference_f1({"r": seconds[0]}, {"r": seconds[1]}, {"r": 200.0})["a"]
    shared = shared_events(shaken, events, 0.05)
    assert expected == pytest.approx(event_f1([Agreement(0.0, shared, (len(shaken), len(events)))]))
    assert 0.0 < expected < 1.0


def test_too_few_events_say_nothing() -> None:
    """One of one missed would be an F1 of 0."""
    assert event_f1([Agreement(0.0, 0, (1, 0))]) is None


def test_unlike_networks_are_not_compared(model: Model) -> None:
    """What differs is named."""
    with pytest.raises(SettingError, match=r"hop_frames is 20 in .* and 10 in"):
        require_alike(model.card, dataclasses.replace(model.card, hop_frames=10))


def test_no_torch_is_loaded() -> None:
    """Nor anything else of training."""
    script = (
        "import sys\nfrom export.cli.verify import verify\n"
        f"verify([{str(shipped_model())!r}, {str(DEMO)!r}], standalone_mode=False)\n"
        "print(sorted(set(sys.modules) & {'torch', 'torchlibrosa', 'lightning', 'onnx', 'sed_scores_eval', 'tqdm'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_other_decoder_settings_are_no_difference(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Both logs are made with the settings of the file that is judged."""
    other = Model(shipped_model())
    strict = {label: dataclasses.replace(entry, on=0.99) for label, entry in other.card.decoding.items()}
    other.card = dataclasses.replace(other.card, decoding=strict)
    found = agreement(model, other, demo_audio)
    assert (0.0, found.shared_events) == (found.score, found.reported_events[0]) != (0.0, 0)


def test_limits_are_those_of_the_coarser_precision() -> None:
    """But a stream must equal itself as its own precision can."""
    assert (0.5, 0.9, 1e-5) == (*limits_of("fp32", "int8")[::2], limits_of("fp32", "int8").stream)
    assert 1e-5 == limits_of("int8", "fp16").stream


def test_made_signals_have_their_length() -> None:
    """Within [-1, 1], like all audio here."""
    for signal in made_signals(16_000, 1000).values():
        assert (1000,) == signal.shape and np.abs(signal).max() <= 1.0


def test_bad_input_gets_one_clear_line(tmp_path: Path) -> None:
    """A file that is none, a recording that is none, one that proves nothing."""
    (tmp_path / "a.wav").write_text("no sound")
    soundfile.write(tmp_path / "short.wav", np.zeros(1600), 16_000)
    for arguments, code, message in (
        ([tmp_path / "a.onnx"], 1, "no such model"),
        ([shipped_model(), tmp_path / "a.wav"], 1, "a.wav"),
        ([shipped_model(), tmp_path / "short.wav"], 2, "is shorter than one hop"),
        ([shipped_model(), DEMO, "--against", tmp_path / "a.wav"], 1, "is not a checkpoint"),
    ):
        done = run_verify(*arguments)
        assert code == done.exit_code
        assert message in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
