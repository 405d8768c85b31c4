"""One file a row of the table; each has `measure(bed)`, which returns figures."""
