"""`python -m tests.fuzz --seconds 60`: every reader against hostile input, for a bounded time."""

import argparse
import importlib.util
import logging
import shutil
import sys
from pathlib import Path

from tests.fuzz.campaign import campaign
from tests.fuzz.targets import TARGETS

logger = logging.getLogger("fuzz")


def main() -> int:
    """The exit status: 1 if a reader answered wrongly, with its inputs in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="for all targets together")
    parser.add_argument("--target", choices=[*TARGETS], action="append", help="default: all")
    parser.add_argument("--folder", type=Path, default=Path("outputs/fuzz"), help="of findings")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    # Findings of an earlier campaign would be taken for those of this one.
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    guided = importlib.util.find_spec("atheris") is not None
    logger.info("inputs guided by coverage: %s", "yes" if guided else "no, atheris is missing")
    names = options.target or [*TARGETS]
    outcomes = campaign(names, seconds=options.seconds, folder=options.folder.resolve())
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    total = sum(outcome.inputs for outcome in outcomes)
    logger.info("%s targets, %s inputs, %d failed", len(outcomes), f"{total:,}", len(failed))
    for outcome in failed:
        found = ", ".join(map(str, outcome.found)) or "none kept"
        logger.info("%s: %s; inputs: %s", outcome.target, outcome.failure, found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
