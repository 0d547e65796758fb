"""Judgements: pure functions from evidence to a decision with its reason."""
