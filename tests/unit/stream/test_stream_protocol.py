"""Messages from the browser are checked strictly; those to it are exactly what was agreed."""

import base64
import contextlib
import json
import math
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from stream_doubles import Browser, read_tiles

from raywidget.errors import ProtocolError
from raywidget.stream.outgoing import (
    Record,
    announce_tiles,
    make_begin,
    make_progress,
    make_state,
    make_welcome,
    pack_records,
)
from raywidget.stream.protocol import (
    BIGGEST,
    Ack,
    Control,
    Hello,
    Need,
    RecordRequest,
    Shown,
    TimeChange,
    parse_message,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "protocol"
CONVERSATIONS = sorted(
    path.name for path in FIXTURES.glob("*.json") if "steps" in json.loads(path.read_text())
)

HELLO = {"k": "hello", "v": 1, "client": 5, "have": None}
ACK = {"k": "ack", "client": 5, "epoch": 9, "seq": 0, "missing": [], "visible": True}
NEED = {"k": "need", "client": 5, "epoch": 9, "generation": 2}
CONTROL = {"k": "control", "client": 5, "do": "more", "samples": 16}
TIME = {"k": "time", "client": 5, "index": 0, "moving": True}
RECORD = {"k": "record", "client": 5, "what": "times", "format": "gif", "seconds": 2}


def test_what_browsers_say():
    assert parse_message(HELLO) == Hello(5, None)
    have = {"epoch": 9, "generation": 2, "seq": 0}
    assert parse_message(HELLO | {"have": have}) == Hello(5, Shown(9, 2, 0))
    assert parse_message(ACK | {"missing": [3, 1]}) == Ack(5, 9, 0, (3, 1), True)
    assert parse_message(ACK | {"held": 250}) == Ack(5, 9, 0, (), True, 0.25)
    assert parse_message(NEED) == Need(5, 9, 2)
    assert parse_message(CONTROL) == Control(5, "more", 16)
    assert parse_message({"k": "control", "client": 5, "do": "stop"}) == Control(5, "stop", 0)
    assert parse_message(TIME) == TimeChange(5, 0, True, None, None)
    change = {"k": "time", "client": 5, "play": True, "loop": False}
    assert parse_message(change) == TimeChange(5, None, False, True, False)
    assert parse_message(RECORD) == RecordRequest(5, "times", "gif", 2.0)
    assert parse_message({"k": "record", "client": 5, "what": None}).what is None


@pytest.mark.parametrize("message", [HELLO, ACK, NEED, CONTROL, TIME, RECORD])
def test_unknown_fields_are_ignored(message):
    assert parse_message(message | {"mood": "good", "id": "x"}) == parse_message(message)


@pytest.mark.parametrize(
    "wrong",
    [
        TIME | {"index": -1},
        TIME | {"index": 1.0},
        TIME | {"moving": 1},
        TIME | {"play": "yes"},
        TIME | {"loop": None},
        TIME | {"client": 0},
        RECORD | {"what": "a song"},
        RECORD | {"format": "../x"},
        RECORD | {"seconds": 0},
        RECORD | {"seconds": 1e9},
        RECORD | {"seconds": math.nan},
        {"k": "record"},
    ],
)
def test_what_is_no_time_and_no_film(wrong):
    with pytest.raises(ProtocolError):
        parse_message(wrong)


NOT_INTEGERS = [None, True, False, 1.0, "1", [], {}, 0, -1, BIGGEST + 1, 10**400, math.nan]


@pytest.mark.parametrize("wrong", NOT_INTEGERS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (HELLO, "v"),
        (HELLO, "client"),
        (ACK, "client"),
        (ACK, "epoch"),
        (NEED, "client"),
        (NEED, "epoch"),
        (NEED, "generation"),
        (CONTROL, "client"),
        (CONTROL, "samples"),
    ],
)
def test_integers_are_integers(message, field, wrong):
    with pytest.raises(ProtocolError, match=r"expected (an integer|version)"):
        parse_message(message | {field: wrong})


@pytest.mark.parametrize(
    "message",
    [
        None,
        "hello",
        7,
        [],
        {},
        {"k": None},
        {"k": "constructor"},
        {"k": ["hello"]},
        {"k": {"hello": 1}},
        HELLO | {"v": 2},
        HELLO | {"have": 3},
        HELLO | {"have": {}},
        HELLO | {"have": {"epoch": 1, "generation": 1}},
        HELLO | {"have": {"epoch": True, "generation": 1, "seq": 1}},
        ACK | {"seq": -1},
        ACK | {"seq": 1.5},
        ACK | {"missing": None},
        ACK | {"missing": "12"},
        ACK | {"missing": [0]},
        ACK | {"missing": [True]},
        ACK | {"missing": [1.0]},
        ACK | {"missing": list(range(1, 66))},
        ACK | {"held": -1},
        ACK | {"held": 0.25},
        ACK | {"held": None},
        ACK | {"visible": 1},
        ACK | {"visible": None},
        CONTROL | {"do": "explode"},
        CONTROL | {"do": ["stop"]},
        CONTROL | {"samples": 1_000_001},
        {"k": "control", "client": 5, "do": "more"},
    ],
    ids=repr,
)
def test_malformed(message):
    with pytest.raises(ProtocolError):
        parse_message(message)


def test_errors_stay_short():
    with pytest.raises(ProtocolError) as caught:
        parse_message({"k": "x" * 100_000})
    assert len(str(caught.value)) < 200
    with pytest.raises(ProtocolError) as caught:
        parse_message(NEED | {"epoch": 10**5000})
    assert len(str(caught.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
FIELDS = ["k", "v", "client", "have", "epoch", "seq", "missing", "visible", "do", "samples"]


@given(
    st.one_of(
        JSON,
        st.dictionaries(
            st.sampled_from(FIELDS),
            JSON | st.sampled_from(["hello", "ack", "need", "control", 1, [], True, "more"]),
        ),
    )
)
def test_whatever_comes_gives_a_message_or_a_protocol_error(content):
    with contextlib.suppress(ProtocolError):
        parse_message(content)


def test_what_the_kernel_says():
    progress = make_progress(samples=3, goal=9, elapsed=0.25, rate=12.0, noise=0.5)
    messages = [
        make_welcome(epoch=4, client=5, next_seq=6),
        make_begin(epoch=4, generation=1, width=8, height=6, tile=4, spp=9, encoding="half3"),
        make_state(
            epoch=4, generation=1, state="done", message=None, prompt=True, progress=progress
        ),
        announce_tiles(
            0, epoch=4, generation=1, seq=6, encoding="half3", soon=False, progress=progress
        ),
    ]
    assert json.loads(json.dumps(messages, allow_nan=False)) == [
        {"k": "welcome", "v": 1, "epoch": 4, "client": 5, "next": 6},
        {
            "k": "begin",
            "epoch": 4,
            "generation": 1,
            "width": 8,
            "height": 6,
            "tile": 4,
            "spp": 9,
            "encoding": "half3",
        },
        {
            "k": "state",
            "epoch": 4,
            "generation": 1,
            "state": "done",
            "message": None,
            "prompt": True,
            "progress": {"samples": 3, "goal": 9, "elapsed": 0.25, "rate": 12.0, "noise": 0.5},
        },
        {
            "k": "tiles",
            "epoch": 4,
            "generation": 1,
            "seq": 6,
            "n": 0,
            "encoding": "half3",
            "soon": False,
            "progress": {"samples": 3, "goal": 9, "elapsed": 0.25, "rate": 12.0, "noise": 0.5},
        },
    ]


def test_progress_is_always_json():
    progress = make_progress(samples=np.int64(3), goal=2**60, elapsed=math.inf, rate=math.nan)
    assert json.loads(json.dumps(progress, allow_nan=False)) == {
        "samples": 3,
        "goal": BIGGEST,
        "elapsed": 0.0,
        "rate": 0.0,
        "noise": None,
    }
    assert type(progress["samples"]) is int


def test_records_are_packed_as_agreed():
    one = Record(1, 2, 1, 1, 0, 70_000, b"abcdef")  # 6 bytes of pixels, and 2 of padding
    two = Record(65_535, 3, 2, 1, 4, 1, b"ghijklmn")
    buffer = pack_records([one, two])
    assert type(buffer) is bytes
    assert buffer == (
        b"\x01\0\x02\0\x01\0\x01\0\0\0\0\0\x70\x11\x01\0"
        b"\xff\xff\x03\0\x02\0\x01\0\x04\0\0\0\x01\0\0\0"
        b"abcdef\0\0ghijklmn"
    )


def load(name):
    return json.loads((FIXTURES / name).read_text())


def test_there_are_recorded_conversations():
    assert len(CONVERSATIONS) >= 4


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_recorded_browsers_are_understood(name):
    said = [step["content"] for step in load(name)["steps"] if step["from"] == "browser"]
    assert said
    for content in said:
        message = parse_message(content)
        assert message.client == content["client"]


@pytest.mark.parametrize("name", [name for name in CONVERSATIONS if name != "hostile.json"])
def test_recorded_kernels_speak_as_this_one(name):
    """Field for field, type for type, byte for byte."""
    progress = make_progress(samples=0, goal=0, elapsed=0.0, rate=0.0)
    common = {"epoch": 1, "generation": 1}
    examples = {
        "welcome": make_welcome(epoch=1, client=1, next_seq=1),
        "begin": make_begin(width=1, height=1, tile=1, spp=1, encoding="half3", **common),
        "state": make_state(state="done", message=None, prompt=True, progress=progress, **common),
        "tiles": announce_tiles(1, seq=1, encoding="half3", soon=True, progress=progress, **common),
    }
    for step in load(name)["steps"]:
        if step["from"] != "kernel":
            continue
        content = step["content"]
        example = examples[content["k"]]
        assert list(content) == list(example)
        for field in set(example) - {"message", "progress"}:
            assert type(content[field]) is type(example[field]), field
        if content["k"] == "tiles":
            buffer = base64.b64decode(step["buffer"])
            tiles = read_tiles(content, buffer)
            records = [
                Record(*tile[:5], tile.spp, tile.half.tobytes(), tile.exponent) for tile in tiles
            ]
            assert pack_records(records) == buffer


@pytest.mark.parametrize("name", [name for name in CONVERSATIONS if name != "hostile.json"])
def test_the_simulated_browser_behaves_as_recorded(name):
    """What the tests of the stream take for a page does what the real one does."""
    conversation = load(name)
    page = Browser(conversation["client"], 0.0)
    page.visible = False
    said = []
    now = 0.0
    steps = conversation["steps"]
    expected = [(s["at"], s["content"]) for s in steps if s["from"] == "browser"]
    expected = [(at, content) for at, content in expected if content["k"] != "control"]
    for step in steps:
        at = step["at"] / 1000
        while page.wake_at() < at - 1e-9:
            now = max(now, page.wake_at())
            said += [(round(now * 1000), content) for content in page.poll(now)]
        now = at
        if step["from"] == "kernel" and not step.get("lost"):
            buffer = step["buffer"] and base64.b64decode(step["buffer"])
            page.receive(step["content"], [buffer], now)
        elif step["from"] == "page":
            page.show(step["visible"])
        said += [(round(now * 1000), content) for content in page.poll(now)]
    assert said == expected
    assert page.state == conversation["expect"]["state"]
