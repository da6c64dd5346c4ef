"""Working on finished takes: finding their beat, moving it, ranking them."""
