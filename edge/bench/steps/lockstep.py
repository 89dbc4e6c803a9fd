"""Streams that step together: one call of the graph for all, then a decoder each.

    host     audio ->            scores ->
    device            [ graph ]
                      embeddings -> the newest -> embeddings of the next step

What comes before (a file's decoding, resampling, the ring) is not in it: that is what `load` measures.
"""

from typing import Any, Protocol

import numpy as np

from edge.bench.steps.sessions import NEWEST_GRAPH, open_on
from edge.detection import Decoder
from edge.model import GRAPH_OUTPUTS, Card, Floats, Window, import_onnxruntime

_DISTINCT_HOPS = 8


def made_up_audio(card: Card, window: Window, streams: int) -> Floats:
    """Noise for `Lockstep`: `[streams, samples]` of some distinct hops."""
    samples = card.context_samples + _DISTINCT_HOPS * window.hop_frames * card.frame_samples
    return np.random.default_rng(0).normal(0.0, 0.05, (streams, samples)).astype(np.float32)


class Lockstep:
    """Streams in the steady state: the window is full.

    Args:
        session: of a model file.
        card: of that file.
        window: in frames.
        audio: `[streams, context_samples + hops * hop_samples]`, repeated.
        provider: of the session.
        device: where embeddings stay between steps, as ONNX Runtime names it; None for the machine's own memory.
    """

    def __init__(
        self, session: Any, card: Card, window: Window, audio: Floats, provider: str, device: str | None
    ) -> None:
        self._card, self._window = card, window
        self._hop_samples = window.hop_frames * card.frame_samples
        self._audio, self._hops = audio, (audio.shape[1] - card.context_samples) // self._hop_samples
        self._decoders = [Decoder(card.labels, card.decoding) for _ in range(len(audio))]
        self._steps = 0
        silence = np.zeros((1, card.context_samples + card.frame_samples), dtype=np.float32)
        none = np.zeros((1, 0, int(session.get_inputs()[1].shape[2])), dtype=np.float32)
        frame = session.run(["embeddings_out"], {"audio": silence, "embeddings": none})[0]
        full = np.tile(frame, (len(audio), window.window_frames + card.grid_frames, 1))
        self._graph: _Graph
        self._graph = _OnHost(session, full) if device is None else _OnDevice(session, full, provider, device)

    def step(self) -> Floats:
        """Process a hop of every stream; return the scores `[streams, frames, classes]` that were emitted."""
        frames, lookahead = self._window.hop_frames, self._window.lookahead_frames
        start = self._steps % self._hops * self._hop_samples
        stop = start + self._card.context_samples + self._hop_samples
        self._steps += 1
        # As `ScoreStream` does, the window reaches back to the head's next line.
        first = self._steps * frames - self._window.window_frames
        old = self._window.window_frames - frames + first % self._card.grid_frames
        audio = np.ascontiguousarray(self._audio[:, start:stop])
        scores = self._graph.call(audio, old)
        emitted = scores[:, scores.shape[1] - lookahead - frames : scores.shape[1] - lookahead]
        for decoder, of_one in zip(self._decoders, emitted, strict=True):
            decoder.push(of_one)
        return emitted


class _Graph(Protocol):
    def call(self, audio: Floats, old_frames: int) -> Floats:
        """Call it with so many of the newest frames that earlier calls left; return the scores."""


class _OnHost:
    def __init__(self, session: Any, embeddings: Floats) -> None:
        self._session, self._embeddings = session, embeddings

    def call(self, audio: Floats, old_frames: int) -> Floats:
        newest = self._embeddings[:, self._embeddings.shape[1] - old_frames :]
        scores: Floats
        scores, _, self._embeddings = self._session.run(GRAPH_OUTPUTS, {"audio": audio, "embeddings": newest})
        return scores


class _OnDevice:
    def __init__(self, session: Any, embeddings: Floats, provider: str, device: str) -> None:
        self._session, self._device = session, device
        self._newest = open_on(NEWEST_GRAPH, provider)
        self._embeddings = import_onnxruntime().OrtValue.ortvalue_from_numpy(embeddings, device, 0)

    def call(self, audio: Floats, old_frames: int) -> Floats:
        cut = self._newest.io_binding()
        cut.bind_ortvalue_input("embeddings", self._embeddings)
        cut.bind_cpu_input("start", np.array([-old_frames], dtype=np.int64))
        cut.bind_output("newest", self._device)
        self._newest.run_with_iobinding(cut)
        bound = self._session.io_binding()
        bound.bind_cpu_input("audio", audio)
        bound.bind_ortvalue_input("embeddings", cut.get_outputs()[0])
        for name in GRAPH_OUTPUTS:
            bound.bind_output(name, self._device if name == "embeddings_out" else "cpu")
        self._session.run_with_iobinding(bound)
        found, _, self._embeddings = bound.get_outputs()
        scores: Floats = found.numpy()
        return scores
