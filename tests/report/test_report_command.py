from pathlib import Path
from typing import Any

from report_factory import Page

from dubaug.cli import main
from dubaug.config import Experiment, save


def _words(sources: dict[str, Any]) -> list[str]:
    words = []
    for name, value in sources.items():
        if name != "out_dir":
            words += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, list) else [value])]
    return words


def test_every_source_has_its_flag(results: dict[str, Any], demo_experiment: Experiment, tmp_path: Path) -> None:
    config, out = tmp_path / "config.yaml", results["out_dir"] / "report.html"
    save(demo_experiment, config)
    assert main(["report", "--config", str(config), "--out", str(out), *_words(results)]) == 0
    page = Page(out.read_text(encoding="utf-8"))
    assert page.faults == []
    for words in ("Dubs help.", "A note.", "figures/c2.png", "2 titles, generated", "+EFJ and +ES beside AV", "align"):
        assert words in page.text
    assert "not there" not in page.text


def test_the_configuration_alone_makes_a_page(demo_experiment: Experiment, tmp_path: Path) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    assert main(["report", "--config", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "report.html")]) == 0
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "There are no claims here" in text
    assert "It was not compared with the paper’s." in text
    assert "randaugment_layers: 1" in text


def test_a_broken_part_is_one_line_and_no_page(
    results: dict[str, Any], demo_experiment: Experiment, tmp_path: Path, capsys: Any
) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    results["claims"].write_text("{", encoding="utf-8")
    out = tmp_path / "report.html"
    assert main(["report", "--config", str(tmp_path / "config.yaml"), "--out", str(out), *_words(results)]) == 1
    assert "dubaug: error:" in capsys.readouterr().err
    assert not out.exists()
