import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.apache.spark.SparkConf;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.Duration;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.flume.FlumeUtils;

/** Spark Streaming polls the sink on a port of this machine and prints each event's body on a line of its own: PollingJob PORT BATCH_MS MAX_BATCH_SIZE. */
@SuppressWarnings("deprecation")
public final class PollingJob {
  public static void main(String[] args) throws Exception {
    SparkConf conf = new SparkConf()
        .setAppName("polling")
        .setMaster("local[2]")
        .set("spark.ui.enabled", "false")
        .set("spark.driver.host", "127.0.0.1")
        .set("spark.driver.bindAddress", "127.0.0.1");
    JavaStreamingContext context = new JavaStreamingContext(conf, new Duration(Long.parseLong(args[1])));
    context.sparkContext().setLogLevel("WARN");
    InetSocketAddress[] sinks = {new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0]))};
    FlumeUtils.createPollingStream(context, sinks, StorageLevel.MEMORY_ONLY(), Integer.parseInt(args[2]), 5)
        .map(event -> new String(event.event().getBody().array(), StandardCharsets.UTF_8))
        .foreachRDD(bodies -> {
          StringBuilder lines = new StringBuilder();
          for (String body : bodies.collect()) lines.append(body).append('\n');
          System.out.print(lines);
          System.out.flush();
        });
    context.start();
    context.awaitTermination();
  }
}
