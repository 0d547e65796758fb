"""The Retraining page inside Airflow's UI, and the JSON behind it."""
