"""Faults of metadata: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import rows

rows.metadata_row(
    "metadata-context-zero", "context_length is 0.", lambda entry: entry.update(context_length=0, max_output_length=0)
)
rows.metadata_row(
    "metadata-modalities-text",
    "Modalities are a text.",
    lambda entry: entry.update(input_modalities="text+image", output_modalities="text"),
)
rows.metadata_row(
    "metadata-features-string",
    "supported_features is a text.",
    lambda entry: entry.update(supported_features=",".join(entry["supported_features"])),
)
rows.metadata_row(
    "metadata-features-missing", "Entries have no supported_features.", lambda entry: entry.pop("supported_features")
)
rows.metadata_row(
    "metadata-features-unknown",
    "supported_features holds a word of the server's own.",
    lambda entry: entry["supported_features"].append("function_calling_v2"),
)
rows.metadata_row(
    "metadata-nothing-advertised",
    "No model advertises anything.",
    lambda entry: entry.update(supported_features=[], supported_parameters=[]),
)
rows.metadata_row(
    "metadata-context-window-absent",
    "Entries have no context_length.",
    lambda entry: entry.pop("context_length"),
    "metadata-context-window-absent",
)
rows.metadata_row(
    "metadata-context-window-understated",
    "context_length is far below what the model takes.",
    lambda entry: entry.update(context_length=2048),
    "metadata-context-window-understated",
)
rows.metadata_row(
    "metadata-output-exceeds-context",
    "max_output_length exceeds context_length.",
    lambda entry: entry.update(max_output_length=entry["context_length"] + 1),
)
rows.metadata_row(
    "metadata-price-negative", "Prices are negative.", lambda entry: entry["pricing"].update(prompt="-0.5")
)
rows.metadata_row("metadata-price-words", "Prices are words.", lambda entry: entry["pricing"].update(prompt="free"))
rows.metadata_row(
    "metadata-modalities-missing", "Entries have no input_modalities.", lambda entry: entry.pop("input_modalities")
)
