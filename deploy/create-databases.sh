#!/bin/sh
# Run once by the PostgreSQL image on an empty volume: one database and one owner for Airflow,
# one for our store, so that neither can touch the other's tables.
set -eu

create() {
    # The password is bound as a psql variable, which quotes it.
    psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        --set=name="$1" --set=password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

create airflow "$AIRFLOW_DB_PASSWORD"
create mobile_plans "$STORE_DB_PASSWORD"
