# One image for every process of the production shape; docker-compose.yaml says which does what.
FROM python:3.11-slim-bookworm

ENV AIRFLOW_HOME=/opt/airflow \
    PYTHONPATH=/opt/mobile-plans \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# Volumes take over the owner of the folder they are mounted on.
RUN useradd --uid 50000 --create-home --home-dir /opt/airflow mobile-plans \
    && mkdir -p /opt/airflow/logs /var/lib/mobile-plans/archive /var/lib/mobile-plans/xdr \
        /var/lib/mobile-plans/inbox \
    && chown -R mobile-plans: /opt/airflow /var/lib/mobile-plans

# The lock alone first, so that a change of our code does not install everything again.
COPY requirements.txt /opt/mobile-plans/
RUN pip install --no-cache-dir --disable-pip-version-check \
        --requirement /opt/mobile-plans/requirements.txt

WORKDIR /opt/mobile-plans
COPY deploy/prepare deploy/
COPY dags/ dags/
COPY plugins/ plugins/
COPY include/ include/

USER mobile-plans
CMD ["airflow", "version"]
