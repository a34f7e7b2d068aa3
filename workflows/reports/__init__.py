"""Reports: figures that a fixed number of sums in the database makes, for the office to read and to save. Nothing is written."""
