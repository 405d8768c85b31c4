. "$BRIEF/context/step.sh"

step 20 "Laying out the package"
mkdir -p csvpeek tests
touch tests/__init__.py
cat > .gitignore <<'END'
__pycache__/
*.pyc
END
cat > pyproject.toml <<'END'
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "csvpeek"
version = "1.0.0"
description = "Tells in one look what is in a CSV file"
requires-python = ">=3.11"
dependencies = []

[project.scripts]
csvpeek = "csvpeek.cli:main"

[tool.setuptools]
packages = ["csvpeek"]
END
cat > csvpeek/__init__.py <<'END'
"""csvpeek tells in one look what is in a CSV file."""

__version__ = "1.0.0"
END

step 60 "Writing the two records that the modules share"
cat > csvpeek/model.py <<'END'
"""The records that the modules hand to each other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A CSV file: its header, and its rows, each as long as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Column:
    """What one column holds; `least` and `most` are None when it has no values."""

    name: str
    kind: str
    count: int
    missing: int
    distinct: int
    least: float | str | None
    most: float | str | None
    mean: float | None
    common: tuple[tuple[str, int], ...]
END

step 90 "Checking that it imports"
test "$("$PYTHON" -c 'import csvpeek; print(csvpeek.__version__)')" = 1.0.0
"$PYTHON" -c 'from csvpeek.model import Column, Table; assert len(Column.__dataclass_fields__) == 9'
"$PYTHON" -c 'import tomllib; tomllib.load(open("pyproject.toml", "rb"))'
result "The package csvpeek 1.0.0 imports, and model.py has Table and Column."
