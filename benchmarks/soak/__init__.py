"""Twenty visitors on the running page at once, each with a clip and a prompt of its own, some of whom mean harm."""
