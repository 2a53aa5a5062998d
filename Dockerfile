# The image of every service of ours in docker-compose.yml. Nothing in it is secret and nothing in
# it is changed at run time: data, logs and passwords lie in volumes.
# Pin by digest for a deployment of record: docker buildx imagetools inspect <tag>.
ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY requirements/uv.txt requirements/cluster.lock /locks/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install -q --require-hashes -r /locks/uv.txt \
    && python -m venv --without-pip /opt/venv \
    && /opt/uv/bin/uv pip sync --no-cache --python /opt/venv/bin/python --require-hashes /locks/cluster.lock
WORKDIR /app
COPY *.py *.yml pyproject.toml README.md ./
COPY store/ store/
COPY scrapers/ scrapers/
COPY parsers/ parsers/
COPY expectations/ expectations/
COPY evidence/ evidence/
COPY inspection/ inspection/
COPY warehouse/ warehouse/
COPY dbt/ dbt/
COPY docs/questions/ docs/questions/
COPY nightly/ nightly/
COPY ops/ ops/
COPY samples/ samples/
COPY dags/ dags/
COPY bi/ bi/
COPY requirements/ requirements/
COPY deploy/prepare.py deploy/
# Editable: the project finds dbt/ and dags/ beside its own modules.
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/venv/bin/python --no-deps --no-build-isolation -e . \
    && chmod -R a-w,a+rX /app

# Superset holds to older versions of many packages: an environment of its own.
FROM build AS build-superset
COPY requirements/bi.lock /locks/
RUN python -m venv --without-pip /opt/superset \
    && /opt/uv/bin/uv pip sync --no-cache --python /opt/superset/bin/python --require-hashes /locks/bi.lock

FROM ${PYTHON_IMAGE} AS project
LABEL org.opencontainers.image.title="county-budget-warehouse"
# Volumes take owner and mode of these folders when they are first used.
RUN groupadd --gid 10001 budgets \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin budgets \
    && install -d -o 10001 -g 10001 -m 0750 \
        /data /data/ledger /data/parsed /data/published /data/docs /data/bi /logs /auth /sample-site
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    AIRFLOW_HOME=/tmp/airflow \
    BUDGETS_DATA=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
HEALTHCHECK NONE
CMD ["budgets", "--help"]

# The service superset: the dashboards' declaration and what writes it, and Superset.
FROM project AS superset
COPY --from=build-superset /opt/superset /opt/superset
CMD ["python", "-m", "ops.bi", "serve", "--environment", "/opt/superset"]
