import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.Optional;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.Duration;
import org.apache.spark.streaming.State;
import org.apache.spark.streaming.StateSpec;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaPairDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.flume.FlumeUtils;
import org.apache.spark.streaming.scheduler.BatchInfo;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchCompleted;
import scala.Tuple2;

/**
 * The jobs of the benchmark on Spark Streaming: BenchJob JOB KEY=VALUE ... A line of JSON on stdout for each batch that has completed,
 * with the names of `streamjob run --json`. Keys of all jobs: interval (ms), checkpoint (a directory), and wal (true), blockInterval (ms),
 * level, which have the defaults of Spark and its connector.
 *   push      port                         word count of what an Avro sink sends
 *   pull      port, maxBatchSize           word count of what a Spark sink holds
 *   latency   port                         bodies are times in ms: how old each event is when its batch is done, as "latencies"
 *   window, inverse, state                 keys, changed, window: see keyed()
 */
@SuppressWarnings("deprecation")
public final class BenchJob {
  /** How far a batch's keys begin after those of the one before: so that what leaves a window is not what enters it. */
  private static final double STEP = 1.03;

  private final Map<String, String> settings = new HashMap<>();
  private final JavaStreamingContext context;

  public static void main(String[] args) throws Exception {
    new BenchJob(args).run(args[0]);
  }

  private BenchJob(String[] args) {
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      if (parts.length == 2) settings.put(parts[0], parts[1]);
    }
    SparkConf conf = new SparkConf()
        .setAppName("bench")
        .setMaster("local[2]")
        .set("spark.ui.enabled", "false")
        .set("spark.driver.host", "127.0.0.1")
        .set("spark.driver.bindAddress", "127.0.0.1");
    if ("true".equals(settings.get("wal"))) conf.set("spark.streaming.receiver.writeAheadLog.enable", "true");
    if (settings.containsKey("blockInterval")) conf.set("spark.streaming.blockInterval", settings.get("blockInterval") + "ms");
    context = new JavaStreamingContext(conf, new Duration(number("interval")));
    context.sparkContext().setLogLevel("WARN");
    if (settings.containsKey("checkpoint")) context.checkpoint(settings.get("checkpoint"));
    context.ssc().addStreamingListener(new Lines());
  }

  private long number(String name) {
    return Long.parseLong(settings.get(name));
  }

  private void run(String job) throws Exception {
    switch (job) {
      case "push" -> wordCount(pushed());
      case "pull" -> wordCount(polled());
      case "latency" -> latency(pushed());
      default -> keyed(job);
    }
    context.start();
    context.awaitTermination();
  }

  private JavaDStream<String> pushed() {
    return FlumeUtils.createStream(context, "127.0.0.1", (int) number("port"), level())
        .map(event -> new String(event.event().getBody().array(), StandardCharsets.UTF_8));
  }

  private JavaDStream<String> polled() {
    InetSocketAddress[] sinks = {new InetSocketAddress("127.0.0.1", (int) number("port"))};
    int maxBatchSize = (int) number("maxBatchSize");
    return FlumeUtils.createPollingStream(context, sinks, level(), maxBatchSize, 5)
        .map(event -> new String(event.event().getBody().array(), StandardCharsets.UTF_8));
  }

  private StorageLevel level() {
    return StorageLevel.fromString(settings.getOrDefault("level", "MEMORY_AND_DISK_SER_2"));
  }

  private static void wordCount(JavaDStream<String> lines) {
    lines
        .flatMap(line -> Arrays.asList(line.split(" ")).iterator())
        .mapToPair(word -> new Tuple2<>(word, 1))
        .reduceByKey(Integer::sum)
        .foreachRDD((rdd, time) -> {
          long words = 0;
          for (Tuple2<String, Integer> pair : rdd.collect()) words += pair._2;
          say("{\"time\":" + time.milliseconds() + ",\"words\":" + words + "}");
        });
  }

  private static void latency(JavaDStream<String> bodies) {
    bodies.map(Long::parseLong).foreachRDD((rdd, time) -> {
      List<Long> sent = rdd.collect();
      long now = System.currentTimeMillis();
      StringBuilder ages = new StringBuilder();
      for (long at : sent) ages.append(ages.length() > 0 ? "," : "").append(now - at);
      say("{\"time\":" + time.milliseconds() + ",\"latencies\":[" + ages + "]}");
    });
  }

  /**
   * The first batch has every key from 0 to `keys` once, each later one `changed` of them, going round. Each key's count is kept by a
   * window of `window` batches sliding by one, with or without an inverse, or by mapWithState. What comes out is counted.
   */
  private void keyed(String job) {
    int keys = (int) number("keys");
    int changed = (int) number("changed");
    Queue<JavaRDD<Tuple2<Integer, Integer>>> batches = new LinkedList<>();
    batches.add(context.sparkContext().parallelize(pairs(0, keys, keys), 2));
    for (int i = 0; i < number("batches"); i++) {
      batches.add(context.sparkContext().parallelize(pairs((int) ((long) Math.floor(i * changed * STEP) % keys), changed, keys), 2));
    }
    JavaPairDStream<Integer, Integer> input = context.queueStream(batches).mapToPair(pair -> pair);
    Duration slide = new Duration(number("interval"));
    Duration length = new Duration(number("interval") * number("window"));
    JavaDStream<?> out = switch (job) {
      case "window" -> input.reduceByKeyAndWindow(Integer::sum, length, slide).toJavaDStream();
      case "inverse" -> input.reduceByKeyAndWindow(Integer::sum, (a, b) -> a - b, length, slide).toJavaDStream();
      case "state" -> input.mapWithState(StateSpec.function(BenchJob::count));
      default -> throw new IllegalArgumentException("there is no job " + job);
    };
    out.foreachRDD((rdd, time) -> say("{\"time\":" + time.milliseconds() + ",\"size\":" + rdd.count() + "}"));
  }

  private static Integer count(Integer key, Optional<Integer> value, State<Integer> state) {
    int total = value.orElse(0) + (state.exists() ? state.get() : 0);
    state.update(total);
    return total;
  }

  private static List<Tuple2<Integer, Integer>> pairs(int first, int count, int keys) {
    List<Tuple2<Integer, Integer>> pairs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) pairs.add(new Tuple2<>((first + i) % keys, 1));
    return pairs;
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static final class Lines implements StreamingListener {
    @Override
    public void onBatchCompleted(StreamingListenerBatchCompleted completed) {
      BatchInfo batch = completed.batchInfo();
      say(String.format("{\"batch\":%d,\"events\":%d,\"schedulingDelayMs\":%s,\"processingMs\":%s,\"totalDelayMs\":%s}",
          batch.batchTime().milliseconds(), batch.numRecords(), batch.schedulingDelay().get(), batch.processingDelay().get(),
          batch.totalDelay().get()));
    }
  }
}
