import pytest

from dubaug.corpus.roles import origin_by_title

TITLES = {
    "commentary": (
        "Commentary", "Director's Commentary", "Director’s notes", "DIRECTOR & CAST COMMENTARY (2.0)", "Comentarios",
        "Película comentada", "Audiocomentario del director", "Comentário do diretor", "Commentaire audio",
        "Commentaires du réalisateur", "Audiokommentar", "Regiekommentar", "Kommentarspår", "Commento del regista",
        "Commentaar van de regisseur", "Komentář režiséra", "Komentarz reżysera", "Kommenttiraita",
        "Комментарии режиссёра", "Коментар", "オーディオコメンタリー", "音声解説", "監督による解説", "导演评论音轨",
        "評論", "오디오 코멘터리", "Yönetmen yorumu",
    ),
    "description": (
        "Audiodescripción", "AUDIODESCRIPCION", "Audio Description", "English (AD)", "Descriptive Audio",
        "Described Video", "DVS", "Audiodescription", "Version malvoyants", "Pour sourds et malentendants",
        "for the hearing impaired", "Audiodeskription", "Hörfilmfassung", "Audiodescrizione", "per non vedenti",
        "Audiodescrição", "Audiodeskrypcja", "Audiopopis pro nevidomé", "Syntolkning", "Synstolket",
        "Kuvailutulkkaus", "Тифлокомментарий", "音声ガイド", "日本語 解説放送", "副音声", "バリアフリー日本語",
        "口述影像", "화면해설", "ｶﾞｲﾄﾞ 副音声",
    ),
    "effects": (
        "Isolated Score", "Original score", "Isolated Music & Effects",
        "M&E", "Music and Effects", "Karaoke", "カラオケ", "卡拉OK",
        "노래방", "Musique isolée", "Música y efectos", "Musica ed effetti", "Musik und Geräusche", "Hudba a ruchy",
        "Música e efeitos", "Banda sonora aislada", "Instrumental", "International Sound", "No dialogue",
        "Ohne Sprache",
    ),
    "": (
        "", "English", "English 5.1 (Director's Cut)", "Director's Edition", "Montaje del director", "Director’s Cut",
        "Español (Latinoamérica)", "Castellano", "Français VFF", "Deutsch DTS-HD MA 5.1", "日本語", "吹替",
        "ディレクターズカット版", "导演剪辑版 国语", "粵語", "한국어 더빙", "SoundHandler",
        "Apple Sound Media Handler", "Surround 5.1", "Stereo", "Dub", "Original", "Mono (restored)", "Čeština",
        "Dubbing", "Lektor PL", "Дубляж", "Dolby Atmos", "Stéréo", "Hard-matted", "Recommended", "Madrid", "VO",
        "Radio edit", "Blindness", "The Score", "Marca registada", "Isolation 5.1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("origin", TITLES)
def test_titles_say_what_is_not_the_films_own_sound(origin: str) -> None:
    assert {title: origin_by_title(title) for title in TITLES[origin]} == dict.fromkeys(TITLES[origin], origin)
