from collections import Counter

import pytest

from dubaug.pretrain.batches import epoch_batches, titles_needed

TITLES = {"a": 40, "b": 31, "c": 26, "d": 17, "e": 3}
PLAN = {"batch_size": 26, "clips_per_title": 12, "fill": "groups", "processes": 1, "seed": 0, "epoch": 0}


@pytest.mark.parametrize("fill", ["groups", "random"])
@pytest.mark.parametrize("titles", [TITLES, {"only": 60}, {"a": 1, "b": 1}])
def test_every_clip_comes_once_an_epoch(fill, titles):
    batches = epoch_batches(titles, **{**PLAN, "fill": fill})
    seen = Counter(clip for batch in batches for clip in batch)
    assert {(clip.title_id, clip.row) for clip in seen} == {
        (t, row) for t, count in titles.items() for row in range(count)
    }
    assert set(seen.values()) == {1}
    assert all(len(batch) == 26 for batch in batches[:-1])


def test_a_single_clip_left_over_is_no_batch():
    assert [len(batch) for batch in epoch_batches({"a": 27}, **PLAN)] == [26]
    assert epoch_batches({"a": 1}, **PLAN) == []
    assert epoch_batches({}, **PLAN) == []


def test_groups_fill_a_batch_with_12_12_and_2_of_three_titles():
    batches = epoch_batches({f"t{n}": 500 for n in range(20)}, **PLAN)
    for batch in batches[:-40]:
        titles = [clip.title_id for clip in batch]
        assert [titles.count(title) for title in dict.fromkeys(titles)] == [12, 12, 2]


def test_random_fills_a_batch_with_12_of_one_title_and_single_clips():
    titles = {f"t{n}": 500 for n in range(100)}
    counts: Counter[int] = Counter()
    for batch in epoch_batches(titles, **{**PLAN, "fill": "random"})[:200]:
        names = [clip.title_id for clip in batch]
        assert set(names[:12]) == {names[0]}
        assert names[0] not in names[12:]
        counts.update(Counter(names[12:]).values())
    assert counts[1] > 10 * counts[3]


def test_a_short_title_gives_what_it_has():
    batches = epoch_batches({"short": 3, **{f"t{n}": 100 for n in range(30)}}, **{**PLAN, "batch_size": 24})
    (where,) = [batch for batch in batches if any(clip.title_id == "short" for clip in batch)]
    assert sum(clip.title_id == "short" for clip in where) == 3
    assert len(where) == 24


def test_long_films_do_not_crowd_the_end():
    titles = {"long": 600, **{f"t{n}": 100 for n in range(24)}}
    batches = epoch_batches(titles, **PLAN)
    shares = [sum(c.title_id == "long" for b in part for c in b) for part in (batches[:58], batches[58:])]
    assert min(shares) > 200


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_get_batches_of_equal_size_and_leave_out_less_than_one_clip_each(processes):
    titles = {"a": 70, "b": 61, "c": 43}
    batches = epoch_batches(titles, **{**PLAN, "batch_size": 10, "processes": processes})
    assert len(batches) % processes == 0
    for start in range(0, len(batches), processes):
        assert len({len(batch) for batch in batches[start : start + processes]}) == 1
    seen = Counter(clip for batch in batches for clip in batch)
    assert set(seen.values()) == {1}
    assert sum(titles.values()) - len(seen) < max(processes, 2 * processes)


def test_epochs_and_seeds_differ_and_repeat():
    first = epoch_batches(TITLES, **PLAN)
    assert first == epoch_batches(dict(reversed(TITLES.items())), **PLAN)
    assert first != epoch_batches(TITLES, **{**PLAN, "epoch": 1})
    assert first != epoch_batches(TITLES, **{**PLAN, "seed": 1})
    assert len(first) == len(epoch_batches(TITLES, **{**PLAN, "epoch": 1}))


@pytest.mark.parametrize(
    ("size", "per_title", "fill", "titles"),
    [(26, 12, "groups", 3), (24, 12, "groups", 2), (12, 12, "groups", 1), (26, 12, "random", 2), (8, 12, "random", 1)],
)
def test_so_many_titles_make_a_batch_and_fewer_do_not(size, per_title, fill, titles):
    assert titles_needed(size, per_title, fill) == titles
    plan = {**PLAN, "batch_size": size, "clips_per_title": per_title, "fill": fill}
    corpus = {f"t{number}": 200 for number in range(titles)}
    first = epoch_batches(corpus, **plan)[0]
    counts = Counter(clip.title_id for clip in first)
    assert len(counts) == titles
    if fill == "groups":
        assert max(counts.values()) <= per_title
