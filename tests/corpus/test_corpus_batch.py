from pathlib import Path

import pytest

from dubaug.corpus.batch import titles_of_batch
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.tracks import TrackName


@pytest.fixture
def titles_csv(tmp_path: Path) -> Path:
    english = Track(name=TrackName("en"), stream=0)
    titles = [
        Title(title_id=name, path=tmp_path / "a.mkv", minutes=1.0, clips=20, tracks=(english,)) for name in "dacbe"
    ]
    write_titles(tmp_path / "titles.csv", titles)
    # as a user's own script may leave it
    header, *rows = (tmp_path / "titles.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "titles.csv").write_text(header + "".join(reversed(rows)), encoding="utf-8")
    return tmp_path / "titles.csv"


def test_titles_are_dealt_in_the_order_of_their_ids(titles_csv: Path) -> None:
    dealt = [titles_of_batch(titles_csv, batch=batch, batches=3) for batch in range(3)]
    assert [[title.title_id for title in batch] for batch in dealt] == [["a", "d"], ["b", "e"], ["c"]]
    assert titles_of_batch(titles_csv, batch=6, batches=7) == []


@pytest.mark.parametrize(("batch", "batches"), [(-1, 2), (2, 2), (0, 0)])
def test_a_batch_that_there_is_not_is_refused(titles_csv: Path, batch: int, batches: int) -> None:
    with pytest.raises(DubaugError, match=rf"--batch {batch}: batches are numbered 0 to"):
        titles_of_batch(titles_csv, batch=batch, batches=batches)
