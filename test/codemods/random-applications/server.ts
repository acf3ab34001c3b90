import type { Choices } from './choices.js';
import type { DataAccess, Reached } from './loaders.js';
import type { Mounting } from './routers.js';
import { type Import, indent, type Source } from './source.js';

/** The middleware that says who asks. */
export function drawAuth(choices: Choices, data: DataAccess): { source: Source; mounting: Mounting } {
  const kind = choices.pick('authentication', ['middleware', 'made for a right'] as const);
  const by = choices.pick('user', ['by the token', 'from the database'] as const);
  const auth = choices.pick('mounted', [
    'for all',
    'at the mount',
    'in the router',
    'at each route',
  ] as const);
  const routes = choices.pick('routes', ['methods', 'route()', 'function of the application'] as const);
  const isApplication = routes === 'function of the application';
  const path = choices.pick('path', ['', '/api']);
  const reached: Reached =
    by === 'from the database' ? data.reach(choices, ['User']) : { imports: [], of: (name) => name };
  const find =
    by === 'by the token'
      ? "const clinicId = Number(token.slice('token-'.length));\nconst user = clinicId > 0 ? { id: clinicId, clinicId } : null;"
      : `const user = await ${reached.of('User')}.findOne({ where: { token } });`;
  const check = `try {
  const token = String(req.headers.authorization || '').replace('Bearer ', '');
${indent(find, 2)}
  if (!user) {
    res.status(401).json({ error: 'Who are you?' });
    return;
  }
  req.user = { id: user.id, clinicId: user.clinicId };
  next();
} catch (error) {
  next(error);
}`;
  const middleware = `async (req«: any», res«: any», next«: any») => {\n${indent(check, 2)}\n}`;
  const name = kind === 'middleware' ? 'authenticate' : 'auth';
  const body =
    kind === 'middleware'
      ? `const authenticate = ${middleware};`
      : `const auth = (...rights«: string[]») => ${middleware};`;
  return {
    source: { path: 'lib/auth', imports: reached.imports, body, exports: { names: [name] } },
    mounting: {
      auth: isApplication && auth !== 'for all' ? 'at each route' : auth,
      middleware: kind === 'middleware' ? name : `${name}('read')`,
      authImport: { from: '#lib/auth', names: [name] },
      routes,
      path,
    },
  };
}

export const ASYNC_HANDLER: Source = {
  path: 'lib/async-handler',
  imports: [],
  body: 'const asyncHandler = (handler«: any») => (req«: any», res«: any», next«: any») => {\n  Promise.resolve(handler(req, res, next)).catch(next);\n};',
  exports: { one: 'asyncHandler' },
};

/** A router below `/<name>`, and whether it is for anybody. */
export interface Mounted {
  readonly name: string;
  readonly isPublic: boolean;
}

/** server, and routes/index where routers are gathered there. */
export function drawServer(
  choices: Choices,
  data: DataAccess,
  mounting: Mounting,
  routers: readonly Mounted[],
): Source[] {
  const gathered =
    mounting.routes === 'function of the application'
      ? 'in the server'
      : choices.pick('routers', ['in the server', 'in a router', 'in a list'] as const);
  const startUp = choices.pick('start', ['async function', 'then', 'at once'] as const);
  const sequelize = data.reach(choices, ['sequelize']);
  const own = routers.filter(({ isPublic }) => !isPublic);
  const open = routers.filter(({ isPublic }) => isPublic);
  const rest: readonly Mounted[] = gathered === 'in the server' ? own : [{ name: 'index', isPublic: false }];
  const mount = (one: Mounted): string => mountLine(one, mounting);
  const needsAuth =
    mounting.auth === 'for all' ||
    (mounting.auth === 'at the mount' && mounting.routes !== 'function of the application');
  const everybody = mounting.auth === 'for all' ? [`app.use(${mounting.middleware});`] : [];
  const body = [
    'const app = express();\napp.use(express.json());',
    "app.get('/health', (req«: any», res«: any») => {\n  res.json({ status: 'up' });\n});",
    open.map(mount).join('\n'),
    [...everybody, ...rest.map(mount)].join('\n'),
    "app.use((req«: any», res«: any») => {\n  res.status(404).json({ error: 'No such page' });\n});",
    'app.use((error«: any», req«: any», res«: any», next«: any») => {\n  res.status(500).json({ error: error.message });\n});',
    startLines(startUp, sequelize.of('sequelize')),
  ];
  const server: Source = {
    path: 'server',
    imports: [
      { from: 'express', one: 'express' },
      ...(needsAuth ? [mounting.authImport] : []),
      ...sequelize.imports,
      // Nobody else loads the associations.
      ...(data.isDirect ? [{ from: '#models/index' }] : []),
      ...[...open, ...rest].map(({ name }): Import => ({ from: `#routes/${name}`, one: localOf(name) })),
    ],
    body: body.filter((text) => text !== '').join('\n\n'),
    exports: undefined,
  };
  return gathered === 'in the server' ? [server] : [server, gather(gathered, own)];
}

const localOf = (name: string): string => (name === 'index' ? 'routes' : `${name}Routes`);

function mountLine({ name, isPublic }: Mounted, { auth, middleware, routes, path }: Mounting): string {
  if (routes === 'function of the application') return `${localOf(name)}(app);`;
  const where = name === 'index' ? path || '/' : `${path}/${name}`;
  const before = auth === 'at the mount' && !isPublic ? `${middleware}, ` : '';
  return `app.use('${where}', ${before}${localOf(name)});`;
}

function gather(how: 'in a router' | 'in a list', routers: readonly Mounted[]): Source {
  const lines =
    how === 'in a router'
      ? routers.map(({ name }) => `router.use('/${name}', ${localOf(name)});`).join('\n')
      : `const all = [\n${routers.map(({ name }) => `  { path: '/${name}', route: ${localOf(name)} },`).join('\n')}\n];\n\nall.forEach((one) => {\n  router.use(one.path, one.route);\n});`;
  return {
    path: 'routes/index',
    imports: [
      { from: 'express', one: 'express' },
      ...routers.map(({ name }): Import => ({ from: `#routes/${name}`, one: localOf(name) })),
    ],
    body: `const router = express.Router();\n\n${lines}`,
    exports: { one: 'router' },
  };
}

function startLines(how: 'async function' | 'then' | 'at once', sequelize: string): string {
  const listen =
    'const server = app.listen(Number(process.env.PORT), () => {\n  console.log(`listening on ${(server.address()« as any»).port}`);\n});';
  switch (how) {
    case 'at once':
      return listen;
    case 'then':
      return `${sequelize}\n  .authenticate()\n  .then(() => {\n${indent(listen, 4)}\n  })\n  .catch((error«: any») => {\n    console.error(error.message);\n    process.exit(1);\n  });`;
    case 'async function':
      return `const start = async () => {\n  await ${sequelize}.authenticate();\n${indent(listen, 2)}\n};\n\nstart();`;
  }
}
