"""A TensorBoard log in the run folder: no account, no network."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, final

import numpy as np
import yaml

from epsilon_research.tracking.base import Scalars, Tables, Tracker, opened

_MOST_ROWS = 200  # rows of a table that are shown, as text


@final
class TensorBoardTracker(Tracker):
    """A tracker that writes events below `tensorboard/`; `tensorboard --logdir outputs` shows them.

    Raises:
        ModuleNotFoundError: The package tensorboard is not installed.
    """

    def __init__(self) -> None:
        if find_spec("tensorboard") is None:
            raise ModuleNotFoundError(
                "tracker tensorboard must have the package tensorboard, got none: "
                "pip install 'epsilon_research[tensorboard]'"
            )
        # A `SummaryWriter`, which cannot be named before PyTorch is imported.
        self._writer: Any = None

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Begin a log; the settings are its first text."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(run_dir / "tensorboard"))
        settings = yaml.safe_dump(dict(config), sort_keys=False)
        self._writer.add_text("settings", "    " + settings.replace("\n", "\n    "))

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """Add numbers as single points, the first rows of tables as text, PNG files as images."""
        from PIL import Image

        writer = opened(self._writer)
        for name, value in scalars.items():
            writer.add_scalar(name, value)
        for name, table in tables.items():
            shown = table.head(_MOST_ROWS)
            lines = [shown.columns, ["---"] * len(shown.columns), *shown.astype(str).to_numpy()]
            rows = "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
            writer.add_text(name, f"{len(table):,} rows, {len(shown):,} shown\n\n{rows}")
        for path in figures:
            if path.suffix == ".png":
                with Image.open(path) as picture:
                    pixels = np.asarray(picture.convert("RGB"))  # (height, width, 3)
                name = f"figures/{path.parent.name}/{path.stem}"
                writer.add_image(name, pixels, dataformats="HWC")

    def close(self, exit_code: int) -> None:
        """Write what is left; not an error before `open` or after another `close`."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
