"""The door for git itself: smart HTTP, from the address to the bytes. What is allowed is decided in operations."""
