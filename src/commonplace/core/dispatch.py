"""Dispatch: how one reads in a prompt, with nothing in it that could pass for anything else."""

import json
from typing import Any

from commonplace.core.escaping import escaped
from commonplace.model.channel import Dispatch


def dispatch_text(dispatch: Dispatch) -> str:
    """What there is to know of a dispatch; payloads as JSON, on one line each.

    What other agents wrote has no line of its own: `core.escaping` says what that takes.
    """
    view = dispatch.pin if dispatch.reply is None else dispatch.reply.revision
    built = f"built on {dispatch.channel.pinned(dispatch.read)}, read at r{view}"
    if dispatch.stale:
        built += f"; stale: @{dispatch.stands} stands now"
    lines = [
        f"dispatch {dispatch.id} of {dispatch.channel} to {escaped(dispatch.to)}: "
        f"{_json(dispatch.payload)}"
    ]
    if dispatch.reply is not None:
        lines.append(f"reply: {_json(dispatch.reply.payload)}")
    lines.append(built)
    if dispatch.difference:
        lines.append(f"published since @{dispatch.since}, which the worker had read:")
        lines += map(_changed, dispatch.difference.split("\n"))
    return "\n".join(lines)


def _json(payload: Any) -> str:
    return escaped(json.dumps(payload, ensure_ascii=False, sort_keys=True))


def _changed(line: str) -> str:
    """A line of a difference: its sign, and behind it what somebody wrote."""
    return line[:1] + escaped(line[1:])
