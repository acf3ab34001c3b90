/**
 * The comment on a clinic's database and on its login, by which both are known as this installation's and as that clinic's,
 * whatever the registry says and whenever a run was killed.
 */
export function clinicMark(installation: string, key: string): string {
  return `${prefixOf(installation)}${key}`;
}

/** The clinic's key of a mark of this installation; undefined for any other comment, or none. */
export function markedClinic(installation: string, comment: string | null): string | undefined {
  const prefix = prefixOf(installation);
  return comment?.startsWith(prefix) === true ? comment.slice(prefix.length) : undefined;
}

const prefixOf = (installation: string): string => `clinic-migrate ${installation} clinic `;
