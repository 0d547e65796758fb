"""Estimators: build, fit, predict."""
