import pytest
import torch
import torchaudio

from dubaug.config import Mel
from dubaug.errors import DubaugError
from dubaug.media.mel import log_mel

PAPER = Mel(n_fft=1024, hop_length=512, n_mels=96, floor=1e-10)


@pytest.mark.parametrize(("sample_rate_hz", "frames"), [(48000, 280), (44100, 257)])
def test_shape_of_three_seconds_is_the_papers(sample_rate_hz: int, frames: int) -> None:
    mel_CTF = log_mel(torch.zeros(2, 3 * sample_rate_hz), sample_rate_hz=sample_rate_hz, mel=PAPER)
    assert mel_CTF.shape == (2, frames, 96)
    assert PAPER.frames(3 * sample_rate_hz) == frames


@pytest.mark.parametrize("mel", [PAPER, Mel(n_fft=2048, hop_length=1536, n_mels=48, floor=1e-10)])
@pytest.mark.parametrize("sample_rate_hz", [48000, 44100])
def test_values_are_torchaudios(mel: Mel, sample_rate_hz: int) -> None:
    waveform_BCS = torch.randn(3, 2, 3 * sample_rate_hz, generator=torch.Generator().manual_seed(0)) * 0.1
    peer = torchaudio.transforms.MelSpectrogram(
        sample_rate=sample_rate_hz, n_fft=mel.n_fft, hop_length=mel.hop_length, n_mels=mel.n_mels, center=False
    )
    expected_BCTF = peer(waveform_BCS).clamp_min(mel.floor).log().transpose(-1, -2)
    actual_BCTF = log_mel(waveform_BCS, sample_rate_hz=sample_rate_hz, mel=mel)
    assert actual_BCTF.dtype == torch.float32
    torch.testing.assert_close(actual_BCTF, expected_BCTF, rtol=1e-4, atol=1e-4)


def test_silence_is_the_floor() -> None:
    mel_CTF = log_mel(torch.zeros(1, 4096), sample_rate_hz=48000, mel=PAPER)
    assert torch.all(mel_CTF == torch.tensor(1e-10).log())


def test_a_sound_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(DubaugError, match="1024 samples"):
        log_mel(torch.zeros(2, 1000), sample_rate_hz=48000, mel=PAPER)
