from pathlib import Path

from sed.data.corpus import load_corpus
from sed.data.inventory import inventory_table
from sed.recipe.config import Recipe
from sed.recipe.training_config import DataConfig
from tests.sed.cuts import write_cut


def test_damaged_files_are_problems_of_their_class(tmp_path: Path) -> None:
    """Every time the table is printed, though a network can be trained on them."""
    write_cut(tmp_path / "dog" / "whole.wav")
    for place in ("dog/cut.flac", "noise/cut.flac"):
        path = write_cut(tmp_path / place, seconds=4.0)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for _ in range(2):
        corpus = load_corpus([tmp_path], 16_000, DataConfig())
        _, dog, background, total, *problems = inventory_table(corpus, Recipe(name="x"))
        assert ["dog", "2", "1"] == [*dog.split()[:2], dog.split()[-1]]
        assert ["(background)", "1", "1"] == [*background.split()[:2], background.split()[-1]]
        assert ["(all)", "3", "2"] == [*total.split()[:2], total.split()[-1]]
        assert [f"damaged: {tmp_path}/{place}/cut.flac" for place in ("dog", "noise")] == [
            line.rpartition(":")[0] for line in problems
        ]
        assert all(line.endswith(" s are left") for line in problems)
