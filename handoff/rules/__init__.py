"""Pure decisions about handoffs: what counts as an answer, when the gate opens, what may follow."""
