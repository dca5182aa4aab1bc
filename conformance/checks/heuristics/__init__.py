"""Judgement by the look of things: counts, damage, markup."""
