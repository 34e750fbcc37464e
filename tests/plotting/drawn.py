"""What is in a figure, for the tests of this room."""

from matplotlib.artist import Artist
from matplotlib.text import Text


def words(drawn: Artist) -> list[str]:
    """All texts of a figure or a panel that say something."""
    return [text.get_text() for text in drawn.findobj(Text) if text.get_text()]
