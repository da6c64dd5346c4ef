"""What music that is written down consists of: notes, bars, tempi, chords; written by nobody in particular."""
