#!/usr/bin/env bash
# Brings the real peers of the interop tests from Maven Central and PyPI, and compiles the Java programs that are beside this file:
#   flume/lib, flume/libext   Apache Flume 1.11 with the file channel; behind it on the class path Spark's sink (2.4.8), and the jar
#                             of the morphline sink, of which only the UUID interceptor is used: it needs nothing else
#   flume/load                RpcLoad.java: load through Flume's own RPC client
#   spark/lib, spark/job      Spark Streaming 3.5 with the Flume connector of 2.4.8, and PollingJob.java
#   cluster/jars              Spark 4.1 as a standalone cluster with its Connect server
#   hadoop/lib, hadoop/run     HDFS 3.4 in one process (OneNodeHdfs.java), and Hadoop's reader of SequenceFiles (ReadSequences.java)
#   hbase/lib, hbase/run       HBase 2.6 with its REST gateway in one process (OneProcessHBase.java)
#   s3                        moto 5.2 (Apache-2.0), which serves S3 from its memory: started with python3 -m moto.server
#   bench/load, bench/job     the benchmark's load and jobs, compiled against the two; fetches nothing of its own
#
#   fetch.sh DIR [flume|spark|cluster|hadoop|hbase|s3|bench ...]   default: flume and spark; bench brings both; about 450 MB on disk, cluster 450 MB,
#   s3 120 MB, hadoop 90 MB
#
# Needs a JDK of 17 or later and Maven, for Spark also python3 with pip. A part that is there, made from the same files as now, is left as it is. A part is made
# beside its place and moved there when it is whole, so that an interrupted run leaves nothing half done.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: fetch.sh DIR [flume|spark ...]}"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- flume spark
scratch=$(mktemp -d "$dir/.fetch-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# What Maven fetches may fail once: registries do. It resumes where it was.
# In the scratch directory: without a project Maven leaves its markers in the working directory.
maven() { (cd "$scratch" && { mvn -q -B -ntp -Dstyle.color=never "$@" || mvn -q -B -ntp -Dstyle.color=never "$@"; }); }
# jars POM DIRECTORY [excludeTransitive]: what the POM names, with all that it depends on or without.
jars() {
  maven -f "$1" dependency:copy-dependencies -DincludeScope=runtime -DexcludeTransitive="${3:-false}" -DoutputDirectory="$2"
}

make_flume() {
  jars "$here/flume/pom.xml" "$1/lib"
  jars "$here/flume/spark-sink-pom.xml" "$1/libext" true
  maven dependency:copy -DoutputDirectory="$1/libext" \
    -Dartifact=org.apache.flume.flume-ng-sinks:flume-ng-morphline-solr-sink:1.11.0
  jars "$here/flume/client-1.9-pom.xml" "$1/client-1.9"
  javac -nowarn -cp "$1/lib/*" -d "$1/load" "$here/flume/RpcLoad.java"
}

make_spark() {
  # Spark itself comes from its Python package, in one piece: all that is wanted of it are the jars inside.
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: -d "$1" pyspark==3.5.8
  tar -xzf "$1"/pyspark-*.tar.gz -C "$1"
  mv "$1"/pyspark-*/deps/jars "$1/lib"
  rm -r "$1"/pyspark-*
  jars "$here/spark/pom.xml" "$1/libext" true
  # Spark 2.4 moved its Guava to a package of its own, Spark 3 to another one: the connector calls the old one.
  maven dependency:copy -Dartifact=org.apache.spark:spark-network-common_2.12:2.4.8 -DoutputDirectory="$1/job"
  (cd "$1/job" && jar xf spark-network-common_*.jar org/spark_project/guava && rm spark-network-common_*.jar)
  javac -nowarn -cp "$1/lib/*:$1/libext/*" -d "$1/job" "$here/spark/PollingJob.java"
}

make_cluster() {
  mkdir -p "$1"
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: -d "$1" pyspark==4.1.4
  tar -xzf "$1"/pyspark-*.tar.gz -C "$1"
  mv "$1"/pyspark-*/deps/jars "$1/jars"
  rm -r "$1"/pyspark-*
}

make_hadoop() {
  jars "$here/hadoop/pom.xml" "$1/lib"
  javac -nowarn -cp "$1/lib/*" -d "$1/run" "$here"/hadoop/*.java
}

make_hbase() {
  jars "$here/hbase/pom.xml" "$1/lib"
  # Jetty 6 and what else has a servlet API older than that of the gateway.
  rm -f "$1"/lib/servlet-api-2.5*.jar "$1"/lib/jetty-6*.jar "$1"/lib/jsp-* "$1"/lib/guice-servlet*
  javac -nowarn -cp "$1/lib/*" -d "$1/run" "$here"/hbase/*.java
}

make_s3() {
  # What its server needs beside S3 is named here: its own list of that is for all of AWS.
  python3 -m pip install -q --disable-pip-version-check --no-warn-conflicts --target "$1" 'moto[s3]==5.2.5' flask flask-cors
}

make_bench() {
  javac -nowarn -cp "$dir/flume/lib/*" -d "$1/load" "$here/bench/RpcStream.java"
  javac -nowarn -cp "$dir/spark/lib/*:$dir/spark/libext/*" -d "$1/job" "$here/bench/BenchJob.java"
}

case " $* " in *' bench '*) set -- flume spark bench ;; esac
for part in "$@"; do
  case $part in flume | spark | cluster | hadoop | hbase | s3 | bench) ;; *) echo "fetch.sh: there is no part $part" >&2 && exit 2 ;; esac
  # Its own recipe alone: a change of one part does not bring the others again.
  made_from=$({ declare -f maven jars "make_$part"; cat "$here/$part"/* 2>/dev/null || true; } | cksum)
  [ "$(cat "$dir/$part/made-from" 2>/dev/null || true)" = "$made_from" ] && continue
  "make_$part" "$scratch/$part"
  echo "$made_from" > "$scratch/$part/made-from"
  rm -rf "${dir:?}/$part"
  mv "$scratch/$part" "$dir/$part"
done
