import fcntl
import threading
from pathlib import Path

import pytest

from config.env import EnvironmentProblem, read_environment

PROD = {"DJANGO_SETTINGS_MODULE": "config.settings.prod", "SECRET_KEY": "k" * 60}


def dev(tmp_path: Path, **variables: str):
    return read_environment({"DATA_DIR": str(tmp_path), **variables})


def test_read_environment_without_variables_has_safe_defaults(tmp_path):
    found = dev(tmp_path)

    assert found.kind == "dev"
    assert (found.host, found.port, found.site_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert found.debug is False
    assert found.database_url == found.redis_url == found.dead_man_url == ""


def test_read_environment_in_development_makes_a_secret_once_and_keeps_it(tmp_path):
    first = dev(tmp_path).secret_key

    assert len(first) >= 50
    assert dev(tmp_path).secret_key == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_read_environment_after_a_start_that_was_killed_fills_the_empty_secret(tmp_path):
    (tmp_path / "secret_key").touch()

    made = dev(tmp_path).secret_key

    assert len(made) >= 50
    assert dev(tmp_path).secret_key == made


def test_read_environment_while_another_process_makes_the_secret_waits_for_it(tmp_path):
    """The file is there before the key is in it: whoever reads it then must not go on without."""
    found: list[str] = []
    with (tmp_path / "secret_key").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        other = threading.Thread(target=lambda: found.append(dev(tmp_path).secret_key))
        other.start()
        other.join(0.2)
        assert found == []
        file.write("k" * 60)
    other.join(20)

    assert found == ["k" * 60]


def test_read_environment_in_production_without_secret_is_refused(tmp_path):
    variables = {**PROD, "SECRET_KEY": "", "DATA_DIR": str(tmp_path)}

    with pytest.raises(EnvironmentProblem, match="SECRET_KEY is not set"):
        read_environment(variables)

    assert not list(tmp_path.iterdir())


def test_read_environment_in_production_lets_in_only_the_site_itself(tmp_path):
    found = read_environment({**PROD, "SITE_URL": "https://handoff.example/"})

    assert found.site_url == "https://handoff.example"
    assert found.allowed_hosts == ["handoff.example"]
    assert found.log_format == "json"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "", "８０"])
def test_read_environment_with_an_impossible_port_names_it(tmp_path, port):
    with pytest.raises(EnvironmentProblem, match="PORT must be a number"):
        dev(tmp_path, PORT=port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIME_SCALE", "fast"),
        ("TIME_SCALE", "0"),
        ("DEMO_WEEKS", "twelve"),
        ("DEMO_WEEKS", "0"),
        ("WEB_WORKERS", "two"),
        ("WEB_WORKERS", "0"),
        ("TRUSTED_PROXIES", "one"),
        ("TRUSTED_PROXIES", "-1"),
    ],
)
def test_read_environment_with_a_number_that_cannot_work_names_the_variable(tmp_path, name, value):
    with pytest.raises(EnvironmentProblem, match=name):
        dev(tmp_path, **{name: value})


def test_read_environment_with_an_unknown_settings_module_is_refused(tmp_path):
    with pytest.raises(EnvironmentProblem, match="DJANGO_SETTINGS_MODULE"):
        dev(tmp_path, DJANGO_SETTINGS_MODULE="config.settings.base")


def test_read_environment_with_a_site_without_host_is_refused(tmp_path):
    with pytest.raises(EnvironmentProblem, match="SITE_URL"):
        dev(tmp_path, SITE_URL="handoff.example")


def test_read_environment_with_an_unknown_log_level_names_the_choices(tmp_path):
    with pytest.raises(EnvironmentProblem, match="LOG_LEVEL must be one of DEBUG, INFO"):
        dev(tmp_path, LOG_LEVEL="LOUD")


def test_read_environment_with_an_unknown_log_format_names_the_choices(tmp_path):
    with pytest.raises(EnvironmentProblem, match="LOG_FORMAT must be one of json, text"):
        dev(tmp_path, LOG_FORMAT="xml")


def test_read_environment_where_the_data_folder_is_a_file_says_so(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        dev(tmp_path / "file" / "data")
