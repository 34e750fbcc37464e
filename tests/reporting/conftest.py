"""The frame of scores that figures are drawn of, for the tables of the same runs."""

from tests.plotting.conftest import frame as frame
from tests.plotting.conftest import make_frame as make_frame
