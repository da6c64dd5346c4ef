"""Many films: a list of jobs, worked through by processes of this machine or by Ray, and gone on with after a stop."""
