"""What the Celery worker does for trials."""

from oet_site.celery import app
from trials.losses import bury_lost_trials


@app.task(name="trials.bury")  # type: ignore[untyped-decorator] # Celery has no types
def bury() -> None:
    """Declare trials defective whose node has had no heartbeat for three minutes."""
    bury_lost_trials()
