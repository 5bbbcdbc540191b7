import subprocess
import sys

from dubaug.seeding import item_rng, item_seed


def test_seeds_differ_by_every_key_and_by_their_order() -> None:
    keys = [
        (0, 1, "t", 2, "video"),
        (0, 1, "t", 2, "audio"),
        (0, 2, "t", 1, "video"),
        (0, 1, "t", 3, "video"),
        (0, "1", "t", 2, "video"),
        (1, 0, "t", 2, "video"),
    ]
    assert len({item_seed(*key) for key in keys}) == len(keys)
    assert all(0 <= item_seed(*key) < 2**63 for key in keys)


def test_another_process_draws_the_same_numbers() -> None:
    code = "from dubaug.seeding import item_rng; print(item_rng(3, 'title', 7).random())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(printed) == item_rng(3, "title", 7).random()
