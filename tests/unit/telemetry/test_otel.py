"""The switch: on where the application uses OpenTelemetry, and else nothing."""

import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import commonplace
from commonplace.telemetry.otel import Signal, asked_for, is_bare, release

SOURCE = Path(commonplace.__file__).parent


class Provider:
    """A provider of the application's own."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType("some_api")
    module.provider = Provider()
    module.get_provider = lambda: module.provider
    monkeypatch.setitem(sys.modules, "some_api", module)
    return module


def test_it_is_off_until_the_application_imports_the_api(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = Signal[object]("some_api", "get_provider", lambda module, provider: provider)
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "some_api")
        assert signal.get() is None
        assert "some_api" not in sys.modules  # it was not imported for that
    assert signal.get() is api.provider


def test_it_is_made_once_for_each_provider(api: Any) -> None:
    made: list[Any] = []

    def make(module: ModuleType, provider: Any) -> int:
        assert module is api
        made.append(provider)
        return len(made)

    signal = Signal("some_api", "get_provider", make)
    assert (signal.get(), signal.get()) == (1, 1)
    first, api.provider = api.provider, Provider()
    assert (signal.get(), signal.get()) == (2, 2)
    assert made == [first, api.provider]


def test_an_api_that_fails_to_import_is_none(monkeypatch: pytest.MonkeyPatch, api: Any) -> None:
    def fail(name: str, extra: str) -> ModuleType:
        raise ImportError(name)

    signal = Signal[object]("some_api", "get_provider", lambda module, provider: provider)
    monkeypatch.setattr("commonplace.telemetry.otel.lazy_import", fail)
    assert signal.get() is None


def test_the_apis_own_providers_record_nothing() -> None:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    own = (
        trace.ProxyTracerProvider(),
        trace.NoOpTracerProvider(),
        metrics.NoOpMeterProvider(),
        metrics._internal._ProxyMeterProvider(),
    )
    assert [is_bare(each) for each in own] == [True] * 4
    assert not is_bare(TracerProvider()) and not is_bare(MeterProvider())


@pytest.mark.parametrize(
    ("value", "asked", "warns"),
    [
        ("", set(), False),
        ("actor", {"actor"}, False),
        (" reason , key,", {"reason", "key"}, False),
        ("reason,payload", {"reason"}, True),
    ],
)
def test_what_the_environment_asks_for(
    value: str,
    asked: set[str],
    warns: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("COMMONPLACE_TELEMETRY", value)
    with caplog.at_level(logging.WARNING):
        assert asked_for() == asked
    assert ("payload" in caplog.text) is warns


def test_the_release_is_known_wherever_the_package_lies() -> None:
    assert release() == commonplace.__version__


def test_only_telemetry_names_the_modules_of_opentelemetry() -> None:
    named = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if '"opentelemetry' in path.read_text(encoding="utf-8")
    }
    assert named == {"telemetry"}
