. "$BRIEF/context/step.sh"

step 30 "Running every test"
"$PYTHON" -m unittest -v 2> "$BRIEF/tests.log" || { tail -n 40 "$BRIEF/tests.log" >&2; exit 1; }
number=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p' "$BRIEF/tests.log")
test "$number" -ge 20

step 80 "Writing the report"
mkdir -p docs
cat > docs/test-report.md <<END
# Test report

\`python -m unittest -v\` ran $number tests, and all of them passed.
END
result "$number tests ran, all passed."
