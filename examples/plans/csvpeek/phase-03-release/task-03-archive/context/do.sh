. "$BRIEF/context/step.sh"

step 25 "Building the single-file program"
mkdir -p dist "$BRIEF/zip/csvpeek"
cp csvpeek/*.py "$BRIEF/zip/csvpeek/"
cat > "$BRIEF/zip/__main__.py" <<'END'
import sys

from csvpeek.cli import main

sys.exit(main())
END
"$PYTHON" -m zipapp "$BRIEF/zip" --output dist/csvpeek-1.0.0.pyz --python "/usr/bin/env python3" --compress

step 60 "Building the archive of the sources"
git archive --format=tar.gz --prefix=csvpeek-1.0.0/ --output=dist/csvpeek-1.0.0.tar.gz HEAD
"$PYTHON" - <<'END'
import hashlib, pathlib
files = sorted(pathlib.Path("dist").glob("csvpeek-*"))
lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
pathlib.Path("dist/SHA256SUMS").write_text("".join(lines))
END

step 90 "Running it from another directory"
here=$PWD
(cd / && "$PYTHON" "$here/dist/csvpeek-1.0.0.pyz" --version) | grep -q 1.0.0
result "dist/ holds csvpeek-1.0.0.pyz, csvpeek-1.0.0.tar.gz and their checksums."
