"""Writing native recordings: JSON lines, one header, one line per exchange as it finishes, one footer."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.errors import UserError, exit_code_of
from conformance.model import Exchange, Footer, Header
from conformance.recording.format import OutOfRangeError, decode_line, encode
from conformance.recording.reader import raw_lines
from conformance.secrets.masking import Secrets


class RecordingWriter:
    """Writes a recording: header at once, each exchange as it finishes, the footer at the end; threads may share it.

    The file is created with mode 0600. Everything is masked before it is written. Without `finish` the recording stays
    without a footer, which every reader takes for incomplete.

    With `keep` it goes on with the recording that is there: its header and the exchanges of these ids stay, byte by
    byte; its footer, other exchanges and a line that was cut go. The file is replaced at once or not at all.

    Raises:
        UserError: The file exists (and `overwrite` is false), or the disk refuses.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        secrets: Secrets,
        *,
        overwrite: bool = False,
        keep: frozenset[str] | None = None,
    ) -> None:
        self.path = path
        self.count = 0
        self._failed: UserError | None = None
        self._secrets = secrets
        self._lock = threading.Lock()
        self._fd: int | None = None
        try:
            if keep is None:
                self._fd = self._create(path, overwrite=overwrite)
                self._write(encode(self._masked_header(header)))
            else:
                self._go_on(keep)
        except BaseException:
            self.close()
            raise

    def append(self, exchange: Exchange) -> None:
        """Mask and write one finished exchange.

        Raises:
            UserError: The disk is full or has gone.
        """
        line = encode(self._secrets.mask_exchange(exchange))
        with self._lock:
            self._write(line)
            self.count += 1

    def finish(self, footer: Footer) -> None:
        """Write the footer, with the number of exchanges written, and force everything to the disk."""
        skipped = tuple(replace(row, reason=self._secrets.mask_text(row.reason)) for row in footer.skipped)
        with self._lock:
            self._write(encode(replace(footer, exchanges=self.count, skipped=skipped)), sync=True)
        self.close()

    def close(self) -> None:
        """Close the file; a footer is not written."""
        with self._lock:
            descriptor, self._fd = self._fd, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _go_on(self, keep: frozenset[str]) -> None:
        lines = _kept_lines(self.path, keep)
        draft = self.path.with_name(f".{self.path.name}.part")
        self._fd = self._create(draft, overwrite=True)
        for data in lines:
            self._write(data, sync=data is lines[-1])
        try:
            draft.replace(self.path)
        except OSError as error:
            raise self._disk_error(error) from None
        self.count = len(lines) - 1

    def _create(self, path: Path, *, overwrite: bool) -> int:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if overwrite:
                path.unlink(missing_ok=True)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UserError(
                f"{self.path} is there already, and a recording is never overwritten.",
                "Name another place with --out, or move the file away.",
            ) from None
        except OSError as error:
            raise self._disk_error(error) from None

    def _write(self, data: bytes, *, sync: bool = False) -> None:
        if self._failed is not None:  # half a line may lie on the disk: nothing may follow it
            raise self._failed
        if self._fd is None:
            raise ValueError("the recording is closed")
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            if sync:
                self._sync(self._fd)
        except OSError as error:
            self._failed = self._disk_error(error)
            raise self._failed from None

    @staticmethod
    def _sync(descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe or a device cannot be synchronised
                raise

    def _disk_error(self, error: OSError) -> UserError:
        why = error.strerror or type(error).__name__
        hint = "Free some space or name a writable place with --out."
        return UserError(f"{self.path} cannot be written: {why}.", hint, exit_code_of(error))

    def _masked_header(self, header: Header) -> Header:
        mask = self._secrets.mask_text
        return replace(header, endpoint=mask(header.endpoint), base_url=mask(header.base_url), label=mask(header.label))


def _kept_lines(path: Path, keep: frozenset[str]) -> list[bytes]:
    """The bytes of the header and of the exchanges to keep."""
    kept = []
    for raw in raw_lines(path):
        try:
            line = decode_line(raw.data) if raw.ended else None
        except OutOfRangeError:  # whoever reads the recording leaves it out too
            continue
        if isinstance(line, Header) or (isinstance(line, Exchange) and line.id in keep):
            kept.append(raw.data)
    return kept
