"""Master keys that never leave a key service: a KMS, or an HSM behind PKCS#11, by the class that ALPR_KMS names.

Here: finding that class, and one that asks a command, by which any service's own client can be used. A class is made with a key's id
and is a `masters.MasterKey`.
"""

from __future__ import annotations

import shlex
import subprocess
from importlib import import_module
from typing import Final

from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import Settings, settings
from alpr_assets.store.masters import MasterKey, MasterKeyError

TIMEOUT_SECONDS: Final = 30


def keys_at_service(configured: Settings) -> tuple[MasterKey, ...]:
    """The keys that ALPR_KMS_KEYS names, the current one first. Raises ConfigurationError when ALPR_KMS names nothing that is there."""
    ids = [key_id.strip() for key_id in configured.kms_keys.split(",") if key_id.strip()]
    if not ids:
        return ()
    module, _, attribute = configured.kms.partition(":")
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"ALPR_KMS names {configured.kms}, which is not there", remedy="give module:class, or leave it unset"
        ) from error
    return tuple(make(key_id) for key_id in ids)


class CommandKey:
    """A master key behind ALPR_KMS_COMMAND, run as `COMMAND wrap|unwrap KEY_ID CONTEXT`: in hex digits, the key on its standard
    input, what became of it on its standard output. It must refuse to unwrap under another context.
    """

    def __init__(self, key_id: str) -> None:
        """Raises ConfigurationError when no command is set."""
        self.key_id = key_id
        self._command = shlex.split(settings().kms_command)
        if not self._command:
            raise ConfigurationError(
                "ALPR_KMS_KEYS names keys, and ALPR_KMS_COMMAND no command", remedy="set it, or ALPR_KMS to a class"
            )
        self.where = self._command[0]

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        return self._asked("wrap", key, context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        return self._asked("unwrap", wrapped, context)

    def _asked(self, what: str, content: bytes, context: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the command of our own settings
                [*self._command, what, self.key_id, context.decode()],
                input=content.hex().encode(), capture_output=True, check=True, timeout=TIMEOUT_SECONDS,
            )  # fmt: skip
            return bytes.fromhex(done.stdout.decode("ascii").strip())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            # Its output may hold the key: of a ValueError nothing is told, and of the others no more than how it ended.
            how = "its answer is none" if isinstance(error, ValueError) else _how(error)
            raise MasterKeyError(
                f"{self.where} did not {what} for {context.decode()} by key {self.key_id}: {how}",
                remedy="look into the key service's log; nothing is lost while it is away",
            ) from None


def _how(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"status {error.returncode}"
    return "it took too long" if isinstance(error, subprocess.TimeoutExpired) else type(error).__name__
