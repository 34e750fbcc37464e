"""How well our numbers agree with published ones: each distinct published row counts once."""

from math import isnan, nan
from typing import Any

import pytest

from epsilon_research.reporting.published import (
    NOT_MEASURED,
    TOO_FEW,
    UNDEFINED,
    Agreement,
    Comparison,
    agreement_table,
    agreements,
)
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.tracking.record import to_plain


def compared(ours: float, published: float = 0.5, **changes: Any) -> Comparison:
    fields: dict[str, Any] = {
        "table": "pairs", "label": "a", "row": "a", "job": 0, "metric": "epsilon",
        "protocol": "paper", "statistic": "spearman_rho", "published": published, "ours": ours,
        "interval": None, "same_architectures": True, "margin": 0.1, "not_judged": None,
    }  # fmt: skip
    return Comparison(**(fields | changes))


def only(*found: Comparison) -> Agreement:
    (one,) = agreements(found)
    return one


def test_equal_published_rows_count_once_with_the_mean_of_ours() -> None:
    one = only(compared(0.52), compared(0.58, label="b"), compared(0.9, label="c", row="c"))
    assert one.differences == pytest.approx([0.05, 0.4])
    assert (len(one.judged), one.within) == (2, 1)


def test_rows_of_several_studies_beside_one_published_row_count_once() -> None:
    one = only(compared(0.5), compared(0.5, job=7), compared(0.5, table="others"))
    assert len(one.differences) == 2


def test_other_architectures_stand_apart() -> None:
    found = agreements([compared(0.5), compared(0.9, same_architectures=False)])
    assert [(one.same_architectures, one.within) for one in found] == [(True, 1), (False, 0)]


def test_few_architectures_are_neither_compared_nor_agree() -> None:
    one = only(compared(0.5, not_judged=TOO_FEW, label="few", row="few"), compared(0.51))
    assert one.differences == pytest.approx([0.01])
    assert (len(one.judged), one.within, one.too_few) == (1, 1, 1)


def test_what_has_no_measured_spread_is_compared_but_not_judged() -> None:
    one = only(compared(0.7, margin=nan, not_judged=NOT_MEASURED))
    assert one.differences == pytest.approx([0.2])
    assert (one.judged, one.within) == ([], 0)


def test_undefined_numbers_are_no_rows() -> None:
    assert only(compared(nan, not_judged=UNDEFINED)).differences == []
    assert agreement_table([compared(nan, not_judged=UNDEFINED)]) is None


def test_a_difference_at_the_margin_agrees_and_one_beyond_does_not() -> None:
    assert compared(0.5 + 0.09999).agrees is True
    assert compared(0.5 - 0.10001).agrees is False
    assert compared(0.5, not_judged=NOT_MEASURED).agrees is None


def test_the_record_keeps_a_comparison_and_has_null_for_what_is_undefined() -> None:
    one = compared(0.52, interval=(0.5, 0.54))
    entry = to_plain(one.to_json())
    assert read_record(Comparison, entry) == one
    assert (entry["agrees"], entry["difference"]) == (True, pytest.approx(0.02))
    undefined = to_plain(compared(nan, margin=nan, not_judged=UNDEFINED).to_json())
    assert (undefined["ours"], undefined["difference"], undefined["margin"]) == (None, None, None)
    assert isnan(read_record(Comparison, undefined).ours)


def test_the_table_has_a_row_for_each_statistic_in_the_usual_order() -> None:
    table = agreement_table(
        [
            compared(10, 10, statistic="n", margin=0.0),
            compared(0.9, statistic="kendall_tau", same_architectures=False),
            compared(0.55),
        ]
    )  # fmt: skip
    assert table is not None
    assert [row[:2] for row in table.rows] == [
        ("n", "the same"), ("ρ", "the same"), ("τ", "others"),
    ]  # fmt: skip
    assert table.rows[1][2:] == ("1", "0.050", "± 0.100", "1 of 1")
    assert table.rows[0][4] == "equal"
