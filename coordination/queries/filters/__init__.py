"""The one filter grammar of the board, the API and the command line: `state:queued agent:@none label:a,b -phase:2 words`.

A line is read by `parse`; `matching` finds the tasks, and `given` says what a task that is added under the filter inherits.
Each qualifier is a row of `TABLE` and a line of docs/filter.md.
"""

from coordination.queries.filters.filter import Filter, given, matching, of, parse, term
from coordination.queries.filters.qualifiers import BY_NAME, TABLE, Qualifier
from coordination.queries.filters.text import WORD, Term

__all__ = ["BY_NAME", "TABLE", "WORD", "Filter", "Qualifier", "Term", "given", "matching", "of", "parse", "term"]
