import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace.errors import InvalidName, InvalidNamespace
from commonplace.limits import MAX_NAMESPACE_DEPTH
from commonplace.model.names import check_name
from commonplace.model.namespace import Namespace, NamespacePrefix
from properties import any_text, prove, prove_much

KINDS = {"task", "role", "agent", "shared", "tenant"}


def is_name(text: str) -> bool:
    try:
        check_name(text, "name")
    except InvalidName:
        return False
    return True


letters = st.characters(categories=["L", "N", "P", "S"], max_codepoint=0xFFFF)
names = st.text(letters, min_size=1, max_size=6).filter(is_name)
paths = st.one_of(
    st.builds(Namespace.task, names),
    st.builds(Namespace.role, names),
    st.builds(Namespace.agent, names),
    st.just(Namespace.shared()),
    st.just(Namespace.tenant()),
    st.lists(names, min_size=2, max_size=MAX_NAMESPACE_DEPTH)
    .filter(lambda segments: segments[0] not in KINDS)
    .map(lambda segments: Namespace.of(*segments)),
)
prefixes = st.lists(names, max_size=4).map(lambda segments: NamespacePrefix.of(*segments))


@prove
@given(paths)
def test_a_namespace_prints_and_parses_to_itself(namespace: Namespace) -> None:
    assert Namespace.parse(str(namespace)) == namespace
    assert str(namespace).isascii()


@prove
@given(prefixes)
def test_a_prefix_prints_and_parses_to_itself(prefix: NamespacePrefix) -> None:
    assert NamespacePrefix.parse(str(prefix)) == prefix


@prove
@given(paths, prefixes)
def test_a_prefix_covers_by_whole_segments(namespace: Namespace, prefix: NamespacePrefix) -> None:
    assert prefix.covers(namespace) == (prefix in namespace.prefixes)
    assert all(each.covers(namespace) for each in namespace.prefixes)
    assert all(str(namespace).startswith(str(each)) for each in namespace.prefixes)


def test_a_prefix_never_covers_by_characters() -> None:
    assert not NamespacePrefix.of("users", "12").covers(Namespace.of("users", "123"))
    assert not NamespacePrefix.of("users", "123").covers(Namespace.of("users", "123"))
    assert NamespacePrefix.of().covers(Namespace.tenant())


@pytest.mark.parametrize("segments", [(), ("task",), ("role",), ("agent",), ("users",)])
def test_a_partial_path_is_refused(segments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidNamespace, match=r"partial|empty"):
        Namespace.of(*segments)
    with pytest.raises(InvalidNamespace, match=r"partial|empty"):
        Namespace(segments)
    assert NamespacePrefix.of(*segments).segments == segments


@pytest.mark.parametrize("segments", [("task", "a", "b"), ("shared", "x"), ("tenant", "x")])
def test_a_path_deeper_than_its_kind_is_refused(segments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidNamespace):
        Namespace.of(*segments)


def test_depth_is_bounded() -> None:
    assert Namespace.of(*"abcdefgh")
    with pytest.raises(InvalidNamespace, match="at most 8 segments, not 9"):
        Namespace.of(*"abcdefghi")
    with pytest.raises(InvalidNamespace):
        NamespacePrefix.of(*"abcdefghi")


def test_a_prefix_is_another_type() -> None:
    namespace, prefix = Namespace.of("a", "b"), NamespacePrefix.of("a", "b")
    assert namespace != prefix
    assert hash(namespace) is not None
    with pytest.raises(TypeError):
        namespace < prefix  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize(
    "segments", [("task", "a/b"), ("task", ""), ("task", ".."), ("task", 1), ["task", "q3"], "task"]
)
def test_the_constructors_check_as_much_as_of_does(segments: object) -> None:
    with pytest.raises(InvalidNamespace):
        Namespace(segments)  # type: ignore[arg-type]
    with pytest.raises(InvalidNamespace):
        NamespacePrefix(segments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "/", "task", "task/", "/task", "task//q3", "task/q3/", "task/..", "task/a b", "task/é",
     "task/%ff", "task/%2", "task/%2e%2e", "task/a%2Fb", "task/%00", "shared/", "task/q3#1"],
)  # fmt: skip
def test_text_that_is_no_namespace(text: str) -> None:
    with pytest.raises(InvalidNamespace):
        Namespace.parse(text)


@pytest.mark.parametrize("text", ["/", "task", "//", "task//", "/task/", "a b/", "%ff/", "../"])
def test_text_that_is_no_prefix(text: str) -> None:
    with pytest.raises(InvalidNamespace):
        NamespacePrefix.parse(text)


def test_other_spellings_of_one_segment_are_one_namespace() -> None:
    assert Namespace.parse("task/%71%33") == Namespace.task("q3")
    assert Namespace.parse("task/%c3%a9") == Namespace.parse("task/%C3%A9")


@prove_much
@given(any_text)
def test_any_text_parses_or_raises_invalid_namespace(text: str) -> None:
    for kind in (Namespace, NamespacePrefix):
        try:
            parsed = kind.parse(text)
        except InvalidNamespace:
            continue
        assert kind.parse(str(parsed)) == parsed
