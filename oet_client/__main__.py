"""`python -m oet_client`, where the console script `oet` is not on the path."""

import sys

from oet_client.main import main

if __name__ == "__main__":
    sys.exit(main())
