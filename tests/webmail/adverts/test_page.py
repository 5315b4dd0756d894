from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.judgement import page


def test_words_links_and_pictures_are_read() -> None:
    content = page.read_page(
        '<style>p{x:y}</style><p>Bonjour&nbsp;à <b>tous</b></p><a href="http://x.fr/?a=1&amp;b">'
        'le <i>site</i></a><img src="l.png" width="90" alt="Logo"><img width=1 height=1>'
    )
    assert content.words().split() == ["Bonjour", "à", "tous", "le", "site", "Logo"]
    assert [(link.address, link.words) for link in content.links] == [
        ("http://x.fr/?a=1&b", "le site")
    ]
    assert (content.pictures, content.pixels) == (2, 1)


@pytest.mark.parametrize(
    "hidden",
    ['<div style="display: none">{}</div>', '<p style="FONT-SIZE:0px">{}</p>', "<!-- {} -->",
     '<div style="visibility:hidden"><div>a</div>{}</div>', "<script>{}</script>"],
)  # fmt: skip
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    assert page.read_page("un " + hidden.format("secret") + " deux").words().split() == [
        "un",
        "deux",
    ]


@pytest.mark.parametrize(
    "source",
    ["<", "<a", "a < b", "<!--", "<style>", "</p", '<a href="', "<a href=x>y", "<>", "<!", "<?x"],
)
def test_broken_markup_is_read_to_its_end(source: str) -> None:
    assert "fin" in page.read_page(f"fin {source} suite").words()


@given(st.text(alphabet="<>/!-ab =\"'pdivstyle", max_size=300))
def test_any_markup_is_read(source: str) -> None:
    page.read_page(source)


def test_links_of_quotes_are_told_from_the_senders_own() -> None:
    content = page.read_page(
        '<a href="https://a.example">ici</a><blockquote type="cite"><blockquote>'
        '<a href="https://b.example">là</a></blockquote><a href="https://c.example">là</a>'
        '</blockquote></blockquote><a href="https://d.example">ici</a>'
    )
    assert [link.is_quoted for link in content.links] == [False, True, True, False]
    assert [link.place for link in content.links] == [0, 5, 8, 12]
