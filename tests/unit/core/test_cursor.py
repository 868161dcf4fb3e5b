from commonplace.core.cursor import Claim, Cursor

ONE = Claim(5, "a", "p", 100)
TWO = Claim(7, "b", "q", 100)


def test_a_cursor_prints_and_parses_to_itself() -> None:
    for cursor in (Cursor(0), Cursor(7, (ONE, TWO))):
        assert Cursor.from_plain(cursor.to_plain()) == cursor
    assert Cursor.from_plain({"position": 3}) == Cursor(3)


def test_a_claim_moves_the_cursor_forwards_and_never_back() -> None:
    cursor = Cursor(4).claimed(TWO)
    assert cursor == Cursor(7, (TWO,))
    assert cursor.claimed(ONE) == Cursor(7, (TWO, ONE))


def test_a_claim_taken_over_is_its_new_members() -> None:
    taken = Claim(5, "b", "q", 200)
    cursor = Cursor(7, (ONE, TWO)).claimed(taken)
    assert cursor.claims == (TWO, taken)
    assert cursor.finished(5, "a") == cursor  # too late: it is no longer a's
    assert cursor.finished(5, "b").claims == (TWO,)


def test_the_lowest_abandoned_claim_comes_first() -> None:
    cursor = Cursor(7, (TWO, ONE))
    assert cursor.abandoned(lambda claim: True) == ONE
    assert cursor.abandoned(lambda claim: claim.member == "b") == TWO
    assert cursor.abandoned(lambda claim: False) is None


def test_a_commit_given_back_is_abandoned_whoever_lives() -> None:
    cursor = Cursor(7, (ONE, TWO)).returned(ONE.revision, ONE.member)
    given = Claim(ONE.revision, ONE.member, "", 0)
    assert cursor == Cursor(7, (given, TWO))
    assert cursor.abandoned(lambda claim: not claim.presence) == given
    assert cursor.returned(99, "nobody") == cursor
