"""A small plan that is right; tests change one thing in it."""

SHOP_MOVE: dict[str, bytes] = {
    "plan.md": b"---\nname: Shop move\nlease_ttl: 30\nreview: required\n---\nMove the shop.\n",
    "context/glossary.md": b"# Words\n",
    "phase-01-prepare/phase.md": b"---\ngate: auto\n---\nFirst of all.\n",
    "phase-01-prepare/context/hosts.txt": b"old\nnew\n",
    "phase-01-prepare/task-01-inventory.md": b"# Count the tables\n\nCount them.\n",
    "phase-01-prepare/task-02-freeze.md": b"---\nneeds: inventory\npriority: 5\ncriteria: [Nothing is written.]\n---\n# Freeze\n",
    "phase-01-prepare/task-02-freeze/context/hosts.txt": b"old only\n",
    "phase-02-move/phase.md": b"---\ngate: approval\n---\n",
    "phase-02-move/task-01-copy.md": (
        b"---\nkey: copy-orders\ntier: heavy\ncapabilities: [sql]\nafter: [freeze]\ncontext: [https://example.org/a]\n---\n# Copy\n"
    ),
    "phase-02-move/task-02-undo.md": b"---\nneeds: [{on: copy-orders, kind: failure}]\n---\n# Undo\n",
}
