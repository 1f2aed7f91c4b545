from pathlib import Path

from config.broker import SOCKET_PATH_LIMIT, answers, broker_url, eviction_policy, socket_path


def test_socket_path_in_a_short_folder_is_inside_it():
    assert socket_path(Path("/srv/data")) == Path("/srv/data/valkey.sock")


def test_socket_path_in_a_long_folder_is_short_and_of_that_folder_alone():
    one, other = (socket_path(Path("/srv") / (letter * 120)) for letter in "ab")

    assert len(bytes(one)) <= SOCKET_PATH_LIMIT
    assert one != other
    assert one == socket_path(Path("/srv") / ("a" * 120))


def test_broker_url_without_server_is_the_embedded_one():
    assert broker_url("", Path("/d")) == "redis+socket:///d/valkey.sock?virtual_host=0"


def test_broker_url_with_a_server_is_that_server():
    assert broker_url("redis://r:6379/1", Path("/d")) == "redis://r:6379/1"
    assert broker_url("unix:///run/r.sock", Path("/d")) == "redis+socket:///run/r.sock"


def test_answers_without_a_server_is_false(tmp_path):
    assert answers("", tmp_path) is False
    assert eviction_policy("", tmp_path) is None
