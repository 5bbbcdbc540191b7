"""What a sound stream is that is not the film's own sound: by its flags, else by the words of its title."""

import re
import unicodedata
from functools import lru_cache

from av.container.core import Container
from av.stream import Disposition, Stream

from dubaug.tracks import COMMENTARY, DESCRIPTION, EFFECTS

_FLAGS = {
    Disposition.comment: COMMENTARY,
    Disposition.visual_impaired: DESCRIPTION,
    Disposition.hearing_impaired: DESCRIPTION,
    Disposition.dependent: DESCRIPTION,
    Disposition.clean_effects: EFFECTS,
    Disposition.karaoke: EFFECTS,
    Disposition.non_diegetic: EFFECTS,
}
"""DVB's dependent sound is a description without the film, for the receiver to mix in."""

_TITLE_KEYS = ("title", "name", "handler_name")
"""Matroska has a stream's title under the first, MP4 under the others."""

_DIRECTORS_CUT = (
    r"director'?s (cut|edition|version)", r"(montaje|version|corte|montagem|versao) d[eo]l? director", "監督版",
    r"ディレクターズ ?カット", "導演(剪輯|版)", "导演(剪辑|版)", "감독판",
)  # fmt: skip
"""Words that name a version of the film, and no commentary on it."""

_WORDS = {
    DESCRIPTION: (
        # English, Spanish, Portuguese, Italian, French, Dutch, German, Polish say description alike.
        r"des[ck]r[iy]", r"\b(ad|dvs|hoh|sdh)\b", r"impaired|hard of hearing|\b(blind(en?)?|deaf)\b|low vision",
        r"\b(ciegos|sordos)\b|discapacidad", r"deficien.* (visua|auditiv)|\b(cegos|surdos)\b",
        r"(non|ipo) ?(vedenti|udenti)|\bciechi\b", r"(mal|non)[ -]?(voyant|entendant)|aveugle|\bsourds?\b",
        r"\bhor(film|fassung)|(seh|hor)(behindert|geschadigt)", r"slechtzien|slechthor", r"syns?tolk", r"kuvailutulk",
        r"niewidom|nieslysz", r"nevid|neslys|audiopopis", r"audionarr", r"betimleme", r"τυφλ", r"الوصف",
        r"тифло|слабовид|незряч|слабослыш", r"音声ガイド|副音声|解説放送|バリアフリー|(視覚|聴覚)障",
        r"口述影像|無障礙|无障碍|視障|视障", r"화면 ?해설|(시각|청각) ?장애",
    ),
    COMMENTARY: (
        r"\bcomment", r"\bcoment(ari|ad)", r"kom+entt?a+r|kommentti", r"ком+ентар", r"σχολι", r"\byorum", r"تعليق",
        r"\b(director|diretor|regisseur|realisateur|realizador|regista\b)", r"cast (and|&) crew", r"פרשנות",
        r"コメンタリ|コメント|解説|監督", r"評論|评论|導評|导评|解[說说]|導演|导演", r"코멘[터타]리|해설|감독",
    ),
    EFFECTS: (
        r"\bm ?[&+] ?e\b", r"international (sound|track)", r"\bisolat(ed|[ao])\b|isolee?\b|isoliert|aislad",
        r"score (only|track)|(film|music|original) score",
        r"(musi[ck]|musica|musique|hudba) [^ ]+ \w*(ef+e[ckt]t|efeit|bruit|gerausch|ruch)",
        r"(music|dialogue|dialog|vocals?)[ -]only|only music", r"karaoke|カラオケ|卡拉 ?ok|노래방|instrumental",
        r"(no|without|sin|sans|ohne|senza|sem) (speech|dialog|vocals|paroles|sprache|voces|voz|voci)",
        r"音楽のみ|効果音",
    ),
}  # fmt: skip
"""By what a stream is, the words in its title that say so, the first first; accents and capitals do not matter."""


def tag_of(tagged: Stream | Container, key: str) -> str | None:
    """Return what a stream or a file says under a key in any case, as FFmpeg's own dictionary finds it."""
    return next((value for name, value in tagged.metadata.items() if name.casefold() == key.casefold()), None)


def origin_of(stream: Stream) -> str:
    """Return the origin of what is not the film's own sound; empty for the film's own.

    Ogg gives each stream the film's title, which is none of its own.
    """
    by_flag = next((origin for flag, origin in _FLAGS.items() if stream.disposition & flag), "")
    titles = [
        title for key in _TITLE_KEYS if (title := tag_of(stream, key)) and title != tag_of(stream.container, "title")
    ]
    return by_flag or next(filter(None, map(origin_by_title, titles)), "")


def origin_by_title(title: str) -> str:
    """Return the origin that a stream's title tells, in any of the languages above; empty if it tells none."""
    words = _plain(title)
    for pattern in _patterns(_DIRECTORS_CUT):
        words = pattern.sub("", words)
    return next((origin for origin, some in _WORDS.items() if any(one.search(words) for one in _patterns(some))), "")


@lru_cache(maxsize=8)
def _patterns(words: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_plain(pattern)) for pattern in words)


def _plain(text: str) -> str:
    """Return the text in small letters, without accents: `audiodescripcion`."""
    letters = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)
