from histories import busy, opened


def test_sound(tmp_path):
    with opened(tmp_path / "m.db") as memory:
        busy(memory)
        memory.assert_sound()
