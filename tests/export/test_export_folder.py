import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dubaug.cli import main
from dubaug.errors import EXIT_OK, DubaugError
from dubaug.export.folder import ExportSources, export
from dubaug.files import read_json, sha256_of, write_json
from dubaug.media.mel import log_mel
from dubaug.pretrain.checkpoint import load_encoders
from dubaug.pretrain.manifest import Manifest


def code_in(card: Path) -> list[str]:
    """Return the Python blocks of a model card."""
    return re.findall(r"```python\n(.*?)```", card.read_text(encoding="utf-8"), re.DOTALL)


def sound_and_picture(spec: Any) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    sound = torch.rand(2, 2, round(spec.duration_s * spec.sample_rate_hz), generator=generator) - 0.5
    crop = spec.encoders.video.crop
    return sound, torch.rand(2, 3, spec.frames, crop, crop, generator=generator)


@pytest.mark.parametrize(("epoch", "exported"), [(None, 2), (1, 1)])
def test_the_weights_are_the_checkpoints_bytes_and_embed_bitwise_alike(
    sources: Callable[..., ExportSources], results: Path, tmp_path: Path, epoch: int | None, exported: int
) -> None:
    export(sources(epoch=epoch), tmp_path / "out")
    checkpoint = Manifest.load(results / "efj/pretraining.json").checkpoints[exported - 1]
    weights = tmp_path / "out/encoders.safetensors"
    assert weights.read_bytes() == checkpoint.path.read_bytes()
    assert checkpoint.epoch == exported
    original, copy = load_encoders(checkpoint.path), load_encoders(weights)
    assert copy.spec == original.spec
    sound, picture = sound_and_picture(copy.spec)
    mel = log_mel(sound, sample_rate_hz=copy.spec.sample_rate_hz, mel=copy.spec.mel)
    assert torch.equal(original.audio(mel), copy.audio(mel))
    assert original.video is not None
    assert copy.video is not None
    assert torch.equal(original.video(picture), copy.video(picture))


def test_the_sums_are_what_sha256sum_reads(sources: Callable[..., ExportSources], tmp_path: Path) -> None:
    export(sources(), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md", "SHA256SUMS", "config.json", "encoders.safetensors",
    ]  # fmt: skip
    lines = (tmp_path / "out/SHA256SUMS").read_text().splitlines()
    named = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert named == {name: sha256_of(tmp_path / "out" / name) for name in ("config.json", "encoders.safetensors")}
    assert read_json(tmp_path / "out/config.json")["weights"]["sha256"] == named["encoders.safetensors"]


def test_the_cards_code_loads_the_weights_strictly_without_dubaug(
    sources: Callable[..., ExportSources], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(sources(), out)
    encoders = load_encoders(out / "encoders.safetensors")
    sound, picture = sound_and_picture(encoders.spec)
    torch.save((sound, picture), tmp_path / "inputs.pt")
    use = (
        f"a, v = torch.load({str(tmp_path / 'inputs.pt')!r})\n"
        f"torch.save((embed_audio(a), embed_video(v)), {str(tmp_path / 'outputs.pt')!r})\n"
    )
    script = f"import sys\nsys.modules['dubaug'] = None\n{code_in(out / 'README.md')[0]}\n{use}"
    done = subprocess.run([sys.executable, "-c", script], cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["torch.Size([1, 16])", "torch.Size([1, 16])"]
    audio, video = torch.load(tmp_path / "outputs.pt")
    mel = log_mel(sound, sample_rate_hz=encoders.spec.sample_rate_hz, mel=encoders.spec.mel)
    assert encoders.video is not None
    torch.testing.assert_close(video, encoders.video(picture), rtol=0, atol=1e-6)
    torch.testing.assert_close(audio, encoders.audio(mel), rtol=0, atol=1e-5)  # torchaudio rounds the mel otherwise
    assert audio.std() > 0.01


@pytest.mark.parametrize("variant", ["efj", "a", "rp"])
def test_networks_made_from_config_json_are_those_of_the_package(
    sources: Callable[..., ExportSources], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    out = tmp_path / "out"
    export(sources(variant), out)
    encoders = load_encoders(out / "encoders.safetensors")
    monkeypatch.chdir(out)
    bare: dict[str, Any] = {}
    exec(code_in(out / "README.md")[0], bare)
    config = read_json(out / "config.json")
    parts = {"audio": encoders.audio, "video": encoders.video}
    assert (config["video"] is None) == (variant == "a") == (encoders.video is None) == ("video_net" not in bare)
    for part, module in parts.items():
        if module is None:
            continue
        norm, shape = config[part]["normalisation"], config[part]["input_shape"]
        given = torch.randn(2, *shape, generator=torch.Generator().manual_seed(3))
        with torch.inference_mode():
            ours = module(given.squeeze(3) if part == "audio" else given)
            theirs = bare[f"{part}_net"]((given - norm["mean"]) / norm["std"])
        torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-6)
        assert config[part]["parameters"] == sum(tensor.numel() for tensor in bare[f"{part}_net"].parameters())


@pytest.mark.parametrize("variant", ["efj", "a"])
def test_the_cards_code_for_dubaug_runs(
    sources: Callable[..., ExportSources],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variant: str,
) -> None:
    export(sources(variant), tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    exec(code_in(tmp_path / "out/README.md")[1], {})
    assert capsys.readouterr().out.splitlines() == ["torch.Size([1, 16])"] * (2 if variant == "efj" else 1)


def test_equal_sources_give_equal_bytes_and_name_no_place_and_no_title(
    sources: Callable[..., ExportSources], results: Path, tmp_path: Path, tiny: Any, write_scores: Callable[..., Path]
) -> None:
    given = sources(scores=[write_scores()], config=results / "config.yaml", license="Apache-2.0")
    for name in ("one", "two"):
        export(given, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        if path.suffix in {".md", ".json"}:
            text = path.read_text(encoding="utf-8")
            hidden = (str(tmp_path), str(results), tiny.corpus.catalogue, "alpha", "gamma", "delta")
            assert not [word for word in hidden if word in text]


def test_the_command_takes_the_manifest_among_the_scores(
    results: Path, tmp_path: Path, write_scores: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, scores = str(results / "efj/pretraining.json"), str(write_scores())
    words = ["--manifest", manifest, "--scores", manifest, scores, "--license", "cc-by-nc-4.0"]
    assert main(["export", *words, "--out", str(tmp_path / "a/b/out")]) == EXIT_OK
    assert "efj, epoch 2, seed 0 exported to" in capsys.readouterr().err
    card = (tmp_path / "a/b/out/README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: cc-by-nc-4.0\n")
    assert "| esc50 | hear | Accuracy | 0.625 ± 0.177 | 2 | 1,600 | 400 |" in card


def test_what_is_there_is_only_replaced_if_it_is_an_export_and_asked_for(
    sources: Callable[..., ExportSources], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    export(sources(epoch=1), out)  # an empty folder is none's
    before = sha256_of(out / "encoders.safetensors")
    with pytest.raises(DubaugError, match="--force to replace it"):
        export(sources(), out)
    assert sha256_of(out / "encoders.safetensors") == before
    (out / ".snakemake_timestamp").touch()
    export(sources(), out, force=True)
    assert sha256_of(out / "encoders.safetensors") != before
    (out / "notes.txt").write_text("mine")
    with pytest.raises(DubaugError, match=r"other files in it, such as notes\.txt"):
        export(sources(), out, force=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "nothing temporary is left"


@pytest.mark.parametrize("force", [False, True])
def test_other_peoples_files_are_left_alone(sources: Callable[..., ExportSources], tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/config.json").write_text('{"format": "mine"}')
    with pytest.raises(DubaugError, match="holds other files and was left alone"):
        export(sources(), tmp_path / "thesis", force=force)
    with pytest.raises(DubaugError, match="is a file"):
        export(sources(), tmp_path / "thesis/config.json", force=force)
    assert (tmp_path / "thesis/config.json").read_text() == '{"format": "mine"}'


def test_a_failed_export_leaves_the_earlier_one(
    sources: Callable[..., ExportSources], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(sources(epoch=1), tmp_path / "out")
    before = sha256_of(tmp_path / "out/encoders.safetensors")

    def fail(_facts: Any) -> str:
        raise RuntimeError("no card today")

    monkeypatch.setattr("dubaug.export.folder.model_card", fail)
    with pytest.raises(RuntimeError, match="no card today"):
        export(sources(), tmp_path / "out", force=True)
    assert sha256_of(tmp_path / "out/encoders.safetensors") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_epoch_that_was_not_kept_is_refused_with_those_that_were(
    sources: Callable[..., ExportSources], tmp_path: Path
) -> None:
    with pytest.raises(DubaugError, match=r"--epoch 7: no weights .* has 1, 2$"):
        export(sources(epoch=7), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_are_damaged_or_missing_are_refused(
    sources: Callable[..., ExportSources], copied: Path, tmp_path: Path
) -> None:
    weights = copied / "efj/pretrain/checkpoints/epoch02.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DubaugError, match=r"epoch02\.safetensors is damaged"):
        export(sources(manifest=copied / "efj/pretraining.json"), tmp_path / "out")
    weights.unlink()
    with pytest.raises(DubaugError, match=r"epoch02\.safetensors is missing"):
        export(sources(manifest=copied / "efj/pretraining.json"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export(sources(manifest=copied / "efj/pretraining.json", epoch=1), tmp_path / "out")


def test_an_account_of_another_training_is_refused(
    sources: Callable[..., ExportSources], copied: Path, tmp_path: Path
) -> None:
    account = copied / "efj/pretrain/experiment.json"
    identity = read_json(account)
    identity["configuration"]["pretraining"]["learning_rate"] *= 2
    write_json(account, identity)
    with pytest.raises(DubaugError, match=r"experiment\.json is of another run than .* or was changed"):
        export(sources(manifest=copied / "efj/pretraining.json"), tmp_path / "out")
    account.unlink()
    with pytest.raises(DubaugError, match="does not say how the weights were trained"):
        export(sources(manifest=copied / "efj/pretraining.json"), tmp_path / "out")


def test_titles_of_another_corpus_are_refused(
    sources: Callable[..., ExportSources], copied: Path, tmp_path: Path
) -> None:
    lines = (copied / "titles.csv").read_text().splitlines(keepends=True)
    (copied / "titles.csv").write_text("".join(line for line in lines if not line.startswith("beta,")))
    with pytest.raises(DubaugError, match="lacks 1 of the 3 titles that were trained on, such as 'beta'"):
        export(sources(titles=copied / "titles.csv"), tmp_path / "out")
    with pytest.raises(DubaugError, match="no reject list at"):
        export(sources(rejected=[copied / "none.csv"]), tmp_path / "out")


def test_a_licence_is_an_identifier(sources: Callable[..., ExportSources], tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match="--license 'ask me'"):
        export(sources(license="ask me"), tmp_path / "out")


def test_config_json_is_plain(sources: Callable[..., ExportSources], tmp_path: Path) -> None:
    export(sources(), tmp_path / "out")
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert (config["variant"], config["epoch"], config["embedding_dim"], config["window_s"]) == ("efj", 2, 16, 1.0)
    assert config["audio"]["mel_spectrogram"]["f_max"] == 8000.0
    assert config["audio"]["input_shape"] == [2, 30, 1, 25]
    assert config["video"]["frame_times_s"] == [0.25, 0.75]
    assert (config["video"]["short_side_px"], config["video"]["crop_px"]) == (32, 32)
