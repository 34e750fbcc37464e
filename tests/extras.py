"""What only an optional package makes run."""

from importlib.util import find_spec

import pytest

ZOO_IS_INSTALLED = find_spec("torchvision") is not None
WITHOUT_ZOO = "needs torchvision: pip install 'epsilon_research[zoo]'"

needs_zoo = pytest.mark.skipif(not ZOO_IS_INSTALLED, reason=WITHOUT_ZOO)
