# glibc, not musl: Temporal's native bridge has no build for Alpine.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY src/client/package.json src/client/
COPY src/temporal/package.json src/temporal/
RUN npm ci --ignore-scripts
COPY scripts/build.js scripts/
COPY src src
RUN node scripts/build.js && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production COUNTERSIGN_HOST=0.0.0.0 COUNTERSIGN_DATA=/var/lib/countersign COUNTERSIGN_POLICIES=/etc/countersign/policies
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY policies /etc/countersign/policies
RUN install -d -o node -g node -m 0700 /var/lib/countersign
# A number, for `runAsNonRoot` knows no names: 1000 is the image’s `node`.
USER 1000:1000
VOLUME /var/lib/countersign
EXPOSE 8787 9464
ENTRYPOINT ["node", "bin/countersign.js"]
CMD ["api"]
