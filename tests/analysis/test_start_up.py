import subprocess
import sys


def test_importing_the_room_loads_neither_numba_nor_scipy():
    code = (
        "import sys, epsilon_research.analysis; "
        "print(*sorted({'numba', 'scipy', 'torch'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.stderr == ""
    assert found.stdout.split() == []
