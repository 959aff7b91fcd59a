import pytest

from oet import failures


def _raised(error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SystemExit(), 0), (SystemExit(0), 0), (SystemExit(3), 3), (SystemExit(256), 0), (SystemExit(-1), 255),
        (SystemExit("words"), 1), (KeyboardInterrupt(), 130), (ValueError(), 1),
    ],
)  # fmt: skip
def test_exit_status_is_that_of_python(error: BaseException, status: int) -> None:
    assert failures.exit_status(error) == status


def test_exception_of_a_class_without_manners_is_described() -> None:
    class Nasty(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    description = failures.describe_exception(_raised(Nasty()))
    assert "cannot be shown" in description["message"]
    assert description["stacktrace"]


def test_long_stacktrace_keeps_its_beginning_and_its_end() -> None:
    text = failures.stacktrace(_raised(ValueError("é" * 100_000 + "the end")))
    assert len(text.encode()) <= failures.STACKTRACE_LIMIT_BYTES
    assert text.startswith("Traceback")
    assert text.endswith("the end\n")


def test_lone_surrogates_can_be_written_down() -> None:
    assert "\\ud800" in failures.stacktrace(_raised(ValueError("\ud800")))
