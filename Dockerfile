# Two stages: the first installs by hash into /app, the second carries only that and runs as nobody in particular.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app
COPY requirements/build.txt requirements/server.txt /src/requirements/
RUN /app/bin/pip install --require-hashes -r /src/requirements/build.txt -r /src/requirements/server.txt
COPY . /src
RUN /app/bin/pip install --no-index --no-deps --no-build-isolation /src

FROM python:3.11-slim-bookworm
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
ENTRYPOINT ["workorders"]
CMD ["--help"]
