import { expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { databaseOf, describeUrl, withLogin } from '../../src/core/urls.js';

const refusal = (url: string): UsageError => {
  try {
    describeUrl(url);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error(`${url} was taken`);
};

it.each(['host', 'port', 'user', 'password', 'dbname'])(
  'refuses a URL that says its %s where a driver would take it in place of ours',
  (name) => {
    const error = refusal(`postgres://app:s3cret@db.example/legacy?sslmode=require&${name}=s3cret`);
    expect(error.message).toBe(`a database URL names its ${name} after the question mark`);
    expect(error.message + error.hint).not.toContain('s3cret');
  },
);

it.each([
  'postgres://app:s3cret%zz@db.example/legacy',
  'postgres://app%:s3cret@db.example/legacy',
  'postgres://app:s3cret@db.example/le%gacy',
  'postgres:///legacy',
  'mysql://app:s3cret@db.example/legacy',
  's3cret',
])('refuses what is no URL of a server, without a word of it: %s', (url) => {
  const error = refusal(url);
  expect(error.message + error.hint).not.toContain('s3cret');
});

it('keeps the options of a URL with another login', () => {
  const url = withLogin('postgres://app:old@db.example:6432/l%C3%A9g?sslmode=require', 'a/b', "p%4's @");
  expect(url).toBe("postgres://a%2Fb:p%254's%20%40@db.example:6432/l%C3%A9g?sslmode=require");
  expect([databaseOf(url), describeUrl(url)]).toEqual(['lég', 'a/b@db.example:6432/lég']);
});
