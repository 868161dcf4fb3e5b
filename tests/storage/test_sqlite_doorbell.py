import threading

from commonplace.storage.sqlite.doorbell import Doorbell


class ListenerEndsFirst:
    """A mutex whose holder goes on only after the listening thread has seen the end by itself."""

    def __init__(self, bell):
        self.bell = bell
        self.lock = threading.Lock()

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *error):
        self.lock.release()
        if self.bell._closed:
            self.bell._thread.join()


def test_closing_while_the_listener_ends_by_itself():
    bell = Doorbell(None, lambda: 0)
    bell.subscribe(lambda: None)
    bell._mutex = ListenerEndsFirst(bell)
    bell.close()
    assert all(each.fileno() == -1 for each in bell._stop)


def test_a_subscriber_may_close_the_bell_that_wakes_it():
    closed = threading.Event()
    bell = Doorbell(None, lambda: 0)

    def wake():
        bell.close()
        closed.set()

    bell.subscribe(wake)
    listener = bell._thread
    bell._data_version = iter(range(1, 1_000_000)).__next__
    assert closed.wait(30)
    listener.join()
    bell.close()
