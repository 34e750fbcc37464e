"""Runs the notebooks' sources and writes them with their outputs: `python notebooks/build.py`.

A source is a script in jupytext's percent format, `source/<name>.py`; `<name>.ipynb` beside this
file is made of it, for readers and for Jupyter. The same source on the same machine gives the same
file: cells are numbered, nothing says when or how fast a cell ran.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
SOURCES = FOLDER / "source"

_CELL_SECONDS = 300
"""A cell that runs longer hangs; the first one may have to compile the kernels."""

_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_STYLE = re.compile(r"<style scoped>.*?</style>\n?", re.DOTALL)


def names() -> list[str]:
    """All notebooks."""
    return sorted(path.stem for path in SOURCES.glob("*.py"))


def read_source(name: str) -> NotebookNode:
    """The notebook of a source, without outputs.

    Raises:
        FileNotFoundError: There is no such source.
    """
    notebook = jupytext.read(SOURCES / f"{name}.py")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = {}
    notebook["metadata"] = {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def execute(notebook: NotebookNode) -> NotebookNode:
    """The notebook with its outputs, run in the folder of the notebooks by this interpreter.

    What it computes comes from today's code: the user's score store is off. Nothing of the user's
    Jupyter and IPython settings counts.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        # No folders of kernels, so that "python3" can only be the one of this interpreter.
        kernels = KernelSpecManager(kernel_dirs=[])
        manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
        manager.connection_file = str(Path(folder) / "kernel.json")
        # Through files: no ports, so that two kernels that start at a time cannot take the same.
        manager.transport = "ipc"
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=_CELL_SECONDS,
            record_timing=False,
            # What a cell prints comes in as many pieces as the machine's load makes of it.
            coalesce_streams=True,
            resources={"metadata": {"path": str(FOLDER)}},
        )
        environment = os.environ | {
            "EPSILON_STORE": "none",
            "IPYTHONDIR": folder,
            "JUPYTER_CONFIG_DIR": folder,
            "TMPDIR": folder,
        }
        client.execute(env=environment, cleanup_kc=True)
    notebook["metadata"]["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html")
            if html is not None:
                # GitHub drops it, and it is the same for each table.
                output["data"]["text/html"] = _STYLE.sub("", html)
    return notebook


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the named notebooks, or all."""
    parser = argparse.ArgumentParser(prog="python notebooks/build.py", description=__doc__)
    parser.add_argument("name", nargs="*", default=names(), help="notebooks (default: all)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    options = parser.parse_args(arguments)
    for name in options.name:
        path = options.folder / f"{name}.ipynb"
        nbformat.write(execute(read_source(name)), path)
        sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
