from pathlib import Path

import pytest

from config.env import EnvironmentProblem
from config.mail import mail_settings

FOLDER = Path("/data/mail")


def test_mail_settings_for_files_names_the_folder():
    found = mail_settings("file:", FOLDER)

    assert found.backend.endswith("filebased.EmailBackend")
    assert found.file_path == "/data/mail"


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://mail.example", 587, True, False),
        ("smtps://mail.example", 465, False, True),
        ("smtps://mail.example:1465", 1465, False, True),
    ],
)
def test_mail_settings_for_a_server_follow_the_scheme(url, port, tls, ssl):
    found = mail_settings(url, FOLDER)

    assert (found.host, found.port) == ("mail.example", port)
    assert (found.use_tls, found.use_ssl) == (tls, ssl)


def test_mail_settings_decode_user_and_password():
    found = mail_settings("smtp://me%40x:a%2Fb@mail.example", FOLDER)

    assert (found.user, found.password) == ("me@x", "a/b")


def test_mail_settings_without_address_mean_this_machine():
    assert mail_settings("", FOLDER).host == "localhost"


def test_mail_settings_with_an_unknown_scheme_name_the_variable():
    with pytest.raises(EnvironmentProblem, match="EMAIL_URL"):
        mail_settings("http://mail.example", FOLDER)


def test_mail_settings_with_options_are_refused_rather_than_sent_unencrypted():
    with pytest.raises(EnvironmentProblem, match=r"smtp\+tls://"):
        mail_settings("smtp://me:secret@mail.example:587?tls=true", FOLDER)


def test_mail_settings_with_an_impossible_port_name_the_variable():
    with pytest.raises(EnvironmentProblem, match="EMAIL_URL"):
        mail_settings("smtp://mail.example:70000", FOLDER)
