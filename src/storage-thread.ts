/** What the thread begins with that talks to S3 for its process; everything is in core/storage/s3/serve.ts. */
import { serveS3 } from './core/storage/s3/serve.ts';

serveS3();
