"""Random exchanges against a naive model: who may do what, when, and what it leaves behind."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.decide import Accept
from commonplace.core.fold import replay
from commonplace.core.rules import SingleWriter
from commonplace.core.verdict import Refusal
from commonplace.model.channel import dispatch_key
from commonplace.model.entry import EntryKey
from deciding import TASK, Tenant, create, grant, write

PLAN = EntryKey(TASK, "plan")
ACTORS = ("lead", "docs", "web", "boss", "stranger")
IDS = ("aaaa", "bbbb")


@dataclass
class Sent:
    """What the model knows of one dispatch."""

    to: str
    state: str = "open"
    version: int = 1


@dataclass
class Model:
    """What the model knows of the channel: `lead` writes it, `boss` owns it, two read it."""

    published: int = 0
    sent: dict[str, Sent] = field(default_factory=dict)

    def verdict(self, actor: str, step: dict[str, object]) -> str:
        """The code that refuses a step, "" when it lands."""
        if actor == "stranger":
            return "access_denied"
        name, kind = step["id"], step["kind"]
        dispatch = self.sent.get(str(name))
        if kind == "put":
            return "" if actor == "lead" else "not_owner"
        if kind != "reply" and actor != "lead":
            return "not_owner"
        if kind == "dispatch":
            return "contract_mismatch" if dispatch else self._built_on(step)
        if dispatch is None:
            return "not_found"
        if kind == "reply" and actor != dispatch.to:
            return "not_owner"
        if dispatch.state in {"superseded", "committed"}:
            return "dispatch_superseded"
        if kind == "reply":
            return self._built_on(step)
        if step["of"] != dispatch.version:
            return "version_conflict"
        if kind == "withdraw":
            return ""
        if dispatch.state == "open":
            return "contract_mismatch"
        return "" if step["version"] == self.published else "version_conflict"

    def _built_on(self, step: dict[str, object]) -> str:
        return "version_conflict" if int(str(step["version"])) > self.published else ""

    def apply(self, step: dict[str, object]) -> None:
        """What a step that landed leaves."""
        name, kind = str(step["id"]), step["kind"]
        if kind == "put":
            self.published += 1
        elif kind == "dispatch":
            self.sent[name] = Sent(str(step["to"]))
        else:
            dispatch = self.sent[name]
            dispatch.version += 1
            after = {"reply": "replied", "withdraw": "superseded", "settle": "committed"}
            dispatch.state = after[str(kind)]


STEPS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["put", "dispatch", "reply", "reply", "withdraw", "settle", "settle"]
        ),
        "id": st.sampled_from(IDS),
        "to": st.sampled_from(["docs", "web"]),
        "who": st.sampled_from(["", "", "", "", *ACTORS]),
        "of": st.sampled_from([0, 0, 0, 1, -1]),
        "version": st.sampled_from([0, 0, 0, 1, -1]),
    }
)
"""Steps: most by who may do it, of what stands; `of` and `version` are off by that much."""


def settled_on(model: Model, step: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Who does a step, and the step with the versions that it names."""
    dispatch = model.sent.get(str(step["id"]))
    right = dispatch.to if dispatch and step["kind"] == "reply" else "lead"
    of = (dispatch.version if dispatch else 1) + int(str(step["of"]))
    version = max(model.published + int(str(step["version"])), 0)
    return str(step["who"] or right), {**step, "of": max(of, 0), "version": version}


def propose(tenant: Tenant, actor: str, step: dict[str, object]) -> object:
    entry, kind = dispatch_key(PLAN, str(step["id"])), str(step["kind"])
    if kind == "put":
        return tenant.propose(actor, write(PLAN, "put", value=tenant.state.revision))
    version = step["version"]
    arguments: dict[str, object] = {
        "dispatch": {
            "to": step["to"], "payload": 1, "pin": 0, "version": version, "follows": "", "since": 0,
        },
        "reply": {"payload": 2, "version": version, "revision": 0},
        "withdraw": {"by": "dddd", "of": step["of"]},
        "settle": {
            "of": step["of"], "version": version, "committed_by": actor,
            "surfaced_by": _addressee(tenant, entry),
        },
    }[kind]  # type: ignore[assignment]  # fmt: skip
    return tenant.propose(actor, write(entry, kind, **arguments))


def _addressee(tenant: Tenant, entry: EntryKey) -> str:
    stands = tenant.entry(entry)
    return str(stands.value["to"]) if stands.exists else "docs"


@given(st.lists(STEPS, min_size=20, max_size=40))
def test_every_exchange_ends_as_the_model_says(steps: list[dict[str, object]]) -> None:
    tenant, model = Tenant(), Model()
    tenant.must(
        "lead", create("plan", SingleWriter("lead"), "json"), grant("lead", "owner", "plan")
    )
    tenant.must("lead", grant("boss", "owner", "plan"))
    tenant.must("lead", grant("docs", "reader", "plan"), grant("web", "reader", "plan"))
    for each in steps:
        actor, step = settled_on(model, each)
        expected = model.verdict(actor, step)
        decision = propose(tenant, actor, step)
        if expected:
            assert isinstance(decision, Refusal), f"{actor} {step}: landed, not {expected}"
            assert decision.code == expected, f"{actor} {step}: {decision.message}"
        else:
            assert isinstance(decision, Accept), f"{actor} {step}: {decision}"
            model.apply(step)
    for name, dispatch in model.sent.items():
        entry = tenant.entry(dispatch_key(PLAN, name))
        assert (entry.version, entry.value["state"]) == (dispatch.version, dispatch.state)
        assert entry.value == folded(tenant, dispatch_key(PLAN, name))


def folded(tenant: Tenant, entry: EntryKey) -> object:
    """What the log alone says that an entry is."""
    value: object = None
    for record in tenant.log:
        if record.entry == entry:
            assert record.arguments is not None
            value = replay(value, record.operation, record.arguments, record.version)
    return value
