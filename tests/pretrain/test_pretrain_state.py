"""States: the two newest, found damaged or not, and equal to what was saved."""

from pathlib import Path

import pytest
import torch

from dubaug.errors import DubaugError
from dubaug.files import sha256_of
from dubaug.pretrain.state import Progressed, load_state, newest_state, save_state


def _trained(steps: int) -> tuple[torch.nn.Module, torch.optim.AdamW]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for step in range(steps):
        optimizer.zero_grad()
        model(torch.randn(5, 4, generator=torch.Generator().manual_seed(step))).square().sum().backward()
        optimizer.step()
    return model, optimizer


def _saved(folder: Path, *steps: int) -> list[Path]:
    return [save_state(folder, *_trained(step), Progressed(step=step)) for step in steps]


def test_a_loaded_state_is_the_saved_one(tmp_path: Path) -> None:
    model, optimizer = _trained(3)
    progressed = Progressed(step=3, seconds=1.5, kept={1: "ab", 2: "cd"})
    save_state(tmp_path, model, optimizer, progressed)
    other, its_optimizer = _trained(0)
    assert load_state(tmp_path, 3, other, its_optimizer) == progressed
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())
    for one, two in zip(optimizer.state.values(), its_optimizer.state.values(), strict=True):
        assert all(torch.equal(one[name], two[name]) for name in ("step", "exp_avg", "exp_avg_sq"))


def test_the_two_newest_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    paths = _saved(tmp_path, 1, 9, 10, 100)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", paths[2].name, paths[3].name}
    assert newest_state(tmp_path, print).step == 100


def test_no_state_is_step_0(tmp_path: Path) -> None:
    assert newest_state(tmp_path / "absent", print).step == 0


@pytest.mark.parametrize("damage", ["a bit", "cut short", "empty"])
def test_a_damaged_newest_state_is_said_and_the_one_before_taken(tmp_path: Path, damage: str) -> None:
    _, newest = _saved(tmp_path, 4, 6)
    data = bytearray(newest.read_bytes())
    data[-3] ^= 0x10  # in the last tensor: safetensors reads it without complaint
    newest.write_bytes({"a bit": data, "cut short": data[:-1], "empty": b""}[damage])
    said: list[str] = []
    assert newest_state(tmp_path, said.append).step == 4
    assert len(said) == 1
    assert str(newest) in said[0]
    assert load_state(tmp_path, 4, *_trained(0)).step == 4
    # what is saved from there on is the newest again
    _saved(tmp_path, 5)
    assert newest_state(tmp_path, said.append).step == 5
    assert len(said) == 1


def test_where_all_are_damaged_there_is_none(tmp_path: Path) -> None:
    for path in _saved(tmp_path, 4, 6):
        path.write_bytes(b"x" * 100)
    said: list[str] = []
    assert newest_state(tmp_path, said.append).step == 0
    assert len(said) == 2


def test_a_state_that_holds_no_numbers_is_not_saved(tmp_path: Path) -> None:
    _saved(tmp_path, 4)
    model, optimizer = _trained(6)
    with torch.no_grad():
        next(model.parameters())[0, 0] = float("inf")
    with pytest.raises(DubaugError, match=r"after step 5 .*NaN or infinity.*0\.weight"):
        save_state(tmp_path, model, optimizer, Progressed(step=6))
    assert newest_state(tmp_path, print).step == 4


def test_a_state_of_another_network_says_so(tmp_path: Path) -> None:
    _saved(tmp_path, 2)
    wider = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5))
    with pytest.raises(DubaugError, match="cannot be continued from"):
        load_state(tmp_path, 2, wider, torch.optim.AdamW(wider.parameters()))


def test_the_name_holds_the_hash(tmp_path: Path) -> None:
    (path,) = _saved(tmp_path, 7)
    assert path.name == f"step000000007-{sha256_of(path)[:16]}.safetensors"
