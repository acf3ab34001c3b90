import type { Choices } from './choices.js';
import type { DataAccess, Reached } from './loaders.js';
import type { Give, Operation, Parameter } from './operations.js';
import { type Import, indent, type Modules, type Source } from './source.js';

/** What a router needs to have its operations done. */
export interface Service {
  readonly sources: readonly Source[];
  readonly imports: readonly Import[];
  /** Lines of the router's file. */
  readonly setup: string;
  /** The expression for a promise of what the operation gives. */
  call(operation: Operation, values: Readonly<Record<Parameter, string>>): string;
}

const SHAPES = [
  'functions',
  'arrow functions',
  'object',
  'static class',
  'class instance',
  'class made by the router',
  'closure',
  'given its models',
] as const;
type Shape = (typeof SHAPES)[number];

const PATHS = ['direct', 're-exported', 'barrel', 'worker'] as const;
const CALLS = ['plain', 'handed to then', 'handed to map', 'alias', 'spread', 'computed name'] as const;

/** Draws a service of these operations: how it is written, how the router comes by it, and how it is called. */
export function drawService(
  choices: Choices,
  data: DataAccess,
  modules: Modules,
  { name, operations }: { readonly name: string; readonly operations: readonly Operation[] },
): Service {
  const shape = choices.pick('service', SHAPES);
  const returning = choices.pick('functions', ['async', 'promise returned'] as const);
  const isSplit = ['object', 'static class', 'class instance', 'class made by the router'].includes(shape)
    ? choices.pick('methods', ['on their own', 'call each other'] as const) === 'call each other'
    : false;
  const wanted = [...new Set(operations.flatMap(({ reaches }) => reaches))];
  const reached =
    shape === 'given its models' ? { imports: [], of: (one: string) => one } : data.reach(choices, wanted);
  const written = operations.flatMap((one) => functionsOf(one, reached, returning === 'async', isSplit));
  const folder =
    modules === 'CommonJS'
      ? choices.pick('service found', PATHS)
      : choices.pick('service found', PATHS.slice(0, 3));
  const from = folder === 'worker' ? `#workers/${name}` : `#services/${name}`;
  const file: Source = {
    path: from.slice(1),
    imports: [...packagesOf(operations), ...reached.imports],
    ...asWritten(shape, name, written, wanted),
  };
  const given = shape === 'given its models' ? data.reach(choices, wanted) : undefined;
  const found = find(folder, file, name);
  const base = baseOf(shape, found.local, given, wanted);
  // Methods of a class are not spread with it.
  const styles = CALLS.filter((one) => one !== 'spread' || !shape.includes('class'));
  const used = use(choices.pick('call', styles), base.object, isSplit);
  return {
    sources: [file, ...found.sources],
    imports: [...found.imports, ...(given?.imports ?? [])],
    setup: [found.setup, base.setup, used.setup].filter((line) => line !== '').join('\n'),
    call: (operation, values) =>
      used.call(
        operation.name,
        operation.parameters.map((one) => values[one]),
      ),
  };
}

const RETURNED: Give = { value: (expression) => `return ${expression};`, nothing: 'return null;' };

interface Written {
  readonly name: string;
  readonly isAsync: boolean;
  readonly parameters: string;
  readonly body: string;
}

const TYPES: Record<Parameter, string> = {
  clinicId: 'number',
  userId: 'number',
  id: 'string',
  values: 'any',
  name: 'string',
};

/** What the operation needs of Sequelize. */
export function packagesOf(operations: readonly Operation[]): Import[] {
  const names = [...new Set(operations.flatMap(({ packages = [] }) => packages))];
  return names.length === 0 ? [] : [{ from: 'sequelize', names }];
}

function functionsOf(
  { name, parameters, promise, statements }: Operation,
  { of }: Reached,
  isAsync: boolean,
  isSplit: boolean,
): Written[] {
  const list = parameters.map((one) => `${one}«: ${TYPES[one]}»`).join(', ');
  const body = promise === undefined ? (statements?.(of, RETURNED) ?? '') : `return ${promise(of)};`;
  const own = { isAsync: isAsync || promise === undefined, parameters: list, body };
  if (!isSplit) return [{ name, ...own }];
  const other = `${name}Now`;
  return [
    { name: other, ...own },
    { ...own, name, body: `return this.${other}(${parameters.join(', ')});` },
  ];
}

function asWritten(
  shape: Shape,
  name: string,
  written: readonly Written[],
  wanted: readonly string[],
): Pick<Source, 'body' | 'exports'> {
  const names = written.map((one) => one.name);
  const start = ({ isAsync }: Written): string => (isAsync ? 'async ' : '');
  const block = ({ parameters, body }: Written): string => `(${parameters}) {\n${indent(body, 2)}\n}`;
  const methods = (before = ''): string =>
    written.map((one) => indent(`${before}${start(one)}${one.name}${block(one)}`, 2)).join('\n\n');
  const properties = written.map((one) => indent(`${start(one)}${one.name}${block(one)},`, 2)).join('\n\n');
  const arrows = written
    .map((one) => `const ${one.name} = ${start(one)}(${one.parameters}) => {\n${indent(one.body, 2)}\n};`)
    .join('\n\n');
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Service`;
  switch (shape) {
    case 'functions':
      return {
        body: written.map((one) => `${start(one)}function ${one.name}${block(one)}`).join('\n\n'),
        exports: { names },
      };
    case 'arrow functions':
      return { body: arrows, exports: { names } };
    case 'object':
      return { body: `const service = {\n${properties}\n};`, exports: { one: 'service' } };
    case 'static class':
      return { body: `class ${type} {\n${methods('static ')}\n}`, exports: { one: type } };
    case 'class instance':
      return { body: `class ${type} {\n${methods()}\n}`, exports: { one: `new ${type}()` } };
    case 'class made by the router':
      return { body: `class ${type} {\n${methods()}\n}`, exports: { one: type } };
    case 'closure':
      return {
        body: `const makeService = () => {\n${indent(`${arrows}\n\nreturn { ${names.join(', ')} };`, 2)}\n};`,
        exports: { one: 'makeService' },
      };
    case 'given its models':
      return {
        body: `const makeService = (${wanted.map((one) => `${one}«: any»`).join(', ')}) => ({\n${properties}\n});`,
        exports: { one: 'makeService' },
      };
  }
}

interface Found {
  readonly local: string;
  readonly sources: readonly Source[];
  readonly imports: readonly Import[];
  readonly setup: string;
}

/** How the router comes by the service's module, under a name of its own. */
function find(folder: (typeof PATHS)[number], file: Source, name: string): Found {
  const local = `${name}Service`;
  const isOne = file.exports !== undefined && 'one' in file.exports;
  const whole = (from: string): Import => (isOne ? { from, one: local } : { from, all: local });
  switch (folder) {
    case 'direct':
      return { local, sources: [], imports: [whole(`#${file.path}`)], setup: '' };
    case 'worker':
      return {
        local,
        sources: [],
        imports: [{ from: 'node:path', one: 'path' }],
        setup: `const ${local} = require(path.join(__dirname, '..', 'workers', '${name}.js'));`,
      };
    case 're-exported': {
      const again: Source = {
        path: `lib/${name}`,
        imports: [whole(`#${file.path}`)],
        body: '',
        exports: { one: local },
      };
      return { local, sources: [again], imports: [{ from: `#lib/${name}`, one: local }], setup: '' };
    }
    case 'barrel': {
      const barrel: Source = {
        path: `services/all-${name}`,
        imports: [whole(`#${file.path}`)],
        body: '',
        exports: { names: [local] },
      };
      return { local, sources: [barrel], imports: [{ from: `#${barrel.path}`, names: [local] }], setup: '' };
    }
  }
}

/** The object whose functions are called. */
function baseOf(
  shape: Shape,
  local: string,
  given: Reached | undefined,
  wanted: readonly string[],
): { object: string; setup: string } {
  switch (shape) {
    case 'class made by the router':
      return { object: 'service', setup: `const service = new ${local}();` };
    case 'closure':
      return { object: 'service', setup: `const service = ${local}();` };
    case 'given its models': {
      const models = wanted.map((one) => given?.of(one as never) ?? one).join(', ');
      return { object: 'service', setup: `const service = ${local}(${models});` };
    }
    default:
      return { object: local, setup: '' };
  }
}

function use(
  style: (typeof CALLS)[number],
  object: string,
  needsThis: boolean,
): { setup: string; call(name: string, values: readonly string[]): string } {
  const plain = (name: string, values: readonly string[]): string =>
    `${object}.${name}(${values.join(', ')})`;
  switch (style) {
    case 'plain':
      return { setup: '', call: plain };
    case 'alias':
      return {
        setup: `const actions = ${object};`,
        call: (name, values) => `actions.${name}(${values.join(', ')})`,
      };
    case 'spread':
      return {
        setup: `const actions = { ...${object}, isReady: true };`,
        call: (name, values) => `actions.${name}(${values.join(', ')})`,
      };
    case 'computed name':
      return {
        setup: `const run = (name«: string», ...values«: any[]») => (${object}« as any»)[name](...values);`,
        call: (name, values) => `run(${[`'${name}'`, ...values].join(', ')})`,
      };
    case 'handed to then':
      return {
        setup: '',
        call: (name, values) =>
          values.length === 1 && !needsThis
            ? `Promise.resolve(${values[0]}).then(${object}.${name})`
            : plain(name, values),
      };
    case 'handed to map':
      return {
        setup: '',
        call: (name, values) =>
          values.length === 1
            ? `Promise.all([${values[0]}].map((one) => ${object}.${name}(one))).then(([first]) => first)`
            : plain(name, values),
      };
  }
}
