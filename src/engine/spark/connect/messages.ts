/**
 * The part of Spark Connect's protocol that is used, as a table: names, numbers and types of fields (package spark.connect of Spark 4.0 to
 * 4.3; unknown fields of other versions are passed over, as Protocol Buffers has it). The descriptors are made of the table when the engine
 * is loaded: nothing is generated.
 */
import { create, createFileRegistry, type DescMessage, type DescService } from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

const PACKAGE = 'spark.connect';

/** `string`, `bytes`, `bool`, `int64`, or the name of a message; with `[]` there are several; behind a `|` the oneof that it is of. */
type Field = readonly [number: number, name: string, type: string];

const SESSION: readonly Field[] = [
  [1, 'session_id', 'string'],
  [2, 'user_context', 'UserContext'],
];

const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
  UserContext: [
    [1, 'user_id', 'string'],
    [2, 'user_name', 'string'],
  ],
  Plan: [[1, 'root', 'Relation|op_type']],
  Relation: [
    [10, 'sql', 'SQL|rel_type'],
    [11, 'local_relation', 'LocalRelation|rel_type'],
    [16, 'subquery_alias', 'SubqueryAlias|rel_type'],
    [41, 'with_relations', 'WithRelations|rel_type'],
  ],
  SQL: [[1, 'query', 'string']],
  LocalRelation: [
    [1, 'data', 'bytes'],
    [2, 'schema', 'string'],
  ],
  SubqueryAlias: [
    [1, 'input', 'Relation'],
    [2, 'alias', 'string'],
  ],
  WithRelations: [
    [1, 'root', 'Relation'],
    [2, 'references', 'Relation[]'],
  ],
  ExecutePlanRequest: [
    ...SESSION,
    [3, 'plan', 'Plan'],
    [4, 'client_type', 'string'],
    [6, 'operation_id', 'string'],
    [7, 'tags', 'string[]'],
    [8, 'client_observed_server_side_session_id', 'string'],
  ],
  ArrowBatch: [
    [1, 'row_count', 'int64'],
    [2, 'data', 'bytes'],
  ],
  ResultComplete: [],
  ExecutePlanResponse: [
    [1, 'session_id', 'string'],
    [15, 'server_side_session_id', 'string'],
    [2, 'arrow_batch', 'ArrowBatch|response_type'],
    [14, 'result_complete', 'ResultComplete|response_type'],
  ],
  ArtifactChunk: [
    [1, 'data', 'bytes'],
    [2, 'crc', 'int64'],
  ],
  SingleChunkArtifact: [
    [1, 'name', 'string'],
    [2, 'data', 'ArtifactChunk'],
  ],
  Batch: [[1, 'artifacts', 'SingleChunkArtifact[]']],
  BeginChunkedArtifact: [
    [1, 'name', 'string'],
    [2, 'total_bytes', 'int64'],
    [3, 'num_chunks', 'int64'],
    [4, 'initial_chunk', 'ArtifactChunk'],
  ],
  AddArtifactsRequest: [
    ...SESSION,
    [6, 'client_type', 'string'],
    [7, 'client_observed_server_side_session_id', 'string'],
    [3, 'batch', 'Batch|payload'],
    [4, 'begin_chunk', 'BeginChunkedArtifact|payload'],
    [5, 'chunk', 'ArtifactChunk|payload'],
  ],
  ArtifactSummary: [
    [1, 'name', 'string'],
    [2, 'is_crc_successful', 'bool'],
  ],
  AddArtifactsResponse: [
    [2, 'session_id', 'string'],
    [3, 'server_side_session_id', 'string'],
    [1, 'artifacts', 'ArtifactSummary[]'],
  ],
  SparkVersion: [],
  AnalyzePlanRequest: [...SESSION, [3, 'client_type', 'string'], [10, 'spark_version', 'SparkVersion|analyze']],
  AnalyzePlanResponse: [[1, 'session_id', 'string']],
  ReleaseSessionRequest: [...SESSION, [3, 'client_type', 'string']],
  ReleaseSessionResponse: [[1, 'session_id', 'string']],
};

const METHODS: readonly (readonly [
  name: string,
  input: string,
  output: string,
  streams: 'none' | 'client' | 'server',
])[] = [
  ['ExecutePlan', 'ExecutePlanRequest', 'ExecutePlanResponse', 'server'],
  ['AddArtifacts', 'AddArtifactsRequest', 'AddArtifactsResponse', 'client'],
  ['AnalyzePlan', 'AnalyzePlanRequest', 'AnalyzePlanResponse', 'none'],
  ['ReleaseSession', 'ReleaseSessionRequest', 'ReleaseSessionResponse', 'none'],
];

const SCALARS: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bytes: Type.BYTES,
  bool: Type.BOOL,
  int64: Type.INT64,
};

function fieldOf([number, name, text]: Field, oneofs: readonly string[]): FieldDescriptorProto {
  const [typed = '', oneof] = text.split('|');
  const isSeveral = typed.endsWith('[]');
  const type = isSeveral ? typed.slice(0, -2) : typed;
  const scalar = SCALARS[type];
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    label: isSeveral ? Label.REPEATED : Label.OPTIONAL,
    type: scalar ?? Type.MESSAGE,
    ...(scalar === undefined ? { typeName: `.${PACKAGE}.${type}` } : {}),
    ...(oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(oneof) }),
  });
}

function registry(): ReturnType<typeof createFileRegistry> {
  const messageType = Object.entries(MESSAGES).map(([name, fields]) => {
    const oneofs = [...new Set(fields.flatMap(([, , type]) => type.split('|')[1] ?? []))];
    return {
      name,
      field: fields.map((field) => fieldOf(field, oneofs)),
      oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
    };
  });
  const method = METHODS.map(([name, input, output, streams]) => ({
    name,
    inputType: `.${PACKAGE}.${input}`,
    outputType: `.${PACKAGE}.${output}`,
    clientStreaming: streams === 'client',
    serverStreaming: streams === 'server',
  }));
  const file = create(FileDescriptorProtoSchema, {
    name: 'spark/connect/base.proto',
    package: PACKAGE,
    syntax: 'proto3',
    messageType,
    service: [{ name: 'SparkConnectService', method }],
  });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}

const types = registry();

/** The service. */
export const SparkConnectService: DescService = found(types.getService(`${PACKAGE}.SparkConnectService`));

/** @example messageOf('ExecutePlanRequest') */
export function messageOf(name: keyof typeof MESSAGES & string): DescMessage {
  return found(types.getMessage(`${PACKAGE}.${name}`));
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the table of Spark Connect has no such name');
  return value;
}
