import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { analyse } from '../analysis.js';
import { descendants, memberName } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { Model } from '../types.js';
import type { AppGuess } from './app-guess.js';
import { inferAuthentication, inferClinicId } from './infer-request.js';

/**
 * The `app` section as far as reading the source tells; nothing is run. `clinicWords` are what a clinic may be called,
 * singular and in lower case. Empty where nothing looks like an Express and Sequelize application.
 */
export function inferApp(project: AppProject, clinicWords: readonly string[]): AppGuess[] {
  const analysis = analyse(project, { scopes: new Map(), clinicTable: undefined });
  const models = inferModels(analysis.registry.models);
  const authentication = inferAuthentication(project);
  const clinicId = inferClinicId(analysis, clinicWords);
  if ([models, authentication, clinicId].every(({ value }) => value === undefined)) return [];
  return [models, ...inferFactory(project, models.value), clinicId, inferServer(project), authentication];
}

/** Where models are read from other than by the application: scripts, seeders, tests, copies. */
const ASIDE =
  /(^|\/)(scripts?|seed(er)?s?|migrations?|tests?|__tests__|spec|mocks?|examples?|fixtures?|tools?|bench)(\/|$)/i;

/** The folder that holds the models: the smallest with nearly all of them, those of scripts and seeders not counted. */
function inferModels(models: readonly Model[]): AppGuess {
  const folders = models.map(({ file }) => posix.dirname(file));
  const own = folders.filter((folder) => !ASIDE.test(folder));
  const counted = own.length > 0 ? own : folders;
  if (counted.length === 0)
    return { key: 'models', value: undefined, why: 'No Sequelize model was found in the source.' };
  const value = smallestWithMost(counted);
  const inside = folders.filter((folder) => isBelow(folder, value)).length;
  const others = [...new Set(folders.filter((folder) => !isBelow(folder, value)))];
  const also = others.length === 0 ? '' : ` ${folders.length - inside} more in ${others.join(', ')}.`;
  return { key: 'models', value, why: `${inside} Sequelize models were found there.${also}` };
}

/** Of all folders and those around them, the deepest one that holds more than two thirds. */
function smallestWithMost(folders: readonly string[]): string {
  const around = new Set(
    folders.flatMap((folder) => folder.split('/').map((_, i, all) => all.slice(0, i + 1).join('/'))),
  );
  const most = (folders.length * 2) / 3;
  const fit = [...around].filter((one) => folders.filter((folder) => isBelow(folder, one)).length > most);
  return fit.sort((one, other) => other.length - one.length)[0] ?? '.';
}

function isBelow(folder: string, outer: string): boolean {
  return outer === '.' || folder === outer || folder.startsWith(`${outer}/`);
}

/** An own ModelFactory, if there is one; else a place beside the models, where that is not the usual one. */
function inferFactory({ app, files }: AppProject, models: string | undefined): AppGuess[] {
  const found = files
    .map(({ fileName }) => posix.relative(app.root, fileName))
    .find((file) => /(^|\/)ModelFactory\.[cm]?[jt]s$/.test(file));
  if (found !== undefined)
    return [
      {
        key: 'modelFactory',
        value: found.replace(/\.[cm]?[jt]s$/, ''),
        why: 'It is there already, and scaffold leaves it as it is.',
      },
    ];
  if (models === undefined || models.startsWith('src/')) return [];
  const value = posix.join(posix.dirname(models), 'base/ModelFactory');
  return [{ key: 'modelFactory', value, why: 'Beside the models; scaffold writes it.' }];
}

const USUAL_SERVERS = ['server', 'src/server', 'app', 'src/app', 'index', 'src/index', 'src/main', 'main'];

/** The file that starts to listen: what package.json starts, else one with a usual name, else the only one. */
function inferServer(project: AppProject): AppGuess {
  const { app } = project;
  const files = new Map(project.files.map((file) => [posix.relative(app.root, file.fileName), file]));
  const endings = ['', '.js', '.ts', '.mjs', '.cjs', '.mts', '.cts', '/index.js', '/index.ts'];
  const named = [...startedFiles(project), ...USUAL_SERVERS].flatMap((name) =>
    [name, name.replace(/\.([cm]?)js$/, '.$1ts'), name.replace(/^(dist|build|lib)\//, 'src/')]
      .flatMap((path) => [path, path.replace(/\.([cm]?)js$/, '.$1ts')])
      .flatMap((path) => endings.map((ending) => path + ending))
      .filter((path) => files.has(path)),
  );
  const listening = [...files].filter(([, file]) => listens(file)).map(([path]) => path);
  const [value] = [...named.filter((path) => listening.includes(path)), ...listening, ...named];
  if (value === undefined) return { key: 'server', value, why: 'No file that starts the server was found.' };
  const others = listening.filter((path) => path !== value);
  const also = others.length === 0 ? '' : ` So ${others.length === 1 ? 'does' : 'do'} ${others.join(', ')}.`;
  return {
    key: 'server',
    value,
    why: listening.includes(value)
      ? `It calls listen().${also}`
      : 'A guess: no file is seen to call listen().',
  };
}

function listens(file: ts.SourceFile): boolean {
  return (
    file.text.includes('listen') &&
    descendants(file, ts.isCallExpression).some((call) => memberName(call.expression) === 'listen')
  );
}

/** The files that package.json names in scripts.start and main, without `./`. */
function startedFiles({ manifest }: AppProject): string[] {
  const packed = parseManifest(manifest);
  const start = packed?.scripts?.start;
  const words =
    typeof start === 'string' ? start.split(/\s+/).filter((word) => /\.[cm]?[jt]s$/.test(word)) : [];
  return [...words, ...(typeof packed?.main === 'string' ? [packed.main] : [])].map((path) =>
    posix.normalize(path),
  );
}

function parseManifest(
  text: string | undefined,
): { readonly main?: unknown; readonly scripts?: { readonly start?: unknown } } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
