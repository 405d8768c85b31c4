. "$BRIEF/context/step.sh"

step 20 "Writing tests of the modules"
cat > tests/test_reader.py <<'END'
"""Rules 1 to 3: header, delimiter, rows of the wrong length."""

import unittest

from csvpeek.reader import ReadError, read


class Reader(unittest.TestCase):
    def test_the_first_line_is_the_header(self) -> None:
        self.assertEqual(read("samples/notes.csv").header, ("who", "note", "reply"))

    def test_it_finds_the_delimiter(self) -> None:
        self.assertEqual(read("samples/visits.csv").header, ("page", "visits", "referrer"))

    def test_a_delimiter_that_is_given_wins(self) -> None:
        self.assertEqual(read("samples/visits.csv", ",").header, ("page;visits;referrer",))

    def test_short_rows_are_filled(self) -> None:
        self.assertEqual(read("samples/visits.csv").rows[1], ("/about", "85", ""))

    def test_a_long_row_is_refused_with_its_line(self) -> None:
        with self.assertRaisesRegex(ReadError, "Line 4 has 3 values"):
            read("samples/broken.csv")

    def test_a_line_break_in_quotes_is_part_of_the_value(self) -> None:
        self.assertIn("\n", read("samples/notes.csv").rows[1][1])
END
cat > tests/test_kinds.py <<'END'
"""Rule 4: the six kinds."""

import unittest

from csvpeek.kinds import kind_of


class Kinds(unittest.TestCase):
    def test_each_kind_is_told(self) -> None:
        for kind, values in {
            "whole": ["-12", "7"],
            "decimal": ["7", "3.5", "1e-3"],
            "date": ["2026-03-01"],
            "yes/no": ["yes", "False"],
            "text": ["7", "seven"],
            "empty": [],
        }.items():
            with self.subTest(kind):
                self.assertEqual(kind_of(values), kind)

    def test_words_that_python_takes_for_numbers_are_text(self) -> None:
        for word in ("nan", "inf", "1_000"):
            with self.subTest(word):
                self.assertEqual(kind_of([word]), "text")

    def test_a_day_that_does_not_exist_is_text(self) -> None:
        self.assertEqual(kind_of(["2026-02-30"]), "text")
END
cat > tests/test_summary.py <<'END'
"""Rules 3, 5 and 6: missing values, least and most, the most common."""

import unittest

from csvpeek.model import Table
from csvpeek.reader import read
from csvpeek.summary import summarise


class Summary(unittest.TestCase):
    def setUp(self) -> None:
        self.harvest = {column.name: column for column in summarise(read("samples/harvest.csv"))}

    def test_the_mean_of_the_trees_is_forty(self) -> None:
        self.assertEqual(self.harvest["trees"].mean, 40)

    def test_missing_values_are_counted_and_left_out(self) -> None:
        self.assertEqual((self.harvest["kilos"].count, self.harvest["kilos"].missing), (5, 1))

    def test_numbers_are_compared_as_numbers(self) -> None:
        column = summarise(Table(("n",), (("9",), ("10",))))[0]
        self.assertEqual((column.least, column.most), (9, 10))

    def test_dates_have_a_least_and_a_most_and_no_mean(self) -> None:
        picked = self.harvest["picked"]
        self.assertEqual((picked.least, picked.most, picked.mean), ("2026-09-01", "2026-09-12", None))

    def test_among_equals_the_first_seen_is_named_first(self) -> None:
        column = summarise(Table(("c",), (("b",), ("a",), ("b",), ("a",), ("c",))))[0]
        self.assertEqual(column.common, (("b", 2), ("a", 2), ("c", 1)))

    def test_a_column_without_values_is_empty(self) -> None:
        column = summarise(read("samples/notes.csv"))[2]
        self.assertEqual((column.kind, column.missing, column.least), ("empty", 3, None))
END
cat > tests/test_output.py <<'END'
"""The three forms of a summary."""

import json
import unittest

from csvpeek.output import render
from csvpeek.reader import read
from csvpeek.summary import summarise


class Output(unittest.TestCase):
    def setUp(self) -> None:
        self.columns = summarise(read("samples/harvest.csv"))

    def test_json_reads_back(self) -> None:
        summary = json.loads(render(self.columns, 6, "json"))
        self.assertEqual((summary["rows"], len(summary["columns"])), (6, 5))

    def test_text_is_aligned_and_counts(self) -> None:
        lines = render(self.columns, 6, "text").splitlines()
        self.assertEqual(lines[-1], "6 rows, 5 columns")
        self.assertEqual(lines[1].index("text"), lines[2].index("whole"))

    def test_markdown_has_a_row_for_each_column(self) -> None:
        self.assertEqual(len(render(self.columns, 6, "markdown").splitlines()), 7)
END

step 55 "Writing tests of the command, after docs/usage.md"
cat > tests/test_command.py <<'END'
"""Rule 7, and the options of docs/usage.md, as a user of the command sees them."""

import json
import subprocess
import sys
import unittest


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run csvpeek as a process."""
    command = [sys.executable, "-m", "csvpeek", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, check=False)


class Command(unittest.TestCase):
    def test_a_summary_ends_with_status_0(self) -> None:
        answer = run("samples/harvest.csv")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertIn("6 rows, 5 columns", answer.stdout)

    def test_a_bad_file_ends_with_status_2_and_one_sentence(self) -> None:
        answer = run("samples/broken.csv")
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))
        self.assertEqual(len(answer.stderr.splitlines()), 1)

    def test_it_reads_standard_input(self) -> None:
        answer = run("--form", "json", "-", stdin="a,b\n1,x\n")
        self.assertEqual(json.loads(answer.stdout)["columns"][0]["kind"], "whole")

    def test_it_shows_the_columns_that_are_asked_for(self) -> None:
        answer = run("--form", "json", "--column", "trees", "samples/harvest.csv")
        self.assertEqual([column["name"] for column in json.loads(answer.stdout)["columns"]], ["trees"])

    def test_an_unknown_column_is_refused(self) -> None:
        answer = run("--column", "bees", "samples/harvest.csv")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("There is no column 'bees'", answer.stderr)

    def test_it_knows_its_version(self) -> None:
        self.assertEqual(run("--version").stdout.strip(), "csvpeek 1.0.0")
END

step 85 "Running those whose modules are there"
"$PYTHON" -m unittest tests.test_reader tests.test_kinds tests.test_summary tests.test_output
result "24 tests after the specification; the 18 of the modules pass."
