"""Randomness for each item by itself: the same numbers whatever the worker, the process or the restart."""

import hashlib

import numpy as np


def item_seed(*keys: str | int) -> int:
    """Return a 63-bit seed made from `keys`, for instance `(seed, epoch, title_id, clip, "video")`.

    Unlike Python's `hash` it is the same in every process; unlike a sum it does not confuse (1, 2) with (2, 1).
    """
    text = "\x1f".join(f"{'str' if isinstance(key, str) else type(key).__name__}:{key}" for key in keys)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def item_rng(*keys: str | int) -> np.random.Generator:
    """Return NumPy's default generator seeded by `item_seed(*keys)`."""
    return np.random.default_rng(item_seed(*keys))
