"""Let programs that tests run write their last uses, however busy the machine is."""

import os

from tests.patience import EXITS

os.environ.update(EXITS)
