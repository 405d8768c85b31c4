. "$BRIEF/context/step.sh"

step 30 "Going through the modules"
mkdir -p docs
"$PYTHON" - > docs/style-report.md <<'END'
import ast
import pathlib

found = []
for path in sorted(pathlib.Path("csvpeek").glob("*.py")):
    source = path.read_text()
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        found.append(f"{path}:1: the module has no docstring")
    found += [
        f"{path}:{number}: the line has {len(line)} characters"
        for number, line in enumerate(source.splitlines(), start=1)
        if len(line) > 100
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if node.returns is None:
                found.append(f"{path}:{node.lineno}: {node.name} does not say what it returns")
            if not node.name.startswith("_") and not ast.get_docstring(node):
                found.append(f"{path}:{node.lineno}: {node.name} has no docstring")
print("# Style report\n")
print("\n".join(f"- {each}" for each in found) or "No departures from the style guide.")
END

step 80 "Writing the report"
"$PYTHON" -m compileall -q csvpeek
result "$(tail -n 1 docs/style-report.md)"
