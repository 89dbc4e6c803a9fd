import torch

from benchmarks.judging.encoders import Sounds, judged


def test_encoders_are_judged_by_what_their_vectors_tell_apart() -> None:
    """Kinds far from all classes are told from them; a class that lies where an unknown kind lies is not."""
    generator = torch.Generator().manual_seed(0)
    places = {label: torch.randn(16, generator=generator) for label in ("a", "b", "c", "d", "learnt", "new")}

    def sounds(labels: str | list[str]) -> Sounds:
        vectors = [places[label] + 0.05 * torch.randn(3, 16, generator=generator) for label in labels for _ in range(4)]
        return Sounds(vectors, [label for label in labels for _ in range(4)], [1, 2, 3, 4] * len(labels))

    apart = judged(sounds("abcd"), sounds(["learnt", "new"]), ["learnt"])
    assert (1.0, 1.0) == (apart["clips"], apart["auroc"])
    places["new"] = places["a"]
    assert 0.75 > judged(sounds("abcd"), sounds(["learnt", "new"]), ["learnt"])["auroc"]
