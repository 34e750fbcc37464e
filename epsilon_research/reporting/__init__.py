"""What a run or a study found, in words: typed records, numbers as text, tables, renderers.

A `Table` is a value whose cells are text, so that one function makes it and every renderer shows
the same: `show` in the terminal, the page of a study in a browser. Nothing here computes a score or
a statistic, and nothing draws.
"""

from epsilon_research.reporting.table import Table as Table
from epsilon_research.reporting.table import show as show
