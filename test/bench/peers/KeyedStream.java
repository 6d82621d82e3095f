import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.MapGroupsWithStateFunction;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.KeyValueGroupedDataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.GroupState;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.StatefulProcessor;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.apache.spark.sql.streaming.TTLConfig;
import org.apache.spark.sql.streaming.TimeMode;
import org.apache.spark.sql.streaming.TimerValues;
import org.apache.spark.sql.streaming.ValueState;
import scala.Tuple2;

/**
 * A count that is kept for each key, on Spark's Structured Streaming: KeyedStream FILES CHECKPOINT HOW. Each file of the directory FILES is a
 * batch, a key a line; HOW is mapGroupsWithState, transformWithState, or aggregate (Spark's own count). What comes out of a batch is brought to
 * the driver. A line of JSON on stdout for each batch, with the names of `streamjob run --json`. Settings of Spark are properties of the JVM.
 */
public final class KeyedStream {
  private static final Encoder<Tuple2<Integer, Long>> COUNTS = Encoders.tuple(Encoders.INT(), Encoders.LONG());

  public static void main(String[] args) throws Exception {
    SparkSession spark = SparkSession.builder().getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    spark.streams().addListener(new Lines());
    Dataset<String> lines = spark.readStream().option("maxFilesPerTrigger", 1).textFile(args[0]);
    counts(lines, args[2])
        .writeStream()
        .outputMode(OutputMode.Update())
        .option("checkpointLocation", args[1])
        .foreachBatch((VoidFunction2<Dataset<Tuple2<Integer, Long>>, Long>) (batch, id) -> {
          long sum = 0;
          List<Tuple2<Integer, Long>> rows = batch.collectAsList();
          for (Tuple2<Integer, Long> row : rows) sum += row._2;
          say("{\"keys\":" + rows.size() + ",\"sum\":" + sum + "}");
        })
        .start()
        .awaitTermination();
  }

  private static Dataset<Tuple2<Integer, Long>> counts(Dataset<String> lines, String how) {
    if (how.equals("aggregate")) {
      Dataset<Row> counts = lines.selectExpr("cast(value as int) as _1").groupBy("_1").count().withColumnRenamed("count", "_2");
      return counts.as(COUNTS);
    }
    KeyValueGroupedDataset<Integer, Integer> keyed =
        lines.map((MapFunction<String, Integer>) Integer::valueOf, Encoders.INT())
            .groupByKey((MapFunction<Integer, Integer>) key -> key, Encoders.INT());
    return switch (how) {
      case "mapGroupsWithState" -> keyed.mapGroupsWithState(
          (MapGroupsWithStateFunction<Integer, Integer, Long, Tuple2<Integer, Long>>) KeyedStream::count, Encoders.LONG(), COUNTS);
      case "transformWithState" -> keyed.transformWithState(new Count(), TimeMode.None(), OutputMode.Update(), COUNTS);
      default -> throw new IllegalArgumentException("there is no " + how);
    };
  }

  private static Tuple2<Integer, Long> count(Integer key, Iterator<Integer> events, GroupState<Long> state) {
    long count = state.exists() ? state.get() : 0;
    for (; events.hasNext(); events.next()) count++;
    state.update(count);
    return new Tuple2<>(key, count);
  }

  /** The same for transformWithState. */
  private static final class Count extends StatefulProcessor<Integer, Integer, Tuple2<Integer, Long>> {
    private transient ValueState<Long> count;

    @Override
    public void init(OutputMode mode, TimeMode times) {
      count = getHandle().getValueState("count", Encoders.LONG(), TTLConfig.NONE());
    }

    @Override
    public scala.collection.Iterator<Tuple2<Integer, Long>> handleInputRows(
        Integer key, scala.collection.Iterator<Integer> events, TimerValues times) {
      long sum = count.exists() ? count.get() : 0;
      for (; events.hasNext(); events.next()) sum++;
      count.update(sum);
      return scala.jdk.javaapi.CollectionConverters.asScala(Collections.singletonList(new Tuple2<>(key, sum)).iterator());
    }
  }

  private static synchronized void say(String line) {
    System.out.println(line);
  }

  /** Tells each batch. */
  private static final class Lines extends StreamingQueryListener {
    @Override
    public void onQueryStarted(QueryStartedEvent event) {}

    @Override
    public void onQueryProgress(QueryProgressEvent event) {
      var progress = event.progress();
      if (progress.numInputRows() == 0) return;
      say("{\"batch\":" + progress.batchId() + ",\"events\":" + progress.numInputRows()
          + ",\"processingMs\":" + progress.durationMs().get("triggerExecution") + ",\"parts\":\"" + progress.durationMs() + "\"}");
    }

    @Override
    public void onQueryTerminated(QueryTerminatedEvent event) {}
  }
}
