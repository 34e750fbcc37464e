"""The closed set of layer operations that a network program is made of.

An operation says what it needs (its fields) and what it does to channel counts and spatial sizes.
What it *computes* stands once in each reader: `torch_reader.py` and `collapse/lowering.py`. Values
are tensors (batch, channels, height, width); features are channels of one pixel.
"""

from epsilon_research.programs.operations.base import Operation as Operation
from epsilon_research.programs.operations.base import Pair as Pair
from epsilon_research.programs.operations.base import Size as Size
from epsilon_research.programs.operations.base import pair as pair
from epsilon_research.programs.operations.channels import Broadcast as Broadcast
from epsilon_research.programs.operations.channels import ChannelMaximum as ChannelMaximum
from epsilon_research.programs.operations.channels import ChannelMean as ChannelMean
from epsilon_research.programs.operations.channels import Concatenate as Concatenate
from epsilon_research.programs.operations.channels import Input as Input
from epsilon_research.programs.operations.channels import Rearrange as Rearrange
from epsilon_research.programs.operations.channels import ShuffleChannels as ShuffleChannels
from epsilon_research.programs.operations.channels import Truncate as Truncate
from epsilon_research.programs.operations.channels import Zero as Zero
from epsilon_research.programs.operations.norms import BATCH_NORM_EPS as BATCH_NORM_EPS
from epsilon_research.programs.operations.norms import BatchNorm as BatchNorm
from epsilon_research.programs.operations.norms import ChannelNorm as ChannelNorm
from epsilon_research.programs.operations.norms import GroupNorm as GroupNorm
from epsilon_research.programs.operations.norms import LocalResponseNorm as LocalResponseNorm
from epsilon_research.programs.operations.norms import Softmax as Softmax
from epsilon_research.programs.operations.pointwise import ACTIVATIONS as ACTIVATIONS
from epsilon_research.programs.operations.pointwise import Activation as Activation
from epsilon_research.programs.operations.pointwise import Add as Add
from epsilon_research.programs.operations.pointwise import Affine as Affine
from epsilon_research.programs.operations.pointwise import Divide as Divide
from epsilon_research.programs.operations.pointwise import Maximum as Maximum
from epsilon_research.programs.operations.pointwise import Multiply as Multiply
from epsilon_research.programs.operations.pointwise import PReLU as PReLU
from epsilon_research.programs.operations.pointwise import ReLU as ReLU
from epsilon_research.programs.operations.windows import AdaptiveMaxPool as AdaptiveMaxPool
from epsilon_research.programs.operations.windows import AveragePool as AveragePool
from epsilon_research.programs.operations.windows import Convolution as Convolution
from epsilon_research.programs.operations.windows import GlobalMean as GlobalMean
from epsilon_research.programs.operations.windows import Linear as Linear
from epsilon_research.programs.operations.windows import MaxPool as MaxPool
from epsilon_research.programs.operations.windows import Pad as Pad
from epsilon_research.programs.operations.windows import SpatialLinear as SpatialLinear
from epsilon_research.programs.operations.windows import (
    TransposedConvolution as TransposedConvolution,
)
