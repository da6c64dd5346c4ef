"""The three clips that the page offers: drawn and sounded by this folder alone, no recording and no photograph in them.

    python -m examples.clips --folder FOLDER

writes harbour.mp4 (a voice over surf), street.mp4 (traffic, steps, a bell) and balloons.mp4 (upright, silent). Those in
app/page/examples were written so.
"""
