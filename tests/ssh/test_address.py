import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vastgui.errors import InvalidInput
from vastgui.ssh.address import Address, parse_address, without_key_files

VAST = "104.189.178.116"
GOOD = {
    f"ssh -p 2838 root@{VAST} -L 8080:localhost:8080": Address(
        VAST, 2838, forwards=("8080:localhost:8080",)
    ),
    f"  ssh -p2838 root@{VAST}  ": Address(VAST, 2838),
    f"ssh root@{VAST} -p 2838\n": Address(VAST, 2838),
    "ssh -N -T -l me -i ~/.ssh/vast host.example": Address(
        "host.example", user="me", key_files=("~/.ssh/vast",)
    ),
    "ssh -L 127.0.0.1:8080:localhost:8080 -L 1:[::1]:2 h": Address(
        "h", forwards=("127.0.0.1:8080:localhost:8080", "1:[::1]:2")
    ),
    "ssh -i C:\\Users\\me\\.ssh\\id h": Address("h", key_files=("C:\\Users\\me\\.ssh\\id",)),
    "root@host:2222": Address("host", 2222),
    "host.example": Address("host.example"),
    "user@host": Address("host", user="user"),
    "ssh://user@host:2222": Address("host", 2222, "user"),
    "ssh://host/": Address("host"),
    "root@[2001:DB8::1]:2222": Address("2001:db8::1", 2222),
    "ssh -p 3 root@::1": Address("::1", 3),
    "ssh4.vast.ai:12345": Address("ssh4.vast.ai", 12345),
}
BAD = [
    "", "   ", "host", "34433", "ssh", "ssh -p 22", "ssh -p", "ssh -p 0 h", "ssh -p 65536 h", "ssh -p x h",
    "ssh -p ２２ h", "host:", "host:0", "host:99999", "@host", "root@", "a@b@c", "-oProxyCommand=id",
    "ssh -oProxyCommand=id h", "ssh -o ProxyCommand=id h", "ssh -A h", "ssh -J a b", "ssh -D 1080 h",
    "ssh -R 1:a:2 h", "ssh -F /tmp/x h", "ssh h id", "ssh h -- id", "ssh a b", "sudo ssh h", "host id",
    "ssh -i -p h", "ssh -L 8080 h", "ssh -L 8080:localhost:99999 h", "ssh -L 0:localhost:1 h",
    "ssh $(id)@h", "root@h;id", "root@h|id", "root@h&id", "`id`", "root@$HOME", "root@h\nid",
    "root@h\x00", "root@h\x1b[31m", "'root'@h", '"root"@h', "root@h>x", "~root@h", "root@-h",
    "ssh://h/path", "ssh://h?x=1", "ssh://u:pw@h", "http://h", "ssh -v\u202eh", "root@[::1", "root@[zz]",
    "root@fe80::1%eth0", "root@1:2:3", "[::1]x", "root@a..b", "..", "/etc/passwd", "root@*", "h" * 300,
    "x" * 2000, "ssh -p 22 -p", "ssh --port 22 h", "ssh -",
]  # fmt: skip
CONFIG = """
# mine
Host *.example !not.example
    User wild
Host box other
    HostName 10.0.0.7
    Port=2200
    User comfy
    IdentityFile ~/.ssh/box
    IdentityFile "%d/.ssh/second"
Host far
    ProxyJump bastion
Match exec "touch /tmp/never"
    Port 1
Host *
    Port 2022
    IdentityFile ~/.ssh/any
"""


@pytest.mark.parametrize(("text", "address"), GOOD.items(), ids=GOOD)
def test_reads_what_people_paste(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", BAD)
def test_refuses_everything_else_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(text)
    assert refused.value.field == "ssh_connection"
    assert refused.value.message.endswith(".")
    assert refused.value.hint
    assert refused.value.message.isprintable()


def test_an_alias_of_the_ssh_config() -> None:
    keys = ("~/.ssh/box", "~/.ssh/second", "~/.ssh/any")
    assert parse_address("box", CONFIG) == Address("10.0.0.7", 2200, "comfy", "box", keys)


def test_the_text_wins_over_the_config() -> None:
    address = parse_address("ssh -p 7 -i ~/k me@box", CONFIG)
    assert address == Address("10.0.0.7", 7, "me", "box", ("~/k",))


def test_wildcards_apply_but_make_no_alias() -> None:
    address = parse_address("a.example", CONFIG)
    assert (address.alias, address.user, address.port) == ("", "wild", 2022)
    assert parse_address("not.example", CONFIG).user == "root"


def test_a_proxy_in_the_config_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="ProxyJump"):
        parse_address("far", CONFIG)


def test_a_hostile_config_cannot_smuggle_an_address() -> None:
    with pytest.raises(InvalidInput):
        parse_address("x", "Host x\n HostName -oProxyCommand=id")


def test_labels() -> None:
    assert parse_address("root@[::1]:2222").label == "root@[::1]:2222"
    assert parse_address("ssh h").label == "root@h:22"


@given(st.text() | st.text(alphabet="ssh -piLl root@h:[]/.%~0123456789\\\n\t"), st.text())
@example("ssh -p 2838 root@h", "Host h\nPort -1")
def test_never_anything_but_an_address_or_an_answer(text: str, config: str) -> None:
    try:
        address = parse_address(text, config)
    except InvalidInput as refused:
        assert refused.field == "ssh_connection"  # noqa: PT017 - either outcome is right
        return
    assert 1 <= address.port <= 65535
    assert address.host
    assert not address.host.startswith("-")
    assert not set(address.label) & set(" \n\t;|&$`<>()'\"*?\\")


@pytest.mark.parametrize(
    ("text", "kept", "files"),
    [
        ("ssh -i /home/me/key -p 22 root@h", "ssh -p 22 root@h", ("/home/me/key",)),
        ("ssh root@h -i~/a -L 1:b:2 -i b", "ssh root@h -L 1:b:2", ("~/a", "b")),
        (" root@h:22 ", "root@h:22", ()),
        ("ssh -l -i h", "ssh -l -i h", ()),
    ],
)
def test_key_files_are_taken_out(text: str, kept: str, files: tuple[str, ...]) -> None:
    assert without_key_files(text) == (kept, files)
