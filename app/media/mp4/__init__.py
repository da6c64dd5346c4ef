"""MP4 and QuickTime files read and written box by box, where no library keeps what must not change."""
