import logging
import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.vast.fake_vast import KEY, FakeVast, fake_vast
from vastgui.errors import InvalidInput, VastguiError
from vastgui.vast.client import VastClient
from vastgui.vast.errors import (
    InstanceGone,
    KeyRefused,
    OddAnswer,
    TooOften,
    Uncertain,
    Unreachable,
    VastError,
)

FAST = 100.0


@pytest.fixture
def fake() -> Iterator[FakeVast]:
    with fake_vast() as server:
        server.add(27050456)
        yield server


def client(fake: FakeVast, key: str = KEY, speed: float = FAST) -> VastClient:
    return VastClient(fake.url, key, speed=speed)


def test_one_instance(fake: FakeVast) -> None:
    with client(fake) as vast:
        assert vast.instance(27050456).label == "comfy-1"
        with pytest.raises(InstanceGone):
            vast.instance(99)
    assert fake.calls[0][2:] == ("/api/v0/instances/27050456/", {"owner": "me"})


def test_the_list_follows_its_pages(fake: FakeVast) -> None:
    for number in range(1, 61):
        fake.add(number)
    with client(fake) as vast:
        assert [i.id for i in vast.instances()] == [*range(1, 61), 27050456]
    assert [query.get("limit") for *_, query in fake.calls] == ["25", "25", "25"]


def test_calls_of_one_endpoint_keep_their_distance(fake: FakeVast) -> None:
    with client(fake, speed=10) as vast:
        for _ in range(4):
            vast.instance(27050456)
        vast.reboot(27050456)  # another endpoint: no wait
    gets = fake.times("27050456")[:4]
    assert all(b - a >= 0.2 for a, b in pairwise(gets))
    assert fake.calls[-1][0] - gets[-1] < 0.2


@pytest.mark.parametrize(
    ("key", "status"), [("wrong", 404), ("deleted", 401)], ids=["wrong key comes as 404", "401"]
)
def test_a_bad_key_is_not_a_missing_instance(fake: FakeVast, key: str, status: int) -> None:
    with client(fake, key) as vast, pytest.raises(KeyRefused) as caught:
        vast.instance(27050456)
    assert caught.value.status == status
    assert "key" in caught.value.hint


REFUSALS = {
    "rate limit as plain text": ((429, "API requests too frequent endpoint threshold=3.0", {}), TooOften),
    "gateway": ((502, "<html>Bad Gateway</html>", {}), OddAnswer),
    "maintenance": ((503, "", {"retry-after": "2"}), OddAnswer),
}  # fmt: skip


@pytest.mark.parametrize(("refusal", "kind"), REFUSALS.values(), ids=REFUSALS)
def test_a_passing_refusal_is_waited_out(
    fake: FakeVast, refusal: tuple[int, str, dict[str, str]], kind: type[VastError]
) -> None:
    with client(fake) as vast:
        fake.refuse = [refusal] * 3
        assert vast.instance(27050456).id == 27050456
        assert len(fake.calls) == 4
        fake.refuse = [refusal] * 9
        with pytest.raises(kind):
            vast.instance(27050456)


def test_a_spent_search_quota_is_not_tried_again(fake: FakeVast) -> None:
    fake.refuse = [
        (429, '{"success":false,"error":"search_quota_exceeded","msg":"Daily quota."}', {})
    ]
    with client(fake) as vast, pytest.raises(TooOften, match="Daily quota"):
        vast.instances()
    assert len(fake.calls) == 1


def test_200_with_success_false_is_a_failure(fake: FakeVast) -> None:
    fake.refuse = [
        (200, '{"success":false,"error":"resources_unavailable","msg":"GPU taken."}', {})
    ]
    with client(fake) as vast, pytest.raises(VastError, match="GPU taken") as caught:
        vast.reboot(27050456)
    assert caught.value.code == "resources_unavailable"


ODD = [
    "",
    "null",
    "[]",
    "not json",
    "{}",
    '{"instances": 3}',
    '{"a":' * 5000,
    '{"instances":{"id":"x"}}',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_an_odd_answer_is_never_an_empty_list(fake: FakeVast, body: str) -> None:
    with client(fake) as vast:
        fake.refuse = [(200, body, {})]
        with pytest.raises(OddAnswer):
            vast.instances()
        fake.refuse = [(200, body, {})]
        with pytest.raises(OddAnswer):
            vast.instance(27050456)


def test_a_list_that_never_ends_is_left(fake: FakeVast) -> None:
    page = '{"success":true,"instances":[],"next_token":"again"}'
    fake.refuse = [(200, page, {})] * 9
    with client(fake) as vast, pytest.raises(OddAnswer, match="does not end"):
        vast.instances()
    assert len(fake.calls) == 2


@pytest.mark.row("S49")
def test_a_lost_get_is_repeated_and_a_lost_reboot_is_not(fake: FakeVast) -> None:
    with client(fake) as vast:
        fake.refuse = [(0, "", {})] * 2
        assert vast.instance(27050456).id == 27050456
        fake.refuse = [(0, "", {})]
        with pytest.raises(Uncertain):
            vast.reboot(27050456)
    assert len(fake.times("reboot")) == 1


@pytest.mark.parametrize(("status", "calls"), [(429, 2), (504, 1)])
def test_a_reboot_is_repeated_only_when_it_was_surely_refused(
    fake: FakeVast, status: int, calls: int
) -> None:
    fake.refuse = [(status, "", {})]
    with client(fake) as vast:
        if status == 429:
            vast.reboot(27050456)
        else:
            with pytest.raises(VastguiError):
                vast.reboot(27050456)
    assert len(fake.times("reboot")) == calls


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with VastClient(url, KEY, speed=FAST) as vast, pytest.raises(Unreachable):
            vast.reboot(5)


def test_a_redirect_is_not_followed_with_the_key(fake: FakeVast) -> None:
    fake.refuse = [(308, "", {"location": "https://elsewhere.invalid/api"})]
    with client(fake) as vast, pytest.raises(OddAnswer, match=r"elsewhere\.invalid"):
        vast.instances()


def test_the_key_is_in_no_url_log_or_error(
    fake: FakeVast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.refuse = [(400, f'{{"success":false,"msg":"bad header Bearer {KEY}"}}', {})]
    with client(fake) as vast:
        with pytest.raises(VastError) as caught:
            vast.instances()
        vast.instances()
    assert KEY not in str(caught.value)
    assert KEY not in str(caught.value.args)
    assert KEY not in caplog.text
    assert all(KEY not in path + str(query) for _, _, path, query in fake.calls)
    assert fake.headers[-1]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url",
    [
        "http://console.vast.ai",
        "ftp://127.0.0.1",
        "console.vast.ai",
        "",
        "https://notvast.ai",
        "https://vast.ai.example",
        "https://console.vast.ai@example.org",
        "https://127.0.0.1.example",
    ],
)
def test_the_key_travels_encrypted_or_stays_at_home(url: str) -> None:
    with pytest.raises(InvalidInput, match="vast_url"):
        VastClient(url, KEY)


@pytest.mark.parametrize("key", ["", " ", "a b", "a\nb", "schlüssel"])
def test_a_key_that_cannot_be_one(key: str) -> None:
    with pytest.raises(KeyRefused):
        VastClient("https://console.vast.ai", key)
