"""A conversation with a model over the Messages API: asks, runs the tools, answers, repeats."""

from typing import Any

from commonplace._lazy import lazy_import
from commonplace.demo.model.desk import Desk
from commonplace.demo.notebook import GaveUp

MAX_TURNS = 24
"""Answers asked of the model in one conversation; then it is over, finished or not."""
MAX_TOKENS = 4096


class ModelStopped(GaveUp):
    """The model, or the way to it, ended in a way that leaves the work undone."""


class Model:
    """A model by name, reached through the official SDK; key and address from the environment."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._sdk: Any = lazy_import("anthropic", extra="model")
        self._client = self._sdk.Anthropic()
        self.requests = 0
        self.tokens = 0

    def converse(self, system: str, prompt: str, desk: Desk) -> str:
        """Runs one conversation to its end, tools included, and gives the model's last words.

        Raises `ModelStopped` when the model refuses or cannot finish within `MAX_TURNS`.
        """
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
        for _ in range(MAX_TURNS):
            answer = self._ask(system, messages, desk)
            messages.append({"role": "assistant", "content": answer.content})
            calls = [block for block in answer.content if block.type == "tool_use"]
            if answer.stop_reason in ("refusal", "model_context_window_exceeded"):
                raise ModelStopped(f"{self._name} stopped: {answer.stop_reason}.")
            if calls:
                messages.append({"role": "user", "content": [_result(c, desk) for c in calls]})
            elif answer.stop_reason == "max_tokens":
                messages.append({"role": "user", "content": "You were cut off. Go on, briefly."})
            elif answer.stop_reason != "pause_turn":
                desk.leave()
                return "".join(block.text for block in answer.content if block.type == "text")
        raise ModelStopped(f"{self._name} was not done after {MAX_TURNS} answers.")

    def _ask(self, system: str, messages: list[dict[str, Any]], desk: Desk) -> Any:
        """One request. The SDK itself tries again when the service is busy or out of reach."""
        try:
            answer = self._client.messages.create(
                model=self._name,
                max_tokens=MAX_TOKENS,
                system=system,
                tools=desk.definitions(),
                messages=messages,
            )
        except self._sdk.AnthropicError as error:
            raise ModelStopped(f"{self._name} did not answer: {error}") from error
        self.requests += 1
        self.tokens += answer.usage.input_tokens + answer.usage.output_tokens
        return answer


def _result(call: Any, desk: Desk) -> dict[str, Any]:
    answer = desk.use(call.name, call.input if isinstance(call.input, dict) else {})
    return {
        "type": "tool_result",
        "tool_use_id": call.id,
        "content": answer.text,
        "is_error": answer.is_error,
    }
