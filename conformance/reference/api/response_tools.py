"""The tools of a responses request: functions are called, all other documented kinds are known and never called."""

from __future__ import annotations

from typing import Any

from conformance.reference.api.problems import wrong_value
from conformance.reference.api.validation import fields
from conformance.reference.api.validation.options import check_function, check_name
from conformance.reference.server.call import Json

_HOSTED = (
    "apply_patch", "code_interpreter", "computer", "computer_use_preview", "file_search", "image_generation",
    "local_shell", "mcp", "programmatic_tool_calling", "shell", "tool_search", "web_search",
    "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11",
)  # fmt: skip
"""Tools that OpenAI runs itself, or that a client runs by a protocol of their own."""
_KINDS = ("function", "custom", "namespace", *_HOSTED)


def functions_of(tools: list[Any]) -> list[Json]:
    """The functions among the tools, those inside a namespace too, in the words of chat.

    Raises:
        ApiError: 400 with the path of the first tool that is wrong.
    """
    return [function for at, tool in enumerate(tools) for function in _functions(tool, f"tools[{at}]")]


def namespaces_of(tools: list[Any]) -> dict[str, str]:
    """The namespace of each function that lies in one."""
    spaces = [tool for tool in tools if tool["type"] == "namespace"]
    return {inner["name"]: space["name"] for space in spaces for inner in space["tools"] if inner["type"] == "function"}


def _functions(tool: Any, at: str) -> list[Json]:
    fields.mapping(at, tool)
    kind = tool.get("type")
    if kind not in _KINDS:
        raise wrong_value(f"{at}.type", kind, _KINDS)
    if kind == "function":
        check_function(tool, at)
        return [{"type": "function", "function": tool}]
    if kind in ("custom", "namespace"):
        check_name(tool.get("name"), f"{at}.name")
    if kind == "namespace":
        fields.array(f"{at}.tools", tool.get("tools"))
        inner = [_functions(one, f"{at}.tools[{number}]") for number, one in enumerate(tool["tools"])]
        return [function for found in inner for function in found]
    return []


def choice_of(choice: Any, functions: list[Json]) -> Any:
    """A tool_choice in the words of chat; one that only a tool without functions could meet leaves it to the model."""
    if isinstance(choice, str):
        return choice if functions else "auto"
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind == "function":
        return {"type": "function", "function": choice}
    if kind == "allowed_tools":
        named = [
            tool for tool in choice.get("tools") or () if isinstance(tool, dict) and tool.get("type") == "function"
        ]
        allowed = {
            "mode": choice.get("mode", "auto"),
            "tools": [{"type": "function", "function": one} for one in named],
        }
        return {"type": "allowed_tools", "allowed_tools": allowed} if named else "auto"
    return "auto"
