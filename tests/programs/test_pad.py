"""`Pad` against slices and zeros."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.programs import ProgramBuilder, count_parameters, layer_sizes
from epsilon_research.programs.operations import Pad
from epsilon_research.programs.torch_reader import to_torch

sides = st.integers(-2, 3)


def _padded(images: torch.Tensor, pad: Pad) -> torch.Tensor:
    """Rows and columns taken away by slices, then a map of zeros filled."""
    height, width = images.shape[2:]
    kept = images[
        :,
        :,
        max(-pad.top, 0) : height - max(-pad.bottom, 0),
        max(-pad.left, 0) : width - max(-pad.right, 0),
    ]
    size = height + pad.top + pad.bottom, width + pad.left + pad.right
    result = torch.zeros(*images.shape[:2], *size)
    row, column = max(pad.top, 0), max(pad.left, 0)
    result[:, :, row : row + kept.shape[2], column : column + kept.shape[3]] = kept
    return result


@given(pad=st.builds(Pad, left=sides, right=sides, top=sides, bottom=sides))
def test_zeros_are_added_and_pixels_cropped(pad: Pad) -> None:
    images = torch.arange(1.0, 2 * 3 * 5 * 6 + 1).reshape(2, 3, 5, 6)
    builder = ProgramBuilder(input_channels=3)
    builder.append(pad, builder.input)
    program = builder.build()
    found = to_torch(program)(images)
    assert torch.equal(found, _padded(images, pad))
    assert layer_sizes(program, height=5, width=6)[-1] == found.shape[2:]
    assert program.num_outputs == 3
    assert count_parameters(program) == 0


@pytest.mark.parametrize("pad", [Pad(left=-2, right=-2), Pad(top=-4), Pad(bottom=-4, top=5)])
def test_a_crop_of_the_whole_map_is_refused(pad: Pad) -> None:
    with refused(ValueError, "Pad must leave at least one pixel of the map", "on 4x4 pixels"):
        pad.output_size((4, 4))
