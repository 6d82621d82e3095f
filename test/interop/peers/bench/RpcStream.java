import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flume.Event;
import org.apache.flume.api.RpcClient;
import org.apache.flume.api.RpcClientFactory;
import org.apache.flume.event.EventBuilder;

/**
 * Steady load through Flume's own RPC client, as an Avro sink sends it: RpcStream PORT CONNECTIONS BATCH. Each connection sends a
 * batch of events of ten words, waits for the answer, and sends the next one. It is led by lines on stdin: `mark` begins to count
 * afresh, `report` answers with a line of JSON, `stop` (or the end of stdin) stops the connections, reports and ends.
 */
public final class RpcStream {
  private static final int POOL = 20;
  private static final int WORDS = 10;
  private static final int VOCABULARY = 1000;

  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong acked = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final List<Double> latencies = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean stopping;

  public static void main(String[] args) throws Exception {
    new RpcStream().run(Integer.parseInt(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
  }

  private void run(int port, int connections, int batch) throws Exception {
    List<List<Event>> pool = pool(batch);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      Thread thread = new Thread(() -> send(port, batch, pool));
      thread.start();
      threads.add(thread);
    }
    try (Scanner lines = new Scanner(System.in)) {
      while (lines.hasNextLine()) {
        String line = lines.nextLine();
        if (line.equals("stop")) break;
        if (line.equals("mark")) latencies.clear();
        if (line.equals("report")) report(false);
      }
    }
    stopping = true;
    for (Thread thread : threads) thread.join(30_000);
    report(true);
    // The client's IO threads outlive it.
    System.exit(0);
  }

  private void send(int port, int batch, List<List<Event>> pool) {
    Properties settings = new Properties();
    settings.setProperty("hosts", "h1");
    settings.setProperty("hosts.h1", "127.0.0.1:" + port);
    settings.setProperty("batch-size", String.valueOf(batch));
    settings.setProperty("request-timeout", "60000");
    RpcClient client = null;
    try {
      client = RpcClientFactory.getInstance(settings);
      for (int k = 0; !stopping; k++) {
        sent.addAndGet(batch);
        long start = System.nanoTime();
        client.appendBatch(pool.get(k % POOL));
        latencies.add((System.nanoTime() - start) / 1e6);
        acked.addAndGet(batch);
      }
    } catch (Exception e) {
      failed.incrementAndGet();
      e.printStackTrace();
    } finally {
      if (client != null) client.close();
    }
  }

  private static List<List<Event>> pool(int batch) {
    Random random = new Random(1);
    List<List<Event>> pool = new ArrayList<>();
    for (int p = 0; p < POOL; p++) {
      List<Event> events = new ArrayList<>();
      for (int i = 0; i < batch; i++) {
        StringBuilder line = new StringBuilder();
        for (int w = 0; w < WORDS; w++) line.append(w > 0 ? " word" : "word").append(random.nextInt(VOCABULARY));
        events.add(EventBuilder.withBody(line.toString(), StandardCharsets.UTF_8));
      }
      pool.add(events);
    }
    return pool;
  }

  private void report(boolean stopped) {
    List<Double> sorted;
    synchronized (latencies) {
      sorted = new ArrayList<>(latencies);
    }
    Collections.sort(sorted);
    System.out.printf("{\"stopped\":%b,\"sent\":%d,\"acked\":%d,\"failed\":%d,\"p50Ms\":%.3f,\"p99Ms\":%.3f}%n",
        stopped, sent.get(), acked.get(), failed.get(), at(sorted, 0.5), at(sorted, 0.99));
    System.out.flush();
  }

  private static double at(List<Double> sorted, double part) {
    return sorted.isEmpty() ? 0 : sorted.get((int) Math.min(sorted.size() - 1, Math.floor(sorted.size() * part)));
  }
}
