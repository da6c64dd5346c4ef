"""The page: a Gradio app that builds the same orders as the command line."""
