from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.outputs.mqtt.settings import mqtt_settings


def test_a_url_says_where_the_broker_is() -> None:
    """With what is not said as everybody has it."""
    plain = mqtt_settings("mqtt://home.local", {"node": "Porch Pi"})
    assert ("home.local", 1883, False, None, "sed-edge/porch_pi") == (
        plain.host,
        plain.port,
        plain.tls,
        plain.user,
        plain.root,
    )
    full = mqtt_settings("mqtts://me%40x:p%2Fw@[::1]:9000/house/sound/", {"node": "a", "discovery": "off"})
    assert ("::1", 9000, True, "me@x", "p/w", "house/sound/a", None) == (
        full.host,
        full.port,
        full.tls,
        full.user,
        full.password,
        full.root,
        full.discovery,
    )


def test_the_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is in nothing that shows the settings."""
    monkeypatch.setenv("SED_MQTT_PASSWORD", "environment")
    (tmp_path / "password").write_text("pass word\n")
    assert "environment" == mqtt_settings("mqtt://me@home", {}).password
    settings = mqtt_settings("mqtt://me@home", {"password-file": str(tmp_path / "password")})
    assert "pass word" == settings.password
    assert "pass word" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("http://home", {}, "--mqtt: expected mqtt://USER@HOST:PORT/PREFIX, or mqtts:// for TLS"),
        ("mqtt://me:secret@", {}, "--mqtt: expected mqtt://"),
        ("mqtt://home:port", {}, "--mqtt: expected mqtt://"),
        ("mqtt://home/a/+", {}, "+ and # cannot stand in PREFIX"),
        ("mqtt://home", {"nodes": "a"}, "mqtt-option nodes: is unknown; did you mean 'node'?"),
        ("mqtt://home", {"password": "secret"}, "mqtt-option password: is unknown; did you mean 'password-file'?"),
        ("mqtt://home", {"version": "4"}, "mqtt-option version 4: expected 3.1.1 or 5"),
        ("mqtt://home", {"keep": "long"}, "mqtt-option keep long: expected a length of time"),
        ("mqtt://home", {"onsets": "yes"}, "mqtt-option onsets yes: expected true or false"),
        ("mqtt://home", {"ca": "ca.pem"}, "mqtt-option ca, cert, key: are for TLS"),
        ("mqtt://home", {"password-file": "/none"}, "mqtt-option password-file /none: No such file or directory"),
    ],
)
def test_a_wrong_setting_says_what_is_expected(url: str, options: dict[str, str], message: str) -> None:
    """Without the password, where there is one."""
    with pytest.raises(SettingError) as caught:
        mqtt_settings(url, options)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_files_of_tls_are_looked_at_before_anything_is_heard(tmp_path: Path) -> None:
    """One that is missing, and one that is no certificate."""
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("none.pem", "ca.pem"):
        settings = mqtt_settings("mqtts://home", {"ca": str(tmp_path / name)})
        with pytest.raises(SettingError, match=f"{name}: .*expected PEM files"):
            settings.tls_context()
