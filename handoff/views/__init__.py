"""The pages of handoffs: parse, call one service, present."""
