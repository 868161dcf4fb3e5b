from commonplace.core.ticket import Ticket, gone, next_number

ALIVE = Ticket(1, "a", "alive", 100)
DEAD = Ticket(2, "b", "dead", 100)
AFAR = Ticket(3, "c", "afar", 100)
QUEUE = [ALIVE, DEAD, AFAR]


def test_a_ticket_goes_behind_the_last() -> None:
    assert next_number([]) == 1
    assert next_number(QUEUE) == 4
    assert next_number([AFAR]) == 4  # numbers are not given twice while one waits


def test_a_dead_holder_is_gone_at_once_and_a_distant_one_when_its_time_is_up() -> None:
    dead, afar = frozenset({"dead"}), frozenset({"afar"})
    assert gone(QUEUE, dead, afar, now_us=100) == [DEAD]
    assert gone(QUEUE, dead, afar, now_us=101) == [DEAD, AFAR]


def test_a_living_holder_keeps_its_place_however_long_it_thinks() -> None:
    assert gone(QUEUE, frozenset(), frozenset(), now_us=10**18) == []
