"""Ways out of Muster, one room a channel. Each has a `send(delivery)` (coordination.operations.outbox.Channel)."""
