"""Settings of Pushcart, all from the environment (https://12factor.net/config); a room per subject, none knows this page.

``.env`` beside ``manage.py`` is read where it exists (``make demo`` writes one); the environment wins over it. Without
``DATABASE_URL`` and ``REDIS_URL`` the embedded servers of ``config.embedded`` are used, but only with ``DEBUG``.
``config/checks.py`` says what production refuses to start without.
"""

from config.settings.api import *
from config.settings.application import *
from config.settings.celery import *
from config.settings.databases import *
from config.settings.files import *
from config.settings.ground import *
from config.settings.keys import *
from config.settings.logs import *
from config.settings.messages import *
from config.settings.people import *
from config.settings.recommendations import *
from config.settings.security import *
from config.settings.shop import *
