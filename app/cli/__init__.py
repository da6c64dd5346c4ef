"""The command line."""

PROGRAM = "python -m app" if __name__.split(".")[0] == "app" else "riffusion-dub"
"""What a person types to run it: in a clone, or installed."""
