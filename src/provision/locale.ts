import type { DatabaseLocale } from '../catalog/read-locale.js';
import { quoteLiteral } from '../core/identifiers.js';

/**
 * Options of CREATE DATABASE: as text sorts and compares in the legacy database, so it must in the others, since unique
 * keys depend on it. Always with the provider, which template0 may have another of.
 */
export function localeOptions({ encoding, collate, ctype, provider, locale, rules }: DatabaseLocale): string {
  const option = (name: string, value: string): string => `${name} ${quoteLiteral(value).trim()}`;
  const parts = [
    option('ENCODING', encoding),
    option('LC_COLLATE', collate),
    option('LC_CTYPE', ctype),
    `LOCALE_PROVIDER ${provider}`,
  ];
  if (provider === 'icu' && locale !== null) parts.push(option('ICU_LOCALE', locale));
  if (provider === 'icu' && rules !== null && rules !== '') parts.push(option('ICU_RULES', rules));
  if (provider === 'builtin' && locale !== null) parts.push(option('BUILTIN_LOCALE', locale));
  return parts.join(' ');
}
