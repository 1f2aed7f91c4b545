"""The product's Celery programs with less time for a task. Started by the fault tests.

SOFT_LIMIT=2 HARD_LIMIT=4 celery --app tests.support.hurried worker
"""

import os

from config.celery import app

app.conf.task_soft_time_limit = float(os.environ["SOFT_LIMIT"])
app.conf.task_time_limit = float(os.environ["HARD_LIMIT"])
