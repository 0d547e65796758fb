# One image for every service: Airflow with its Celery workers, MLflow, and this package.
FROM python:3.12-slim

ENV AIRFLOW_HOME=/opt/airflow \
    MLFLOW_DISABLE_TELEMETRY=true \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --uid 50000 --create-home airflow \
    && mkdir -p /opt/airflow/dags /opt/airflow/data /opt/airflow/logs /opt/mlflow/artifacts \
    && chown -R airflow:airflow /opt/airflow /opt/mlflow

COPY pyproject.toml constraints.txt README.md LICENSE /src/
COPY retrain_plugin /src/retrain_plugin
RUN pip install --no-cache-dir --constraint /src/constraints.txt '/src[deploy]'

USER airflow
WORKDIR /opt/airflow
