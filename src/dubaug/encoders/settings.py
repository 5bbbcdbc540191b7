"""What an encoder family is: a class of settings that knows how its network is built and what others need of it.

A family is a file of this package with one subclass of `VideoFamily` or `AudioFamily` in it, whose `family` is the
file's name. Its fields are the keys of `encoders.video` or `encoders.audio`; its methods have defaults for a network
that is one piece, has no quicker forms and wants its input as it is.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, get_args

from dubaug.settings import Settings, between, require

if TYPE_CHECKING:
    import torch
    from torch import nn

    from dubaug.media.settings import Window

Part = Literal["audio", "video"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, kw_only=True)
class Stock:
    """How the same network is made without dubaug: a published function, called with plain values."""

    package: str
    """As pip knows it."""
    function: str
    """`module.function`."""
    arguments: Mapping[str, Any]

    def build(self) -> "nn.Module":
        """Return the network as the package makes it."""
        module, _, name = self.function.rpartition(".")
        network: nn.Module = getattr(importlib.import_module(module), name)(**self.arguments)
        return network


@dataclass(frozen=True, kw_only=True)
class Family(Settings):
    """What both kinds have in common."""

    family: str

    title: ClassVar[str]
    """Its name with an article, for sentences: `an X3D`."""
    mean: ClassVar[float] = 0.0
    std: ClassVar[float] = 1.0
    """What its input is centred and scaled with."""
    channels_last_on: ClassVar[tuple[str, ...]] = ()
    """The types of devices on which its kernels want the channels innermost in memory."""
    input_axes: ClassVar[tuple[str, ...]]
    """What the network's input has after the batch, for people: `channel`, `time`, and what else there is."""

    @property
    def label(self) -> str:
        """Its name, for tables."""
        return self.title.partition(" ")[2]

    def check(self, window: "Window") -> None:
        """Raise the error of a validator (`dubaug.settings.require`) for windows that the network cannot take."""

    def clip_shape(self, window: "Window") -> tuple[int, ...]:
        """Return the shape of what a window is kept as, one of a batch."""
        raise NotImplementedError

    def input_shape(self, window: "Window") -> tuple[int, ...]:
        """Return the shape of what the network is built for, one of a batch."""
        return self.clip_shape(window)

    def build(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> "nn.Module":
        """Return the network, untrained: `(B, *input_shape)`, as `network_input` gives it, to `(B, embedding_dim)`.

        Weights are drawn from torch's global generator. `dropout` is that before the last layer.
        """
        raise NotImplementedError

    def network_input(self, normalised: "torch.Tensor") -> "torch.Tensor":
        """Return what is `(B, *input_shape)`, centred and scaled, in the form that the network takes."""
        return normalised

    def stages(self, network: "nn.Module") -> "Sequence[nn.Module]":
        """Return the parts that `network` is one after the other, the last a small head.

        Each but the head is compiled by itself, and passed again in the backward pass to save memory, where the
        configuration says so.
        """
        from torch import nn

        return [network, nn.Identity()]

    def undecayed(self, network: "nn.Module") -> "Sequence[nn.Parameter]":
        """Return the weights that weight decay leaves alone; none in the paper's networks."""
        return []

    def stock(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> Stock | None:
        """Return how the same network, with the same names of weights, is made without dubaug, if it can be."""
        return None


@dataclass(frozen=True, kw_only=True)
class VideoFamily(Family):
    """Networks for pictures: a clip is `(3, frames, crop, crop)`, RGB, values 0..1."""

    crop: Annotated[int, between(1, 2048)]
    """Height and width of what it sees, in pixels."""

    input_axes: ClassVar[tuple[str, ...]] = ("channel", "time", "row", "column")

    def clip_shape(self, window: "Window") -> tuple[int, int, int, int]:
        """Return (colours, frames, height, width)."""
        return 3, window.frames, self.crop, self.crop


@dataclass(frozen=True, kw_only=True)
class AudioFamily(Family):
    """Networks for sound: a clip is a log-mel `(channels, frames, bins)`, the natural logarithm of power."""

    channels: ClassVar[Literal[1, 2]] = 2
    """2 is stereo, as sound is kept; 1 is the mean of both channels' powers (`dubaug.media.mel.mixed_down`)."""
    frames_min: ClassVar[int] = 1
    bins_min: ClassVar[int] = 1
    """The smallest spectrogram that it takes."""
    input_axes: ClassVar[tuple[str, ...]] = ("channel", "time", "mel bin")
    """In the order of the network; `time` and `mel bin` are among them."""

    def check(self, window: "Window") -> None:
        """Raise the error of a validator (`dubaug.settings.require`) for log-mels that are too small."""
        _, frames, bins = self.clip_shape(window)
        enough = f"a hop that gives at least {self.frames_min} frames a clip, for the {self.label}; this one gives "
        enough += f"{frames} at {window.sample_rate_hz} Hz"
        require(frames >= self.frames_min, "mel.hop_length", window.mel.hop_length, enough)
        require(bins >= self.bins_min, "mel.n_mels", bins, f"at least {self.bins_min}, for the {self.label}")

    def clip_shape(self, window: "Window") -> tuple[int, int, int]:
        """Return (channels, frames, bins) of a window as it is kept: in stereo."""
        return window.mel.shape(window.samples)

    def input_shape(self, window: "Window") -> tuple[int, int, int]:
        """Return the same of what the network is built for."""
        return self.channels, *self.clip_shape(window)[1:]


AnyFamily = TypeVar("AnyFamily", bound=Family)


class Families(Mapping[str, type[AnyFamily]]):
    """The families of one kind by name. A file is imported when it is asked for, so that others cost nothing."""

    def __init__(self, kind: type[AnyFamily]) -> None:
        self._kind = kind

    def __getitem__(self, name: str) -> type[AnyFamily]:
        """Return the class. Raises `KeyError` if there is none, a validator's error if its file cannot be imported."""
        if name not in _files():
            raise KeyError(name)
        try:
            module = importlib.import_module(f"{__package__}.{name}")
        except Exception as error:
            says = f"{type(error).__name__}: {error}"
            require(False, "family", name, f"a file of {__package__} that can be imported; {name}.py has {says}")
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, self._kind) and getattr(found, "family", None) == name:
                return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Go through the names of all that are of this kind; files that say no such name are not imported."""
        return (name for name, text in _files().items() if f'family: Literal["{name}"]' in text and name in self)

    def __len__(self) -> int:
        """Count them."""
        return sum(1 for _ in self)


def _files() -> dict[str, str]:
    """Return the texts of this package's files by name."""
    folders = importlib.import_module(str(__package__)).__path__
    files = sorted((file for folder in folders for file in Path(folder).glob("*.py")), key=lambda file: file.stem)
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


VIDEO_FAMILIES: Mapping[str, type[VideoFamily]] = Families(VideoFamily)
AUDIO_FAMILIES: Mapping[str, type[AudioFamily]] = Families(AudioFamily)
