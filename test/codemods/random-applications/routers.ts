import type { Choices } from './choices.js';
import type { DataAccess } from './loaders.js';
import type { Give, Operation, Parameter } from './operations.js';
import { drawService, packagesOf } from './services.js';
import { type Import, indent, type Modules, type Source } from './source.js';

/** How the whole application authenticates and mounts. */
export interface Mounting {
  readonly auth: 'none' | 'for all' | 'at the mount' | 'in the router' | 'at each route';
  /** The middleware as it is written where it is mounted: `authenticate`, or `auth('read')`. */
  readonly middleware: string;
  readonly authImport: Import;
  readonly routes: 'methods' | 'route()' | 'function of the application';
  readonly path: string;
}

const VALUES: Record<Parameter, string> = {
  clinicId: 'req.user.clinicId',
  userId: 'req.user.id',
  id: 'req.params.id',
  values: 'req.body',
  name: 'req.params.name',
};

export const ERRORS = ['answered', 'next', 'chain', 'wrapper', 'none'] as const;
export type Errors = (typeof ERRORS)[number];

export interface Part {
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly errors: Errors;
}

/** The router's own file, and all that it needs. */
export function drawRouter(
  choices: Choices,
  data: DataAccess,
  modules: Modules,
  mounting: Mounting,
  part: Part,
): Source[] {
  const { errors } = part;
  const handlers = choices.pick('handlers', ['in place', 'named', 'controller'] as const);
  const where = choices.pick('queries', ['in handlers', 'in a service', 'in a service'] as const);
  const service = where === 'in a service' ? drawService(choices, data, modules, part) : undefined;
  const wanted = [...new Set(part.operations.flatMap(({ reaches }) => reaches))];
  const reached = service === undefined ? data.reach(choices, wanted) : undefined;
  const codes = part.operations.map((operation) => {
    const call = service?.call(operation, VALUES);
    return { operation, handler: handlerOf(operation, { errors, call, of: reached?.of ?? ((one) => one) }) };
  });
  const needs: Import[] = [
    ...(service === undefined ? packagesOf(part.operations) : service.imports),
    ...(reached?.imports ?? []),
    ...(errors === 'wrapper' ? [{ from: '#lib/async-handler', one: 'asyncHandler' }] : []),
  ];
  const setup = service?.setup ?? '';
  const named = codes.map(({ operation, handler }) => `const ${operation.name} = ${handler};`);
  const names = part.operations.map(({ name }) => name);
  if (handlers === 'controller') {
    const controller: Source = {
      path: `controllers/${part.name}`,
      imports: needs,
      body: [setup, ...named].filter((text) => text !== '').join('\n\n'),
      exports: { names },
    };
    const own = [{ from: `#controllers/${part.name}`, all: 'controller' }];
    const routes = codes.map(({ operation }) => ({ operation, handler: `controller.${operation.name}` }));
    return [...(service?.sources ?? []), controller, routerFile(part.name, mounting, own, '', routes)];
  }
  const routes =
    handlers === 'named'
      ? part.operations.map((operation) => ({ operation, handler: operation.name }))
      : codes;
  const lines = [setup, ...(handlers === 'named' ? named : [])].filter((text) => text !== '').join('\n\n');
  return [...(service?.sources ?? []), routerFile(part.name, mounting, needs, lines, routes)];
}

interface Handling {
  readonly errors: Errors;
  readonly call: string | undefined;
  readonly of: Parameters<NonNullable<Operation['promise']>>[0];
}

const ANSWER = (status: number): string =>
  `if (found === null) {\n  res.status(404).json({ error: 'Not found' });\n  return;\n}\nres.status(${status}).json(found);`;

const inHandler = (status: number): Give => ({
  value: (expression) => `res.status(${status}).json(${expression});`,
  nothing: "res.status(404).json({ error: 'Not found' });\n  return;",
});

/** The text of one handler. */
function handlerOf(operation: Operation, { errors, call, of }: Handling): string {
  const { parameters, promise, statements, method } = operation;
  const status = method === 'POST' ? 201 : 200;
  const answer = ANSWER(status);
  const own = call === undefined ? parameters.map((one) => `const ${one} = ${VALUES[one]};`).join('\n') : '';
  const single = call ?? promise?.(of);
  const typed = '(req«: any», res«: any»)';
  const typedNext = '(req«: any», res«: any», next«: any»)';
  const lines = (text: string): string => indent(text, 2);
  if (errors === 'chain' && single !== undefined) {
    const chain = `${single}\n  .then((found«: any») => {\n${indent(answer, 4)}\n  })\n  .catch(next);`;
    return `${typedNext} => {\n${lines([own, chain].filter((text) => text !== '').join('\n'))}\n}`;
  }
  const found =
    single === undefined ? (statements?.(of, inHandler(status)) ?? '') : `const found = await ${single};`;
  const work = [own, found, single === undefined ? '' : answer].filter((text) => text !== '').join('\n');
  switch (errors) {
    case 'answered':
      return `async ${typed} => {\n${lines(`try {\n${lines(work)}\n} catch (error«: any») {\n  res.status(500).json({ error: error.message });\n}`)}\n}`;
    case 'chain':
    case 'next':
      return `async ${typedNext} => {\n${lines(`try {\n${lines(work)}\n} catch (error) {\n  next(error);\n}`)}\n}`;
    case 'wrapper':
      return `asyncHandler(async ${typed} => {\n${lines(work)}\n})`;
    case 'none':
      return `async ${typed} => {\n${lines(work)}\n}`;
  }
}

interface Route {
  readonly operation: Operation;
  readonly handler: string;
}

function routerFile(
  name: string,
  { auth, middleware, authImport, routes, path }: Mounting,
  imports: readonly Import[],
  setup: string,
  all: readonly Route[],
): Source {
  const isOwn = auth === 'in the router' || auth === 'at each route';
  const before = auth === 'at each route' ? `${middleware}, ` : '';
  const verb = ({ operation }: Route): string => operation.method.toLowerCase();
  if (routes === 'function of the application') {
    const lines = all.map((route) => {
      const own = `${path}/${name}${route.operation.path === '/' ? '' : route.operation.path}`;
      return `app.${verb(route)}('${own}', ${before}${route.handler});`;
    });
    const body = [setup, `const mount = (app«: any») => {\n${indent(lines.join('\n'), 2)}\n};`];
    return {
      path: `routes/${name}`,
      imports: [...(isOwn ? [authImport] : []), ...imports],
      body: body.filter((text) => text !== '').join('\n\n'),
      exports: { one: 'mount' },
    };
  }
  const lines =
    routes === 'methods'
      ? all.map((route) => `router.${verb(route)}('${route.operation.path}', ${before}${route.handler});`)
      : [...new Set(all.map(({ operation }) => operation.path))].map((own) => {
          const here = all.filter(({ operation }) => operation.path === own);
          return `router\n  .route('${own}')${here.map((route) => `\n  .${verb(route)}(${before}${route.handler})`).join('')};`;
        });
  const first = auth === 'in the router' ? [`router.use(${middleware});`] : [];
  return {
    path: `routes/${name}`,
    imports: [{ from: 'express', one: 'express' }, ...(isOwn ? [authImport] : []), ...imports],
    body: ['const router = express.Router();', setup, [...first, ...lines].join('\n\n')]
      .filter((text) => text !== '')
      .join('\n\n'),
    exports: { one: 'router' },
  };
}
