from commonplace.study.plain_copy import PlainCopy, Stood


def test_each_write_makes_one_state():
    copy = PlainCopy()
    copy.append("notes", "a\nb", "ann")
    copy.append("notes", "c\n", "bob")
    copy.replace("notes", "b", "B", "ann")
    copy.remove_line("notes", "a", "ann")
    copy.rewrite("notes", "z", "bob")
    assert [text for *_, text in copy.states()] == [
        "a\nb\n",
        "a\nb\nc\n",
        "a\nB\nc\n",
        "B\nc\n",
        "z\n",
    ]
    assert copy.version("notes") == 5
    assert copy.text("notes") == "z\n"
    assert copy.text("nothing") == ""


def test_a_sentence_stood_in_runs_of_versions():
    copy = PlainCopy()
    copy.append("notes", "fell 12%", "ann")
    copy.append("notes", "later", "bob")
    copy.replace("notes", "12%", "11%", "bob")
    copy.append("notes", "no, it fell 12%", "ann")
    copy.rewrite("plan", "fell 12%", "cat")
    assert copy.stood("fell 12%") == {
        Stood("notes", 1, 3, "ann"),
        Stood("notes", 4, None, "ann"),
        Stood("plan", 1, None, "cat"),
    }
    assert copy.stood("fell 12%\nlater") == {Stood("notes", 2, 3, "bob")}
    assert copy.stood("rose") == set()


def test_a_line_is_removed_whole():
    copy = PlainCopy()
    copy.append("notes", "xa\na\nab", "ann")
    copy.remove_line("notes", "a", "ann")
    assert copy.text("notes") == "xa\nab\n"
