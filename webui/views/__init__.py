"""One page a file. A view finds through coordination.queries.access, calls one query or operation, and chooses how to answer."""
