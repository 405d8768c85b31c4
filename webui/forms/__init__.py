"""What people type, checked for shape only. What may happen is for the operations to say. One noun a file."""
