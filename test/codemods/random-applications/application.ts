import type { Question } from '../../demo/conversation.js';
import { Choices, type Form } from './choices.js';
import { type DataAccess, drawDataAccess } from './loaders.js';
import { LOOK_ALIKE_QUESTIONS, lookAlikes } from './look-alikes.js';
import { basics, OF_ALL, OF_ANYBODY, OF_PATIENTS, type Operation, WITH_SCOPE } from './operations.js';
import { drawRouter, ERRORS, type Errors, type Mounting } from './routers.js';
import { ASYNC_HANDLER, drawAuth, drawServer } from './server.js';
import { type Modules, render, type Source } from './source.js';
import type { Clinic } from './tables.js';

/** A question, and the files that answering it goes through. */
export interface Probe extends Question {
  readonly files: ReadonlySet<string>;
}

export interface Application {
  readonly seed: number;
  readonly modules: Modules;
  readonly express: '4' | '5';
  /** Path below the root to text. */
  readonly files: ReadonlyMap<string, string>;
  /** What this clinic's user asks, in this order. */
  probes(clinic: Clinic): readonly Probe[];
  /** Names of the configuration's app section. */
  readonly server: string;
  readonly authMiddleware: string;
  readonly forms: readonly Form[];
}

/** True for forms that are not to stand together in one application. */
export type Refusal = (forms: readonly Form[]) => boolean;

interface Foundation {
  readonly modules: Modules;
  readonly express: '4' | '5';
  readonly data: DataAccess;
  readonly auth: Source;
  readonly mounting: Mounting;
}

/** The application of this seed. */
export function drawApplication(seed: number, isRefused: Refusal): Application {
  const choices = new Choices(seed);
  const { modules, express, data, auth, mounting } = choices.drawUntil(isRefused, () =>
    drawFoundation(choices),
  );
  const base = [...choices.forms];
  const drawn = drawnParts(choices).map((name) =>
    choices.drawUntil(
      (forms) => isRefused([...base, ...forms]),
      () => drawPart(choices, { modules, express, data, auth, mounting }, name),
    ),
  );
  const server = choices.drawUntil(
    (forms) => isRefused([...base, ...forms]),
    () => drawServer(choices, data, mounting, [...drawn, { name: 'letters', isPublic: false }]),
  );
  const shared = [...data.sources, auth, ASYNC_HANDLER, ...server];
  const sources = [...shared, ...drawn.flatMap((part) => part.sources), ...lookAlikes(mounting)];
  const rendered = new Map(sources.map((source) => render(source, modules)));
  for (const [path, text] of data.texts) rendered.set(path, text);
  rendered.set('package.json', manifest(modules, express));
  const pathOf = (source: Source): string => render(source, modules)[0];
  const always = [...shared.map(pathOf), ...data.texts.map(([path]) => path)];
  return {
    seed,
    modules,
    express,
    files: rendered,
    forms: choices.forms,
    server: modules === 'TypeScript' ? 'server.ts' : 'server.js',
    authMiddleware: mounting.authImport.names?.[0] ?? '',
    probes: (clinic) => [
      ...drawn.flatMap(({ name, sources: own, operations }) =>
        operations.flatMap((operation) =>
          operation.asks(clinic).map(
            ([path, body]): Probe => ({
              method: operation.method,
              path: `${mounting.path}/${name}${path === '/' ? '' : path}`,
              ...(body === undefined ? {} : { body }),
              files: new Set([...always, ...own.map(pathOf)]),
            }),
          ),
        ),
      ),
      ...LOOK_ALIKE_QUESTIONS.map((question) => ({
        ...question,
        path: mounting.path + question.path,
        files: new Set([auth, ...server].map(pathOf)),
      })),
    ],
  };
}

function drawFoundation(choices: Choices): Foundation {
  const modules = choices.pick('modules', ['CommonJS', 'CommonJS', 'ES modules', 'TypeScript'] as const);
  const express = choices.pick('express', ['4', '5'] as const);
  const data = drawDataAccess(choices, modules);
  const { source, mounting } = drawAuth(choices, data);
  return { modules, express, data, auth: source, mounting };
}

type PartName = 'patients' | 'wards' | 'account' | 'public';

/** One or two of a clinic's own, and at times what all clinics share. */
function drawnParts(choices: Choices): PartName[] {
  return choices.some(3, ['patients', 'wards', 'account', 'public'] as const);
}

interface DrawnPart {
  readonly name: PartName;
  readonly isPublic: boolean;
  readonly operations: readonly Operation[];
  readonly sources: readonly Source[];
}

function drawPart(choices: Choices, foundation: Foundation, name: PartName): DrawnPart {
  const { data, modules, mounting, express } = foundation;
  const errors = choices.pick('errors', ERRORS);
  const operations = operationsOf(choices, name, { errors, express, hasScope: data.hasScope });
  for (const operation of operations) choices.forms.push(`operation: ${operation.name}`);
  const isPublic = name === 'public';
  const own: Mounting = isPublic ? { ...mounting, auth: 'none' } : mounting;
  const sources = drawRouter(choices, data, modules, own, { name, operations, errors });
  return { name, isPublic, operations, sources };
}

function operationsOf(
  choices: Choices,
  name: PartName,
  { errors, express, hasScope }: { errors: Errors; express: '4' | '5'; hasScope: boolean },
): Operation[] {
  // Without anyone to answer for it, a failure would end the application as it is.
  const isAbleToFail = express === '5' || errors !== 'none';
  switch (name) {
    case 'patients':
      return [
        ...choices.some(2, basics('Patient', isAbleToFail)),
        ...choices.some(3, OF_PATIENTS),
        ...(hasScope ? [WITH_SCOPE] : []),
      ];
    case 'wards':
      return choices.some(3, basics('Ward', isAbleToFail));
    case 'account':
      return choices.some(3, OF_ALL);
    case 'public':
      return choices.some(2, OF_ANYBODY, 1);
  }
}

function manifest(modules: Modules, express: '4' | '5'): string {
  const dependencies = {
    express: express === '4' ? '^4.18.0' : '^5.1.0',
    pg: '^8.11.0',
    sequelize: '^6.37.0',
  };
  const type = modules === 'ES modules' ? { type: 'module' } : {};
  return `${JSON.stringify({ name: 'app', version: '1.0.0', ...type, main: 'server.js', dependencies }, null, 2)}\n`;
}
