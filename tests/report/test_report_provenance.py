from pathlib import Path

from dubaug import __version__
from dubaug.files import write_json
from dubaug.report.provenance import demo_licences, packages, plain_markdown, read_results
from result_factory import entry_of, head_of


def test_results_are_counted_by_commit(tmp_path: Path) -> None:
    head = head_of("av", "hear", 6)
    for name, commit, tasks in [("a", "c1", ["x", "y"]), ("b", "c2", ["y"]), ("c", "c2", ["z"]), ("d", None, ["z"])]:
        entries = {task: {**entry_of(0.5), "git_commit": commit} for task in tasks}
        write_json(tmp_path / f"{name}.json", {**head, "git_commit": "who wrote it", "tasks": entries})
    entry = entry_of(0.5)
    own = {key: entry[key] for key in ("mean", "std", "folds", "hyperparameters")}
    of_seeds = [{**own, "seed": seed, "git_commit": commit} for seed, commit in enumerate(["c1", "c3"])]
    write_json(tmp_path / "e.json", {**head, "tasks": {"x": {**entry, "seeds": of_seeds}}})
    results = read_results([tmp_path / f"{name}.json" for name in "abcdef"])
    assert results is not None
    assert (results.n_files, results.tasks) == (5, ("x", "y", "z"))
    assert results.commits == (("c1", 2), ("c2", 2), ("", 1), ("c3", 1))
    assert read_results([tmp_path / "f.json"]) is None


def test_packages_are_those_that_this_one_asks_for() -> None:
    found = {package.name: package for package in packages()}
    assert found["dubaug"].version == __version__
    assert {"torch", "snakemake", "numpy"} <= set(found)
    assert "BSD" in found["numpy"].licence
    assert "pytest" not in found, "of the extra `dev`"
    assert all(len(package.licence) < 200 for package in found.values())


def test_the_banks_licences_are_quoted_from_its_page() -> None:
    text = str(demo_licences())
    assert text.startswith("<ul>\n<li>") or text.startswith("<ul><li>")
    assert "<strong>Kokoro-82M</strong>" in text
    assert "Apache-2.0" in text
    assert "##" not in text


def test_markdown_becomes_html_and_html_text() -> None:
    found = plain_markdown("One\ntwo.\n\n- a `b`\n  c\n- **d** <i>\n\nEnd.\n")
    assert (
        found
        == "<p>One two.</p>\n<ul><li>a <code>b</code> c</li><li><strong>d</strong> &lt;i&gt;</li></ul>\n<p>End.</p>"
    )
