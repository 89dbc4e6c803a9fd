"""One connection to a sound device, in a thread of its own: PortAudio waits for as long as a sound server hangs."""

import atexit
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.sources.microphone.continuity import CapturedBlock
from edge.sources.microphone.devices import Device, all_devices, devices_now, find_device, portaudio

_PREFERRED_HZ = 48_000  # what most hardware has; a system's own conversion to other rates may be poor
_MOST_CHANNELS = 2
_BUFFER_SECONDS = 0.2  # of the device, for a machine that is busy
_BLOCK_SECONDS = 0.1  # that the device hands on at once: each time wakes two threads
_RING_SECONDS = 20.0  # of sound that nobody has taken yet; sound servers keep 10 s and hand them on at once
_CLOSING_SECONDS = 1.0

# PortAudio is not made for several threads, and looks for new devices only while no stream is open.
_portaudio_lock = threading.Lock()
_open_streams: set[Any] = set()


class Opened(NamedTuple):
    """The device that was found, and the rate at which it records, in Hz."""

    device: Device
    sample_rate: int


class Recording:
    """Records from a device, from `with` until its end.

    Args:
        device: see `edge.sources.microphone.devices.find_device`.
        anew: look for new devices first.
    """

    def __init__(self, device: str | None, *, anew: bool) -> None:
        self._device, self._anew = device, anew
        self._said: SimpleQueue[Opened | CapturedBlock | Exception] = SimpleQueue()
        self._capacity = self._put_samples = self._taken_samples = self._missed_samples = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"recording {device}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(_CLOSING_SECONDS)  # a sound server that hangs is not waited for

    def next(self, timeout_seconds: float) -> Opened | CapturedBlock | None:
        """What it says next: `Opened`, then pieces of sound; None where nothing came in time.

        Raises:
            SourceError: if it cannot be opened, or has come to an end.
        """
        try:
            said = self._said.get(timeout=timeout_seconds)
        except Empty:
            return None
        if isinstance(said, Exception):
            raise said
        if isinstance(said, CapturedBlock):
            self._taken_samples += len(said.samples)
        return said

    def _run(self) -> None:
        try:
            present = self._look() if self._anew else None
            with _portaudio_lock:
                stream = self._open(present)
                _open_streams.add(stream)
        except Exception as exc:  # noqa: BLE001  # a dead thread must not leave its reader waiting
            self._said.put(exc)
            return
        self._closing.wait()
        with _portaudio_lock:
            stream.close()
            _open_streams.remove(stream)

    def _look(self) -> list[Device]:
        present = devices_now()
        find_device(self._device, present)
        return present

    def _open(self, present: list[Device] | None) -> Any:
        sound = portaudio()
        # It would wait for a sound server that hangs; whatever is open then, the system closes.
        atexit.unregister(sound._exit_handler)
        if present is not None and present != all_devices() and not _open_streams:
            _look_again(sound)
        device = find_device(self._device, all_devices())
        for sample_rate in dict.fromkeys([_PREFERRED_HZ, device.sample_rate]):
            try:
                return self._start(device, sample_rate)
            except sound.PortAudioError as exc:
                failure = exc
        raise SourceError(
            f"{device.name} cannot be opened ({failure}); it may be in use by another program, or gone"
        ) from failure

    def _start(self, device: Device, sample_rate: int) -> Any:
        self._capacity = round(_RING_SECONDS * sample_rate)
        sound = portaudio()
        stream = sound.InputStream(
            device=device.index,
            samplerate=sample_rate,
            channels=min(device.channels, _MOST_CHANNELS),
            dtype="float32",
            latency=_BUFFER_SECONDS,
            blocksize=round(_BLOCK_SECONDS * sample_rate),
            callback=self._take,
            finished_callback=self._ended,
        )
        self._said.put(Opened(device, sample_rate))
        try:
            stream.start()
        except sound.PortAudioError:
            stream.close()
            raise
        return stream

    def _take(self, samples: NDArray[np.float32], count: int, _time: object, _flags: object) -> None:
        """Called by PortAudio, which must not be kept waiting."""
        arrived = time.monotonic()
        if self._put_samples - self._taken_samples + count > self._capacity:
            self._missed_samples += count
            return
        self._put_samples += count
        self._said.put(CapturedBlock(samples.copy(), arrived, self._missed_samples))
        self._missed_samples = 0

    def _ended(self) -> None:
        self._said.put(SourceError("the device ended the recording; it may be gone"))


def _look_again(sound: Any) -> None:
    try:
        while sound._initialized:
            sound._terminate()
        sound._initialize()
    except sound.PortAudioError as exc:
        raise SourceError(f"the sound devices cannot be listed ({exc})") from exc
