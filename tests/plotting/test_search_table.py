import io

import pytest
from rich.console import Console

from epsilon_research.plotting.search_table import search_table
from tests.plotting.searches import ENTRIES, SELECTION, entry


def _lines(summary, width=80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(search_table(summary))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def _row(lines: list[str], start: str) -> str:
    (found,) = [line for line in lines if line.strip().startswith(start)]
    return " ".join(found.split())


def test_every_variant_has_a_row_with_what_it_found():
    lines = _lines({"search": ENTRIES}, width=120)
    assert all(len(line) <= 120 for line in lines)
    assert _row(lines, "ageing evolution, epsilon warm-up and move").endswith(
        "93.80 93.95 93.75–94.05 12 (75.0 %) 25.0"
    )
    assert sum(line.startswith(("ageing", "random")) for line in lines) == 5
    assert "test accuracy, median over 7 repeats, selected on validation, protocol sound" in lines


def test_a_terminal_of_80_columns_is_wide_enough_for_every_number():
    text = " ".join(_lines({"search": ENTRIES, "selection": SELECTION}))
    assert "…" not in text
    assert "93.75–94.05" in text


def test_one_architecture_is_beside_chance_and_the_best_there():
    lines = _lines({"search": {}, "selection": SELECTION})
    assert _row(lines, "1,000") == "1,000 epsilon 93.86 ± 1.00 – 20.0"
    assert _row(lines, "num_parameters") == "num_parameters 93.00 ± 1.00 – 50.2"
    assert _row(lines, "chance") == "chance 87.00 ± 1.00 – 500.5"
    assert _row(lines, "the best there") == "the best there 94.20 ± 1.00 – 1.0"


def test_what_is_undefined_or_never_reached_is_a_dash():
    target = {"accuracy": 0.99, "median_models": None, "reached_share": 0.1}
    curves = dict.fromkeys(("median_curve", "low_curve", "high_curve"), [None] * 40)
    lines = _lines({"search": {"a": entry(targets={"0.99": target}) | curves}}, width=120)
    assert _row(lines, "ageing evolution") == "ageing evolution – – ––– – (10.0 %) 25.0"


def test_a_users_own_objective_is_no_percentage():
    own = entry(selected_on="objective", reported="objective")
    lines = _lines({"search": {"a": own}}, width=120)
    assert _row(lines, "ageing evolution").startswith("ageing evolution 0.928 0.9295")


@pytest.mark.parametrize("summary", [{}, {"search": {}, "selection": {}}])
def test_without_a_search_there_is_nothing(summary):
    assert "".join(_lines(summary)).strip() == ""
