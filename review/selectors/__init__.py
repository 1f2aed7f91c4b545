"""Reads of the weekly review: what counts, the tiles, the rows behind them."""
