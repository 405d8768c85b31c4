"""Measure one row in a process of its own: `python -m bench.measure ROW FILE` writes its figures to FILE."""

import importlib
import json
import sys
from pathlib import Path

import django

from bench.bed import bed_from_environment


def main(row: str, out: str) -> None:
    django.setup()
    figures = importlib.import_module(f"bench.rows.{row}").measure(bed_from_environment())
    Path(out).write_text(json.dumps([figure.as_dict() for figure in figures]))


if __name__ == "__main__":
    main(*sys.argv[1:])
