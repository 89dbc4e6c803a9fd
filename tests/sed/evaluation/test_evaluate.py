import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile
from click.testing import Result

from edge.model.inference import Model
from edge.model.library import shipped_model
from sed.cli.evaluate import evaluate as evaluation
from sed.cli.tune import tune
from sed.data.labels import Annotation
from sed.errors import DataError
from sed.evaluation.evaluate import Report, evaluate, make_report, run_on_recordings
from sed.evaluation.inference import decode_again
from sed.evaluation.recordings import Recording, read_recordings
from sed.network.checkpoint import Checkpoint, TorchModel
from sed.report.summary import clip_table, report_values, text_table
from tests.conftest import DEMO, command, invoke


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo recording with its truth, and 5 s of silence without."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "demo.ogg").write_bytes(DEMO.read_bytes())
    (folder / "demo.tsv").write_bytes(DEMO.with_suffix(".tsv").read_bytes())
    soundfile.write(folder / "quiet.wav", [0.0] * 80_000, 16_000)
    return folder


@pytest.fixture(scope="module")
def report(model: Model, folder: Path) -> Report:
    """Of the shipped model on both."""
    return evaluate(model, read_recordings([folder]))


def sed_eval(*arguments: object) -> Result:
    """Run it in this process."""
    return invoke(evaluation, *arguments)


def of_demo(model: Model, *truth: Annotation, labels: tuple[str, ...] = (), known: bool = True) -> Report:
    """A report on the demo recording with another truth."""
    labels = labels or tuple(sorted({label for *_, label in truth}))
    return evaluate(model, [Recording(path=DEMO, truth=truth if known else None, labels=labels)])


def test_a_model_that_logs_the_truth_is_perfect(model: Model, folder: Path) -> None:
    """With its own log as truth, every F1 is 1, and onset and offset errors are 0."""
    (result, quiet) = run_on_recordings(model, read_recordings([folder]))
    recording = dataclasses.replace(result.recording, truth=result.events)
    figures = make_report(model.card, [dataclasses.replace(result, recording=recording), quiet]).to_dict()
    expected = {f"{name}_f1_macro": 1.0 for name in ("event", "segment", "intersection")}
    expected |= {"false_alarms_per_hour": 0.0, "row_f1": 1.0, "onset_error_ms": 0.0, "offset_error_ms": 0.0}
    assert expected == {key: figures[key] for key in expected}


def test_a_report_has_the_metrics_that_apply(report: Report) -> None:
    """The keys of earlier cards, the keys added since, and no clip metrics for a recording with ten labels."""
    figures = report.to_dict()
    before = {"event_f1_macro", "segment_f1_macro", "hours", "event_f1", "segment_f1"}
    before |= {"false_alarms_per_hour", "false_alarms_per_hour_bound", "false_alarms_counted_on"}
    borders = {f"{border}_{kind}_ms" for border in ("onset", "offset") for kind in ("bias", "error")}
    assert before | borders | {"intersection_f1_macro", "psds1", "psds2", "row_f1"} == set(figures)
    assert json.loads(json.dumps(figures)) == figures
    assert 56 / 3600 == pytest.approx(figures["hours"], abs=1e-3)
    assert 0.0 < min(figures["psds1"], figures["psds2"])


def test_clips_of_one_label_have_clip_metrics(model: Model, clips: Path) -> None:
    """The shipped model recognises two labels in cuts of the demo; a recording without label is not a clip."""
    figures = evaluate(model, read_recordings([clips])).to_dict()
    assert (1.0, 1.0) == (figures["clip_accuracy"], figures["clip_map"])


def test_a_table_shows_the_confusion_of_clips(model: Model, clips: Path) -> None:
    """For each label; one of the two roosters is given the highest score for dog."""
    results = run_on_recordings(model, read_recordings([clips]))
    (first, *_) = [k for k, one in enumerate(results) if "rooster" in one.recording.labels]
    scores = results[first].clip_scores * 0
    scores[model.card.labels.index("dog")] = 1.0
    results[first] = dataclasses.replace(results[first], clip_scores=scores)
    report = make_report(model.card, results)
    rows = {row[0]: row[1:] for row in clip_table(report)}
    assert ("2", "1", "dog (1)") == (rows["rooster"][0], *rows["rooster"][2:])
    assert ("2", "1.000", "2", "-") == rows["chainsaw"]
    assert ("0", "-", "0", "-") == rows["dog"]
    assert 0.75 == report.clip_accuracy
    assert [name for name in ("chainsaw", "rooster") if f"\n{name} " in text_table(report)] == ["chainsaw", "rooster"]


def test_clip_accuracy_needs_two_labels(model: Model, clips: Path) -> None:
    """With a single label, the highest score is always right."""
    results = run_on_recordings(model, read_recordings([clips]))
    (roosters, others) = ([one for one in results if ("rooster" in one.recording.labels) == there] for there in (1, 0))
    alone = make_report(model.card, roosters)
    assert ({}, 1.0) == (alone.clip_precision, alone.clip_accuracy)
    quiet = [one for one in others if not one.recording.labels]
    louder = [dataclasses.replace(one, clip_scores=one.clip_scores * 0 + 1) for one in quiet]
    assert make_report(model.card, roosters + louder).clip_precision["rooster"] < 1.0
    only = model.card.labels.index("rooster")
    card = dataclasses.replace(model.card, labels=("rooster",), decoding={"rooster": model.card.decoding["rooster"]})
    scored = [
        dataclasses.replace(one, clip_scores=one.clip_scores[[only]], scores=one.scores[:, [only]], events=())
        for one in roosters + louder
    ]
    assert make_report(card, scored).clip_accuracy is None


def test_a_recording_with_a_secondary_label_is_not_quiet(model: Model) -> None:
    """An event of that label there is not a false alarm."""
    other = Recording(path=DEMO, truth=None, labels=("siren",), secondary=("dog",))
    unknown = dataclasses.replace(other, secondary=("horn",))
    nothing_sure = dataclasses.replace(other, truth=(), labels=())
    for recording in (other, nothing_sure):
        assert (0.0, {}) == ((report := evaluate(model, [recording])).quiet_hours, report.false_alarms)
    assert 0.0 < evaluate(model, [unknown]).quiet_hours


def test_confusion_reaches_the_report(report: Report) -> None:
    """And the JSON: each true event in one row, by the label reported at its time."""
    truth = report.results[0].recording.truth
    assert truth is not None
    expected = [sum(label == name for *_, name in truth) for label in report.labels]
    assert expected == report.confusion.found.sum(axis=1).tolist()
    told = report_values(report)["confusion"]["true_events"]
    assert dict(zip(report.labels, report.confusion.found.tolist(), strict=True)) == told
    assert report.psds1 is not None
    assert report.psds2 is not None
    assert report.psds1.value < report.psds2.value


def test_an_event_up_to_the_end_loses_no_segment(model: Model, tmp_path: Path) -> None:
    """Even if the length of the recording is rounded."""
    soundfile.write(tmp_path / "a.wav", [0.0] * 160_007, 16_000)
    recording = Recording(path=tmp_path / "a.wav", truth=((1.0, 11.0, "dog"),), labels=("dog",))
    (result,) = run_on_recordings(model, [recording])
    assert 1.0 == make_report(model.card, [dataclasses.replace(result, events=((1.0, 10.0, "dog"),))]).segment_f1["dog"]


def test_labels_that_the_model_does_not_know_are_ignored(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    """With a warning; a recording of only such labels counts for false alarms, strong or weak."""
    known: Annotation = (6.6, 8.8, "rooster")
    assert of_demo(model, known).to_dict() == of_demo(model, known, (1.0, 2.0, "siren")).to_dict()
    assert "the model does not know siren" in caplog.text
    reported = sum(of_demo(model).false_alarms.values())
    assert reported > 0
    for report in (of_demo(model, (1.0, 2.0, "siren")), of_demo(model, labels=("siren",), known=False)):
        assert ({}, reported) == (report.event_f1, sum(report.false_alarms.values()))


def test_weak_labels_give_no_event_metrics(model: Model) -> None:
    """And no false alarms; frame scores are not kept, but events and clip scores are."""
    report = of_demo(model, labels=("rooster",), known=False)
    assert (0, None) == (report.results[0].scores.size, report.results[0].scores.base)
    assert ({}, None, 0.0) == (report.event_f1, report.psds1, report.quiet_hours)
    assert report.clip_accuracy is not None
    assert report.results[0].events
    assert () == decode_again(model.card, report.results[0]).events


def test_an_empty_table_is_left_out(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    """With weak labels, and a warning says what to do. A table of false alarms only is shown."""
    lines = text_table(of_demo(model, labels=("rooster",), known=False)).splitlines()
    assert ["", *model.card.labels, "clip accuracy"] == [line.split("  ")[0] for line in lines]
    assert (
        "so there are no metrics of events; give a table of them (filename onset offset event_label), or mix"
        in caplog.text
    )
    caplog.clear()
    unknown = of_demo(model)
    alarms = text_table(unknown).splitlines()
    assert (15, str(sum(unknown.false_alarms.values()))) == (len(alarms), alarms[11].split()[-1])
    assert 11 < len(text_table(of_demo(model, (6.6, 8.8, "rooster"))).splitlines())
    assert not caplog.records


def test_touching_events_of_a_label_are_merged(model: Model) -> None:
    """Annotations may overlap; the metrics do not accept it."""
    whole = of_demo(model, (6.6, 8.8, "rooster"))
    assert whole.to_dict() == of_demo(model, (7.0, 8.8, "rooster"), (6.6, 7.0, "rooster")).to_dict()


def test_a_truth_after_the_end_skips_only_its_recording(
    model: Model, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is skipped by name; without any other there is nothing to measure, and one that only ends there is cut."""
    beyond = Recording(path=DEMO, truth=((57.0, 58.0, "dog"),), labels=("dog",))
    (quiet,) = [one for one in read_recordings([folder]) if one.path.name == "quiet.wav"]
    assert [quiet] == [one.recording for one in run_on_recordings(model, [beyond, quiet])]
    assert "skipped: " in caplog.text
    assert "recording.ogg: its truth has an event after its end, 56.00 s" in caplog.text
    with pytest.raises(DataError, match="no recording can be used"):
        run_on_recordings(model, [beyond])
    (result,) = of_demo(model, (50.0, 58.0, "crackling_fire")).results
    assert ((50.0, result.seconds, "crackling_fire"),) == result.recording.truth


def test_a_file_without_samples_skips_only_itself(
    model: Model, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The figures of the others are the same."""
    soundfile.write(tmp_path / "empty.wav", [], 16_000)
    empty = Recording(path=tmp_path / "empty.wav", truth=(), labels=())
    recordings = read_recordings([folder])
    assert evaluate(model, recordings).to_dict() == evaluate(model, [empty, *recordings]).to_dict()
    assert "empty.wav: contains no samples" in caplog.text


def test_the_command_prints_and_saves(folder: Path, report: Report, tmp_path: Path) -> None:
    """A table by label, the same metrics as JSON, and a page."""
    json_path, page_path = tmp_path / "figures.json", tmp_path / "report.html"
    options = ["--data", folder, "--json", json_path, "--report", page_path, "--pictures", tmp_path / "pictures"]
    done = subprocess.run([command("sed-eval"), shipped_model(), *options], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [*report.labels, "macro"] == [line.split()[0] for line in lines[1:12]]
    assert lines[-1].endswith("0 an hour on 1 recording, too few to say what others give; 0.00 h without events")
    values = json.loads(json_path.read_text())
    assert report.to_dict() == values["figures"]
    assert [list(event) for event in report.results[0].events] == values["recordings"][0]["events"]
    assert "<!doctype html>" == page_path.read_text().splitlines()[0]
    assert {"psd-roc.png", "confusion.png"} <= {path.name for path in (tmp_path / "pictures").iterdir()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "{tmp}/none/a.json"], "there is no folder"),
        (["--report", "{tmp}"], "is a folder; give the name of a file"),
        (["--pictures", "{tmp}/mine.html", "--force"], "is a file; give a folder"),
        (["--pictures", "{tmp}"], "is not an empty folder"),
        (["--report", "{tmp}/mine.html"], "exists; give --force"),
        (["--fold", "3"], "leave --fold out"),
        (["--json", "{tmp}/new.html", "--report", "{tmp}/./new.html"], "is given to --json and to --report"),
        (["--report", "{tmp}/new.png"], "the report is a page; name it .html, or give --pictures FOLDER"),
    ],
)
def test_bad_output_paths_are_refused_before_the_model_runs(
    folder: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    """With one line, and existing files stay."""
    (tmp_path / "mine.html").write_text("mine")
    done = sed_eval(shipped_model(), "--data", folder, *(option.format(tmp=tmp_path) for option in options))
    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert "" == done.stdout
    assert "mine" == (tmp_path / "mine.html").read_text()


def test_the_command_takes_a_checkpoint(tiny_run: Path, tiny_checkpoint: Checkpoint, clips: Path) -> None:
    """With the metrics of the network itself."""
    done = sed_eval(tiny_run / "model.ckpt", "--data", clips)
    assert 0 == done.exit_code, done.stderr
    assert text_table(evaluate(TorchModel(tiny_checkpoint), read_recordings([clips]))) == done.stdout.rstrip("\n")


def test_files_that_were_trained_on_are_warned_of(tiny_run: Path, clips: Path) -> None:
    """By sed-eval and sed-tune; for held-out files there is no warning."""
    for tool in (evaluation, tune):
        shutil.copy(tiny_run / "model.ckpt", tiny_run / "again.ckpt")
        for folds, warned in (([], True), (["--fold", "2"], False)):
            arguments = [tiny_run / "again.ckpt", "--data", clips, *folds]
            done = invoke(tool, *arguments)
            assert 0 == done.exit_code, done.stderr
            assert warned == ("the model was trained on 3 of 6 recordings, so the metrics are too good" in done.stderr)
            assert warned == ("the model was trained on" in done.stderr)


def test_a_report_is_overwritten_with_force(folder: Path, tmp_path: Path) -> None:
    """Only with --force."""
    (tmp_path / "old.json").write_text("old")
    done = sed_eval(shipped_model(), "--data", folder, "--json", tmp_path / "old.json", "--force")
    assert 0 == done.exit_code, done.stderr
    assert "figures" in json.loads((tmp_path / "old.json").read_text())
