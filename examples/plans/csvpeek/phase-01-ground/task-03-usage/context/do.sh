. "$BRIEF/context/step.sh"

step 30 "Writing docs/usage.md"
mkdir -p docs
cat > docs/usage.md <<'END'
# Using csvpeek

```
csvpeek [--form text|json|markdown] [--delimiter CHARACTER] [--column NAME]... FILE
```

| option | meaning | default |
|---|---|---|
| `FILE` | the CSV file; `-` reads standard input | required |
| `--form` | how the summary is written: `text`, `json` or `markdown` | `text` |
| `--delimiter` | the character between two values | found out from the header |
| `--column` | show this column only; may be repeated | all columns |
| `--version` | print the version and stop | |

The exit status is 0 after a summary. It is 2, with one sentence on standard error, when the file cannot be read, a
row is longer than the header, or a column does not exist.
END

step 80 "Checking that no option is missing"
for word in FILE --form --delimiter --column --version 'status is 0' 'is 2'; do
    grep -q -e "$word" docs/usage.md
done
result "docs/usage.md describes the five options and both exit statuses."
