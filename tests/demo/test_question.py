from commonplace.demo.question import (
    Asker,
    Contribution,
    Question,
    Solution,
    next_edit,
    parse_question,
)

ASK = Contribution("pep:8", "web-specialist", "a.rst:1")
JOIN = Contribution("pep:8", "docs-specialist", "b.rst:2")
ANSWER = Contribution("pep:8", "docs-specialist", "pep-0008.rst:2", 'Active, "Style"')


def follow(*contributions):
    lines = []
    for contribution in contributions:
        edit = next_edit(lines, contribution)
        if edit is None:
            continue
        if edit.old:
            lines[lines.index(edit.old)] = edit.new
        else:
            lines.append(edit.new)
    return lines


def test_every_state_of_a_question_reads_back():
    for done in ([ASK], [ASK, JOIN], [ASK, ANSWER], [ASK, JOIN, ANSWER], [ASK, ANSWER, JOIN]):
        (line,) = follow(*done)
        question = parse_question(line)
        assert str(question) == line
        assert all(contribution.stands_in([line]) for contribution in done)


def test_an_answered_question_with_two_askers():
    (line,) = follow(ASK, JOIN, ANSWER)
    assert line == (
        "- [answered] pep:8 What became of PEP 8? Asked by web-specialist (a.rst:1), "
        "docs-specialist (b.rst:2). docs-specialist: \"Active, 'Style'\" (pep-0008.rst:2)"
    )


def test_a_question_is_asked_and_joined_and_answered_once():
    again = ASK._replace(where="c.rst:9")
    other = ANSWER._replace(actor="web-specialist")
    assert next_edit(follow(ASK), again) is None
    assert next_edit(follow(ASK, ANSWER), other) is None
    assert next_edit([], ANSWER) is None


def test_a_contribution_that_is_gone_does_not_stand():
    assert not ASK.stands_in([])
    assert not JOIN.stands_in(follow(ASK))
    assert not ANSWER.stands_in(follow(ASK))


def test_names_of_every_kind():
    for about in ("pep:594", "mod:os.path", "dist:typing-extensions"):
        question = Question(about, (Asker("a", "x/y.py:3"),), Solution("b", "yes", "METADATA:1"))
        assert parse_question(str(question)) == question


def test_what_is_no_question():
    assert parse_question("- [open] Is it late? Asked by docs-specialist (a.rst)") is None
    assert parse_question("") is None
