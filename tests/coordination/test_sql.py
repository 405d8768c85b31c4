"""Statements that go to PostgreSQL without a cursor."""

import pytest
from django.db import DataError

from coordination.models.sql import planned

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgres", "SQLite's driver writes the parameters itself")]


def test_a_word_of_a_list_keeps_its_commas_braces_and_quotation_marks() -> None:
    words = ["a,b", "{c}", 'd"e', "f\\g", " h ", "NULL", "", "ü"]
    assert planned("SELECT unnest(%(words)s::text[])", {"words": words}) == [(word,) for word in words]


def test_numbers_are_read_back_as_numbers_and_nothing_as_nothing() -> None:
    read = planned("SELECT unnest(%(ids)s::bigint[]), %(none)s::text", {"ids": [1, 2**62], "none": None})
    assert read == [(1, None), (2**62, None)]


def test_a_text_is_never_cut_at_a_nul() -> None:
    with pytest.raises(DataError, match="NUL"):
        planned("SELECT %(text)s::text", {"text": "all\0 of it"})
