"""The APIs under test: what is asked for decides how an answer is read.

Each API registers the rows of its operations; those of OpenAI are always there.
"""

from conformance.api import openai as _openai  # noqa: F401 - its rows are registered
