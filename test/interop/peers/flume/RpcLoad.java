import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flume.Event;
import org.apache.flume.api.RpcClient;
import org.apache.flume.api.RpcClientFactory;
import org.apache.flume.event.EventBuilder;

/**
 * Load through Flume's own RPC client: RpcLoad PORT CONNECTIONS BATCH BATCHES [PROPERTY=VALUE ...], the properties being the client's.
 * Each connection sends BATCHES batches of BATCH events and waits for each to be acknowledged; a batch of 1 goes by turns as
 * append and as appendBatch. A body is the event's id, CONNECTION-NUMBER, both from 0. Last line on stdout: acked=EVENTS failed=CONNECTIONS.
 */
public final class RpcLoad {
  public static void main(String[] args) throws Exception {
    int connections = Integer.parseInt(args[1]);
    AtomicLong acked = new AtomicLong();
    AtomicLong failed = new AtomicLong();
    CountDownLatch running = new CountDownLatch(connections);
    for (int i = 0; i < connections; i++) {
      int connection = i;
      new Thread(() -> {
        try {
          send(args, connection, acked);
        } catch (Exception e) {
          failed.incrementAndGet();
          e.printStackTrace();
        } finally {
          running.countDown();
        }
      }).start();
    }
    running.await();
    System.out.println("acked=" + acked + " failed=" + failed);
    // The client's IO threads outlive it.
    System.exit(0);
  }

  private static void send(String[] args, int connection, AtomicLong acked) throws Exception {
    int batch = Integer.parseInt(args[2]);
    int batches = Integer.parseInt(args[3]);
    Properties settings = new Properties();
    settings.setProperty("hosts", "h1");
    settings.setProperty("hosts.h1", "127.0.0.1:" + args[0]);
    // A list longer than this would go as several requests.
    settings.setProperty("batch-size", args[2]);
    for (int i = 4; i < args.length; i++) {
      String[] property = args[i].split("=", 2);
      settings.setProperty(property[0], property[1]);
    }
    RpcClient client = RpcClientFactory.getInstance(settings);
    try {
      for (int b = 0; b < batches; b++) {
        List<Event> events = new ArrayList<>(batch);
        for (int e = 0; e < batch; e++) {
          events.add(EventBuilder.withBody(connection + "-" + (b * batch + e), StandardCharsets.UTF_8));
        }
        if (batch == 1 && b % 2 == 0) client.append(events.get(0));
        else client.appendBatch(events);
        acked.addAndGet(batch);
      }
    } finally {
      client.close();
    }
  }
}
