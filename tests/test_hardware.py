import pytest
import torch

from dubaug.errors import ConfigError
from dubaug.hardware import choose_device


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: what is said where there is none is not tested")
def test_a_missing_gpu_is_an_error_only_if_demanded() -> None:
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(ConfigError, match=r"config key `device`: got 'cuda', but torch sees no GPU here; set `device:"):
        choose_device("cuda")
