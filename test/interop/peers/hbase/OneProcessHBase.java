import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.LocalHBaseCluster;
import org.apache.hadoop.hbase.master.HMaster;
import org.apache.hadoop.hbase.regionserver.HRegionServer;
import org.apache.hadoop.hbase.rest.RESTServer;
import org.apache.hadoop.hbase.zookeeper.MiniZooKeeperCluster;

/** ZooKeeper, a master, a region server and the REST gateway in one process: DIRECTORY REST_PORT. Says READY, and runs until it is killed. */
public class OneProcessHBase {
  public static void main(String[] args) throws Exception {
    File directory = new File(args[0]).getAbsoluteFile();
    directory.mkdirs();
    Configuration conf = HBaseConfiguration.create();
    conf.set("hbase.rootdir", new File(directory, "root").toURI().toString());
    conf.set("hbase.tmp.dir", new File(directory, "tmp").getPath());
    conf.set("hadoop.tmp.dir", new File(directory, "hadoop").getPath());
    conf.set("hbase.wal.provider", "filesystem");
    conf.setBoolean("hbase.unsafe.stream.capability.enforce", false);
    for (String server : new String[] {"master", "regionserver"}) {
      conf.set("hbase." + server + ".hostname", "localhost");
      conf.set("hbase." + server + ".ipc.address", "127.0.0.1");
      conf.setInt("hbase." + server + ".port", 0);
      conf.setInt("hbase." + server + ".info.port", -1);
    }
    conf.set("hbase.rest.host", "127.0.0.1");
    conf.setInt("hbase.rest.port", Integer.parseInt(args[1]));
    conf.setInt("hbase.rest.info.port", -1);
    // Nothing is waited for that does not come.
    conf.setInt("hbase.master.wait.on.regionservers.mintostart", 1);
    conf.setInt("hbase.master.wait.on.regionservers.timeout", 500);
    conf.setInt("hbase.master.wait.on.regionservers.interval", 100);

    MiniZooKeeperCluster zooKeeper = new MiniZooKeeperCluster(conf);
    conf.setInt("hbase.zookeeper.property.clientPort", zooKeeper.startup(new File(directory, "zookeeper")));
    conf.set("hbase.zookeeper.quorum", "127.0.0.1");
    LocalHBaseCluster cluster = new LocalHBaseCluster(conf, 1, 1, HMaster.class, HRegionServer.class);
    cluster.startup();
    while (cluster.getActiveMaster() == null || !cluster.getActiveMaster().isInitialized()) Thread.sleep(50);
    new RESTServer(conf).run();
    System.out.println("READY");
    System.out.flush();
    Thread.currentThread().join();
  }
}
