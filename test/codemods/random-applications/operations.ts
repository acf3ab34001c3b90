import type { Question } from '../../demo/conversation.js';
import type { ModelName } from './models.js';
import type { Clinic } from './tables.js';

export type Parameter = 'clinicId' | 'userId' | 'id' | 'values' | 'name';

/** Something that an application does with its rows, and the route that asks for it. */
export interface Operation {
  readonly name: string;
  readonly method: Question['method'];
  /** Below the router's own path. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly reaches: readonly (ModelName | 'sequelize')[];
  readonly packages?: readonly string[];
  /** An expression for a promise; `of` gives those for models and the connection. Null is answered with 404. */
  readonly promise?: (of: Names) => string;
  /** Statements of an async function, where one expression will not do. */
  readonly statements?: (of: Names, give: Give) => string;
  /** What a clinic asks, below the router's own path. */
  asks(clinic: Clinic): readonly Asked[];
}

export type Names = (name: ModelName | 'sequelize') => string;

/** How statements hand on what they found: by `return` in a service, as the answer in a handler. */
export interface Give {
  value(expression: string): string;
  readonly nothing: string;
}
type Asked = readonly [path: string, body?: unknown];

const FIND = (model: ModelName, of: Names, { nothing }: Give): string =>
  `const found = await ${of(model)}.findOne({ where: { id, clinicId } });\nif (!found) {\n  ${nothing}\n}`;
const own = (clinic: Clinic, n: number): number => clinic * 100 + n;
const others = (clinic: Clinic, n: number): number => (3 - clinic) * 100 + n;

/** What every kind of row of a clinic can have. */
export function basics(model: 'Patient' | 'Ward', isAbleToFail: boolean): Operation[] {
  const fails: Asked[] = isAbleToFail ? [['/none']] : [];
  return [
    {
      name: 'list',
      method: 'GET',
      path: '/',
      parameters: ['clinicId'],
      reaches: [model],
      promise: (of) => `${of(model)}.findAll({ where: { clinicId }, order: [['id', 'ASC']] })`,
      asks: () => [['/']],
    },
    {
      name: 'find',
      method: 'GET',
      path: '/:id',
      parameters: ['clinicId', 'id'],
      reaches: [model],
      promise: (of) => `${of(model)}.findOne({ where: { id, clinicId } })`,
      asks: (clinic) => [[`/${own(clinic, 1)}`], [`/${others(clinic, 1)}`], ...fails],
    },
    {
      name: 'add',
      method: 'POST',
      path: '/',
      parameters: ['clinicId', 'values'],
      reaches: [model],
      promise: (of) => `${of(model)}.create({ ...values, clinicId })`,
      asks: () => [['/', { name: 'New one' }], ...(isAbleToFail ? [['/', {}] as const] : [])],
    },
    {
      name: 'change',
      method: 'PUT',
      path: '/:id',
      parameters: ['clinicId', 'id', 'values'],
      reaches: [model],
      statements: (of, give) =>
        `${FIND(model, of, give)}\nawait found.update(values);\n${give.value('found')}`,
      asks: (clinic) => [
        [`/${own(clinic, 2)}`, { name: 'Renamed' }],
        [`/${others(clinic, 2)}`, { name: 'Taken over' }],
      ],
    },
    {
      name: 'rename',
      method: 'PUT',
      path: '/:id/name',
      parameters: ['clinicId', 'id', 'values'],
      reaches: [model],
      statements: (of, give) =>
        `const [count] = await ${of(model)}.update({ name: values.name }, { where: { id, clinicId } });\n${give.value('{ count }')}`,
      asks: (clinic) => [
        [`/${own(clinic, 1)}/name`, { name: 'Renamed' }],
        [`/${others(clinic, 1)}/name`, { name: 'Taken over' }],
      ],
    },
    {
      name: 'count',
      method: 'GET',
      path: '/all/count',
      parameters: ['clinicId'],
      reaches: [model],
      promise: (of) => `${of(model)}.count({ where: { clinicId } }).then((count) => ({ count }))`,
      asks: () => [['/all/count']],
    },
    {
      name: 'search',
      method: 'GET',
      path: '/by-name/:name',
      parameters: ['clinicId', 'name'],
      reaches: [model],
      packages: ['Op'],
      promise: (of) =>
        `${of(model)}.findAll({ attributes: ['id', 'name'], where: { clinicId, name: { [Op.like]: '%' + name + '%' } }, order: ['id'] })`,
      asks: () => [['/by-name/canary'], ['/by-name/2']],
    },
  ];
}

/** What is done with patients and their visits. */
export const OF_PATIENTS: readonly Operation[] = [
  {
    name: 'details',
    method: 'GET',
    path: '/:id/details',
    parameters: ['clinicId', 'id'],
    reaches: ['Patient', 'Visit', 'Ward'],
    promise: (of) =>
      `${of('Patient')}.findOne({ where: { id, clinicId }, include: [{ model: ${of('Visit')}, as: 'visits' }, { model: ${of('Ward')}, as: 'ward' }], order: [['visits', 'id', 'ASC']] })`,
    asks: (clinic) => [[`/${own(clinic, 1)}/details`], [`/${others(clinic, 1)}/details`]],
  },
  {
    name: 'history',
    method: 'GET',
    path: '/:id/history',
    parameters: ['clinicId', 'id'],
    reaches: ['Patient'],
    statements: (of, give) =>
      `${FIND('Patient', of, give)}\nconst visits = await found.getVisits({ order: ['id'] });\n${give.value('visits.map((visit) => visit.reason)')}`,
    asks: (clinic) => [[`/${own(clinic, 2)}/history`]],
  },
  {
    name: 'totals',
    method: 'GET',
    path: '/all/totals',
    parameters: ['clinicId'],
    reaches: ['Patient', 'Visit'],
    statements: (of, give) =>
      `const patients = await ${of('Patient')}.findAll({ where: { clinicId }, order: ['id'] });\nconst totals = await Promise.all(\n  patients.map(async (patient) => ({\n    name: patient.name,\n    cost: await ${of('Visit')}.sum('cost', { where: { patientId: patient.id } }),\n  })),\n);\n${give.value('totals')}`,
    asks: () => [['/all/totals']],
  },
  {
    name: 'numbers',
    method: 'GET',
    path: '/all/numbers',
    parameters: ['clinicId'],
    reaches: ['Patient', 'Visit', 'Ward'],
    statements: (of, give) =>
      `const where = { clinicId };\nconst [patients, visits, wards] = await Promise.all([\n  ${of('Patient')}.count({ where }),\n  ${of('Visit')}.count({ where }),\n  ${of('Ward')}.count({ where }),\n]);\n${give.value('{ patients, visits, wards }')}`,
    asks: () => [['/all/numbers']],
  },
  {
    name: 'names',
    method: 'GET',
    path: '/all/names',
    parameters: ['clinicId'],
    reaches: ['sequelize'],
    packages: ['QueryTypes'],
    promise: (of) =>
      `${of('sequelize')}.query('SELECT id, name FROM patients WHERE clinic_id = :clinicId ORDER BY id', { replacements: { clinicId }, type: QueryTypes.SELECT })`,
    asks: () => [['/all/names']],
  },
  {
    name: 'admit',
    method: 'POST',
    path: '/admissions',
    parameters: ['clinicId', 'values'],
    reaches: ['Patient', 'Visit', 'sequelize'],
    statements: (of, give) =>
      `const admitted = await ${of('sequelize')}.transaction(async (transaction) => {\n  const patient = await ${of('Patient')}.create({ name: values.name, clinicId }, { transaction });\n  await ${of('Visit')}.create({ reason: values.reason, patientId: patient.id, clinicId }, { transaction });\n  return patient;\n});\n${give.value('admitted')}`,
    asks: () => [['/admissions', { name: 'Admitted', reason: 'x' }]],
  },
  {
    name: 'transfer',
    method: 'POST',
    path: '/:id/transfer',
    parameters: ['clinicId', 'id', 'values'],
    reaches: ['Patient', 'Ward', 'sequelize'],
    statements: (of, give) =>
      `const transaction = await ${of('sequelize')}.transaction();\ntry {\n  const ward = await ${of('Ward')}.findOne({ where: { id: values.wardId, clinicId }, transaction });\n  const [count] = await ${of('Patient')}.update({ wardId: ward ? ward.id : null }, { where: { id, clinicId }, transaction });\n  await transaction.commit();\n  ${give.value('{ count }')}\n} catch (error) {\n  await transaction.rollback();\n  throw error;\n}`,
    asks: (clinic) => [
      [`/${own(clinic, 1)}/transfer`, { wardId: own(clinic, 2) }],
      [`/${own(clinic, 2)}/transfer`, { wardId: others(clinic, 2) }],
    ],
  },
  {
    name: 'sign',
    method: 'POST',
    path: '/:id/sign',
    parameters: ['clinicId', 'id'],
    reaches: ['Patient', 'User', 'Audit'],
    statements: (of, give) =>
      `${FIND('Patient', of, give)}\nconst user = await ${of('User')}.findOne({ where: { clinicId } });\nawait ${of('Audit')}.create({ userId: user.id, action: 'signed ' + found.name });\n${give.value('{ patient: found.name, by: user.name }')}`,
    asks: (clinic) => [[`/${own(clinic, 3)}/sign`]],
  },
  {
    name: 'remove',
    method: 'DELETE',
    path: '/:id',
    parameters: ['clinicId', 'id'],
    reaches: ['Patient'],
    promise: (of) =>
      `${of('Patient')}.destroy({ where: { id, clinicId } }).then((count) => (count === 0 ? null : { count }))`,
    asks: (clinic) => [[`/${own(clinic, 3)}`], [`/${others(clinic, 3)}`]],
  },
];

/** Where the loader gave the models a scope. */
export const WITH_SCOPE: Operation = {
  name: 'named',
  method: 'GET',
  path: '/all/named',
  parameters: ['clinicId'],
  reaches: ['Patient'],
  promise: (of) => `${of('Patient')}.scope('named').findAll({ where: { clinicId }, order: ['id'] })`,
  asks: () => [['/all/named']],
};

/** What is kept for all clinics together, or is a clinic's own row among the clinics. */
export const OF_ALL: readonly Operation[] = [
  {
    name: 'me',
    method: 'GET',
    path: '/me',
    parameters: ['userId'],
    reaches: ['User'],
    promise: (of) => `${of('User')}.findByPk(userId, { attributes: ['id', 'name', 'email'] })`,
    asks: () => [['/me']],
  },
  {
    name: 'colleagues',
    method: 'GET',
    path: '/colleagues',
    parameters: ['clinicId'],
    reaches: ['User'],
    promise: (of) => `${of('User')}.findAll({ attributes: ['name'], where: { clinicId }, order: ['id'] })`,
    asks: () => [['/colleagues']],
  },
  {
    name: 'note',
    method: 'POST',
    path: '/notes',
    parameters: ['userId', 'values'],
    reaches: ['Audit'],
    promise: (of) => `${of('Audit')}.create({ userId, action: values.action })`,
    asks: () => [['/notes', { action: 'noted' }]],
  },
  {
    name: 'clinic',
    method: 'GET',
    path: '/clinic',
    parameters: ['clinicId'],
    reaches: ['Clinic'],
    promise: (of) => `${of('Clinic')}.findByPk(clinicId)`,
    asks: () => [['/clinic']],
  },
  {
    name: 'directory',
    method: 'GET',
    path: '/clinics/:name',
    parameters: ['name'],
    reaches: ['Clinic'],
    promise: (of) => `${of('Clinic')}.findAll({ where: { city: name }, order: ['id'] })`,
    asks: () => [['/clinics/Lyon']],
  },
  {
    name: 'drugs',
    method: 'GET',
    path: '/drugs',
    parameters: [],
    reaches: ['Drug'],
    promise: (of) => `${of('Drug')}.findAll({ order: ['id'] })`,
    asks: () => [['/drugs']],
  },
];

/** What is asked before anybody has logged in. */
export const OF_ANYBODY: readonly Operation[] = [
  {
    name: 'login',
    method: 'POST',
    path: '/login',
    parameters: ['values'],
    reaches: ['User'],
    promise: (of) => `${of('User')}.findOne({ attributes: ['token'], where: { email: values.email } })`,
    asks: (clinic) => [
      ['/login', { email: `dr@clinic${clinic}.test` }],
      ['/login', { email: 'nobody@clinic.test' }],
    ],
  },
  {
    name: 'catalogue',
    method: 'GET',
    path: '/catalogue',
    parameters: [],
    reaches: ['Drug'],
    promise: (of) => `${of('Drug')}.findAll({ order: ['id'] })`,
    asks: () => [['/catalogue']],
  },
  {
    name: 'cities',
    method: 'GET',
    path: '/cities/:name',
    parameters: ['name'],
    reaches: ['Clinic'],
    promise: (of) => `${of('Clinic')}.count({ where: { city: name } }).then((count) => ({ count }))`,
    asks: () => [['/cities/Lyon']],
  },
];
