"""The images of this room's tests."""

import pytest
import torch


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(0))
