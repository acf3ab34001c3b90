import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { RunError, UsageError } from '../../src/core/errors.js';
import { temporaryFolder } from './temporary-folder.js';

it('reads text with its byte-order mark, and answers undefined where there is no file', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.js'), '\uFEFFé');
  expect(await nodeFiles.read(join(folder, 'a.js'))).toBe('\uFEFFé');
  expect(await nodeFiles.read(join(folder, 'none'))).toBeUndefined();
  expect(await nodeFiles.read(join(folder, 'a.js', 'below'))).toBeUndefined();
});

it('refuses to read what writing back would change: bytes that are not UTF-8', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'latin1.js'), Buffer.from([0x27, 0xe9, 0x27]));
  await expect(nodeFiles.read(join(folder, 'latin1.js'))).rejects.toThrow(/latin1\.js: it is not UTF-8/);
  await expect(nodeFiles.read(folder)).rejects.toThrow(RunError);
});

it('lists files below a folder, sorted, without the folders to skip and without following links', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'b/node_modules/x'), { recursive: true });
  for (const file of ['b/z.js', 'b/node_modules/x/i.js', 'a.js']) await writeFile(join(folder, file), '');
  await symlink(folder, join(folder, 'loop'));
  expect(await nodeFiles.list(folder, ['node_modules'])).toEqual([
    join(folder, 'a.js'),
    join(folder, 'b/z.js'),
  ]);
  expect(await nodeFiles.list(join(folder, 'a.js'))).toEqual([join(folder, 'a.js')]);
  await expect(nodeFiles.list(join(folder, 'none'))).rejects.toThrow(UsageError);
});

it('writes whole files, makes folders, keeps the mode and the link, and leaves nothing beside', async () => {
  const folder = await temporaryFolder();
  await nodeFiles.write(join(folder, 'new/deep/a.js'), 'one');
  expect(await readFile(join(folder, 'new/deep/a.js'), 'utf8')).toBe('one');
  await chmod(join(folder, 'new/deep/a.js'), 0o750);
  await symlink(join(folder, 'new/deep/a.js'), join(folder, 'link.js'));
  await nodeFiles.write(join(folder, 'link.js'), 'two');
  expect(await readFile(join(folder, 'new/deep/a.js'), 'utf8')).toBe('two');
  expect((await stat(join(folder, 'new/deep/a.js'))).mode & 0o777).toBe(0o750);
  expect(await readdir(join(folder, 'new/deep'))).toEqual(['a.js']);
});

it('writes several files as one: none where one has changed since, is gone or is read-only', async () => {
  const folder = await temporaryFolder();
  const [one, other, journal] = ['a.js', 'b.js', '.state/journal'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const change = (path: string, expected: string) => ({ path, text: 'ours', expected });
  for (const path of [one, other]) await writeFile(path, 'theirs');
  for (const second of [change(other, 'as read'), change(join(folder, 'gone.js'), 'x')])
    await expect(nodeFiles.writeAll([change(one, 'theirs'), second], journal)).rejects.toThrow(
      /has changed since it was read; nothing was written/,
    );
  await chmod(other, 0o444);
  await expect(nodeFiles.writeAll([change(one, 'theirs'), change(other, 'theirs')], journal)).rejects.toThrow(
    /cannot write .*b\.js: it is read-only/,
  );
  expect(await readFile(one, 'utf8')).toBe('theirs');
  expect((await readdir(folder)).filter((name) => name !== '.state')).toEqual(['a.js', 'b.js']);
  await chmod(other, 0o644);
  await nodeFiles.writeAll([change(one, 'theirs'), change(other, 'theirs')], journal);
  expect([await readFile(one, 'utf8'), await readFile(other, 'utf8')]).toEqual(['ours', 'ours']);
  expect(await readdir(join(folder, '.state'))).toEqual([]);
});

it('finishes what a killed run left, and takes away what it had only prepared', async () => {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal');
  const left = async (step: string): Promise<number> => {
    for (const name of ['a.js', 'b.js', 'draft']) await writeFile(join(folder, name), name);
    const places = [
      { draft: join(folder, 'renamed already'), target: join(folder, 'a.js') },
      { draft: join(folder, 'draft'), target: join(folder, 'b.js') },
    ];
    await writeFile(journal, JSON.stringify({ step, places }));
    return nodeFiles.finishWrites(journal);
  };
  expect(await left('drafts')).toBe(0);
  expect(await readFile(join(folder, 'b.js'), 'utf8')).toBe('b.js');
  expect(await readdir(folder)).toEqual(['a.js', 'b.js']);
  expect(await left('renames')).toBe(1);
  expect(await readFile(join(folder, 'b.js'), 'utf8')).toBe('draft');
  expect(await readdir(folder)).toEqual(['a.js', 'b.js']);
  expect(await nodeFiles.finishWrites(journal)).toBe(0);
});

it('says which path cannot be written, and why', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.js'), 'theirs');
  await expect(nodeFiles.write(join(folder, 'a.js', 'below'), 'x')).rejects.toThrow(
    /cannot write .*below: E/,
  );
});
