. "$BRIEF/context/step.sh"

step 25 "Writing harvest.csv and visits.csv"
mkdir -p samples
cat > samples/harvest.csv <<'END'
orchard,trees,kilos,picked,organic
North,40,812.5,2026-09-01,yes
South,25,430.25,2026-09-03,no
Mill,60,,2026-09-03,yes
Hill,35,610,2026-09-08,yes
River,50,1020.75,,no
North,30,512.5,2026-09-12,yes
END
cat > samples/visits.csv <<'END'
page;visits;referrer
/;1200;search
/about;85
/docs;640;search
/docs/plans;310;board
/contact
END

step 60 "Writing notes.csv and broken.csv"
cat > samples/notes.csv <<'END'
who,note,reply
Ada,"Pruned, then watered",
Pat,"Two lines:
one and two",
Vera,"Said ""later""",
END
cat > samples/broken.csv <<'END'
name,age
Ada,36
Pat,41
Vera,29,extra
END
cat > samples/README.md <<'END'
# Samples

- `harvest.csv`: every kind of value, two of them missing; the mean of `trees` is 40.
- `visits.csv`: semicolons, and rows that are shorter than the header.
- `notes.csv`: quoted commas, line breaks and double quotes, and a column without values.
- `broken.csv`: line 4 has more values than the header.
END

step 90 "Checking them with Python's own csv module"
"$PYTHON" - <<'END'
import csv, pathlib
rows = list(csv.DictReader(pathlib.Path("samples/harvest.csv").open(newline="")))
assert len(rows) == 6 and sum(int(row["trees"]) for row in rows) / 6 == 40
notes = list(csv.DictReader(pathlib.Path("samples/notes.csv").open(newline="")))
assert "\n" in notes[1]["note"] and not any(row["reply"] for row in notes)
assert all(len(path.read_text().splitlines()) <= 20 for path in pathlib.Path("samples").iterdir())
END
result "Four sample files and a README; harvest.csv has a mean of 40 trees."
