/** Where an agent's properties may come from: files, URIs, and what was kept of the last time. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPlaces } from '../../../../src/agent/conf/places.ts';
import { formatProperties, parseProperties } from '../../../../src/agent/conf/properties.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { collectingLogger } from '../../../kit/log.ts';

/** A server that has one file. */
async function server(text: string): Promise<string> {
  const made = createServer((request, response) => {
    if (request.url !== '/flume.conf') response.statusCode = 404;
    response.end(text);
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void made.close());
  const address = made.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe('places', () => {
  it('are paths, file URIs and servers, in their order', async () => {
    const file = path.join(ownDirectory(), 'a b.conf');
    writeFileSync(file, 'a = é');
    const uri = `${await server('b = 2')}/flume.conf`;
    expect(await readPlaces([file, pathToFileURL(file).href, uri])).toEqual([
      { file, text: 'a = é' },
      { file: pathToFileURL(file).href, text: 'a = é' },
      { file: uri, text: 'b = 2' },
    ]);
  });

  it('say what is wrong with them', async () => {
    const base = await server('');
    const failure = async (place: string): Promise<string> => {
      const error: unknown = await readPlaces([place]).catch((thrown: unknown) => thrown);
      return error instanceof Error && 'code' in error ? `${String(error.code)} ${error.message}` : '';
    };
    expect(await failure('/no/such/file')).toMatch(/^FILE_NOT_FOUND .*it does not exist$/);
    expect(await failure(`${base}/other`)).toMatch(/^CONNECT_FAILED .*the server answered 404/);
    expect(await failure('http://127.0.0.1:1/x')).toMatch(/^CONNECT_FAILED /);
    expect(await failure('classpath:///flume.conf')).toMatch(/^CONFIG_INVALID .*no class path/);
    expect(await failure('ftp://host/x')).toMatch(/^CONFIG_INVALID .*expected file:, http: or https:/);
    expect(await failure('flume.yaml')).toMatch(/^CONFIG_INVALID .*files of the type \.yaml are refused/);
  });
});

describe('a backup', () => {
  it('has what was read, for its owner only, and is used when a place cannot be read', async () => {
    const directory = ownDirectory();
    const [first, second] = [path.join(directory, 'first'), path.join(directory, 'second')];
    writeFileSync(first, 'a = 1 \\\n 2\nb\\ c = x\\\\y\n');
    writeFileSync(second, 'a = 3');
    const backup = { directory: path.join(directory, 'kept'), agent: 'a1' };
    await readPlaces([first, second], backup);
    const kept = path.join(directory, 'kept', '.a1.properties');
    expect([...parseProperties(readFileSync(kept, 'utf8')).entries.values()]).toMatchObject([
      { key: 'a', value: '3' },
      { key: 'b c', value: 'x\\y' },
    ]);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    rmSync(second);
    const { log, lines } = collectingLogger();
    expect(await readPlaces([first, second], backup, log)).toEqual([{ file: kept, text: readFileSync(kept, 'utf8') }]);
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      `warn cannot read the agent's file ${second}: it does not exist; what was read last is used: ${kept}`,
    ]);
  });

  it('that there is not, leaves the error, and one that cannot be written is told', async () => {
    const directory = ownDirectory();
    const file = path.join(directory, 'flume.conf');
    const backup = { directory: file, agent: 'a1' };
    await expect(readPlaces([file], backup)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    writeFileSync(file, 'a = 1');
    const { log, lines } = collectingLogger();
    expect(await readPlaces([file], backup, log)).toHaveLength(1);
    expect(lines[0]?.message).toContain('cannot keep what was read');
  });
});

it('properties that are written are read as they were', () => {
  const odd = ['', ' a', 'a=b:c #!', 'x\\y\\', 'tab\there', 'two\nlines\r\n', '$x{}', 'é日', '\\u0041'];
  const entries = odd.map((value, i) => ({ key: `${value.trim()}${i}`, value: value.trim() }));
  const read = [...parseProperties(formatProperties(entries)).entries.values()];
  expect(read.map(({ key, value }) => ({ key, value }))).toEqual(entries);
});
