import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import soundfile

from edge.errors import SettingError
from edge.model.inference import Floats, Model
from sed.cli.tune import curve_table
from sed.data.labels import Annotation
from sed.errors import DataError
from sed.evaluation.evaluate import make_report, run_on_recordings
from sed.evaluation.inference import RecordingResult, decode_again
from sed.evaluation.recordings import Recording
from sed.recipe.config import DecodingConfig
from sed.tuning.choice import Aim, CurvePoint, Tuning, neighbour_mean, to_toml, tune
from tests.conftest import DEMO


@pytest.fixture(scope="module")
def results(model: Model, tmp_path_factory: pytest.TempPathFactory) -> list[RecordingResult]:
    """The first half of the demo recording, whose truth names five labels, and its second half as if free of events."""
    folder = tmp_path_factory.mktemp("halves")
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(folder / "first.wav", audio[: 26 * rate], rate)
    soundfile.write(folder / "second.wav", audio[26 * rate :], rate)
    truth = ((1.9, 3.0, "dog"), (5.0, 6.7, "dog"), (6.6, 8.8, "rooster"), (11.0, 11.3, "sneezing"))
    truth += ((15.5, 17.7, "crying_baby"), (20.8, 25.6, "clock_tick"))
    first = Recording(path=folder / "first.wav", truth=truth, labels=tuple(sorted({label for *_, label in truth})))
    return run_on_recordings(model, [first, Recording(path=folder / "second.wav", truth=(), labels=())])


def figures(model: Model, results: list[RecordingResult], chosen: dict[str, DecodingConfig]) -> dict[str, float]:
    """Event F1 and false alarms with chosen settings."""
    frames = {label: config.to_frames(model.card.frame_seconds) for label, config in chosen.items()}
    card = dataclasses.replace(model.card, decoding={**model.card.decoding, **frames})
    return make_report(card, [decode_again(card, one) for one in results]).to_dict()


def test_a_plateau_is_better_than_a_peak() -> None:
    """The highest value stands alone; the mean over neighbours prefers the broad one."""
    values = np.array([0.0, 0.9, 0.0, 0.0, 0.7, 0.8, 0.7, 0.0])
    assert (1, 5) == (values.argmax(), neighbour_mean(values, (0,)).argmax())


def test_neighbour_means_equal_scipys() -> None:
    """Along the chosen axes only."""
    values = np.random.default_rng(0).random((4, 5, 3))
    expected = scipy.ndimage.uniform_filter(values, (3, 3, 1), mode="nearest")
    np.testing.assert_allclose(expected, neighbour_mean(values, (0, 1)))


def test_labels_without_truth_keep_their_settings(
    model: Model, results: list[RecordingResult], caplog: pytest.LogCaptureFixture
) -> None:
    """And are named."""
    assert {"clock_tick", "crying_baby", "dog", "rooster", "sneezing"} == set(
        tune(model.card, results, Aim.parse("event-f1")).decoding
    )
    assert "no recording has an event of chainsaw, crackling_fire, helicopter, rain, sea_waves" in caplog.text


def test_false_alarms_stay_within_the_aim(model: Model, results: list[RecordingResult]) -> None:
    """Over all classes, including those that keep their settings; fewer of them may cost event F1."""
    quiet = results[1]
    kept = sum(label not in results[0].recording.labels for *_, label in quiet.events)
    hours = quiet.seconds / 3600
    chosen = tune(model.card, results, Aim(name="false-alarms", false_alarms_per_hour=kept / hours)).decoding
    measured = figures(model, results, chosen)
    assert kept == pytest.approx(measured["false_alarms_per_hour"] * hours, abs=0.05)
    free = figures(model, results, tune(model.card, results, Aim.parse("event-f1")).decoding)
    assert measured["event_f1_macro"] <= free["event_f1_macro"] + 0.05
    with pytest.raises(SettingError, match=f"the strictest settings still give {kept} in "):
        tune(model.card, results, Aim(name="false-alarms", false_alarms_per_hour=(kept - 1) / hours))


def scores_of(model: Model, tmp_path: Path, scores: Floats, *truth: Annotation) -> RecordingResult:
    """A recording of which a model made these scores of its first labels: `[frames, labels]`."""
    rest = np.zeros((len(scores), len(model.card.labels) - scores.shape[1]))
    return RecordingResult(
        recording=Recording(path=tmp_path / f"{len(truth)}.wav", truth=truth, labels=()),
        scores=np.concatenate([scores, rest], axis=1).astype(np.float32),
        clip_scores=np.zeros(len(model.card.labels), dtype=np.float32),
        events=(),
        seconds=len(scores) * model.card.frame_seconds,
    )


def test_tuning_for_psds1_raises_it(model: Model, tmp_path: Path) -> None:
    """For a detector with unstable scores: higher than with settings for event F1."""
    rng = np.random.default_rng(3)
    truth = [(float(begin), begin + 4.0, model.card.labels[0]) for begin in range(5, 290, 12)]
    logits = rng.normal(-1.5, 2.0, 6000)
    for onset, offset, _ in truth:
        logits[round(onset * 20) : round(offset * 20)] += rng.uniform(0.5, 4.0)
    scores = 1 / (1 + np.exp(-logits[:, None]))
    results = [scores_of(model, tmp_path, scores, *truth), scores_of(model, tmp_path, scores[rng.permutation(6000)])]
    reached = [
        figures(model, results, tune(model.card, results, Aim.parse(aim)).decoding)["psds1"]
        for aim in ("psds1", "event-f1")
    ]
    assert reached[0] > reached[1] + 0.01


def test_of_equal_settings_the_middle_is_taken(model: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """For a class that is separable at any threshold, and for one that is at none, with a warning."""
    first, second, *_ = model.card.labels
    scores = np.full((400, 2), 0.01)
    scores[100:140, 0] = 0.97
    results = [
        scores_of(model, tmp_path, scores, (5.0, 7.0, first), (12.0, 13.0, second)),
        scores_of(model, tmp_path, np.full((400, 2), 0.01)),
    ]
    for aim in ("event-f1", "false-alarms=60"):
        chosen = tune(model.card, results, Aim.parse(aim)).decoding
        assert {0.6, 0.7} >= {chosen[label].on for label in (first, second)}
        assert {0.5} == {chosen[label].merge for label in (first, second)}
        assert f"no setting detects any {second}: its chosen settings mean nothing" in caplog.text
        assert 1.0 == figures(model, results, chosen)["event_f1"][first]


def kinds_with_bursts(model: Model, tmp_path: Path, kinds: int) -> list[RecordingResult]:
    """A recording with clear and faint events, and others of so many kinds: every third has faint bursts."""
    label, rng = model.card.labels[0], np.random.default_rng(0)
    truth = [(begin, begin + 2.0, label) for begin in np.arange(2.0, 100.0, 5.0).tolist()]
    scores = np.full((2100, 1), 0.01)
    for number, (onset, offset, _) in enumerate(truth):
        scores[round(onset * 20) : round(offset * 20)] = (0.97, 0.65)[number % 2]
    results = [scores_of(model, tmp_path, scores, *truth)]
    for kind in range(kinds):
        noise = np.full((2400, 1), 0.01)
        for begin in rng.integers(0, 2300, 2 + kind % 3) if kind % 3 == 0 else ():
            noise[begin : begin + 40] = 0.75
        other = Recording(path=tmp_path / f"kind{kind}.wav", truth=(), labels=(), kind=f"kind {kind}")
        results.append(dataclasses.replace(scores_of(model, tmp_path, noise), recording=other))
    return results


def test_an_aim_is_kept_by_its_bound_over_kinds(model: Model, tmp_path: Path) -> None:
    """The stricter, the less recall: faint events are lost with the bursts that are as loud."""
    results, label = kinds_with_bursts(model, tmp_path, 30), model.card.labels[0]
    loose, strict = (tune(model.card, results, Aim.parse(f"false-alarms={aim}")) for aim in (200, "72/day"))
    assert loose.promise is not None and strict.promise is not None
    assert "30 kinds of sound" == strict.promise.counted_on
    assert 0.0 == strict.promise.per_hour < 3.0 >= (strict.promise.bound_per_hour or 9.0)
    assert loose.decoding[label].on < 0.75 < strict.decoding[label].on
    assert 0.0 < loose.promise.per_hour < (loose.promise.bound_per_hour or 0.0) <= 200
    assert sorted(point.recall for point in loose.curve) == [point.recall for point in loose.curve]
    assert 1.0 == loose.curve[-1].recall


def test_what_other_aims_cost_is_a_table() -> None:
    """A line each, rates in the unit that suits them."""
    curve = (CurvePoint(0.5, 0.0, 0.41, 0.3), CurvePoint(60.0, 21.4, 0.7156, 0.68))
    assert [
        "     at most       counted  event F1  recall",
        "    12 a day     0 an hour     0.410   0.300",
        "  60 an hour    21 an hour     0.716   0.680",
    ] == curve_table(Tuning(decoding={}, curve=curve)).splitlines()


def test_an_aim_that_the_hours_cannot_promise_is_refused(model: Model, tmp_path: Path) -> None:
    """With the least that they can; on too few kinds the count is held to the aim, and a warning says that."""
    with pytest.raises(
        SettingError, match=r"in 1 h of 30 kinds of sound nothing less than 2\.3 an hour can be promised"
    ):
        tune(model.card, kinds_with_bursts(model, tmp_path, 30), Aim.parse("false-alarms=1"))
    assert None is tune(model.card, kinds_with_bursts(model, tmp_path, 7), Aim.parse("false-alarms=1")).promise


@pytest.mark.parametrize(
    "text",
    [
        *("psds2", "false-alarms", "false-alarms=few", "false-alarms=-1", "false-alarms=inf", "false-alarms=2/week"),
        "event-f1=3",
    ],
)
def test_an_unknown_aim_is_refused(text: str) -> None:
    """The error lists the known ones."""
    with pytest.raises(SettingError, match=r"expected event-f1, psds1 or false-alarms=N"):
        Aim.parse(text)


def test_false_alarms_need_recordings_without_events(model: Model, results: list[RecordingResult]) -> None:
    """Every aim needs recordings with events."""
    with pytest.raises(DataError, match="every recording has events, so false alarms cannot be counted"):
        tune(model.card, results[:1], Aim.parse("false-alarms=60"))
    with pytest.raises(DataError, match="no event has a known onset and offset"):
        tune(model.card, results[1:], Aim.parse("event-f1"))


def test_known_onsets_and_offsets_are_needed(model: Model, results: list[RecordingResult]) -> None:
    """The error says how to get them."""
    unknown = [
        dataclasses.replace(one, recording=dataclasses.replace(one.recording, truth=None))
        for one in results
        if one.recording.truth
    ]
    with pytest.raises(DataError, match=r"known onset and offset; give a table of them .*, or mix .* by sed-synth"):
        tune(model.card, unknown, Aim.parse("event-f1"))


def test_toml_is_what_a_recipe_reads() -> None:
    """Names that are not bare keys are quoted."""
    chosen = {"dog": DecodingConfig(on=0.8), "Hund (groß)": DecodingConfig(on=0.95, off=0.285)}
    tables = tomllib.loads(to_toml(chosen))["decoding"]
    assert chosen == {label: DecodingConfig.from_dict(table, label) for label, table in tables.items()}
