"""Archives from outside: what they promise is checked first, and nothing is written."""

import io
import struct
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.bounded_zip import Limits, open_zip

LIMITS = Limits(num_members=3, member_bytes=1000, total_bytes=2000, archive_bytes=100_000)


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "a.zip"
    path.write_bytes(content)
    return path


def is_text(path: PurePosixPath) -> bool:
    return path.suffix == ".txt"


def read(path: Path, limits: Limits = LIMITS) -> dict[str, bytes]:
    found = {}
    with open_zip(path, choose=is_text, limits=limits, setting="the.setting") as archive:
        for member in archive.members:
            with archive.open(member) as handle:
                found[member.filename] = handle.read()
    return found


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_chosen_members_are_read_in_the_archives_order(method: int, tmp_path: Path) -> None:
    members = {"z/b.txt": b"two", "other.bin": b"x" * 5000, "a.txt": b"", "z/": b""}
    path = write(tmp_path, pack(members, method))
    assert list(read(path).items()) == [("z/b.txt", b"two"), ("a.txt", b"")]


@pytest.mark.parametrize("name", ["../../evil.txt", "/evil/evil.txt", "C:\\evil.txt"])
def test_a_path_that_leads_outside_is_a_name_like_any_other(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = write(folder, pack({name: b"evil"}))
    before = sorted(tmp_path.rglob("*"))
    assert list(read(path).values()) == [b"evil"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_without_a_name_is_left_out(tmp_path: Path) -> None:
    # A name ends at its first zero byte; of one that begins with it nothing is left.
    content = pack({"a.txt": b"one", "b.txt": b"two"}).replace(b"b.txt", b"\0.txt")
    assert read(write(tmp_path, content)) == {"a.txt": b"one"}


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, pack({f"{number}.txt": b"" for number in range(4)}))
    with refused(ValueError, f"the.setting {path}", "at most 3 such files", "got 4"):
        read(path)


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, pack({"bomb.txt": bytes(50_000_000)}))
    assert path.stat().st_size < LIMITS.archive_bytes
    with refused(ValueError, "'bomb.txt'", str(path), "at most 1,000 bytes", "got 50,000,000"):
        read(path)


def test_members_that_are_too_much_together_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, pack({f"{number}.txt": bytes(900) for number in range(3)}))
    with refused(ValueError, "at most 2,000 bytes in such files", "got 2,700"):
        read(path)


def test_a_larger_archive_is_refused_before_its_list_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, pack({}) + bytes(LIMITS.archive_bytes))
    with refused(ValueError, "must have at most 100,000 bytes", "got 100,022"):
        read(path)


def promising(size: int, content: bytes) -> bytes:
    """An archive whose one member says that it unpacks to `size` bytes."""
    packed = bytearray(pack({"a.txt": content}))
    for start, offset in ((packed.index(b"PK\x03\x04"), 22), (packed.index(b"PK\x01\x02"), 24)):
        packed[start + offset : start + offset + 4] = struct.pack("<I", size)
    return bytes(packed)


def test_a_member_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    with refused(ValueError, "at most 1,000 bytes", "got 4,294,967,294"):
        read(write(tmp_path, promising(2**32 - 2, b"little")))


def test_a_member_that_holds_more_than_it_promises_is_not_unpacked_further(tmp_path: Path) -> None:
    with refused(ValueError, "must be a whole zip archive", "'a.txt'"):
        read(write(tmp_path, promising(10, bytes(10_000_000))))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_official_archives_do_not_use_are_refused(
    method: int, tmp_path: Path
) -> None:
    path = write(tmp_path, pack({"a.txt": b"x" * 100}, method))
    with refused(ValueError, "'a.txt'", "stored or deflated without a password"):
        read(path)


def test_a_member_with_a_password_is_refused(tmp_path: Path) -> None:
    packed = bytearray(pack({"a.txt": b"x"}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with refused(ValueError, "'a.txt'", "stored or deflated without a password"):
        read(write(tmp_path, bytes(packed)))


@pytest.mark.parametrize("content", [b"", b"PK", b"text\n" * 100, pack({"a.txt": b"x"})[:-5]])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with refused(ValueError, f"the.setting {path} must be a whole zip archive", "get it again"):
        read(path)


@pytest.mark.parametrize("start", [b"PK\x01\x02", b"PK\x03\x04"])
def test_a_name_that_is_no_text_is_refused(start: bytes, tmp_path: Path) -> None:
    packed = bytearray(pack({"é.txt": b"x"}))
    packed[packed.index("é".encode(), packed.index(start))] = 0xFF
    with refused(ValueError, "must be a whole zip archive", "can't decode byte 0xff"):
        read(write(tmp_path, bytes(packed)))


WHOLE = pack({"folder/a.txt": bytes(range(256)), "b.txt": b"b" * 500})
changes = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=changes, length=st.integers(len(WHOLE) - 60, len(WHOLE)))
def test_a_damaged_archive_gives_its_members_or_one_sentence(
    changes: list, length: int, tmp_path: Path
) -> None:
    content = bytearray(WHOLE)
    for position, value in changes:
        content[position] = value
    path = write(tmp_path, bytes(content[:length]))
    try:
        read(path)
    except ValueError:
        with refused(ValueError, str(path)):
            read(path)
