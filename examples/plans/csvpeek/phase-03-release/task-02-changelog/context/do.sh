. "$BRIEF/context/step.sh"

step 40 "Reading the history and the reports"
number=$(sed -n 's/.* ran \([0-9]*\) tests.*/\1/p' docs/test-report.md)
cat > CHANGELOG.md <<END
# Changes

## 1.0.0

- Tells the kind of each column: whole numbers, decimals, dates, yes/no, text.
- Counts missing and different values, and names the three most common.
- Finds the delimiter by itself, and reads standard input.
- Writes text, JSON and Markdown.
- Checked by $number tests.
END
step 80 "Counting the entries"
test "$(grep -c '^- ' CHANGELOG.md)" -ge 4
result "CHANGELOG.md has five entries for 1.0.0."
