/** The type of the source that a program puts events into. */
export const EMBEDDED_TYPE = 'org.apache.flume.agent.embedded.EmbeddedSource';
