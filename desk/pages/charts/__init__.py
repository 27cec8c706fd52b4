"""Drawings of pages, as SVG: pure functions from data to markup, with everything in them escaped."""
