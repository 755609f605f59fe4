# The local host as a container. Pin the digest of the base as well once you have pulled it:
# FROM node:22.21.1-bookworm-slim@sha256:…
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev

FROM node:22.21.1-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=18000 DATA_DIR=/data AUTH_MODE=basic
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/dist dist
COPY --from=build --chown=root:root /app/package.json package.json
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 18000
CMD ["node", "--max-semi-space-size=8", "--single-threaded-gc", "--heap-growing-percent=200", "--enable-source-maps", "dist/local.mjs"]
