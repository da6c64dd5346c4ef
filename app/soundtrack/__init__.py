"""Music and original sound together at the right loudness: arrays in, arrays out."""
