"""The demo: a year of New York flights, a real MLflow, a real Airflow, one command."""
