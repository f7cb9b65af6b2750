"""Every fault of a folder is found: of our own, and of folders that other programs made."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import xxhash

from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.deliver.checksums import SUMS, c4_of, files_in, parse_sums
from audio_pipeline.jobs.deliver.verify import verify_folder


def flipped(folder: Path, chance: random.Random) -> None:
    file = folder / chance.choice(files_in(folder))
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def cut(folder: Path, chance: random.Random) -> None:
    file = folder / chance.choice(files_in(folder))
    file.write_bytes(file.read_bytes()[:-1])


def grown(folder: Path, chance: random.Random) -> None:
    with (folder / chance.choice(files_in(folder))).open("ab") as file:
        file.write(chance.choice((b"\n", b"\0", b" ", b"<!-- -->")))


def missing(folder: Path, chance: random.Random) -> None:
    (folder / chance.choice(files_in(folder))).unlink()


def added(folder: Path, chance: random.Random) -> None:
    where = chance.choice(("", "listening/", "ascmhl/", "new/"))
    name = chance.choice((".DS_Store", "extra.wav", "0002_x.mhl", "SHA256SUMS.bak", "Thumbs.db"))
    (folder / where).mkdir(exist_ok=True)
    (folder / f"{where}{name}").write_bytes(b"")


def added_folder(folder: Path, chance: random.Random) -> None:
    (folder / f"empty{chance.randrange(9)}").mkdir()


def renamed(folder: Path, chance: random.Random) -> None:
    file = folder / chance.choice(files_in(folder))
    file.rename(file.with_name(f"x{file.name}"))


def moved(folder: Path, chance: random.Random) -> None:
    inner = [name for name in files_in(folder) if "/" in name]
    file = folder / chance.choice(inner)
    file.rename(folder / file.name)


def exchanged(folder: Path, chance: random.Random) -> None:
    one, other = chance.sample(files_in(folder), 2)
    spare = folder / "spare"
    (folder / one).rename(spare)
    (folder / other).rename(folder / one)
    spare.rename(folder / other)


def linked(folder: Path, chance: random.Random) -> None:
    file = folder / chance.choice(files_in(folder))
    aside = folder.parent / "aside"
    shutil.copy(file, aside)
    file.unlink()
    file.symlink_to(aside)


FAULTS: tuple[Callable[[Path, random.Random], None], ...] = (
    *(flipped, flipped, flipped, cut, grown, missing, added, added_folder),
    *(renamed, moved, exchanged, linked),
)


def test_a_thousand_random_faults_are_all_found(small_folder: Path) -> None:
    assert verify_folder(small_folder).passes
    chance, kept = random.Random(24), small_folder.parent / "kept"
    shutil.copytree(small_folder, kept)
    not_found = []
    for number in range(1000):
        fault = FAULTS[number % len(FAULTS)]
        fault(small_folder, chance)
        if verify_folder(small_folder).passes:
            not_found.append((number, fault.__name__))
        shutil.rmtree(small_folder)
        shutil.copytree(kept, small_folder)
    assert not_found == []


def test_every_single_bit_of_the_lists_counts(small_folder: Path) -> None:
    lists = [name for name in files_in(small_folder) if name == SUMS or name.startswith("ascmhl/")]
    assert len(lists) == 3
    for name in lists:
        whole = (small_folder / name).read_bytes()
        for at in range(0, len(whole), 7):
            changed = bytearray(whole)
            changed[at] ^= 1 << at % 8
            (small_folder / name).write_bytes(changed)
            assert not verify_folder(small_folder).passes, (name, at)
        (small_folder / name).write_bytes(whole)


def test_a_fault_is_called_by_its_name(small_folder: Path) -> None:
    (small_folder / "mix.wav").rename(small_folder / "mix_final.wav")
    (small_folder / "letter.txt").unlink()
    (small_folder / "mix.L.wav").write_bytes(b"other")
    (small_folder / "notes.txt").write_text("more")
    found = {(f.kind, f.path, f.renamed_to) for f in verify_folder(small_folder).faults}
    assert found == {
        ("renamed", "mix.wav", "mix_final.wav"),
        ("missing", "letter.txt", None),
        ("changed", "mix.L.wav", None),
        ("added", "notes.txt", None),
    }


@pytest.mark.parametrize("name", ["mix.wav.md5", "MD5SUMS", "more.mhl", "listening/x.sha256"])
def test_a_list_that_was_added_is_an_added_file(small_folder: Path, name: str) -> None:
    digest = hashlib.md5((small_folder / "mix.wav").read_bytes()).hexdigest()
    text = f"{digest}  mix.wav\n"
    if name.endswith(".mhl"):
        text = f"<hashlist version='1.1'><hash><file>mix.wav</file><md5>{digest}</md5></hash></hashlist>"
    (small_folder / name).write_text(text)
    assert [(f.kind, f.path) for f in verify_folder(small_folder).faults] == [("added", name)]


def foreign(folder: Path) -> Path:
    (folder / "Clips").mkdir(parents=True)
    (folder / "Clips" / "one.wav").write_bytes(b"one")
    (folder / "two words.txt").write_bytes(b"two")
    return folder


DIGESTS = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}


@pytest.mark.parametrize("algorithm", DIGESTS)
@pytest.mark.parametrize(
    "line",
    ["{digest}  {path}", "{digest} *{path}", "{digest}  ./{path}", "{tag} ({path}) = {digest}"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_of_other_programs_are_verified(
    tmp_path: Path, algorithm: str, line: str, end: str
) -> None:
    folder = foreign(tmp_path / "theirs")
    rows = [
        line.format(
            digest=DIGESTS[algorithm]((folder / path).read_bytes()).hexdigest(),
            path=path,
            tag=algorithm.upper(),
        )
        for path in files_in(folder)
    ]
    (folder / f"{algorithm}sums.txt").write_text(end.join(rows) + end, newline="")
    assert verify_folder(folder).passes
    (folder / "Clips" / "one.wav").write_bytes(b"One")
    assert [fault.path for fault in verify_folder(folder).faults] == ["Clips/one.wav"]


def test_a_digest_beside_its_file_is_a_list_of_one(tmp_path: Path) -> None:
    folder = foreign(tmp_path / "theirs")
    for path in files_in(folder):
        beside = folder / f"{path}.md5"
        beside.write_text(hashlib.md5((folder / path).read_bytes()).hexdigest() + "\n")
    assert verify_folder(folder).passes
    (folder / "two words.txt").write_bytes(b"2")
    assert not verify_folder(folder).passes


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["xxh64", "md5", "sha1", "c4", "xxh128"])
def test_hash_lists_of_other_programs_are_verified(tmp_path: Path, kind: str, version: int) -> None:
    folder = foreign(tmp_path / "theirs")

    def digest(data: bytes) -> str:
        if kind == "c4":
            return c4_of(hashlib.sha512(data).digest())
        return getattr(xxhash if kind.startswith("xxh") else hashlib, kind)(data).hexdigest()

    hashes = {path: digest((folder / path).read_bytes()) for path in files_in(folder)}
    if version == 1:
        rows = "".join(
            f"<hash><file>{path}</file><size>3</size><{kind}>{found}</{kind}></hash>"
            for path, found in hashes.items()
        )
        (folder / "card.mhl").write_text(f'<hashlist version="1.1">{rows}</hashlist>')
    else:
        rows = "".join(
            f'<hash><path size="3">{path}</path><{kind} action="original">{found}</{kind}></hash>'
            for path, found in hashes.items()
        )
        text = f'<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><hashes>{rows}</hashes></hashlist>'
        (folder / "ascmhl").mkdir()
        (folder / "ascmhl" / "0001_theirs.mhl").write_text(text)
        c4 = c4_of(hashlib.sha512(text.encode()).digest())
        (folder / "ascmhl" / "ascmhl_chain.xml").write_text(
            '<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0"><hashlist sequencenr="1">'
            f"<path>0001_theirs.mhl</path><c4>{c4}</c4></hashlist></ascmhldirectory>"
        )
    assert verify_folder(folder).passes, verify_folder(folder).faults
    (folder / "two words.txt").write_bytes(b"TWO")
    assert [fault.kind for fault in verify_folder(folder).faults] == ["changed"]


def test_a_list_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    for path in ("../x", "/etc/passwd", "a/../../x", "..\\x"):
        with pytest.raises(ReportError, match="a path outside the folder"):
            parse_sums("SHA256SUMS", f"{'0' * 64}  {path}\n")


def test_a_folder_without_a_list_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no checksums"):
        verify_folder(foreign(tmp_path / "theirs"))
    with pytest.raises(ReportError, match="not a folder"):
        verify_folder(tmp_path / "nowhere")
