"""Bookkeeping: windows, clients, what is on its way, what was sent."""

import itertools
import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.engine.film.film import Film
from raywidget.engine.film.tiles import Tile
from raywidget.stream import flow as flow_module
from raywidget.stream.flow import MAX_CLIENTS, OPEN_BATCH, OPEN_BUDGET, SILENCE, Flow
from raywidget.stream.inbox import MAX_CONTROLS, Inbox
from raywidget.stream.ledger import Ledger, cut_tile
from raywidget.stream.parcel import choose_pieces, pack_parcel
from raywidget.stream.protocol import Ack
from raywidget.stream.window import CEILING, ENOUGH, FLOOR, START, Window


def ack(client, seq, missing=(), visible=True, held=0.0):
    return Ack(client, 1, seq, tuple(missing), visible, held)


# -- window ---------------------------------------------------------------------------------------


def test_window_grows_once_per_round_trip_and_only_if_it_held_something_back():
    window = Window()
    window.measure(0.01, seq=1, next_seq=5)
    assert window.limit == START
    window.was_full = True
    window.measure(0.01, seq=2, next_seq=6)
    assert window.limit == START * 2
    window.was_full = True
    window.measure(0.01, seq=5, next_seq=7)  # left before the window moved
    assert window.limit == START * 2
    window.measure(0.08, seq=6, next_seq=8)
    assert window.limit == START * 4


def test_window_grows_more_slowly_once_it_has_been_too_large():
    window = Window()
    window.was_full = True
    window.measure(0.12, seq=1, next_seq=2)
    assert window.limit == START
    window.measure(0.01, seq=2, next_seq=3)
    assert window.limit == START * 5 // 4


def test_window_shrinks_when_slow_and_stays_within_its_bounds():
    window = Window()
    window.measure(0.3, seq=1, next_seq=2)
    assert window.limit == START // 2
    for seq in range(2, 40):
        window.measure(0.3, seq, seq + 1)
    assert window.limit == FLOOR
    for seq in range(40, 100):
        window.was_full = True
        window.measure(0.001, seq, seq + 1)
    assert window.limit == CEILING


def test_window_between_fast_and_slow_stays():
    window = Window()
    window.was_full = True
    window.measure(0.1, seq=1, next_seq=2)
    assert window.limit == START


def test_losses_halve_the_window_and_double_the_patience():
    window = Window()
    assert window.timeout() == 1.0
    window.lost(1, 10)
    window.lost(2, 10)  # of the same round trip
    assert (window.limit, window.timeout()) == (START // 2, 2.0)
    window.lost(10, 20)
    assert window.timeout() == 4.0
    window.measure(0.5, 20, 21)
    assert window.timeout() == 2.0  # 4 round trips
    assert window.batch() == 64 * 1024


# -- clients and messages -------------------------------------------------------------------------


def test_nobody_listens_nothing_goes():
    flow = Flow()
    assert flow.allowance(0.0).size == 0
    assert not flow.audience()


def test_window_of_the_slowest_visible_client_counts():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.hello(2, True, 0.0)
    for at in range(4):
        flow.note_sent(60_000, at * 0.01)
    flow.ack(ack(1, 4), 0.1)
    assert flow.in_flight() == (240_000, 4)
    flow.ack(ack(2, 1), 0.1)
    assert flow.in_flight() == (180_000, 3)
    assert flow.allowance(1.0).size == START - 180_000
    flow.ack(ack(2, 1, visible=False), 0.6)
    assert flow.in_flight() == (0, 0)


def test_a_full_window_waits_for_news():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.note_sent(START, 0.0)
    assert flow.allowance(0.5) == (0, math.inf, False)
    assert flow.next_event(0.5) == pytest.approx(0.5)  # the timeout


def test_one_piece_may_go_though_it_is_bigger_than_the_window():
    flow = Flow()
    flow.hello(1, True, 0.0)
    assert flow.allowance(0.0).at_least_one
    flow.note_sent(10, 0.0)
    assert not flow.allowance(1.0).at_least_one


def test_at_most_30_messages_a_second():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.note_sent(10, 5.0)
    assert flow.allowance(5.01).size == 0
    assert flow.allowance(5.01).wait == pytest.approx(1 / 30 - 0.01)
    assert flow.allowance(5.034).size > 0


def test_timeouts_are_reported_once_and_a_late_ack_is_still_measured():
    flow = Flow()
    flow.hello(1, True, 0.0)
    seq = flow.note_sent(1000, 0.0)
    assert flow.expire(0.9) == []
    assert flow.expire(1.1) == [seq]
    assert flow.expire(4.0) == []
    assert flow.in_flight() == (0, 0)
    flow.ack(ack(1, seq), 4.0)
    assert flow.window.round_trip == 4.0
    assert not flow.flights


def test_a_silent_client_is_given_up_and_comes_back():
    flow = Flow()
    flow.displayed = True
    flow.hello(1, True, 0.0)
    flow.expire(100.0)
    assert flow.closed_loop()  # it has nothing to acknowledge
    seq = flow.note_sent(1000, 100.0)
    flow.expire(104.9)
    assert flow.closed_loop()
    flow.expire(105.1)
    assert not flow.closed_loop()
    assert flow.open_loop()
    heard = flow.ack(ack(1, seq - 1), 200.0)
    assert heard.back
    assert flow.closed_loop()


def test_who_comes_back_has_lost_what_was_sent_long_ago():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.ack(ack(1, 0, visible=False), 0.1)
    flow.note_sent(1000, 0.2)
    flow.note_sent(1000, 2.5)
    assert flow.expire(3.0) == []
    assert flow.ack(ack(1, 0), 3.0).back
    assert flow.tracked() == [2]
    assert flow.expire(3.6) == [2]


def test_the_slowest_client_sets_the_pace():
    flow = Flow()
    for client in (1, 2):
        flow.hello(client, True, 0.0)
    flow.note_sent(1000, 0.0)
    flow.note_sent(1000, 0.1)
    flow.ack(ack(1, 1), 0.11)
    assert flow.window.round_trip == pytest.approx(0.11)  # neither was ahead
    flow.ack(ack(1, 2), 0.12)
    assert flow.window.round_trip == pytest.approx(0.11)
    flow.ack(ack(2, 2), 0.5)
    assert flow.window.round_trip > 0.15


def test_what_a_page_kept_back_is_no_part_of_the_round_trip():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.note_sent(1000, 0.0)
    flow.ack(ack(1, 1, held=0.25), 0.27)
    assert flow.window.round_trip == pytest.approx(0.02)
    flow.note_sent(1000, 1.0)
    flow.ack(ack(1, 2, held=1e9), 1.1)  # a page that lies harms nobody but itself
    assert flow.window.round_trip >= 0.0


def test_a_word_at_once_is_wanted_when_something_may_have_to_wait_for_it():
    flow = Flow()
    assert flow.wants_word(10)  # nobody may be there: whoever is should say so
    flow.hello(1, True, 0.0)
    assert flow.wants_word(10)  # how long it takes is not known yet
    flow.note_sent(10, 0.0)
    flow.ack(ack(1, 1), 0.02)
    assert not flow.wants_word(10)
    assert flow.wants_word(START // 2 + 1)
    flow.note_sent(START // 4, 0.1, soon=False)
    flow.note_sent(START // 4, 0.2, soon=False)
    assert flow.wants_word(10)  # half of the window is used
    flow.ack(ack(1, 3), 0.3)
    assert not flow.wants_word(10)
    for k in range(flow_module.MAX_IN_FLIGHT // 2):
        flow.note_sent(10, 0.4 + k / 30, soon=False)
    assert flow.wants_word(10)  # half of the messages are


def test_a_link_is_not_slow_because_a_page_keeps_its_words_back():
    def rate(soon):
        flow = Flow()
        flow.hello(1, True, 0.0)
        now = 0.0
        for _ in range(2 * ENOUGH):
            flow.note_sent(20_000, now, soon=soon)
            now += 0.25
            seq = flow.note_sent(20_000, now, busy=True)
            now += 0.05
            flow.ack(ack(1, seq), now)
        return flow.window.narrow

    assert rate(soon=True)  # 40 kB in 0.3 s while more was waiting
    assert not rate(soon=False)


def test_acks_of_what_was_never_sent_and_of_strangers_are_ignored():
    flow = Flow()
    flow.hello(1, True, 0.0)
    assert flow.ack(ack(1, 1), 0.0) is None
    assert flow.ack(ack(2, 0), 0.0) is None
    flow.note_sent(10, 0.0)
    assert flow.ack(ack(1, 1), 0.1) is not None
    assert flow.ack(ack(1, 0), 0.2) is not None  # it overtook, or was overtaken
    assert flow.clients[1].acked == 1


def test_at_most_16_clients_and_the_dead_go_first():
    flow = Flow()
    for number in range(1, MAX_CLIENTS + 1):
        flow.hello(number, True, number)
    flow.clients[7].live = False
    flow.hello(100, True, 50.0)
    assert len(flow.clients) == MAX_CLIENTS
    assert 7 not in flow.clients
    flow.hello(101, True, 50.0)
    assert 1 not in flow.clients  # the longest silent


def test_hellos_crowd_nobody_out_who_acknowledges():
    flow = Flow()
    flow.hello(1, True, 0.0)
    flow.ack(ack(1, 0), 0.1)
    for number in range(2, 400):
        flow.hello(number, True, 0.2)
    assert 1 in flow.clients
    assert len(flow.clients) == MAX_CLIENTS


def test_a_seventeenth_page_waits_until_another_is_silent():
    flow = Flow()
    for number in range(1, MAX_CLIENTS + 1):
        flow.hello(number, True, 0.0)
        flow.ack(ack(number, 0), 0.1 + number / 100)
    flow.hello(17, True, 1.0)
    assert 17 not in flow.clients
    assert not flow.readmit(ack(17, 0), SILENCE)
    assert set(flow.clients) == set(range(1, MAX_CLIENTS + 1))
    assert flow.readmit(ack(17, 0), SILENCE + 0.2)
    assert 1 not in flow.clients  # silent longest
    assert not flow.readmit(ack(17, 0), SILENCE + 0.2)  # it is there
    assert not flow.readmit(ack(18, 1), 100.0)  # that was never sent


def test_hellos_do_not_open_the_window():
    flow = Flow()
    flow.hello(1, True, 0.0)
    for k in range(50):
        flow.hello(1, True, k * 0.04)
        allowed = flow.allowance(k * 0.04)
        if allowed.size:
            flow.note_sent(allowed.size, k * 0.04)
        assert flow.in_flight()[0] <= flow.window.limit


def test_a_known_client_says_hello_again():
    flow = Flow()
    assert flow.hello(1, True, 0.0) == 0
    flow.note_sent(10, 0.0)
    flow.note_sent(10, 0.1)
    assert flow.hello(1, True, 0.2) == 0  # it has acknowledged nothing
    flow.ack(ack(1, 1), 0.3)
    assert flow.hello(1, False, 0.4) == 1
    assert flow.hello(1, True, 0.5) == 0  # it has lost what it had


def test_open_loop_is_slow_and_ends():
    flow = Flow()
    flow.displayed = True
    now, sent, messages = 0.0, 0, []
    while now < 60.0:
        allowed = flow.allowance(now)
        if allowed.size:
            flow.note_sent(OPEN_BATCH, now)
            sent += OPEN_BATCH
            messages.append(now)
        now += 0.01
    assert sent == OPEN_BUDGET
    assert min(np.diff(messages)) >= 0.25
    assert flow.exhausted()
    assert flow.allowance(now) == (0, math.inf, False)
    flow.hello(1, True, now)
    assert flow.allowance(now).size > 0


def test_open_loop_is_not_for_those_who_do_not_look():
    flow = Flow()
    flow.displayed = True
    flow.hello(1, True, 0.0)
    flow.note_sent(10, 0.0)
    flow.ack(ack(1, 0, visible=False), 0.1)
    flow.expire(50.0)
    assert not flow.clients[1].live
    assert not flow.open_loop()


def test_memory_of_messages_is_bounded():
    flow = Flow()
    flow.displayed = True
    for k in range(10_000):
        flow.note_sent(1, k)
    assert len(flow.flights) <= 2 * flow_module.MAX_IN_FLIGHT


# -- inbox ----------------------------------------------------------------------------------------


def test_inbox_is_bounded_whatever_comes():
    inbox = Inbox()
    for k in range(1, 5000):
        inbox.put({"k": "hello", "v": 1, "client": k, "have": None})
        inbox.put({"k": "control", "client": k, "do": "stop"})
        assert not inbox.put({"k": "nonsense", "n": k})
    post = inbox.take()
    assert list(post.slots) == list(range(5000 - MAX_CLIENTS, 5000))
    assert len(post.controls) == MAX_CONTROLS
    assert not inbox.take()


def test_a_flood_of_hellos_drops_no_acknowledgement():
    inbox = Inbox()
    said = {"k": "ack", "client": 10**6, "epoch": 9, "seq": 7, "missing": [], "visible": True}
    inbox.put(said)
    for k in range(1, 500):
        inbox.put({"k": "hello", "v": 1, "client": k, "have": None})
    slots = inbox.take().slots
    assert slots[10**6].ack == Ack(10**6, 9, 7, (), True)
    assert len(slots) == MAX_CLIENTS
    for k in range(1, 500):
        inbox.put(said | {"client": k})
    assert list(inbox.take().slots) == list(range(500 - MAX_CLIENTS, 500))


def test_newest_word_counts_but_losses_add_up():
    inbox = Inbox()
    base = {"k": "ack", "client": 1, "epoch": 9, "visible": True}
    inbox.put(base | {"seq": 7, "missing": [3, 4]})
    inbox.put(base | {"seq": 6, "missing": [5, 3], "visible": False})
    assert inbox.take().slots[1].ack == Ack(1, 9, 7, (5, 3, 4), False)


def test_many_threads_put():
    inbox = Inbox()

    def put(client):
        for seq in range(500):
            inbox.put(
                {
                    "k": "ack",
                    "client": client,
                    "epoch": 9,
                    "seq": seq,
                    "missing": [],
                    "visible": True,
                }
            )

    threads = [threading.Thread(target=put, args=(client,)) for client in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {slot.ack.seq for slot in inbox.take().slots.values()} == {499}


# -- ledger ---------------------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(1, 300), st.integers(100, 20_000))
def test_pieces_cover_their_tile_exactly(width, height, most):
    tile = Tile(3, 10, 20, width, height)
    pieces = cut_tile(tile, "half3", most)
    assert pieces[0].y == 20
    assert sum(piece.height for piece in pieces) == height
    for above, below in itertools.pairwise(pieces):
        assert below.y == above.y + above.height
    for piece in pieces:
        assert (piece.index, piece.x, piece.width) == (3, 10, width)
        assert piece.width * piece.height * 6 <= most or piece.height == 1


def publish(film, index, spp=1):
    tile = film.tiles[index]
    film.publish(tile, np.ones((tile.height, tile.width, 3)), spp)


def test_tiles_without_samples_do_not_go():
    film = Film(32, 16, 16)
    film.load(film.state())  # a new version of nothing
    publish(film, 1)
    ledger = Ledger(film, 10**6)
    chosen, full = choose_pieces(ledger, ledger.unsent(), "half3", 10**6, at_least_one=True)
    assert not full
    assert [record.x for record in pack_parcel(ledger, chosen, "half3").records] == [16]
    assert list(ledger.unsent()) == [1]  # the other one is dealt with


def test_ledger_knows_what_has_to_go():
    film = Film(64, 16, 16)
    ledger = Ledger(film, 10**6)
    assert list(ledger.unsent()) == []
    for index in range(4):
        publish(film, index)
    assert list(ledger.unsent()) == [1, 2, 0, 3]  # from the middle out
    for index in (1, 2, 0):
        ledger.mark_sent(index, 1, seq=10 + index)
    assert list(ledger.unsent()) == [3]
    for index in range(3):
        publish(film, index)
    assert list(ledger.unsent()) == [3, 0, 1, 2]  # never sent, then by age of their message
    for index in range(4):
        ledger.mark_sent(index, film.versions()[index], seq=20 + index)
    ledger.forget_messages([10, 21])
    assert list(ledger.unsent()) == [1]
    ledger.forget_after(21, in_flight=[23])
    assert list(ledger.unsent()) == [1, 2]
    ledger.forget_all()
    assert len(ledger.unsent()) == 4
