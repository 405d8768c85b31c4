. "$BRIEF/context/step.sh"

step 30 "Running the program for its real output"
{
    cat <<'END'
# csvpeek

csvpeek tells in one look what is in a CSV file. It needs Python 3.11 and nothing else.

```
$ python3 csvpeek-1.0.0.pyz samples/harvest.csv
END
    "$PYTHON" -m csvpeek samples/harvest.csv
    cat <<'END'
```

For programs:

```
$ python3 csvpeek-1.0.0.pyz --form json --column trees samples/harvest.csv
END
    "$PYTHON" -m csvpeek --form json --column trees samples/harvest.csv
    cat <<'END'
```

For pages such as this one (`--form markdown`):

END
    "$PYTHON" -m csvpeek --form markdown --column trees --column kilos samples/harvest.csv
    cat <<'END'

Every option: [docs/usage.md](docs/usage.md).
END
} > README.md

step 80 "Comparing it with what the program prints"
"$PYTHON" - <<'END'
import pathlib, subprocess, sys
printed = subprocess.run([sys.executable, "-m", "csvpeek", "samples/harvest.csv"], capture_output=True, text=True, check=True)
assert printed.stdout in pathlib.Path("README.md").read_text()
END
result "README.md shows the real output of all three forms."
