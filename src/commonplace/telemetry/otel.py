"""The switch: telemetry is on where the application itself uses OpenTelemetry.

Whoever sets up tracing or metrics imports OpenTelemetry and sets a provider. So nothing is
imported here that the application did not import first, there is no option, and where nobody
uses it, it costs a look-up or two per write. A provider may be set, or set anew, at any time.

What users name without bound, or what may be nobody's business, is told only if the variable
COMMONPLACE_TELEMETRY asks for it by name: `actor` (on metrics), `key` and `reason` (on spans).
"""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from commonplace._lazy import lazy_import

T = TypeVar("T")

VARIABLE: Final = "COMMONPLACE_TELEMETRY"
ASKABLE: Final = frozenset({"actor", "key", "reason"})
"""What may be asked for beyond the rest."""

_log = logging.getLogger("commonplace.telemetry")


class Signal(Generic[T]):
    """One signal of OpenTelemetry, and what `make` makes of the provider that is set for it.

    `make` is called once for each provider, with the module of the API and the provider.
    """

    def __init__(
        self, module: str, getter: str, make: Callable[[ModuleType, Any], T | None]
    ) -> None:
        self._module = module
        self._getter = getter
        self._make = make
        self._api: ModuleType | None = None
        self._made: tuple[Any, T | None] = (None, None)

    def get(self) -> T | None:
        """What was made, or None where the application does not use this signal."""
        if self._api is None:
            if self._module not in sys.modules:
                return None
            with suppress(ImportError):  # somebody is importing it right now, in vain
                self._api = lazy_import(self._module, "otel")
            if self._api is None:
                return None
        provider = getattr(self._api, self._getter)()
        known, made = self._made
        if provider is not known:
            made = self._make(self._api, provider)
            self._made = (provider, made)
        return made


def is_bare(provider: object) -> bool:
    """Whether this provider is one of the API's own, which record nothing."""
    return type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


def asked_for() -> frozenset[str]:
    """What the environment asks for."""
    words = frozenset(word.strip() for word in os.environ.get(VARIABLE, "").split(",")) - {""}
    if unknown := words - ASKABLE:
        _log.warning("%s has %s; it knows %s.", VARIABLE, sorted(unknown), sorted(ASKABLE))
    return words & ASKABLE


def release() -> str:
    """The version of this package, as spans and metrics carry it."""
    version: str = lazy_import("commonplace").__version__
    return version
