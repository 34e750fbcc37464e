"""What a browser makes of the plots of a report."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from headless import Page, browser, needs_chromium

from epsilon_research.reporting.report import write_run_report
from epsilon_research.spaces.cell_graph import CellGraph
from tests.plotting.searches import BUDGET, entry
from tests.reporting.run_folders import HOSTILE, left_by_a_run

SEARCHES = {
    "plain": entry(algorithm=HOSTILE),
    "warm": entry(1, algorithm=HOSTILE, warmup_metric="epsilon"),
}
FRONT = {
    "cost": "num_parameters",
    "reported": "test_accuracy",
    "selected_on": HOSTILE,
    "reference": [8.0, 0.5],
    "true_front": [
        {"architecture_id": "cheap", "cost": 1.0, "reported": 0.6},
        {"architecture_id": HOSTILE, "cost": 8.0, "reported": 0.9},
    ],
}
FOUND = pd.DataFrame(
    {
        "variant": ["plain", "plain", "warm", "warm"],
        "repeat": [0, 1, 0, 1],
        "budget": BUDGET,
        "architecture_id": "x",
        "cost": [2.0, 2.0, 1.0, 1.0],
        "reported": [0.7, 0.8, 0.55, 0.6],
    }
)


def left(folder: Path) -> Path:
    """The report of a run with hostile names."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "architecture_id": [f"{HOSTILE}{row}" for row in range(40)],
            "connected": True,
            "canonical_hash": [str(row // 2) for row in range(40)],
            "num_parameters": rng.integers(1, 9, 40),
            HOSTILE: rng.normal(size=40),
            "epsilon": np.where(np.arange(40) < 4, np.nan, rng.normal(size=40)),
            "epsilon_failure": [HOSTILE if row < 4 else None for row in range(40)],
            "test_accuracy": rng.random(40),
        }
    )
    left_by_a_run(folder, frame, HOSTILE, search=SEARCHES, search_front=FRONT)
    FOUND.to_parquet(folder / "search_fronts.parquet")
    return write_run_report(
        folder, graphs=lambda _: [CellGraph(HOSTILE, ["first", HOSTILE], [(0, 1, HOSTILE)])]
    )


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path = left(tmp_path_factory.mktemp("shown") / "run")
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.open(path)
        page.until(f"{SCATTER}.width > 300 && {CHART}.width > 300")
        yield page


SCATTER = "document.querySelector('#scatter canvas')"
CHART = "document.querySelector('#searches .cloud canvas')"
TIP = "document.querySelector('#scatter .tip')"
CHART_TIP = "document.querySelector('#searches .tip')"
CELL = "document.querySelector('#scatter .cell')"
NOTE = "document.querySelector('#scatter .note').textContent"


def choose(tab: Page, name: str, value: str) -> None:
    tab.value(
        f"""{{ const one = document.querySelector('select[name="{name}"]');
        one.value = {json.dumps(value)}; one.dispatchEvent(new Event("change")); }}"""
    )


def box(tab: Page, canvas: str) -> dict[str, float]:
    """Where a canvas is in the window, into which it is moved."""
    tab.value(f"{canvas}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    return tab.value(f"{canvas}.getBoundingClientRect().toJSON()")


def find_a_point(tab: Page) -> tuple[float, float]:
    """Move the mouse until it is over a point, and return its place."""
    around = box(tab, SCATTER)
    for step in range(2000):
        place = (around["left"] + 80 + 20 * (step % 40), around["top"] + 20 + 20 * (step // 40))
        tab.mouse("mouseMoved", *place)
        if not tab.value(f"{TIP}.hidden"):
            return place
    raise AssertionError("no point is under the mouse anywhere")


@needs_chromium
def test_it_draws_and_asks_for_nothing(tab: Page) -> None:
    for canvas in (SCATTER, CHART):
        colours = f"""new Set(new Uint32Array({canvas}.getContext('2d')
            .getImageData(0, 0, 800, 400).data.buffer)).size"""
        assert tab.value(colours) > 20
    assert [address for address in tab.requests if not address.startswith(("file:", "data:"))] == []
    assert tab.complaints == []
    assert tab.value("typeof window.broken") == "undefined"


@needs_chromium
def test_an_architecture_under_the_mouse_is_named(tab: Page) -> None:
    find_a_point(tab)
    said = tab.value(f"{TIP}.textContent")
    assert HOSTILE in said
    assert "test accuracy (%)" in said
    assert tab.value(f"{TIP}.querySelectorAll('script, img').length") == 0
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(f"{TIP}.hidden")


@needs_chromium
def test_a_click_draws_an_architecture(tab: Page) -> None:
    place = find_a_point(tab)
    assert tab.value(f"{CELL}.textContent") == ""
    for kind in ("mousePressed", "mouseReleased"):
        tab.mouse(kind, *place, button="left", clickCount=1)
    assert tab.value(f"{CELL}.querySelector('h3').textContent").startswith(HOSTILE)
    texts = tab.value(f"[...{CELL}.querySelectorAll('svg text')].map((one) => one.textContent)")
    assert texts == [HOSTILE, "first", HOSTILE]
    assert tab.value(f"{CELL}.querySelectorAll('path.edge').length") == 1
    assert tab.value(f"{CELL}.querySelectorAll('script, img').length") == 0
    # Another choice of points leaves no drawing of what may not be among them.
    choose(tab, "protocol", "worst")
    assert tab.value(f"{CELL}.textContent") == ""
    choose(tab, "protocol", "connected")
    assert tab.complaints == []


@needs_chromium
def test_a_protocol_is_chosen(tab: Page) -> None:
    counted = {}
    for protocol in ("connected", "unique", "worst"):
        choose(tab, "protocol", protocol)
        counted[protocol] = tab.value(NOTE).split()[0]
    assert counted == {"connected": "36", "unique": "18", "worst": "40"}
    choose(tab, "protocol", "connected")
    assert "ρ = 0.250, n = 3" in tab.value(NOTE)
    choose(tab, "against", HOSTILE)
    assert "ρ" not in tab.value(NOTE)
    choose(tab, "colour", "connected")
    assert tab.complaints == []


@needs_chromium
def test_the_wheel_zooms_and_two_clicks_show_everything(tab: Page) -> None:
    picture = f"{SCATTER}.toDataURL()"
    around = box(tab, SCATTER)
    tab.mouse("mouseMoved", 2, 2)
    before = tab.value(picture)
    place = (around["left"] + 300, around["top"] + 200)
    tab.mouse("mouseWheel", *place, deltaX=0, deltaY=-300)
    tab.until(f"{picture} !== {json.dumps(before)}")
    tab.value(f"{SCATTER}.dispatchEvent(new MouseEvent('dblclick'))")
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(picture) == before


def said_of_a_chart(tab: Page, place: str) -> list[str]:
    """What stands beside the mouse at the first or the last value of a chart."""
    around = box(tab, CHART)
    x = around["left"] + 66 if place == "first" else around["right"] - 18
    tab.mouse("mouseMoved", x, around["top"] + 100)
    return tab.value(f"[...{CHART_TIP}.querySelectorAll('b, dd')].map((one) => one.textContent)")


@needs_chromium
def test_curves_say_median_and_quartiles_and_a_start_is_chosen(tab: Page) -> None:
    last = [f"{BUDGET} trained models", "92.95 [92.75, 93.05]", "93.45 [93.25, 93.55]"]
    assert said_of_a_chart(tab, "last") == last
    whole = tab.value(f"{CHART}.toDataURL()")
    choose(tab, "of", "start=")
    assert said_of_a_chart(tab, "last") == last[:2]
    assert tab.value(f"{CHART}.toDataURL()") != whole
    choose(tab, "of", "start=epsilon warm-up")
    assert said_of_a_chart(tab, "last") == [last[0], last[2]]
    tab.value("document.querySelector('#searches .legend input').click()")
    assert said_of_a_chart(tab, "last") == last
    assert tab.value("document.querySelectorAll('#searches img').length") == 0
    assert tab.complaints == []


@needs_chromium
def test_fronts_stand_beside_the_true_one(tab: Page) -> None:
    choose(tab, "show", "1")
    choose(tab, "of", "")
    first = said_of_a_chart(tab, "first")
    assert first == ["1 num parameters", "60", "cheap", "– [–, –]", "55 [55, 60]"]
    last = said_of_a_chart(tab, "last")
    assert last == ["8.8 num parameters", "90", HOSTILE, "70 [70, 80]", "55 [55, 60]"]
    choose(tab, "show", "0")
    assert tab.complaints == []


@needs_chromium
def test_many_points_are_a_density_until_they_are_few(tmp_path: Path) -> None:
    size = 24_000
    x, y = np.random.default_rng(2).normal(size=(2, size))
    frame = pd.DataFrame(
        {
            "architecture_id": [f"a{row}" for row in range(size)],
            "connected": True,
            "canonical_hash": [str(row) for row in range(size)],
            "num_parameters": 1,
            "epsilon": x,
            "epsilon_failure": None,
            "test_accuracy": y,
        }
    )
    path = write_run_report(left_by_a_run(tmp_path / "run", frame), graphs=None)
    with browser(tmp_path / "profile") as page:
        page.open(path)
        page.until(f"{SCATTER}.width > 300")
        assert "24,000 points" in page.value(NOTE)
        assert "20,000 of them, drawn at random, have a name here" in page.value(NOTE)
        count = """globalThis.dots = 0; const arc = CanvasRenderingContext2D.prototype.arc;
            CanvasRenderingContext2D.prototype.arc = function (...given) {
                globalThis.dots++; arc.apply(this, given); };"""
        page.value(f"{{ {count} }}")
        page.value("dispatchEvent(new Event('resize'))")
        assert page.value("globalThis.dots") == 0
        for _ in range(3):
            page.value("document.querySelector('#scatter button').click()")
        assert 0 < page.value("globalThis.dots") <= 20_000
        assert page.complaints == []
