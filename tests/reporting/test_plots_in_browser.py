"""What a browser makes of the plots of a report."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from headless import Page, browser, needs_chromium

from epsilon_research.reporting.report import write_run_report
from tests.reporting.run_folders import HOSTILE, left_by_a_run


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report of a run with hostile names, in a browser."""
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
    folder = left_by_a_run(tmp_path_factory.mktemp("shown") / "run", frame, HOSTILE)
    path = write_run_report(folder, graphs=None)
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.open(path)
        page.until("document.querySelector('canvas').width > 300")
        yield page


TIP = "document.querySelector('.tip')"
NOTE = "document.querySelector('#scatter .note').textContent"


def choose(tab: Page, name: str, value: str) -> None:
    tab.value(
        f"""{{ const one = document.querySelector('select[name="{name}"]');
        one.value = {json.dumps(value)}; one.dispatchEvent(new Event("change")); }}"""
    )


@needs_chromium
def test_it_draws_and_asks_for_nothing(tab: Page) -> None:
    colours = """new Set(new Uint32Array(document.querySelector('canvas').getContext('2d')
        .getImageData(0, 0, 800, 400).data.buffer)).size"""
    assert tab.value(colours) > 20
    assert [address for address in tab.requests if not address.startswith(("file:", "data:"))] == []
    assert tab.complaints == []
    assert tab.value("typeof window.broken") == "undefined"


@needs_chromium
def test_an_architecture_under_the_mouse_is_named(tab: Page) -> None:
    tab.value("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    box = tab.value("document.querySelector('canvas').getBoundingClientRect().toJSON()")
    for step in range(2000):
        x = box["left"] + 80 + 20 * (step % 40)
        y = box["top"] + 20 + 20 * (step // 40)
        tab.mouse("mouseMoved", x, y)
        if not tab.value(f"{TIP}.hidden"):
            break
    said = tab.value(f"{TIP}.textContent")
    assert HOSTILE in said
    assert "test accuracy (%)" in said
    assert tab.value(f"{TIP}.querySelectorAll('script, img').length") == 0
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(f"{TIP}.hidden")


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
    picture = "document.querySelector('canvas').toDataURL()"
    tab.value("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    tab.mouse("mouseMoved", 2, 2)
    before = tab.value(picture)
    box = tab.value("document.querySelector('canvas').getBoundingClientRect().toJSON()")
    place = (box["left"] + 300, box["top"] + 200)
    tab.mouse("mouseWheel", *place, deltaX=0, deltaY=-300)
    tab.until(f"{picture} !== {json.dumps(before)}")
    tab.value("document.querySelector('canvas').dispatchEvent(new MouseEvent('dblclick'))")
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(picture) == before
