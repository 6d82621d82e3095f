/** Every serializer keeps what a serializer promises. */

import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { serializerContract } from '../../../../src/agent/contracts/functions.ts';
import { serializers } from '../../../../src/agent/serializers/index.ts';
import { forEveryEntry, runContract } from './entries.ts';

const fixtures: Readonly<Record<string, () => ContractProperties>> = {
  text: () => ({}),
  header_and_text: () => ({}),
  avro_event: () => ({}),
};

forEveryEntry(serializers, fixtures, (type, properties) => runContract(serializerContract(type, properties)));
