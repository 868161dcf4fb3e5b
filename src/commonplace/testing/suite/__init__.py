"""The tests, by the guarantee they hold an engine to."""

from commonplace.testing.suite.access import *  # noqa: F403
from commonplace.testing.suite.cancellation import *  # noqa: F403
from commonplace.testing.suite.chain import *  # noqa: F403
from commonplace.testing.suite.channels import *  # noqa: F403
from commonplace.testing.suite.contract import *  # noqa: F403
from commonplace.testing.suite.exchanges import *  # noqa: F403
from commonplace.testing.suite.groups import *  # noqa: F403
from commonplace.testing.suite.machine import *  # noqa: F403
from commonplace.testing.suite.outcomes import *  # noqa: F403
from commonplace.testing.suite.participants import *  # noqa: F403
from commonplace.testing.suite.power import *  # noqa: F403
from commonplace.testing.suite.retractions import *  # noqa: F403
from commonplace.testing.suite.retries import *  # noqa: F403
from commonplace.testing.suite.sessions import *  # noqa: F403
from commonplace.testing.suite.snapshots import *  # noqa: F403
from commonplace.testing.suite.turns import *  # noqa: F403
from commonplace.testing.suite.updates import *  # noqa: F403
from commonplace.testing.suite.versions import *  # noqa: F403
from commonplace.testing.suite.watches import *  # noqa: F403
