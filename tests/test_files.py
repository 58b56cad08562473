"""A file is written whole or not at all."""

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
