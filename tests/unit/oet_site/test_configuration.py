import pytest

from oet_site import configuration
from oet_site.configuration import PROJECT_DIR, Configuration, InvalidConfiguration, variable_of
from oet_site.settings_in_words import in_force, markdown


@pytest.fixture(autouse=True)
def read_anew() -> None:
    configuration.load.cache_clear()


def test_every_wrong_setting_is_named_with_its_value_and_what_was_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OET_PORT", "http")
    monkeypatch.setenv("OET_GRACE", "-1")
    monkeypatch.setenv("OET_SCRIPT_ROOTS", "scripts")
    with pytest.raises(InvalidConfiguration) as raised:
        configuration.load()
    message = str(raised.value)
    assert "3 settings are wrong" in message
    assert "OET_PORT='http': Input should be a valid integer" in message
    assert "OET_GRACE='-1': Input should be greater than or equal to 0" in message
    assert "OET_SCRIPT_ROOTS='scripts': must be absolute paths" in message


def test_wrong_database_url_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "oracle://oet:secret@db/oet")
    with pytest.raises(InvalidConfiguration) as raised:
        configuration.load()
    assert "DATABASE_URL=…: must begin with postgres:// or sqlite:///" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_latitude_needs_its_longitude(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OET_LATITUDE", "-30.7")
    with pytest.raises(InvalidConfiguration, match=r"OET_LATITUDE='-30\.7': says little alone; set OET_LONGITUDE, too"):
        configuration.load()
    monkeypatch.setenv("OET_LONGITUDE", "21.4")
    assert configuration.load().latitude == -30.7


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[{]", "is no JSON: Expecting property name"),
        ('{"name": "sky"}', "must be an array of overrides"),
        ('[{"name": "sky", "type": "bool"}]', "[0].default: Field required"),
    ],
)
def test_overrides_that_cannot_be_read_say_where(monkeypatch: pytest.MonkeyPatch, value: str, problem: str) -> None:
    monkeypatch.setenv("OET_OVERRIDES", value)
    with pytest.raises(InvalidConfiguration) as raised:
        configuration.load()
    assert f"OET_OVERRIDES={value!r}: {problem}" in str(raised.value)


def test_overrides_are_shown_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = '[{"name": "sky", "type": "choice", "default": "dark", "choices": ["dark", "grey"]}]'
    monkeypatch.setenv("OET_OVERRIDES", declared)
    assert f"OET_OVERRIDES={declared}" in in_force(configuration.load())


def test_an_empty_home_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be the one where OET happens to be started."""
    monkeypatch.setenv("OET_HOME", "")
    with pytest.raises(InvalidConfiguration, match="OET_HOME='': is empty; name a folder, or unset it"):
        configuration.load()


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OET_PRELOAD", "numpy, astropy.time,")
    assert configuration.load().preload == ("numpy", "astropy.time")


def test_home_is_absolute_wherever_oet_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OET_HOME", "data")
    assert configuration.load().home.is_absolute()


def test_the_document_lists_every_setting_as_it_is() -> None:
    written = (PROJECT_DIR / "docs" / "configuration.md").read_text()
    assert written == markdown(), (
        "make it anew: .venv/bin/python manage.py configuration --markdown > docs/configuration.md"
    )


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Configuration.model_fields.items() if not field.description] == []


def test_values_in_force_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in configuration.SECRET:
        monkeypatch.setenv(variable_of(field), "postgres://secret")
    lines = in_force(configuration.load())
    assert "OET_ADMIN_PASSWORD=(set, not shown)" in lines
    assert not [line for line in lines if "secret" in line.partition("=")[2]]


def test_values_in_force_tell_defaults_from_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OET_PORT", raising=False)
    monkeypatch.setenv("OET_GRACE", "7")
    lines = in_force(configuration.load())
    assert "OET_PORT=8000 (default)" in lines
    assert "OET_GRACE=7.0" in lines
