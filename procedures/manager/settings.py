"""The values that a manager works with, read once."""

from dataclasses import dataclass
from pathlib import Path

from oet_site.configuration import Configuration


@dataclass(frozen=True)
class ManagerSettings:
    """One manager's settings."""

    node: str
    home: Path
    run_dir: Path
    python: Path
    grace_s: float
    reply_timeout_s: float
    output_limit_bytes: int
    version: str
    preload: tuple[str, ...] = ()
    script_env: tuple[str, ...] = ()
    launcher_idle_s: float = 600.0

    @classmethod
    def of(cls, configuration: Configuration, version: str) -> "ManagerSettings":
        """The settings that a site has configured."""
        return cls(
            node=configuration.node,
            home=configuration.home,
            run_dir=configuration.run_dir,
            python=configuration.python,
            grace_s=configuration.grace,
            reply_timeout_s=configuration.reply_timeout,
            output_limit_bytes=configuration.output_limit,
            version=version,
            preload=configuration.preload,
            script_env=configuration.script_env,
            launcher_idle_s=configuration.env_launcher_idle,
        )

    @property
    def procedures_dir(self) -> Path:
        """Where run directories are."""
        return self.run_dir / "procedures"

    @property
    def bells_dir(self) -> Path:
        """Where doorbells are."""
        return self.run_dir / "bells"
