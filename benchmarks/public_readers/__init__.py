"""One reader per library: JSON lines in, what it found in the form of the sets out; each runs in an environment of its own."""
