"""`dubaug catalogue` and `dubaug select`."""

import argparse
import functools
from pathlib import Path

from dubaug.config import load
from dubaug.errors import DubaugError
from dubaug.hardware import process_count
from dubaug.progress import Progress, log_line


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    catalogue = subparsers.add_parser(
        "catalogue",
        help="read what the films of a catalogue hold, to their ends",
        description="Read every film of a catalogue to its end (without decoding): its languages, its length, and "
        "whether it is whole. Films that cannot be used are listed with the reason and what to do about it.",
    )
    catalogue.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    catalogue.add_argument("--catalogue", type=Path, required=True, help="the user's CSV: title_id,path,...")
    catalogue.add_argument("--out", type=Path, required=True, help="CSV of the titles found")
    catalogue.add_argument("--rejected", type=Path, required=True, help="CSV of the films rejected")
    catalogue.add_argument("--jobs", type=process_count, default=1, help="films read at a time (default 1)")
    catalogue.set_defaults(run=run_catalogue)

    select = subparsers.add_parser(
        "select",
        help="choose the titles that have all tracks, and count every combination (Table B4)",
        description="Choose the titles that have the primary and all secondary tracks of the configuration, and "
        "count titles and video hours of every combination of tracks.",
    )
    select.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    select.add_argument("--catalogue", type=Path, required=True, help="the titles found, by `dubaug catalogue`")
    select.add_argument("--titles", type=Path, required=True, help="CSV of the titles selected")
    select.add_argument("--subsets", type=Path, required=True, help="CSV of the counts: languages,titles,video_hours")
    select.set_defaults(run=run_select)


def run_catalogue(options: argparse.Namespace) -> None:
    """Probe every film, each in a process that it may take down."""
    from dubaug.corpus.catalogue import read_catalogue
    from dubaug.corpus.find import STAGE, find, stretched
    from dubaug.corpus.rejects import Reject, write_rejects
    from dubaug.corpus.titles import Title, write_titles
    from dubaug.workers import Crash, Stall, isolated_map

    experiment = load(options.config)
    films = read_catalogue(options.catalogue, climbing_paths=experiment.ingest.climbing_paths)
    names, speeds = experiment.corpus.tracks, experiment.alignment.speeds
    work = functools.partial(find, names=names, clip_s=experiment.clips.duration_s, speeds=speeds)
    titles: list[Title] = []
    rejects: list[Reject] = []
    progress = Progress("reading films", len(films), "films")
    stall_s, preload = experiment.ingest.stall_s, ["dubaug.corpus.find", "langcodes"]
    for film, result in isolated_map(work, films, jobs=options.jobs, stall_s=stall_s, preload=preload):
        if isinstance(result, Crash | Stall):
            result = Reject(
                title_id=film.title_id,
                stage=STAGE,
                reason=f"reading the file {result}",
                advice="convert it with another program, or leave it out",
            )
        if isinstance(result, Title):
            titles.append(result)
            if result.notes:
                log_line(f"{result.title_id}: {result.notes}")
            for row in stretched(result):
                rejects.append(row)
                log_line(f"noted {row}")
            lacking = result.lacking(names)
            if whys := [note for note in result.notes.split("; ") if note.startswith(tuple(lacking))]:
                reason = f"not pretrained on, for want of {', '.join(lacking)}: {'; '.join(whys)}"
                advice = "mend these tracks if you want the film in; it counts in Table B4 without them"
                rejects.append(Reject(title_id=result.title_id, stage=STAGE, reason=reason, advice=advice))
            elif result.lost:
                advice = "check the end of the film in a player, and copy it again if you want the rest"
                rejects.append(Reject(title_id=result.title_id, stage=STAGE, reason=result.lost, advice=advice))
        else:
            rejects.append(result)
            log_line(f"rejected {result}")
        progress.advance()
    write_rejects(options.rejected, rejects)
    if not titles:
        raise DubaugError(
            f"none of the {len(films)} films of {options.catalogue} can be used. The first, {min(rejects)}. "
            f"All are listed in {options.rejected}"
        )
    write_titles(options.out, titles)
    log_line(f"{len(titles)} of {len(films)} films can be used, {sum(title.minutes for title in titles):.0f} minutes")


def run_select(options: argparse.Namespace) -> None:
    """Write the selected titles and the counts of Table B4."""
    from dubaug.corpus.subsets import count_subsets, select, write_subsets
    from dubaug.corpus.titles import read_titles, write_titles

    corpus = load(options.config).corpus
    found = read_titles(options.catalogue)
    chosen = select(found, corpus.tracks)
    write_subsets(options.subsets, count_subsets(found, corpus.tracks[0], corpus.tracks[1:]))
    write_titles(options.titles, chosen)
    log_line(f"{len(chosen)} of {len(found)} titles have {', '.join(corpus.tracks)}")
