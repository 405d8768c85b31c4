. "$BRIEF/context/step.sh"

step 25 "Comparing the checksums"
"$PYTHON" - <<'END'
import hashlib, pathlib
for line in pathlib.Path("dist/SHA256SUMS").read_text().splitlines():
    expected, name = line.split("  ")
    assert hashlib.sha256(pathlib.Path("dist", name).read_bytes()).hexdigest() == expected, name
END

step 55 "Running the tests in the unpacked archive"
mkdir -p "$BRIEF/unpacked"
tar -xzf dist/csvpeek-1.0.0.tar.gz -C "$BRIEF/unpacked"
(cd "$BRIEF/unpacked/csvpeek-1.0.0" && "$PYTHON" -m unittest) 2> "$BRIEF/tests.log" || { cat "$BRIEF/tests.log" >&2; exit 1; }
"$PYTHON" dist/csvpeek-1.0.0.pyz samples/visits.csv | grep -q '5 rows, 3 columns'

step 90 "Writing the report"
{
    echo "# Release report"
    echo
    echo "The tests pass in the unpacked archive, and both checksums fit:"
    echo
    echo '```'
    cat dist/SHA256SUMS
    echo '```'
} > docs/release-report.md
result "The release works from its archive, and both checksums fit."
