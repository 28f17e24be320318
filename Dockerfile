# The image of a Flowproof server: docs/containers.md says how to run it.
ARG PYTHON=3.11-slim

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY . .
RUN python -m venv /opt/flowproof
RUN /opt/flowproof/bin/python -m pip install --quiet ".[server,postgres]"
# The first start parses the contracts and keeps what it has read: afterwards the file system is read-only.
RUN /opt/flowproof/bin/flowproof providers
RUN /opt/flowproof/bin/python -m compileall -q /opt/flowproof/lib
RUN /opt/flowproof/bin/python -m pip uninstall --quiet --yes pip

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Flowproof" \
      org.opencontainers.image.description="Strict mock servers and contract tests for provider APIs" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/flowproof /opt/flowproof
ENV PATH="/opt/flowproof/bin:/usr/local/bin:/usr/bin:/bin" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    FLOWPROOF_SERVE_HOST=0.0.0.0 \
    FLOWPROOF_SERVE_PORT=4010
WORKDIR /tmp
USER 65532:65532
EXPOSE 4010
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["flowproof", "wait", "--timeout", "0", "--quiet"]
ENTRYPOINT ["flowproof"]
CMD ["serve"]
