. "$BRIEF/context/step.sh"

step 50 "Running the tests again"
mkdir -p docs
{
    echo "# Diagnosis"
    echo
    "$PYTHON" -m unittest 2>&1 | sed -n 's/^\(FAIL\|ERROR\): /- /p'
} > docs/diagnosis.md
result "docs/diagnosis.md names the failing tests."
