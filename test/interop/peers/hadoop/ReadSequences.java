import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.BytesWritable;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.SequenceFile;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.Writable;

/** Prints the values of all SequenceFiles of a directory, a line each, as Hadoop's own reader has them: HDFS_URI DIRECTORY. */
public class ReadSequences {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.set("fs.defaultFS", args[0]);
    FileStatus[] files = FileSystem.get(conf).listStatus(new Path(args[1]));
    Arrays.sort(files);
    StringBuilder lines = new StringBuilder();
    for (FileStatus file : files) {
      try (SequenceFile.Reader reader = new SequenceFile.Reader(conf, SequenceFile.Reader.file(file.getPath()))) {
        LongWritable key = new LongWritable();
        Writable value = (Writable) reader.getValueClass().getDeclaredConstructor().newInstance();
        while (reader.next(key, value)) lines.append(textOf(value)).append('\n');
      }
    }
    System.out.print(lines);
  }

  private static String textOf(Writable value) {
    return value instanceof Text text ? text.toString() : new String(((BytesWritable) value).copyBytes());
  }
}
