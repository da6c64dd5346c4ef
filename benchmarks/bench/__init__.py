"""`make bench`: the ratios that this project promises, measured in one run, as one table with plots."""
