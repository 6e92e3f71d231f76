# The connector as a small image: the locked packages, checked by hash; no compiler, no root, no shell needed.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock .
# Every file is checked against the lock here; the next steps take nothing from elsewhere.
RUN pip download --quiet --require-hashes --dest /wheels -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
RUN pip wheel --quiet --no-index --find-links /wheels --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/connector \
    && /opt/connector/bin/pip install --quiet --no-index --find-links /wheels instasent-connector

FROM python:3.11-slim-bookworm
COPY --from=build /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
ENTRYPOINT ["instasent-connector"]
CMD ["run", "-c", "/config/connector.yaml", "--log-format", "json"]
