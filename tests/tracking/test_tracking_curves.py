"""A file of curves is read as it grows, whole lines only."""

from pathlib import Path

from tracking_factory import line_of

from dubaug.tracking.curves import Curve, last_step


def _steps(curve: Curve, first: int = 0) -> list[int]:
    return [step for step, _ in curve.new_steps(first)]


def test_only_what_is_new_and_whole_is_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    curve = Curve(path)
    assert _steps(curve) == []
    path.write_text(line_of(0, 1.0) + line_of(1, 0.5) + line_of(2, 0.25)[:9])
    assert _steps(curve) == [0, 1]
    assert last_step(path) == 1
    with path.open("a") as file:
        file.write(line_of(2, 0.25)[9:] + line_of(3, 0.125))
    assert _steps(curve) == [2, 3]
    assert _steps(curve) == []
    curve.rewind()
    assert _steps(curve, first=3) == [3]


def test_a_line_that_was_cut_short_costs_no_line_after_it(tmp_path: Path) -> None:
    path = tmp_path / "system.jsonl"
    path.write_text(line_of(0, 1.0) + line_of(1, 0.5)[:9] + line_of(2, 0.25) + line_of(3, 0.125))
    assert _steps(Curve(path)) == [0, 3]


def test_a_file_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(line_of(step, 1.0) for step in range(8)))
    curve = Curve(path)
    assert _steps(curve) == list(range(8))
    new = tmp_path / "new"
    new.write_text("".join(line_of(step, 1.0) for step in range(9)))
    new.replace(path)
    assert _steps(curve, first=8) == [8]


def test_values_have_their_time_and_no_words(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 4, "loss": 0.5, "kind": "es", "late": true, "time_s": 12.5}\n')
    ((step, (metric,)),) = Curve(path).new_steps(0)
    assert (step, metric.name, metric.value, metric.time_ms) == (4, "loss", 0.5, 12500)
