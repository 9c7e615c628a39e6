"""The benchmark of the word filter measures every list over every kind of texts."""

from __future__ import annotations

from loadtest.bench.filter import HEADINGS, Plan, markdown, run


def test_every_list_meets_every_kind_of_texts_and_all_of_it_is_in_the_table() -> None:
    rates = run(Plan(words=(10, 50), messages=20, rounds=2))
    assert [rate.words for rate in rates] == [10] * 3 + [50] * 3
    assert all(len(rate.rates) == 2 for rate in rates)
    about, table = markdown(rates, 0.5).split("\n\n")
    assert about.endswith("other processes used 50% of it.")
    assert [line.count("|") for line in table.splitlines()] == [len(HEADINGS) + 1] * 8
