import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { git, statusPaths } from '../../src/adapters/git.js';
import { RunError } from '../../src/core/errors.js';
import { temporaryFolder } from './temporary-folder.js';

function run(folder: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: folder });
}

async function repository(): Promise<string> {
  const folder = await temporaryFolder();
  run(folder, 'init', '-q');
  await mkdir(join(folder, 'app/out'), { recursive: true });
  for (const file of ['clean.js', 'changed.js', 'staged.js', 'moved.js', 'gone.js'])
    await writeFile(join(folder, 'app', file), file);
  await writeFile(join(folder, '.gitignore'), 'out/\n');
  run(folder, 'add', '.');
  run(folder, 'commit', '-qm', 'all');
  return folder;
}

it('names files with changes not committed, untracked ones and ignored ones, whatever their names', async () => {
  const folder = await repository();
  const app = join(folder, 'app');
  await writeFile(join(app, 'changed.js'), 'other');
  await writeFile(join(app, 'staged.js'), 'other');
  run(folder, 'add', 'app/staged.js');
  run(folder, 'mv', 'app/moved.js', 'app/new name.js');
  await rm(join(app, 'gone.js'));
  for (const name of ['ünt"racked\n.js', 'out/built.js']) await writeFile(join(app, name), '');
  const dirty = [
    'changed.js',
    'staged.js',
    'moved.js',
    'new name.js',
    'gone.js',
    'ünt"racked\n.js',
    'out/built.js',
  ];
  const all = ['clean.js', ...dirty].map((name) => join(app, name));
  expect(await git.dirty(app, all)).toEqual(dirty.map((name) => join(app, name)));
});

it('knows a file by a path through a link', async () => {
  const folder = await repository();
  await writeFile(join(folder, 'app/changed.js'), 'other');
  const link = join(await temporaryFolder(), 'link');
  await symlink(join(folder, 'app'), link);
  expect(await git.dirty(link, [join(link, 'changed.js'), join(link, 'clean.js')])).toEqual([
    join(link, 'changed.js'),
  ]);
});

it('has nothing to say outside a repository, and says when git itself fails', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.js'), '');
  expect(await git.dirty(folder, [join(folder, 'a.js')])).toEqual([]);
  const broken = await repository();
  await writeFile(join(broken, '.git/config'), '[core\nnonsense');
  await expect(git.dirty(broken, [])).rejects.toThrow(RunError);
});

it('reads both names of a rename', () => {
  expect(statusPaths('R  new\0old\0?? dir/x\0')).toEqual(['new', 'old', 'dir/x']);
});
