"""New sound put among a track's own packets: which are replaced, what an encoder is fed, how they are written."""
