"""How fast it is, measured: `make bench`. Figures are ratios within one run, never a test."""
