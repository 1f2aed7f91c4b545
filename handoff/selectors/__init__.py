"""Reads across the tables of a handoff, for pages, commands and services."""
