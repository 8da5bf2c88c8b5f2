"""Names from headers, made fit for a line."""

import pytest

from calciscope.service.web.names import one_line, person


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Muster^Maria^Anna", "Muster, Maria Anna"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou"),
        ("=山田^太郎", "山田, 太郎"),
        ("^^^", ""),
        ("", ""),
    ],
)
def test_a_person_is_written_as_people_do(name: str, shown: str) -> None:
    assert person(name) == shown


def test_characters_that_turn_or_break_the_line_are_left_out() -> None:
    assert one_line("a\u202eb\x00c\nd\u200be") == "a b c d e"


def test_long_text_is_cut() -> None:
    assert one_line("x" * 10_000) == "x" * 119 + "…"
