import os
from dataclasses import replace
from pathlib import Path

from test_alignment_table import HEARD

from dubaug.alignment.receipts import kept, note
from dubaug.config import Experiment
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.tracks import TrackName

LANGUAGES = ("en", "es")


def test_a_measurement_is_kept_for_the_same_files_and_settings_alone(
    tmp_path: Path, demo_experiment: Experiment
) -> None:
    side_car, settings = tmp_path / "es.ac3", demo_experiment.alignment
    for path in (tmp_path / "film.mkv", side_car):
        path.write_bytes(b"sound")
    tracks = (Track(name=TrackName("en"), stream=0), Track(name=TrackName("es"), stream=0, path=side_car))
    title = Title(title_id="film", path=tmp_path / "film.mkv", minutes=1.0, clips=20, tracks=tracks)

    def found(title: Title = title, **changed: object) -> bool:
        return kept(title, tmp_path, names=LANGUAGES, settings=replace(settings, **changed)) is not None

    assert not found()
    note(title, tmp_path, {"es": HEARD}, names=LANGUAGES, settings=settings)
    assert kept(title, tmp_path, names=LANGUAGES, settings=settings) == {"es": HEARD}
    assert found(policy="reject", identical_max=0.5, silence_max=0.5), "these change no measurement"
    assert not found(search_s=5.0)
    assert not found(similarity_min=0.1)
    assert not found(replace(title, minutes=2.0))
    assert not found(replace(title, tracks=(tracks[0], replace(tracks[1], stream=1))))
    os.utime(side_car, ns=(0, 0))
    assert not found()
    side_car.unlink()
    assert not found()
