"""Pure decisions about people: who may do what."""
