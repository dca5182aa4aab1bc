"""A user's mistakes and an endpoint's absence, as sentences and exit codes; never a traceback."""

from __future__ import annotations

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line ends with."""

    CONFORMANT = 0
    FAILED = 1  # a gated requirement failed, or a known failure is stale
    USAGE = 2  # bad usage, configuration or profile
    HARNESS = 3  # the harness itself failed
    UNREACHABLE = 4  # the endpoint did not answer or refused the key, or the work could not be brought to its end


_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
)


def is_of_the_machine(error: OSError) -> bool:
    """Whether this machine could not: its disk is full or broken. That is neither bad usage nor a fault of ours."""
    return error.errno in _OF_THE_MACHINE


def exit_code_of(error: OSError) -> ExitCode:
    """What to end with where something cannot be written."""
    return ExitCode.UNREACHABLE if is_of_the_machine(error) else ExitCode.USAGE


class UserError(Exception):
    """What went wrong, in one sentence, and what to do about it."""

    def __init__(self, message: str, hint: str = "", exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
