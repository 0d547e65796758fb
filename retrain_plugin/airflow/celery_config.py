"""Heavy imports once in a Celery worker instead of once in every task that it forks.

``AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS=retrain_plugin.airflow.celery_config.PRELOADING`` asks for them.
"""

from __future__ import annotations

from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG

PRELOADING = {**DEFAULT_CELERY_CONFIG, "imports": ("retrain_plugin.airflow.preloaded",)}
