#!/usr/bin/env bash
# time-server.sh FOLDER: puts Temporal's time-skipping server there, from Maven, with what starts it: FOLDER/time-server PORT.
set -euo pipefail
folder=$1
mkdir -p "$folder"
if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -qy --no-install-recommends maven default-jre-headless
fi
cat >"$folder/pom.xml" <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>countersign</groupId><artifactId>time-server</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>1.38.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder/lib"
cat >"$folder/time-server" <<SH
#!/bin/sh
exec java -XX:+UseSerialGC -cp '$folder/lib/*' io.temporal.testserver.TestServer "\$1"
SH
chmod +x "$folder/time-server"
