import type { Finding } from '../../../core/finding.js';
import { provisionOr } from '../../../core/hints.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { ofClinic, onServer } from '../words.js';
import type { Role, ServerView } from './view.js';

const GAINS = {
  super: 'SUPERUSER',
  createdb: 'CREATEDB',
  createrole: 'CREATEROLE',
  replication: 'REPLICATION',
  bypassrls: 'BYPASSRLS',
  inherit: 'INHERIT',
} as const;

type Gain = keyof typeof GAINS;

/** What the clinics' logins and the owners of their databases are, and should not be. */
export function roleFindings({ targets, roles }: ServerView): Finding[] {
  return targets.flatMap((target): Finding[] => {
    const login = roles.get(target.role);
    const owner = roles.get(target.owner);
    return [
      ...(login === undefined
        ? [
            ofClinic(
              'ACCESS_ROLE_MISSING',
              target,
              target.role,
              `its login ${target.role} does not exist on its server`,
              'Run clinic-migrate provision.',
            ),
          ]
        : [...gained(target, login, `its login ${login.name}`), ...barred(target, login)]),
      ...(owner === undefined ? [] : gained(target, owner, `the owner ${owner.name} of its database`)),
    ];
  });
}

/** True where the catalogs say why the login is refused, or why it is let in everywhere. */
export function isExplained({ roles }: ServerView, { role: name }: ClinicTarget): boolean {
  const role = roles.get(name);
  return role === undefined || role.super || !role.login || role.limit === 0 || role.expired;
}

function gained(target: ClinicTarget, role: Role, who: string): Finding[] {
  const isOwner = role.name === target.owner;
  const held = (Object.keys(GAINS) as Gain[]).filter((name) => role[name]).map((name) => GAINS[name]);
  const words = isOwner && role.login ? ['LOGIN', ...held] : held;
  if (words.length === 0) return [];
  const away = words.map((word) => `NO${word}`).join(' ');
  return [
    ofClinic(
      'ACCESS_ROLE_ATTRIBUTE',
      target,
      role.name,
      `${who} has ${words.join(', ')}`,
      provisionOr(target.clinic.key, onServer(`ALTER ROLE ${quoteIdent(role.name)} ${away}`)),
    ),
  ];
}

/** What keeps a login out of its own database, now or some day. */
function barred(target: ClinicTarget, role: Role): Finding[] {
  const finding = (what: string, clause: string, severity: Finding['severity']): Finding =>
    ofClinic(
      'ACCESS_ROLE_ATTRIBUTE',
      target,
      role.name,
      `its login ${role.name} ${what}`,
      provisionOr(target.clinic.key, onServer(`ALTER ROLE ${quoteIdent(role.name)} ${clause}`)),
      severity,
    );
  return [
    ...(role.login ? [] : [finding('has NOLOGIN', 'LOGIN', 'error')]),
    ...(role.limit === -1
      ? []
      : [
          finding(
            `has CONNECTION LIMIT ${role.limit}`,
            'CONNECTION LIMIT -1',
            role.limit === 0 ? 'error' : 'warning',
          ),
        ]),
    ...(role.until === null
      ? []
      : [
          finding(
            `has a password that is valid until ${role.until}`,
            "VALID UNTIL 'infinity'",
            role.expired ? 'error' : 'warning',
          ),
        ]),
  ];
}
