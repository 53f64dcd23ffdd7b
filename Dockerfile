FROM python:3.11.14-slim-bookworm AS built
WORKDIR /src
RUN python -m venv /tokentape
COPY requirements.lock .
RUN /tokentape/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE installation.py subscribers.py tokentape.py ./
COPY crawler crawler
COPY feed feed
COPY history history
COPY migrations migrations
RUN /tokentape/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

# All that does not crawl.
FROM python:3.11.14-slim-bookworm AS plain
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent tokentape \
 && install -d -o tokentape -g tokentape /data
COPY --from=built /tokentape /tokentape
ENV PATH=/tokentape/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TOKENTAPE_DATA=/data
USER tokentape
WORKDIR /data
VOLUME /data
EXPOSE 8321
ENTRYPOINT ["tokentape"]
CMD ["up", "--host", "0.0.0.0"]

# With a browser, for the sources whose prices are drawn by scripts.
FROM plain AS crawler
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends chromium \
 && rm -rf /var/lib/apt/lists/*
# A container gives Chromium's own sandbox nothing to build with; with all privileges dropped, it is one. The browser
# wants a home that it can write to.
ENV TOKENTAPE_CHROMIUM=/usr/bin/chromium TOKENTAPE_CHROMIUM_SANDBOX=false HOME=/tmp
USER tokentape
