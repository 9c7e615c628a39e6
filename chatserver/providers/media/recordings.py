"""Voice messages and videos: how long they are and what they look like.

FFmpeg's libraries do it through PyAV, where that is installed; without it, types go by the first
bytes alone and lengths by what devices claim. Recordings are kept as they came.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PIL import Image

from chatserver.domain.media import WAVEFORM_MAX
from chatserver.providers.media.jobs import DAMAGED, WRONG_VIDEO, WRONG_VOICE, NotAccepted
from chatserver.providers.media.pictures import check_pixels

if TYPE_CHECKING:
    import av

CAN_LOOK = find_spec("av") is not None
RATE = 8000  # samples a second, enough to see how loud somebody speaks
WINDOW_MS = 20
WINDOW = RATE * WINDOW_MS // 1000

# one demuxer each: those for playlists would fetch what a file names
_READ_AS = {
    "audio/ogg": "ogg", "audio/webm": "matroska", "audio/mp4": "mov", "audio/aac": "aac",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/amr": "amr", "video/quicktime": "mov",
    "video/mp4": "mov", "video/webm": "matroska",
}  # fmt: skip


class Heard(Struct, frozen=True):
    """A voice message: how long, in ms, and how loud from 0 to 100, in at most 64 steps."""

    duration_ms: int
    waveform: tuple[int, ...]


class Watched(Struct, frozen=True):
    """A video: how long, in ms, and one picture of it, upright."""

    duration_ms: int
    picture: Image.Image


def hear(path: Path, type_: str, duration_max_ms: int) -> Heard:
    """Listen to a voice message.

    Raises:
        NotAccepted: it is none, or damaged, or too long.
    """
    import av

    peaks: list[int] = []
    with _reading(), av.open(str(path), format=_READ_AS[type_]) as recording:
        if not recording.streams.audio:
            raise NotAccepted("wrong_type", WRONG_VOICE)
        recording.streams.audio[0].codec_context.thread_count = 1  # several take much memory
        plain = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=WINDOW)
        for frame in recording.decode(audio=0):
            peaks += [_peak(window) for window in plain.resample(frame)]
            _check_length(len(peaks) * WINDOW_MS, duration_max_ms)
        peaks += [_peak(window) for window in plain.resample(None)]
    if not peaks:
        raise NotAccepted("unreadable", DAMAGED)
    return Heard(len(peaks) * WINDOW_MS, _waveform(peaks))


def watch(path: Path, type_: str, pixels_max: int, duration_max_ms: int) -> Watched:
    """Look at a video.

    Raises:
        NotAccepted: it is none, or damaged, or too large or too long.
    """
    import av

    with _reading(), av.open(str(path), format=_READ_AS[type_]) as video:
        if not video.streams.video:
            raise NotAccepted("wrong_type", WRONG_VIDEO)
        stream = video.streams.video[0]
        stream.codec_context.thread_count = 1
        check_pixels(stream.width, stream.height, pixels_max)
        end_s = max(
            (float((p.pts + (p.duration or 0)) * p.time_base)
             for p in video.demux(stream) if p.pts is not None and p.time_base is not None),
            default=0.0,
        )  # fmt: skip
        duration_ms = round(end_s * 1000)
        _check_length(duration_ms, duration_max_ms)
        video.seek(0)
        frame = next(video.decode(stream), None)
        if frame is None:
            raise NotAccepted("unreadable", DAMAGED)
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # half typed
        return Watched(duration_ms, picture.rotate(frame.rotation, expand=True))


@contextmanager
def _reading() -> Iterator[None]:
    import av

    try:
        yield
    except av.FFmpegError:
        raise NotAccepted("unreadable", DAMAGED) from None


def _check_length(duration_ms: int, duration_max_ms: int) -> None:
    if duration_ms > duration_max_ms:
        message = f"The recording is longer than {duration_max_ms // 1000} seconds"
        raise NotAccepted("too_large", message)


def _peak(window: av.AudioFrame) -> int:
    samples = array("h", bytes(window.planes[0])[: window.samples * 2])
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest)


def _waveform(peaks: list[int]) -> tuple[int, ...]:
    """The loudest of each stretch, as a share of the loudest of all."""
    steps = min(WAVEFORM_MAX, len(peaks))
    loudest = max(*peaks, 1)
    return tuple(
        100 * max(peaks[i * len(peaks) // steps : (i + 1) * len(peaks) // steps]) // loudest
        for i in range(steps)
    )
