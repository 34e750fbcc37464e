"""What a run or a study found, in words: typed records, numbers as text, tables, renderers.

A `Table` is a value whose cells are text, so that one function makes it and every renderer shows
the same: `show` in the terminal, the page of a study in a browser. Numbers become text in one
module, and records are read from JSON in one place each.

Nothing here computes a score or a statistic, and nothing draws.
"""

from epsilon_research.reporting.table import Table as Table
from epsilon_research.reporting.terminal import show as show
