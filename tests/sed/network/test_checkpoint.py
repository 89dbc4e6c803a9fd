import copy
import dataclasses
import gzip
import hashlib
from pathlib import Path

import pytest
import torch

from sed.errors import CheckpointError
from sed.network.checkpoint import Checkpoint, load_checkpoint, make_card, save_checkpoint
from sed.recipe.config import Recipe


def test_a_checkpoint_survives_being_written_and_read(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Weights, recipe, labels, metrics."""
    save_checkpoint(tmp_path / "a.ckpt", tiny_checkpoint)
    again = load_checkpoint(tmp_path / "a.ckpt")
    assert hashlib.sha256((tmp_path / "a.ckpt").read_bytes()).hexdigest() == again.sha256
    assert make_card(dataclasses.replace(tiny_checkpoint, sha256=again.sha256)) == make_card(again)
    audio = 0.1 * torch.randn(1, again.recipe.context_samples + 5 * again.recipe.frame_samples)
    assert torch.equal(tiny_checkpoint.detector(audio).frames, again.detector(audio).frames)
    assert ["a.ckpt"] == [path.name for path in tmp_path.iterdir()]


def test_a_checkpoint_of_an_earlier_version_loads(tmp_path: Path) -> None:
    """With its weights, its card and the files it was trained on, as sed-train wrote it before they had these names."""
    old = tmp_path / "old.ckpt"
    old.write_bytes(gzip.decompress(Path(__file__).with_name("before_folders.ckpt.gz").read_bytes()))
    loaded = load_checkpoint(old)
    values = torch.load(old, weights_only=True)
    assert values["learnt"] == sorted(loaded.training_files)
    assert 3 == len(loaded.training_files)
    now = loaded.recipe.to_dict()
    added = {"encoder": now.pop("encoder"), "fewest_sounds": now["data"].pop("fewest_sounds")}
    added["seconds"] = now["scenes"].pop("seconds")
    added |= {f"network.{key}": now["network"].pop(key) for key in ("encoder", "encoder_hop")}
    assert values["recipe"] == now
    no_encoder = Recipe(name="new").encoder.to_dict()
    expected = {"encoder": no_encoder, "fewest_sounds": 0, "seconds": 10.0}
    assert {**expected, "network.encoder": "none", "network.encoder_hop": 0.5} == added
    assert "smallrecipe-1c6c284f" == make_card(loaded).model_id
    save_checkpoint(tmp_path / "again.ckpt", loaded)
    again = torch.load(tmp_path / "again.ckpt", weights_only=True)
    assert list(values) == list(again)
    assert values["training"] == again["training"] == make_card(loaded).training


def test_the_card_follows_the_recipe(tiny_checkpoint: Checkpoint) -> None:
    """Seconds become frames, and the model's name changes with its weights."""
    card = make_card(tiny_checkpoint)
    assert (40, 10, 10) == (card.window_frames, card.hop_frames, card.lookahead_frames)
    assert card.model_id.startswith("tiny-")
    with torch.no_grad():
        changed = copy.deepcopy(tiny_checkpoint.detector)
        changed.head.classify_coarse.bias += 1e-6
    assert card.model_id != make_card(dataclasses.replace(tiny_checkpoint, detector=changed)).model_id


def test_weights_of_another_network_are_refused(tiny_run: Path, tmp_path: Path) -> None:
    """A checkpoint of a version with other layers."""
    values = torch.load(tiny_run / "model.ckpt", weights_only=True)
    values["weights"]["head.classify.bias"] = values["weights"].pop("head.classify_coarse.bias")
    torch.save(values, tmp_path / "old.ckpt")
    with pytest.raises(CheckpointError, match=r"old\.ckpt: has the weights of another version's network"):
        load_checkpoint(tmp_path / "old.ckpt")


def test_what_is_not_a_checkpoint_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    """A missing file, a text, another program's checkpoint, and Lightning's own."""
    (tmp_path / "text.ckpt").write_text("no weights")
    (tmp_path / "list.ckpt").write_text("no sound")  # what torch takes for a pickle
    torch.save({"epoch": 3}, tmp_path / "other.ckpt")
    paths = [tmp_path / f"{name}.ckpt" for name in ("none", "text", "list", "other")]
    for path in (*paths, tiny_run / "last.ckpt"):
        with pytest.raises(CheckpointError, match=rf"{path.name}.*give the model\.ckpt that sed-train wrote"):
            load_checkpoint(path)
