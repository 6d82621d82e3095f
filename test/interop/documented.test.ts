/** Files of the documentation that are said to be for a Flume, too: a real Flume runs them, in front of the job that stands beside them. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { expect } from 'vitest';
import { blocksOf } from '../docs/blocks/block.ts';
import { freePort, isListening } from '../kit/ports.ts';
import { startFlume } from './kit/flume.ts';
import { describeWith, repository } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';
import { startStreamjob } from './kit/streamjob.ts';

/** Writes files of a page into the directory of the scene, with ports of its own and absolute paths. */
function filesOf(scene: Scene, page: string, names: readonly string[], change: (text: string) => string): string[] {
  const text = readFileSync(path.join(repository, 'docs', page), 'utf8');
  const blocks = blocksOf({ name: `docs/${page}`, text });
  return names.map((name) => {
    const code = blocks.find(({ words }) => words['file'] === name)?.code;
    if (code === undefined) throw new Error(`${page} has no ${name}`);
    const file = path.join(scene.directory, name);
    writeFileSync(file, change(code));
    return file;
  });
}

/** As a reader has it: an ES module, with streamjob installed. */
function install(scene: Scene): void {
  writeFileSync(path.join(scene.directory, 'package.json'), '{ "type": "module" }');
  mkdirSync(path.join(scene.directory, 'node_modules'));
  symlinkSync(repository, path.join(scene.directory, 'node_modules/streamjob'));
}

/** Sends lines to a netcat source, and waits for as many answers. */
async function sendLines(scene: Scene, port: number, lines: readonly string[]): Promise<void> {
  await scene.until(() => isListening(port), `the netcat source listens on ${port}`);
  let answers = '';
  const socket = connect(port, '127.0.0.1');
  scene.defer(() => void socket.destroy());
  socket.on('data', (data) => {
    answers += String(data);
  });
  socket.write(`${lines.join('\n')}\n`);
  await scene.until(() => answers.split('OK').length > lines.length, 'every line is answered OK');
}

describeWith(['flume'], 'a real Flume runs files of the documentation', () => {
  it('words.conf of the tutorial, in front of its count.ts', async ({ scene }) => {
    install(scene);
    const [from, to] = [await freePort(), await freePort()];
    const [conf = '', job = ''] = filesOf(scene, 'tutorial.md', ['words.conf', 'count.ts'], (text) =>
      text
        .replaceAll('44444', `${from}`)
        .replaceAll('41414', `${to}`)
        .replaceAll('= channel/', `= ${scene.directory}/channel/`),
    );
    const run = startStreamjob(scene, ['run', job, '--no-ui']);
    await scene.until(() => isListening(to), 'the job listens');
    await startFlume(scene, { name: 'flume', confs: [conf] });
    await sendLines(scene, from, ['to be or not to be', 'that is the question']);
    const counts = ['(to,2)', '(be,2)', '(or,1)', '(not,1)', '(that,1)', '(is,1)', '(the,1)', '(question,1)'];
    await scene.until(() => counts.every((count) => run.stdout.includes(count)), 'the words are counted');
    expect(run.stdout.filter((line) => line.startsWith('(')).sort()).toEqual([...counts].sort());
  });

  it('both.conf of the page for a flume.conf: the old receiver and the new job have every event', async ({ scene }) => {
    install(scene);
    const to = await freePort();
    const input = path.join(scene.directory, 'input');
    const out = path.join(scene.directory, 'out');
    for (const directory of [input, out]) mkdirSync(directory);
    const [conf = ''] = filesOf(scene, 'moving-a-flume-conf.md', ['both.conf'], (text) => {
      const own = text
        .replaceAll('41414', `${to}`)
        .replaceAll(/= (input|out|channel\/\w+)$/gm, (_, name: string) => `= ${path.join(scene.directory, name)}`);
      // What the page says of a Flume of Apache's: a checkpointDir for each file channel.
      const checkpoints = ['old', 'new'].map(
        (name) => `a1.channels.${name}.checkpointDir = ${path.join(scene.directory, 'checkpoint', name)}`,
      );
      return [own, ...checkpoints, ''].join('\n');
    });
    const [job = ''] = filesOf(scene, 'moving-a-flume-conf.md', ['count.ts'], (text) =>
      text.replaceAll('41414', `${to}`).replace(", agent: './both.conf'", ''),
    );
    const run = startStreamjob(scene, ['run', job, '--no-ui']);
    await scene.until(() => isListening(to), 'the job listens');
    await startFlume(scene, { name: 'flume', confs: [conf] });
    writeFileSync(path.join(input, 'lines.txt'), 'one\ntwo\nthree\n');
    const lines = (): string[] =>
      readdirSync(out).flatMap((name) =>
        readFileSync(path.join(out, name), 'utf8')
          .split('\n')
          .filter((line) => line !== ''),
      );
    await scene.until(() => lines().length === 3, 'the old receiver has all lines');
    await scene.until(() => run.stdout.includes('THREE'), 'the job has all lines');
    expect(lines()).toEqual(['one', 'two', 'three']);
    expect(run.stdout.filter((line) => /^[A-Z]+$/.test(line))).toEqual(['ONE', 'TWO', 'THREE']);
  });
});
