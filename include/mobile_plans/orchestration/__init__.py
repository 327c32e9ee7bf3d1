"""Airflow: operators, sensors, triggers and DAG defaults; the only room that imports it."""
