"""However many questions a page asks, one is answered at a time, and every one is answered."""

import threading

from raywidget.widget.questions import BUSY, MAX_WAITING, NEWER, Questions

HANG = 30.0


class Desk:
    """Questions whose work waits until it is let go."""

    def __init__(self):
        self.questions = Questions("desk")
        self.go, self.begun = threading.Event(), threading.Event()
        self.done, self.refused, self.threads = [], [], set()
        self.all_done = threading.Event()

    def ask(self, client, number, last=False):
        def work():
            self.threads.add(threading.get_ident())
            self.begun.set()
            assert self.go.wait(HANG)
            self.done.append((client, number))
            if last:
                self.all_done.set()

        self.questions.ask(client, work, lambda why: self.refused.append((client, number, why)))


def test_the_newest_question_of_a_client_counts_and_the_others_are_told():
    desk = Desk()
    desk.ask(1, 0)
    assert desk.begun.wait(HANG)  # this one is being answered
    for number in range(1, 60):
        desk.ask(1, number, last=number == 59)
    assert [number for _, number, _ in desk.refused] == list(range(1, 59))
    assert {why for *_, why in desk.refused} == {NEWER}
    desk.go.set()
    assert desk.all_done.wait(HANG)
    assert desk.done == [(1, 0), (1, 59)]
    assert len(desk.threads) == 1


def test_too_many_clients_are_refused():
    desk = Desk()
    desk.ask(0, 0)
    assert desk.begun.wait(HANG)
    for client in range(1, MAX_WAITING + 4):
        desk.ask(client, 0, last=client == MAX_WAITING)
    assert desk.refused == [(MAX_WAITING + k, 0, BUSY) for k in (1, 2, 3)]
    desk.go.set()
    assert desk.all_done.wait(HANG)
    assert [client for client, _ in desk.done] == list(range(MAX_WAITING + 1))


def test_a_question_that_fails_is_told_and_the_next_is_answered():
    questions, said, done = Questions("desk"), [], threading.Event()

    def fail():
        raise OSError("no disk")

    questions.ask(1, fail, said.append)
    questions.ask(2, done.set, said.append)
    assert done.wait(HANG)
    assert said == ["OSError: no disk"]
