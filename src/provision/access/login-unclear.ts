import type { UnclearLogin } from '../../catalog/app-login.js';
import type { Finding } from '../../core/finding.js';

/** Whose rights clinics' logins get has to be said by somebody. */
export function unclearLogin({ why, candidates }: UnclearLogin): Finding {
  const names = candidates.join(', ');
  const message = {
    unknown: `legacy.login is ${names}, and the legacy database's server has no such role`,
    several: `several logins may write in the legacy schemas: ${names}; which of them the application uses decides what clinics' logins may do`,
    readers:
      candidates.length === 0
        ? 'no login but superusers may do anything in the legacy schemas, and the program does not connect as one: the login that the application uses is not known'
        : `no login but superusers may write in the legacy schemas (${names} may read): the login that the application uses is not known`,
  }[why];
  const example = why === 'several' ? (candidates[0] ?? 'app') : 'app';
  return {
    code: 'PROVISION_LOGIN_UNCLEAR',
    severity: 'error',
    message,
    hint: `Name the application's login in the configuration: legacy: { login: ${JSON.stringify(example)} }.`,
  };
}
