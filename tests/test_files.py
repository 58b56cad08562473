"""A file is written whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from keras_rnn_explained.files import written_whole


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("before")
    with written_whole(path) as unfinished:
        unfinished.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_goes_wrong_leaves_the_file_that_was_there_and_nothing_beside_it(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("before")

    def fail():
        with written_whole(path) as unfinished:
            unfinished.write_text("half")
            raise RuntimeError("half")

    with pytest.raises(RuntimeError, match="half"):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_told_before_anything_is_written(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"`path` must be in a folder that exists, got "),
        written_whole(tmp_path / "none" / "some.txt"),
    ):
        pytest.fail("It should not come to writing.")


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_written(tmp_path):
    with (
        pytest.raises(IsADirectoryError, match=r"`path` must be a file, got the folder "),
        written_whole(tmp_path),
    ):
        pytest.fail("It should not come to writing.")


def test_several_threads_can_write_the_same_file_at_once(tmp_path):
    path = tmp_path / "some.txt"
    together = Barrier(4)

    def write(letter):
        with written_whole(path) as unfinished:
            together.wait()
            unfinished.write_text(letter * 1000)
            together.wait()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(write, "abcd")) == [None] * 4
    assert path.read_text() in {letter * 1000 for letter in "abcd"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_of_the_same_id_elsewhere_does_not_write_to_the_same_place(tmp_path):
    """In containers that share a folder, many a process has the id 1."""
    path = tmp_path / "some.txt"
    with written_whole(path) as one, written_whole(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"


def test_a_link_that_lies_in_wait_is_not_written_through(tmp_path):
    theirs, path = tmp_path / "theirs.txt", tmp_path / "some.txt"
    theirs.write_text("before")
    (tmp_path / f".{path.name}.{os.getpid()}.part").symlink_to(theirs)
    path.symlink_to(theirs)
    with written_whole(path) as unfinished:
        unfinished.write_text("after")
    assert theirs.read_text() == "before"
    assert path.read_text() == "after"
    assert not path.is_symlink()


@pytest.mark.parametrize("name", ["a" * 251 + ".txt", "層" * 80 + ".txt", "a.txt", "\udcff.txt"])
def test_any_name_that_a_file_can_have_will_do(tmp_path, name):
    with written_whole(tmp_path / name) as unfinished:
        unfinished.write_text("some")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_who_could_read_the_file_before_can_read_the_new_one_and_no_one_else(tmp_path):
    path = tmp_path / "some.txt"
    for mode in (0o600, 0o644):
        path.touch()
        path.chmod(mode)
        with written_whole(path) as unfinished:
            unfinished.write_text("some")
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_can_be_read_as_any_other(tmp_path):
    (tmp_path / "other.txt").touch()
    with written_whole(tmp_path / "some.txt") as unfinished:
        unfinished.write_text("some")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path / "link"):
        if path != pipe:
            path.symlink_to("/dev/null")
        with (
            pytest.raises(OSError, match=r"`path` must be a file, got the device or pipe "),
            written_whole(path),
        ):
            pytest.fail("It should not come to writing.")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
