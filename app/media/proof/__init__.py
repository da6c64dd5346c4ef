"""Showing that a result's packets, frames and samples are the source's: readers of evidence, which judge nothing."""
