"""What recordings of HEAR's tasks share, from their names: the originals', the demo's, and hearpreprocess's."""

import pytest

from dubaug.downstream.hear_groups import groups_of


@pytest.mark.parametrize(
    ("folder", "file", "expected"),
    [
        ("esc50-v2.0.0-full", "1-100032-A-0.wav", ("source recording", "100032")),
        ("esc50-v2.0.0-full", "5-9032-B-12.wav", ("source recording", "9032")),
        ("esc50-v2.0.0-full", "1-negative-100032-negative-a-negative-0.wav", ("source recording", "100032")),
        ("tfds_crema_d-1.0.0-full", "1001_DFA_ANG_XX.wav", ("speaker", "1001")),
        ("tfds_crema_d-1.0.0-full", "1091-ieo-hap-hi.wav", ("speaker", "1091")),
        ("speech_commands-v0.0.2-5h", "bed_0a7c2a8d_nohash_0.wav", ("speaker", "0a7c2a8d")),
        ("speech_commands-v0.0.2-full", "bed-0a7c2a8d-nohash-0.wav", ("speaker", "0a7c2a8d")),
        ("emodb-1.0", "03a01Fa.wav", ("speaker", "03")),
        ("fsd50k-v1.0-full", "1-100032-A-0.wav", (None, None)),
        ("esc50-v2.0.0-full", "dog.wav", (None, None)),
    ],
)
def test_a_files_name_says_its_group(folder, file, expected):
    grouped_by, (group,) = groups_of(folder, [file])
    assert (grouped_by, group) == expected


def test_a_name_that_does_not_say_stands_alone():
    files = ["_silence__room2_nohash_0.wav", "bed_0a7c2a8d_nohash_0.wav"]
    assert groups_of("speech_commands-v0.0.2-full", files) == ("speaker", [None, "0a7c2a8d"])
