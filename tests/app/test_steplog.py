"""Logs are read in pieces of whole lines, from either end."""

from pathlib import Path

from vastgui import steplog


def test_tail_then_older_pieces_give_every_line_once(tmp_path: Path) -> None:
    log = tmp_path / "01-test_ssh.log"
    wanted = [f"line {n} ✓" for n in range(500)]
    log.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    piece = steplog.tail(log, 1000)
    found = list(piece.lines)
    while piece.start:
        piece = steplog.before(log, piece.start, 1000)
        found = [*piece.lines, *found]
    assert found == wanted


def test_new_lines_come_whole_and_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    piece = steplog.after(log, 0)
    assert piece.lines == ("one",)
    with log.open("ab") as file:
        file.write(b"o\n\nfour\n")
    assert steplog.after(log, piece.end).lines == ("two", "", "four")


def test_a_flood_or_a_shrunk_file_starts_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x\n" * 5000)
    flood = steplog.after(log, 10, max_bytes=100)
    assert flood.start != 10
    assert len(flood.lines) == 49  # whole lines only
    assert steplog.after(log, 20_000).start == 0


def test_no_log_is_no_lines(tmp_path: Path) -> None:
    assert steplog.tail(tmp_path / "none").lines == ()
    assert steplog.after(tmp_path / "none", 0).lines == ()
