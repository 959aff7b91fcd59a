"""The examples of docs/rest-api.md do what they say."""

import re
import subprocess
import sys
from pathlib import Path

from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product

PAGE = PROJECT_DIR / "docs" / "rest-api.md"


def examples(language: str, product: Product) -> list[str]:
    """The examples in one language, for this product."""
    text = (
        PAGE.read_text()
        .replace("http://127.0.0.1:8000", product.url.rstrip("/"))
        .replace('"password": "secret"', f'"password": "{ADMIN_PASSWORD}"')
    )
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_examples_in_the_shell_run_from_top_to_bottom(product: Product) -> None:
    script = "set -eu -o pipefail\n" + "\necho '---'\n".join(examples("sh", product))
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    login, prepared, *others = done.stdout.split("---\n")
    assert not login
    assert '"state":"CREATING"' in prepared
    assert "Did you mean “script”?" in done.stdout
    assert '{"status": "ok"}' in others[-1]
    assert '"detail"' not in "".join(others[:-2])


def test_the_examples_in_python_run_from_top_to_bottom(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "examples.py"
    file.write_text("\n".join(examples("python", product)))
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
