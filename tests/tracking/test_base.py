from pathlib import Path

import pandas as pd
import pytest

from epsilon_research.tracking import NoTracker, Tracker
from epsilon_research.tracking.base import exit_code_of


class _Recorder(Tracker):
    def __init__(self) -> None:
        self.exit_codes: list[int] = []

    def open(self, run_dir, config) -> None:
        pass

    def log(self, scalars, tables, figures) -> None:
        pass

    def close(self, exit_code: int) -> None:
        self.exit_codes.append(exit_code)


def test_a_tracker_is_closed_with_0_when_the_body_ends():
    tracker = _Recorder()
    with tracker:
        pass
    assert tracker.exit_codes == [0]


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_a_tracker_is_closed_and_the_error_goes_on_when_the_body_raises(error):
    tracker = _Recorder()
    with pytest.raises(type(error)), tracker:
        raise error
    assert tracker.exit_codes == [exit_code_of(error)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (ValueError(), 1),
        (KeyboardInterrupt(), 130),
        (SystemExit(), 0),
        (SystemExit(0), 0),
        (SystemExit(3), 3),
        (SystemExit("a sentence"), 1),
    ],
)
def test_the_exit_code_is_that_of_the_process(error, code):
    assert exit_code_of(error) == code


def test_no_tracker_takes_everything_and_writes_nothing(tmp_path: Path):
    with NoTracker() as tracker:
        tracker.open(tmp_path, {"name": "n"})
        tracker.log({"x": 1.0}, {"scores": pd.DataFrame({"x": [1]})}, [tmp_path / "missing.png"])
    assert list(tmp_path.iterdir()) == []
